// The earliest that the ranks of a pipeline can have computed a step: what a rank must run, after
// what must have run elsewhere before its first slot, and before what must still run elsewhere
// after its last. A lower bound of a bare simulation: sums of whole picoseconds, nothing rounded.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/search/slot_times.hpp"
#include "planner/spec/schedule.hpp"

namespace reckon {

class PipelineBounds {
 public:
  // Of each pipeline rank. Precondition: the shape admits its schedule; `stages` are the classes of
  // its stages.
  const std::vector<SimTime>& rank_ends(const ScheduleShape& shape,
                                        const std::vector<std::uint16_t>& stages, SlotTimes& slots);

  // Of the same pipeline: one micro-batch through all stages, before which no backward starts.
  SimTime forward_pass() const { return before_.back(); }

 private:
  // A stage's slots.
  struct Stage {
    SlotTime forward, backward, backward_input;
    SimTime backward_weight = 0;
  };
  void gpipe(const ScheduleShape& shape);
  void one_forward_one_backward(const ScheduleShape& shape);
  void interleaved(const ScheduleShape& shape);
  void zb_h1(const ScheduleShape& shape);
  void busy_time(const ScheduleShape& shape);
  void dual(const ScheduleShape& shape, int depth, int repeats,
            const std::vector<std::uint16_t>& stages, SlotTimes& slots);
  void sum_up(bool split_backward);
  SimTime drained(std::size_t stage, bool split_backward) const;
  void raise(std::size_t rank, SimTime end);

  std::vector<Stage> stages_;
  std::vector<SimTime>
      before_;                  // [stage]: forward outputs of the stages before; at the end: of all
  std::vector<SimTime> after_;  // [stage]: backward outputs of the stages behind
  std::vector<SimTime> home_;   // [stage]: from its backward's output to the end of stage 0
  std::vector<SimTime> ends_;
};

}  // namespace reckon

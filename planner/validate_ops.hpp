// The parts of validate() that look at one chunk, one transfer or one rank's end of step at a time.
// Internal to planner.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "planner/schedules/schedule_problem.hpp"
#include "planner/spec/schedule.hpp"

namespace reckon {

// Where one op was found: how often on any rank, and its first place on the rank that should run
// it.
struct Sighting {
  int count = 0;
  int op = -1;
};

// All that was seen of one chunk. A full backward counts as input and as weight gradients.
struct ChunkSightings {
  Sighting forward;
  Sighting input_gradients;
  Sighting weight_gradients;
  Sighting send_activation;
  Sighting recv_activation;
  Sighting send_gradient;
  Sighting recv_gradient;
};

// Chunks by stage and micro-batch.
class ChunkTable {
 public:
  explicit ChunkTable(const ScheduleShape& shape)
      : micro_batches_(static_cast<std::size_t>(shape.micro_batches)),
        chunks_(static_cast<std::size_t>(shape.stages) * micro_batches_) {}

  ChunkSightings& at(int stage, int micro_batch) {
    return chunks_[static_cast<std::size_t>(stage) * micro_batches_ +
                   static_cast<std::size_t>(micro_batch)];
  }
  const ChunkSightings& at(int stage, int micro_batch) const {
    return chunks_[static_cast<std::size_t>(stage) * micro_batches_ +
                   static_cast<std::size_t>(micro_batch)];
  }

 private:
  std::size_t micro_batches_;
  std::vector<ChunkSightings> chunks_;
};

// "rank 2, op 14 (F3.2): <what>"
ScheduleProblem problem_at(const Schedule& schedule, ScheduleProblemKind kind, int rank, int op,
                           const std::string& what);

// Fills the table and reports ops on a wrong rank and doubled ones.
ChunkTable sight_chunks(const Schedule& schedule, std::vector<ScheduleProblem>& problems);

// Missing compute ops, and their order on their own rank.
void check_compute(const Schedule& schedule, const ChunkTable& table,
                   std::vector<ScheduleProblem>& problems);

// Sends and receives: both there or neither, and on the right side of the op that they serve.
void check_transfers(const Schedule& schedule, const ChunkTable& table,
                     std::vector<ScheduleProblem>& problems);

// Reductions, optimizer step and gathers of each rank.
void check_step_end(const Schedule& schedule, std::vector<ScheduleProblem>& problems);

}  // namespace reckon

#include "planner/schedules/zero_bubble.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "planner/schedules/rank_program.hpp"

namespace reckon {

namespace {

// `depth` times 1F1B's warm-up and weight gradients put off by as many micro-batches as fill the
// end: 1 is ZB-H1, 2 is ZB-H2.
Schedule build_handcrafted(const ScheduleShape& shape, int depth) {
  Schedule schedule{.shape = shape, .ops_by_rank = {}};
  for (int rank = 0; rank < shape.pipeline_ranks; ++rank) {
    RankProgram program;
    const int warm_up = std::min(depth * (shape.pipeline_ranks - 1 - rank), shape.micro_batches);
    int next_forward = 0;
    int next_weight = 0;
    while (next_forward < warm_up) program.run(OpKind::forward, rank, next_forward++);
    for (int micro_batch = 0; micro_batch < shape.micro_batches; ++micro_batch) {
      if (next_forward < shape.micro_batches) program.run(OpKind::forward, rank, next_forward++);
      program.run(OpKind::backward_input, rank, micro_batch);
      if (micro_batch >= depth * rank) program.run(OpKind::backward_weight, rank, next_weight++);
    }
    while (next_weight < shape.micro_batches)
      program.run(OpKind::backward_weight, rank, next_weight++);
    schedule.ops_by_rank.push_back(std::move(program).take());
  }
  return schedule;
}

// One rank of a V while it is written: its chunk going down (0) and the one coming back up (1),
// each of which runs its micro-batches in order.
class VRank {
 public:
  VRank(const ScheduleShape& shape, int rank)
      : micro_batches_(shape.micro_batches), stages_{rank, shape.stages - 1 - rank} {}

  void forward(std::size_t chunk) { run(OpKind::forward, chunk, forwards_, micro_batches_); }
  void input(std::size_t chunk) { run(OpKind::backward_input, chunk, inputs_, micro_batches_); }
  void weight(std::size_t chunk) { run(OpKind::backward_weight, chunk, weights_, inputs_[chunk]); }
  void all_of(std::size_t chunk) {
    forward(chunk);
    input(chunk);
    weight(chunk);
  }
  bool has_forwards() const { return forwards_[1] < forwards_[0] || forwards_[0] < micro_batches_; }
  bool has_weights(std::size_t chunk) const { return weights_[chunk] < inputs_[chunk]; }
  std::vector<Op> take() && { return std::move(program_).take(); }

 private:
  void run(OpKind kind, std::size_t chunk, std::array<int, 2>& done, int most) {
    if (done[chunk] < most) program_.run(kind, stages_[chunk], done[chunk]++);
  }

  int micro_batches_;
  std::array<int, 2> stages_;
  std::array<int, 2> forwards_{}, inputs_{}, weights_{};  // [chunk] done
  RankProgram program_;
};

// Fills the way down and back with forwards, then alternates both chunks, all three passes of each,
// and ends with the weight gradients that were put off.
std::vector<Op> v_program(const ScheduleShape& shape, int rank) {
  const int ranks = shape.pipeline_ranks;
  VRank r(shape, rank);
  for (int i = 0; i < 2 * (ranks - rank) - 1; ++i) r.forward(0);
  for (int i = 0; i < rank; ++i) {
    r.forward(1);
    r.forward(0);
  }
  for (int i = 0; i < ranks - rank; ++i) r.all_of(1);
  while (r.has_forwards()) {
    r.all_of(0);
    r.all_of(1);
  }
  for (int i = 0; i < rank; ++i) {
    r.input(0);
    r.input(1);
  }
  for (int i = 0; i < ranks - rank; ++i) {
    r.input(0);
    r.weight(0);
  }
  while (r.has_weights(1)) r.weight(1);
  while (r.has_weights(0)) r.weight(0);
  return std::move(r).take();
}

}  // namespace

Schedule build_zb_h1(const ScheduleShape& shape) { return build_handcrafted(shape, 1); }
Schedule build_zb_h2(const ScheduleShape& shape) { return build_handcrafted(shape, 2); }
Schedule build_zb_v(const ScheduleShape& shape) {
  Schedule schedule{.shape = shape, .ops_by_rank = {}};
  for (int rank = 0; rank < shape.pipeline_ranks; ++rank) {
    schedule.ops_by_rank.push_back(v_program(shape, rank));
  }
  return schedule;
}

}  // namespace reckon

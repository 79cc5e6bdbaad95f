#include "planner/schedules/zero_bubble.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

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

// One rank of a V: its first chunk going down, its second coming back up. Counters are of
// micro-batches: all chunks run them in order.
struct VRank {
  std::array<int, 2> forwards{}, inputs{}, weights{};  // [chunk] done
  RankProgram program;
};

// What a rank can run in a tick, chosen greedily: input gradients first, which others wait for;
// then forwards, as long as no more than PP micro-batches are in flight; weight gradients when
// nothing else is there (arXiv 2401.10241, section 3.1, with passes of equal length).
class VBuilder {
 public:
  explicit VBuilder(const ScheduleShape& shape)
      : shape_(shape), ranks_(static_cast<std::size_t>(shape.pipeline_ranks)) {}

  Schedule build() && {
    while (!all_done()) {
      std::vector<std::optional<Op>> chosen;
      for (int rank = 0; rank < shape_.pipeline_ranks; ++rank) chosen.push_back(choose(rank));
      for (int rank = 0; rank < shape_.pipeline_ranks; ++rank) {
        if (const std::optional<Op>& op = chosen[index(rank)]) run(rank, *op);
      }
    }
    Schedule schedule{.shape = shape_, .ops_by_rank = {}};
    for (VRank& rank : ranks_) schedule.ops_by_rank.push_back(std::move(rank.program).take());
    return schedule;
  }

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  int stage_of(int rank, int chunk) const {
    return chunk == 0 ? rank : 2 * shape_.pipeline_ranks - 1 - rank;
  }
  int chunk_of(int stage) const { return stage < shape_.pipeline_ranks ? 0 : 1; }
  const VRank& holder(int stage) const { return ranks_[index(rank_of_stage(shape_, stage, 0))]; }
  bool all_done() const {
    return std::all_of(ranks_.begin(), ranks_.end(), [&](const VRank& rank) {
      return rank.weights[0] == shape_.micro_batches && rank.weights[1] == shape_.micro_batches;
    });
  }
  bool input_is_there(int stage, int micro_batch) const {
    if (micro_batch >= shape_.micro_batches) return false;
    return stage == 0 || holder(stage - 1).forwards[index(chunk_of(stage - 1))] > micro_batch;
  }
  bool gradient_is_there(int stage, int micro_batch) const {
    if (micro_batch >= holder(stage).forwards[index(chunk_of(stage))]) return false;
    return stage + 1 == shape_.stages ||
           holder(stage + 1).inputs[index(chunk_of(stage + 1))] > micro_batch;
  }
  std::optional<Op> choose(int rank) const {
    const VRank& r = ranks_[index(rank)];
    for (const int chunk : {1, 0}) {
      const int stage = stage_of(rank, chunk);
      const int next = r.inputs[index(chunk)];
      if (gradient_is_there(stage, next)) return Op{OpKind::backward_input, stage, next, 0};
    }
    for (const int chunk : {1, 0}) {
      const int stage = stage_of(rank, chunk);
      const int next = r.forwards[index(chunk)];
      const bool room = chunk == 1 || r.forwards[0] - r.weights[0] < shape_.pipeline_ranks;
      if (room && input_is_there(stage, next)) return Op{OpKind::forward, stage, next, 0};
    }
    for (const int chunk : {1, 0}) {
      const int next = r.weights[index(chunk)];
      if (next < r.inputs[index(chunk)]) {
        return Op{OpKind::backward_weight, stage_of(rank, chunk), next, 0};
      }
    }
    return std::nullopt;
  }
  void run(int rank, const Op& op) {
    VRank& r = ranks_[index(rank)];
    const std::size_t chunk = index(chunk_of(op.stage));
    r.program.run(op.kind, op.stage, op.micro_batch);
    if (op.kind == OpKind::forward) ++r.forwards[chunk];
    if (op.kind == OpKind::backward_input) ++r.inputs[chunk];
    if (op.kind == OpKind::backward_weight) ++r.weights[chunk];
  }

  ScheduleShape shape_;
  std::vector<VRank> ranks_;
};

}  // namespace

Schedule build_zb_h1(const ScheduleShape& shape) { return build_handcrafted(shape, 1); }
Schedule build_zb_h2(const ScheduleShape& shape) { return build_handcrafted(shape, 2); }
Schedule build_zb_v(const ScheduleShape& shape) { return VBuilder(shape).build(); }

}  // namespace reckon

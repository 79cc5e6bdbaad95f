#include "planner/schedules/zero_bubble.hpp"

#include <algorithm>
#include <utility>

#include "planner/schedules/rank_program.hpp"

namespace reckon {

Schedule build_zb_h1(const ScheduleShape& shape) {
  Schedule schedule{.shape = shape, .ops_by_rank = {}};
  for (int rank = 0; rank < shape.pipeline_ranks; ++rank) {
    RankProgram program;
    const int warm_up = std::min(shape.pipeline_ranks - 1 - rank, shape.micro_batches);
    int next_forward = 0;
    int next_weight = 0;
    while (next_forward < warm_up) program.run(OpKind::forward, rank, next_forward++);
    for (int micro_batch = 0; micro_batch < shape.micro_batches; ++micro_batch) {
      if (next_forward < shape.micro_batches) program.run(OpKind::forward, rank, next_forward++);
      program.run(OpKind::backward_input, rank, micro_batch);
      if (micro_batch >= rank) program.run(OpKind::backward_weight, rank, next_weight++);
    }
    while (next_weight < shape.micro_batches)
      program.run(OpKind::backward_weight, rank, next_weight++);
    schedule.ops_by_rank.push_back(std::move(program).take());
  }
  return schedule;
}

}  // namespace reckon

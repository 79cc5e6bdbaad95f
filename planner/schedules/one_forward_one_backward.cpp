#include "planner/schedules/one_forward_one_backward.hpp"

#include <algorithm>
#include <utility>

#include "planner/schedules/rank_program.hpp"

namespace reckon {

Schedule build_one_forward_one_backward(const ScheduleShape& shape) {
  Schedule schedule{.shape = shape, .ops_by_rank = {}};
  for (int rank = 0; rank < shape.pipeline_ranks; ++rank) {
    RankProgram program;
    const int warm_up = std::min(shape.pipeline_ranks - 1 - rank, shape.micro_batches);
    int next_forward = 0;
    while (next_forward < warm_up) program.run(OpKind::forward, rank, next_forward++);
    for (int micro_batch = 0; micro_batch < shape.micro_batches; ++micro_batch) {
      if (next_forward < shape.micro_batches) program.run(OpKind::forward, rank, next_forward++);
      program.run(OpKind::backward, rank, micro_batch);
    }
    schedule.ops_by_rank.push_back(std::move(program).take());
  }
  return schedule;
}

}  // namespace reckon

#include "planner/schedules/gpipe.hpp"

#include <utility>

#include "planner/schedules/rank_program.hpp"

namespace reckon {

Schedule build_gpipe(const ScheduleShape& shape) {
  Schedule schedule{.shape = shape, .ops_by_rank = {}};
  for (int rank = 0; rank < shape.pipeline_ranks; ++rank) {
    RankProgram program;
    for (int micro_batch = 0; micro_batch < shape.micro_batches; ++micro_batch)
      program.run(OpKind::forward, rank, micro_batch);
    for (int micro_batch = 0; micro_batch < shape.micro_batches; ++micro_batch)
      program.run(OpKind::backward, rank, micro_batch);
    schedule.ops_by_rank.push_back(std::move(program).take());
  }
  return schedule;
}

}  // namespace reckon

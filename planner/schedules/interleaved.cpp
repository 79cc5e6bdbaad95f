#include "planner/schedules/interleaved.hpp"

#include <algorithm>
#include <utility>

#include "planner/schedules/rank_program.hpp"

namespace reckon {

namespace {

struct Chunk {
  int stage = 0;
  int micro_batch = 0;
};

// The `turn`-th chunk that a rank runs forward (chunk 0 of a group of PP micro-batches, chunk 1,
// ...) or backward (last chunk first).
Chunk chunk_of_turn(const ScheduleShape& shape, int rank, int turn, OpKind kind) {
  const int ranks = shape.pipeline_ranks;
  const int chunks_per_rank = shape.stages / ranks;
  const int group = turn / (ranks * chunks_per_rank);
  const int within_group = turn % (ranks * chunks_per_rank);
  const int ascending = within_group / ranks;
  const int chunk = kind == OpKind::forward ? ascending : chunks_per_rank - 1 - ascending;
  return {.stage = chunk * ranks + rank, .micro_batch = group * ranks + within_group % ranks};
}

}  // namespace

int interleaved_warm_up(const ScheduleShape& shape, int rank) {
  const int ranks = shape.pipeline_ranks;
  const int chunks_per_rank = shape.stages / ranks;
  return std::min(2 * (ranks - 1 - rank) + (chunks_per_rank - 1) * ranks,
                  chunks_per_rank * shape.micro_batches);
}

Schedule build_interleaved(const ScheduleShape& shape) {
  Schedule schedule{.shape = shape, .ops_by_rank = {}};
  const int turns = shape.stages / shape.pipeline_ranks * shape.micro_batches;
  for (int rank = 0; rank < shape.pipeline_ranks; ++rank) {
    RankProgram program;
    const auto run = [&](OpKind kind, int turn) {
      const Chunk chunk = chunk_of_turn(shape, rank, turn, kind);
      program.run(kind, chunk.stage, chunk.micro_batch);
    };
    const int warm_up = interleaved_warm_up(shape, rank);
    int next_forward = 0;
    while (next_forward < warm_up) run(OpKind::forward, next_forward++);
    for (int turn = 0; turn < turns; ++turn) {
      if (next_forward < turns) run(OpKind::forward, next_forward++);
      run(OpKind::backward, turn);
    }
    schedule.ops_by_rank.push_back(std::move(program).take());
  }
  return schedule;
}

}  // namespace reckon

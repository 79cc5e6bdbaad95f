#include "planner/schedules/dual_pipe.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "planner/schedules/rank_program.hpp"

namespace reckon {

namespace {

// One of the two streams of micro-batches through a rank, and how far it has come.
struct Direction {
  int stage = 0;
  int next_forward = 0;
  int next_backward = 0;
};

// A rank that runs the eight steps. `near` is the direction whose micro-batches reach the rank from
// the end it is nearer to, `far` the other.
class DualRank {
 public:
  Direction near;
  Direction far;

  void forward(Direction& direction) {
    program_.run(OpKind::forward, direction.stage, direction.next_forward++);
  }
  void backward(Direction& direction) {
    program_.run(OpKind::backward, direction.stage, direction.next_backward++);
  }
  // Input gradients now; the weight gradients wait in the queue.
  void backward_input(Direction& direction) {
    queue_.push_back({.kind = OpKind::backward_weight,
                      .stage = direction.stage,
                      .micro_batch = direction.next_backward});
    program_.run(OpKind::backward_input, direction.stage, direction.next_backward++);
  }
  // The weight gradients that have waited longest.
  void weight() {
    const Op& oldest = queue_[next_weight_++];
    program_.run(oldest.kind, oldest.stage, oldest.micro_batch);
  }
  void pair(Direction& forward, Direction& backward) {
    program_.run_pair(forward.stage, forward.next_forward++, backward.stage,
                      backward.next_backward++);
  }
  std::vector<Op> take() && { return std::move(program_).take(); }

 private:
  RankProgram program_;
  std::vector<Op> queue_;
  std::size_t next_weight_ = 0;
};

// Steps 1 to 3: fill the pipeline. `depth` is PP/2 for DualPipe, R for DualPipeV; `distance` counts
// from 0 at the rank's nearer end to depth-1 in the middle.
void warm_up(DualRank& rank, int depth, int distance) {
  const int to_middle = depth - 1 - distance;
  for (int step = 0; step < 2 * to_middle; ++step) rank.forward(rank.near);
  for (int step = 0; step <= distance; ++step) {
    rank.forward(rank.near);
    rank.forward(rank.far);
  }
  for (int step = 0; step < to_middle; ++step) {
    rank.backward_input(rank.far);
    rank.weight();
    rank.forward(rank.far);
  }
}

// Step 4: overlapped pairs. In the middle the first one runs one after the other: the forward's
// output is wanted on the neighbour while the backward's input is still on its way.
void steady(DualRank& rank, int depth, int distance, int repeats) {
  for (int step = 0; step < repeats; ++step) {
    if (step == 0 && distance == depth - 1) {
      rank.forward(rank.near);
      rank.backward(rank.far);
    } else {
      rank.pair(rank.near, rank.far);
    }
    rank.pair(rank.far, rank.near);
  }
}

// Steps 5 to 8: drain. Of the 2 x (distance+1) backwards of step 6 the second half leave their
// weight gradients to steps 7 and 8.
void drain(DualRank& rank, int depth, int distance) {
  const int to_middle = depth - 1 - distance;
  for (int step = 0; step < to_middle; ++step) {
    rank.backward(rank.far);
    rank.pair(rank.far, rank.near);
  }
  for (int step = 0; step < 2 * (distance + 1); ++step) {
    Direction& direction = step % 2 == 0 ? rank.far : rank.near;
    if (step <= distance)
      rank.backward(direction);
    else
      rank.backward_input(direction);
  }
  for (int step = 0; step < to_middle; ++step) {
    rank.weight();
    rank.backward_input(rank.near);
  }
  for (int step = 0; step <= distance; ++step) rank.weight();
}

}  // namespace

Schedule build_dual_pipe(const ScheduleShape& shape) {
  Schedule schedule{.shape = shape, .ops_by_rank = {}};
  const int ranks = shape.pipeline_ranks;
  const int half = shape.micro_batches / 2;  // first micro-batch of the way up
  for (int rank = 0; rank < ranks; ++rank) {
    const int distance = std::min(rank, ranks - 1 - rank);
    const int first_near = rank == distance ? 0 : half;
    const int first_far = half - first_near;
    DualRank dual;
    dual.near = {.stage = distance, .next_forward = first_near, .next_backward = first_near};
    dual.far = {
        .stage = ranks - 1 - distance, .next_forward = first_far, .next_backward = first_far};
    warm_up(dual, ranks / 2, distance);
    steady(dual, ranks / 2, distance, half - ranks + distance + 1);
    drain(dual, ranks / 2, distance);
    schedule.ops_by_rank.push_back(std::move(dual).take());
  }
  return schedule;
}

Schedule build_dual_pipe_v(const ScheduleShape& shape) {
  Schedule schedule{.shape = shape, .ops_by_rank = {}};
  const int ranks = shape.pipeline_ranks;
  for (int rank = 0; rank < ranks; ++rank) {
    DualRank dual;
    dual.near = {.stage = rank};
    dual.far = {.stage = 2 * ranks - 1 - rank};
    warm_up(dual, ranks, rank);
    steady(dual, ranks, rank, shape.micro_batches - 2 * ranks + rank + 1);
    drain(dual, ranks, rank);
    schedule.ops_by_rank.push_back(std::move(dual).take());
  }
  return schedule;
}

}  // namespace reckon

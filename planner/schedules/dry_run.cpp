#include "planner/schedules/dry_run.hpp"

#include <algorithm>
#include <cstddef>

#include "planner/schedules/op_kind.hpp"
#include "planner/schedules/rank_program.hpp"
#include "planner/schedules/walk.hpp"

namespace reckon {

namespace {

double duration(OpKind kind, const OpTimes& times) {
  switch (kind) {
    case OpKind::forward:
      return times.forward;
    case OpKind::backward:
      return times.backward_input + times.backward_weight;
    case OpKind::backward_input:
      return times.backward_input;
    case OpKind::backward_weight:
      return times.backward_weight;
    case OpKind::send_activation:
    case OpKind::recv_activation:
    case OpKind::send_gradient:
    case OpKind::recv_gradient:
    case OpKind::reduce_gradients:
    case OpKind::optimizer_step:
    case OpKind::gather_parameters:
      return 0.0;
  }
  return 0.0;
}

// When the forward and the backward of each chunk ended.
class Ends {
 public:
  explicit Ends(const ScheduleShape& shape)
      : micro_batches_(static_cast<std::size_t>(shape.micro_batches)),
        backwards_(static_cast<std::size_t>(shape.stages) * micro_batches_),
        ends_(2 * backwards_, 0.0) {}

  double& of(const Op& op) {
    const std::size_t row = op.kind == OpKind::forward ? 0 : backwards_;
    return ends_[row + static_cast<std::size_t>(op.stage) * micro_batches_ +
                 static_cast<std::size_t>(op.micro_batch)];
  }

 private:
  std::size_t micro_batches_;
  std::size_t backwards_;
  std::vector<double> ends_;
};

// Gives ops [first, last), one slot, their spans; returns the time it took.
double run_slot(const Schedule& schedule, const OpTimes& times, std::size_t rank, std::size_t first,
                std::size_t last, Ends& ends, DryRun& run) {
  const std::vector<Op>& ops = schedule.ops_by_rank[rank];
  double start = run.finish_by_rank[rank];
  for (std::size_t index = first; index < last; ++index) {
    Op awaited;
    if (is_compute(ops[index].kind) && awaits(schedule.shape, ops[index], awaited))
      start = std::max(start, ends.of(awaited));
  }
  const double took = last - first == 1 ? duration(ops[first].kind, times) : times.pair;
  for (std::size_t index = first; index < last; ++index) {
    run.spans_by_rank[rank][index] = {.start = start, .end = start + took};
    if (is_compute(ops[index].kind) && ops[index].kind != OpKind::backward_weight)
      ends.of(ops[index]) = start + took;
  }
  run.finish_by_rank[rank] = start + took;
  return took;
}

}  // namespace

DryRun dry_run(const Schedule& schedule, const OpTimes& times) {
  const std::size_t ranks = schedule.ops_by_rank.size();
  DryRun run;
  run.busy_by_rank.assign(ranks, 0.0);
  run.finish_by_rank.assign(ranks, 0.0);
  for (const std::vector<Op>& ops : schedule.ops_by_rank)
    run.spans_by_rank.emplace_back(ops.size());
  Ends ends(schedule.shape);
  const Walk walked = walk(schedule);
  for (std::size_t index = 0; index < walked.order.size();) {
    const auto rank = static_cast<std::size_t>(walked.order[index].rank);
    const auto first = static_cast<std::size_t>(walked.order[index].op);
    const std::size_t last = end_of_slot(schedule.ops_by_rank[rank], first);
    run.busy_by_rank[rank] += run_slot(schedule, times, rank, first, last, ends, run);
    index += last - first;
  }
  for (const double finish : run.finish_by_rank) run.makespan = std::max(run.makespan, finish);
  for (const double busy : run.busy_by_rank) run.bubble_by_rank.push_back(run.makespan - busy);
  return run;
}

}  // namespace reckon

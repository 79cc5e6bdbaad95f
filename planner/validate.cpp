#include "planner/validate.hpp"

#include <cstddef>
#include <string>
#include <unordered_set>

#include "planner/schedules/build_schedule.hpp"
#include "planner/schedules/in_flight.hpp"
#include "planner/schedules/op_kind.hpp"
#include "planner/schedules/rank_program.hpp"
#include "planner/schedules/walk.hpp"
#include "planner/validate_ops.hpp"

namespace reckon {

namespace {

using Kind = ScheduleProblemKind;
using Problems = std::vector<ScheduleProblem>;

// Whether the shape has the op's stage and micro-batch, and for a transfer the stage at its other
// end.
bool is_known(const ScheduleShape& shape, const Op& op) {
  const bool has_stage = op.stage >= 0 && op.stage < shape.stages;
  const bool has_micro_batch = op.micro_batch >= 0 && op.micro_batch < shape.micro_batches;
  switch (op.kind) {
    case OpKind::forward:
    case OpKind::backward:
    case OpKind::backward_input:
    case OpKind::backward_weight:
      return has_stage && has_micro_batch;
    case OpKind::send_activation:
    case OpKind::recv_gradient:
      return has_stage && has_micro_batch && op.stage + 1 < shape.stages;
    case OpKind::recv_activation:
    case OpKind::send_gradient:
      return has_stage && has_micro_batch && op.stage > 0;
    case OpKind::reduce_gradients:
    case OpKind::gather_parameters:
      return has_stage && op.micro_batch == -1;
    case OpKind::optimizer_step:
      return op.stage == -1 && op.micro_batch == -1;
  }
  return false;
}

void check_structure(const Schedule& schedule, Problems& problems) {
  const std::size_t ranks = schedule.ops_by_rank.size();
  if (ranks != static_cast<std::size_t>(schedule.shape.pipeline_ranks)) {
    problems.push_back({.kind = Kind::unknown_op,
                        .rank = -1,
                        .op = -1,
                        .message = "there are programs for " + std::to_string(ranks) +
                                   " ranks; give one for each of the " +
                                   std::to_string(schedule.shape.pipeline_ranks)});
  }
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const std::vector<Op>& ops = schedule.ops_by_rank[rank];
    for (std::size_t index = 0; index < ops.size(); ++index) {
      if (is_known(schedule.shape, ops[index])) continue;
      problems.push_back(
          problem_at(schedule, Kind::unknown_op, static_cast<int>(rank), static_cast<int>(index),
                     "the shape has no such op; it has stages 0 to " +
                         std::to_string(schedule.shape.stages - 1) + " and micro-batches 0 to " +
                         std::to_string(schedule.shape.micro_batches - 1)));
    }
  }
}

// What is wrong with ops [first, last) sharing one slot; empty if nothing is.
std::string flaw_of_slot(const std::vector<Op>& ops, std::size_t first, std::size_t last) {
  if (last - first == 1) return {};
  if (last - first > 2) return std::to_string(last - first) + " ops share its slot; a pair is two";
  const Op& forward = ops[first];
  const Op& backward = ops[first + 1];
  if (forward.kind != OpKind::forward || !makes_input_gradients(backward.kind))
    return "it shares its slot with " + to_text(backward) +
           "; only a forward and then a backward may overlap";
  if (forward.micro_batch == backward.micro_batch)
    return "it shares its slot with " + to_text(backward) +
           ", which depends on it; pair different micro-batches";
  return {};
}

void check_slots(const Schedule& schedule, Problems& problems) {
  for (std::size_t rank = 0; rank < schedule.ops_by_rank.size(); ++rank) {
    const std::vector<Op>& ops = schedule.ops_by_rank[rank];
    std::unordered_set<int> used;
    used.reserve(ops.size());
    for (std::size_t first = 0; first < ops.size();) {
      const std::size_t last = end_of_slot(ops, first);
      std::string flaw = flaw_of_slot(ops, first, last);
      if (!used.insert(ops[first].slot).second)
        flaw = "slot " + std::to_string(ops[first].slot) +
               " was used before; ops of a pair stand next to each other, others have their own";
      if (!flaw.empty())
        problems.push_back(problem_at(schedule, Kind::broken_pair, static_cast<int>(rank),
                                      static_cast<int>(first), flaw));
      first = last;
    }
  }
}

// "sa3.1 of rank 1, which has not come to it", or that nobody runs it.
std::string describe_awaited(const Schedule& schedule, const Op& awaited) {
  const int rank = rank_of_stage(schedule.shape, awaited.stage, awaited.micro_batch);
  for (const Op& op : schedule.ops_by_rank[static_cast<std::size_t>(rank)]) {
    const bool same_kind = op.kind == awaited.kind ||
                           (makes_input_gradients(op.kind) && makes_input_gradients(awaited.kind));
    if (same_kind && op.stage == awaited.stage && op.micro_batch == awaited.micro_batch)
      return to_text(op) + " of rank " + std::to_string(rank) + ", which never comes to it";
  }
  return to_text(awaited) + ", which rank " + std::to_string(rank) + " does not run";
}

void check_deadlock(const Schedule& schedule, Problems& problems) {
  for (const Wait& wait : walk(schedule).waits) {
    problems.push_back(problem_at(schedule, Kind::deadlock, wait.at.rank, wait.at.op,
                                  "waits for " + describe_awaited(schedule, wait.awaited)));
  }
}

int sum(const std::vector<int>& counts) {
  int total = 0;
  for (const int count : counts) total += count;
  return total;
}

void check_in_flight(const Schedule& schedule, Problems& problems) {
  for (int rank = 0; rank < schedule.shape.pipeline_ranks; ++rank) {
    const std::size_t stages = stages_of_rank(schedule.shape, rank).size();
    const std::vector<double> each(stages, 1.0);
    const std::vector<double> none(stages, 0.0);
    const ChunkBound bound = published_chunk_bound(schedule.shape, rank);
    const std::string rule = " for " + std::string(enum_name(schedule.shape.kind)) +
                             " at this rank; run a backward first";
    const ChunksInFlight live = worst_moment(schedule, rank, {.live = each, .queued = none});
    if (sum(live.live) > bound.live) {
      problems.push_back(problem_at(schedule, Kind::too_many_in_flight, rank, live.op,
                                    std::to_string(sum(live.live)) + " chunks are in flight, " +
                                        std::to_string(bound.live) + " is the bound" + rule));
      continue;
    }
    const ChunksInFlight held = worst_moment(schedule, rank, {.live = each, .queued = each});
    const int total = sum(held.live) + sum(held.queued);
    if (total > bound.live_and_queued) {
      problems.push_back(problem_at(
          schedule, Kind::too_many_in_flight, rank, held.op,
          std::to_string(total) + " chunks are in flight or wait for their weight gradients, " +
              std::to_string(bound.live_and_queued) + " is the bound" + rule));
    }
  }
}

bool has_communication(const Schedule& schedule) {
  for (const std::vector<Op>& ops : schedule.ops_by_rank) {
    for (const Op& op : ops) {
      if (!is_compute(op.kind)) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<ScheduleProblem> validate(const Schedule& schedule) {
  Problems problems = shape_problems(schedule.shape);
  if (!problems.empty()) return problems;
  check_structure(schedule, problems);
  if (!problems.empty()) return problems;

  const ChunkTable table = sight_chunks(schedule, problems);
  check_compute(schedule, table, problems);
  const bool chunks_are_sound = problems.empty();
  check_slots(schedule, problems);
  if (has_communication(schedule)) {
    check_transfers(schedule, table, problems);
    check_step_end(schedule, problems);
  }
  check_deadlock(schedule, problems);
  if (chunks_are_sound) check_in_flight(schedule, problems);
  return problems;
}

}  // namespace reckon

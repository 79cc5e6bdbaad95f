#include "planner/search/held_moments.hpp"

#include <algorithm>
#include <set>

#include "planner/schedules/build_schedule.hpp"
#include "planner/schedules/op_kind.hpp"

namespace reckon {
namespace {

using Counts = std::vector<std::int32_t>;  // live of each stage, then queued of each

// Every state of a rank that follows a growth.
std::set<Counts> states_of(const Schedule& schedule, int rank) {
  const std::vector<int> stages = stages_of_rank(schedule.shape, rank);
  Counts now(2 * stages.size());
  std::set<Counts> states;
  for (const Op& op : schedule.ops_by_rank[static_cast<std::size_t>(rank)]) {
    if (!is_compute(op.kind)) continue;
    const auto stage = static_cast<std::size_t>(
        std::lower_bound(stages.begin(), stages.end(), op.stage) - stages.begin());
    const std::size_t queued = stages.size() + stage;
    if (op.kind == OpKind::forward) ++now[stage];
    if (makes_input_gradients(op.kind)) --now[stage];
    if (op.kind == OpKind::backward_input) ++now[queued];
    if (op.kind == OpKind::backward_weight) --now[queued];
    if (op.kind == OpKind::forward || op.kind == OpKind::backward_input) states.insert(now);
  }
  return states;
}

bool exceeds(const Counts& more, const Counts& less) {
  for (std::size_t i = 0; i < more.size(); ++i) {
    if (more[i] < less[i]) return false;
  }
  return true;
}

HeldMoments moments_of(const Schedule& schedule, int rank) {
  const std::set<Counts> states = states_of(schedule, rank);
  HeldMoments result;
  result.stages = static_cast<int>(stages_of_rank(schedule.shape, rank).size());
  for (const Counts& state : states) {
    const bool exceeded = std::any_of(states.begin(), states.end(), [&](const Counts& other) {
      return other != state && exceeds(other, state);
    });
    if (exceeded) continue;
    const auto middle = state.begin() + result.stages;
    result.live.insert(result.live.end(), state.begin(), middle);
    result.queued.insert(result.queued.end(), middle, state.end());
  }
  return result;
}

}  // namespace

std::vector<HeldMoments> held_moments(const ScheduleShape& shape) {
  const Schedule schedule = build_schedule(shape);
  std::vector<HeldMoments> ranks;
  for (int rank = 0; rank < shape.pipeline_ranks; ++rank) {
    ranks.push_back(moments_of(schedule, rank));
  }
  return ranks;
}

ScheduleShape shortest_alike(const ScheduleShape& shape) {
  const int ranks = shape.pipeline_ranks;
  ScheduleShape alike = shape;
  switch (shape.kind) {
    case ScheduleKind::gpipe:
      break;
    case ScheduleKind::zb_v:
    case ScheduleKind::zb_h2:
      alike.micro_batches = std::min(shape.micro_batches, 6 * ranks);
      break;
    case ScheduleKind::one_forward_one_backward:
    case ScheduleKind::zb_h1:
      alike.micro_batches = std::min(shape.micro_batches, 3 * ranks);
      break;
    case ScheduleKind::interleaved_one_forward_one_backward:
      alike.micro_batches = std::min(shape.micro_batches, 4 * ranks);
      break;
    case ScheduleKind::dual_pipe:
    case ScheduleKind::dual_pipe_v:
      alike.micro_batches = std::min(shape.micro_batches, 2 * ranks + 4);
      break;
  }
  return alike;
}

const std::vector<HeldMoments>& HeldMomentsCache::of(const ScheduleShape& shape) {
  const auto [found, is_new] = known_.try_emplace(shortest_alike(shape));
  if (!is_new) return found->second;
  if (shape.kind == ScheduleKind::gpipe) {
    const std::int32_t all = shape.micro_batches;
    found->second.assign(static_cast<std::size_t>(shape.pipeline_ranks),
                         HeldMoments{1, {all}, {0}});
  } else {
    found->second = held_moments(shortest_alike(shape));
  }
  return found->second;
}

}  // namespace reckon

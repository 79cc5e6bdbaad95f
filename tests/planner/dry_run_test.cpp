#include "planner/schedules/dry_run.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "planner/communicate.hpp"
#include "planner/schedules/build_schedule.hpp"
#include "planner/schedules/rank_program.hpp"
#include "tests/planner/shapes.hpp"

namespace reckon {
namespace {

using Kind = ScheduleKind;

double full_backward(const OpTimes& times) { return times.backward_input + times.backward_weight; }

// Ratios whose sums are exact in binary.
const std::vector<OpTimes> ratios{
    {1.0, 1.0, 1.0, 3.0}, {1.0, 1.25, 0.75, 2.5}, {0.5, 1.0, 0.25, 1.5},  {2.0, 1.0, 0.5, 3.0},
    {1.0, 1.0, 2.0, 3.5}, {0.25, 3.0, 1.5, 4.0},  {1.0, 0.5, 0.75, 2.25}, {3.0, 0.5, 0.25, 3.5}};

// GPipe (arXiv 1811.06965, section 2.3) and 1F1B (arXiv 2104.04473, section 2.2.1): bubble
// (PP-1)(F+B) at any ratio and any number of micro-batches.
TEST(DryRun, GpipeAndOneForwardOneBackward) {
  for (const ScheduleShape& shape : test::sound_shapes(10, 1, 24)) {
    if (shape.kind != Kind::gpipe && shape.kind != Kind::one_forward_one_backward) continue;
    for (const OpTimes& times : ratios) {
      const DryRun run = dry_run(build_schedule(shape), times);
      EXPECT_EQ(run.makespan, (shape.micro_batches + shape.pipeline_ranks - 1) *
                                  (times.forward + full_backward(times)))
          << test::describe(shape);
    }
  }
}

// Megatron-LM (arXiv 2104.04473), section 2.2.2: the bubble is v times shorter. F and B are one
// chunk's times, so the makespan is (nv + PP - 1)(F + B).
TEST(DryRun, Interleaved) {
  for (const ScheduleShape& shape : test::sound_shapes(8, 4, 24)) {
    if (shape.kind != Kind::interleaved_one_forward_one_backward) continue;
    const int chunks = shape.stages / shape.pipeline_ranks;
    for (const OpTimes& times : ratios) {
      const DryRun run = dry_run(build_schedule(shape), times);
      EXPECT_EQ(run.makespan, (shape.micro_batches * chunks + shape.pipeline_ranks - 1) *
                                  (times.forward + full_backward(times)))
          << test::describe(shape);
    }
  }
}

// Zero Bubble (arXiv 2401.10241), section 2.3: bubble (PP-1)(F + B_input - W). It holds exactly
// where the pipeline fills (n >= PP) and W is no longer than F or B_input, so that W never delays
// what a neighbour waits for; nowhere else (other than on one rank).
TEST(DryRun, ZbH1) {
  int exact = 0;
  for (const ScheduleShape& shape : test::sound_shapes(8, 1, 20)) {
    if (shape.kind != Kind::zb_h1) continue;
    for (const OpTimes& times : ratios) {
      const double work = times.forward + full_backward(times);
      const double bubble = (shape.pipeline_ranks - 1) *
                            (times.forward + times.backward_input - times.backward_weight);
      const bool holds = shape.pipeline_ranks == 1 ||
                         (shape.micro_batches >= shape.pipeline_ranks &&
                          times.backward_weight <= std::min(times.forward, times.backward_input));
      const double makespan = dry_run(build_schedule(shape), times).makespan;
      const double closed_form = shape.micro_batches * work + bubble;
      if (holds) {
        EXPECT_EQ(makespan, closed_form) << test::describe(shape);
      } else {
        EXPECT_GT(makespan, closed_form) << test::describe(shape);
      }
      if (holds) ++exact;
    }
  }
  EXPECT_GT(exact, 200);
}

// Section 2.2: with passes of equal length ZB-H2 has no bubble but the way of the first micro-batch
// to each rank, as soon as the pipeline fills (n >= 2 PP - 1).
TEST(DryRun, ZbH2HasNoBubbleWithEqualPasses) {
  int exact = 0;
  for (const ScheduleShape& shape : test::sound_shapes(8, 1, 20)) {
    if (shape.kind != Kind::zb_h2 || shape.micro_batches < 2 * shape.pipeline_ranks - 1) continue;
    const double makespan = dry_run(build_schedule(shape), {}).makespan;
    EXPECT_EQ(makespan, 3 * shape.micro_batches + shape.pipeline_ranks - 1)
        << test::describe(shape);
    ++exact;
  }
  EXPECT_GT(exact, 80);
}

// Section 6: nor has ZB-V, within the memory of 1F1B, but for the way of the first micro-batch: one
// input gradient a rank where that is the longest pass (exact for n >= 2 PP - 1).
TEST(DryRun, ZbV) {
  constexpr OpTimes equal;
  constexpr OpTimes unequal{.forward = 5, .backward_input = 6, .backward_weight = 4, .pair = 15};
  int exact = 0;
  for (const ScheduleShape& shape : test::sound_shapes(8, 2, 20)) {
    if (shape.kind != Kind::zb_v || shape.micro_batches < 2 * shape.pipeline_ranks - 1) continue;
    for (const OpTimes& times : {equal, unequal}) {
      const double work = 2 * shape.micro_batches * (times.forward + full_backward(times));
      EXPECT_EQ(dry_run(build_schedule(shape), times).makespan,
                work + (shape.pipeline_ranks - 1) * times.backward_input)
          << test::describe(shape);
      ++exact;
    }
  }
  EXPECT_GT(exact, 150);
}

TEST(DryRun, CommunicationTakesNoTime) {
  for (const ScheduleShape& shape : test::sound_shapes(5, 2, 11)) {
    const Schedule schedule = build_schedule(shape);
    const DryRun bare = dry_run(schedule, {});
    const DryRun communicating = dry_run(add_communication(schedule), {});
    EXPECT_EQ(bare.makespan, communicating.makespan) << test::describe(shape);
    EXPECT_EQ(bare.finish_by_rank, communicating.finish_by_rank);
    EXPECT_EQ(bare.busy_by_rank, communicating.busy_by_rank);
  }
}

TEST(DryRun, SpansOfTwoRanks) {
  // F0 at 0, then rank 1: F0 B0 (2 long), then rank 0's B0.
  const DryRun run = dry_run(build_schedule({Kind::one_forward_one_backward, 2, 2, 1}), {});
  EXPECT_EQ(run.spans_by_rank[0], (std::vector<DrySpan>{{0, 1}, {4, 6}}));
  EXPECT_EQ(run.spans_by_rank[1], (std::vector<DrySpan>{{1, 2}, {2, 4}}));
  EXPECT_EQ(run.finish_by_rank, (std::vector<double>{6, 4}));
  EXPECT_EQ(run.bubble_by_rank, (std::vector<double>{3, 3}));
}

// The same clock without the walk: sweep over the ranks until nobody can go on, ends kept in a map.
double slow_makespan(const Schedule& schedule, const OpTimes& times) {
  std::map<std::tuple<bool, int, int>, double> ends;  // forward?, stage, micro-batch
  const auto input_at = [&](const Op& op) -> std::optional<double> {
    const bool forward = op.kind == OpKind::forward;
    const int from = forward ? op.stage - 1 : op.stage + 1;
    if (op.kind == OpKind::backward_weight || from < 0 || from >= schedule.shape.stages) return 0.0;
    const auto found = ends.find({forward, from, op.micro_batch});
    if (found == ends.end()) return std::nullopt;
    return found->second;
  };
  const std::map<OpKind, double> lengths{{OpKind::forward, times.forward},
                                         {OpKind::backward, full_backward(times)},
                                         {OpKind::backward_input, times.backward_input},
                                         {OpKind::backward_weight, times.backward_weight}};
  std::vector<std::size_t> next(schedule.ops_by_rank.size(), 0);
  std::vector<double> clock(schedule.ops_by_rank.size(), 0.0);
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t rank = 0; rank < next.size(); ++rank) {
      const std::vector<Op>& ops = schedule.ops_by_rank[rank];
      if (next[rank] == ops.size()) continue;
      const std::size_t last = end_of_slot(ops, next[rank]);
      std::optional<double> start = clock[rank];
      for (std::size_t index = next[rank]; index < last && start; ++index) {
        const auto input = input_at(ops[index]);
        start = input ? std::optional(std::max(*start, *input)) : std::nullopt;
      }
      if (!start) continue;
      clock[rank] =
          *start + (last - next[rank] == 2 ? times.pair : lengths.at(ops[next[rank]].kind));
      for (; next[rank] < last; ++next[rank]) {
        const Op& op = ops[next[rank]];
        if (op.kind != OpKind::backward_weight)
          ends[{op.kind == OpKind::forward, op.stage, op.micro_batch}] = clock[rank];
      }
      moved = true;
    }
  }
  return *std::max_element(clock.begin(), clock.end());
}

OpTimes any_times() {
  OpTimes times;
  times.forward = *rc::gen::inRange(1, 9);
  times.backward_input = *rc::gen::inRange(1, 9);
  times.backward_weight = *rc::gen::inRange(1, 9);
  times.pair = std::max(times.forward, full_backward(times)) + *rc::gen::inRange(0, 9);
  return times;
}

RC_GTEST_PROP(DryRun, MatchesTheSlowClock, ()) {
  const ScheduleShape shape = *test::any_sound_shape(1);
  const OpTimes times = any_times();
  const Schedule schedule = build_schedule(shape);
  RC_ASSERT(dry_run(schedule, times).makespan == slow_makespan(schedule, times));
}

RC_GTEST_PROP(DryRun, NoRankIsDoneBeforeItsWorkNorBeforeOneMicroBatch, ()) {
  const ScheduleShape shape = *test::any_sound_shape(1);
  const OpTimes times = any_times();
  const DryRun run = dry_run(build_schedule(shape), times);
  for (std::size_t rank = 0; rank < run.busy_by_rank.size(); ++rank) {
    RC_ASSERT(run.bubble_by_rank[rank] >= 0.0);
    RC_ASSERT(run.finish_by_rank[rank] >= run.busy_by_rank[rank]);
    RC_ASSERT(run.makespan == run.busy_by_rank[rank] + run.bubble_by_rank[rank]);
  }
  RC_ASSERT(run.makespan >=
            shape.stages * (times.forward + times.backward_input) + times.backward_weight);
}

RC_GTEST_PROP(DryRun, SlowerOpsNeverShortenTheStep, ()) {
  const Schedule schedule = build_schedule(*test::any_sound_shape(1));
  const OpTimes times = any_times();
  OpTimes slower = times;
  slower.forward += *rc::gen::inRange(0, 3);
  slower.backward_input += *rc::gen::inRange(0, 3);
  slower.backward_weight += *rc::gen::inRange(0, 3);
  slower.pair += *rc::gen::inRange(0, 3);
  RC_ASSERT(dry_run(schedule, slower).makespan >= dry_run(schedule, times).makespan);
}

}  // namespace
}  // namespace reckon

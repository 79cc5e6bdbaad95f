#include "planner/validate.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "planner/communicate.hpp"
#include "planner/schedules/build_schedule.hpp"
#include "planner/schedules/in_flight.hpp"
#include "planner/schedules/op_kind.hpp"
#include "tests/planner/shapes.hpp"

namespace reckon {
namespace {

using Kind = ScheduleProblemKind;
using Ops = std::vector<Op>;

std::set<Kind> kinds_of(const Schedule& schedule) {
  std::set<Kind> kinds;
  for (const ScheduleProblem& problem : validate(schedule)) kinds.insert(problem.kind);
  return kinds;
}

bool finds(const Schedule& schedule, Kind kind) { return kinds_of(schedule).contains(kind); }

Schedule communicating(const ScheduleShape& shape) {
  return add_communication(build_schedule(shape));
}

Schedule one_forward_one_backward(int ranks, int micro_batches) {
  return communicating({ScheduleKind::one_forward_one_backward, ranks, ranks, micro_batches});
}

std::ptrdiff_t place_of(const Ops& ops, OpKind kind) {
  return std::find_if(ops.begin(), ops.end(), [kind](const Op& op) { return op.kind == kind; }) -
         ops.begin();
}

// Moves ops[from] so that it stands at `to`, in a slot of its own.
void move_op(Ops& ops, std::ptrdiff_t from, std::ptrdiff_t to) {
  Op op = ops[static_cast<std::size_t>(from)];
  op.slot = 1'000'000;
  ops.erase(ops.begin() + from);
  ops.insert(ops.begin() + to, op);
}

TEST(Validate, FindsNothingInSoundSchedules) {
  for (const ScheduleShape& shape : test::sound_shapes(8, 3, 24)) {
    const Schedule schedule = build_schedule(shape);
    EXPECT_EQ(validate(schedule), std::vector<ScheduleProblem>{}) << test::describe(shape);
    EXPECT_EQ(validate(add_communication(schedule)), std::vector<ScheduleProblem>{})
        << test::describe(shape);
  }
}

RC_GTEST_PROP(Validate, FindsNothingInLargerOnes, ()) {
  const ScheduleShape shape = *test::any_sound_shape(1);
  RC_ASSERT(validate(communicating(shape)).empty());
}

TEST(Validate, ReportsTheShapeAndNothingElse) {
  Schedule schedule = one_forward_one_backward(2, 2);
  schedule.shape.stages = 7;
  EXPECT_EQ(kinds_of(schedule), (std::set<Kind>{Kind::bad_shape}));
}

TEST(Validate, UnknownOps) {
  Schedule schedule = one_forward_one_backward(2, 2);
  schedule.ops_by_rank[0][0].stage = 2;
  schedule.ops_by_rank[0][1].micro_batch = -1;
  schedule.ops_by_rank[1].back().stage = -1;
  schedule.ops_by_rank[1][0].stage = 0;  // stage 0 receives no activation
  const std::vector<ScheduleProblem> problems = validate(schedule);
  EXPECT_EQ(problems.size(), 4U) << test::messages(problems);
  EXPECT_EQ(kinds_of(schedule), (std::set<Kind>{Kind::unknown_op}));
  EXPECT_EQ(
      problems[0].message,
      "rank 0, op 0 (F0.2): the shape has no such op; it has stages 0 to 1 and micro-batches 0 "
      "to 1");
  schedule = one_forward_one_backward(2, 2);
  schedule.ops_by_rank.pop_back();
  EXPECT_EQ(kinds_of(schedule), (std::set<Kind>{Kind::unknown_op}));
}

// A random schedule, a rank of it, and one of that rank's ops that satisfies `fits`.
template <class Fits>
std::pair<std::size_t, std::size_t> any_op(const Schedule& schedule, Fits fits) {
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (std::size_t rank = 0; rank < schedule.ops_by_rank.size(); ++rank) {
    for (std::size_t index = 0; index < schedule.ops_by_rank[rank].size(); ++index) {
      if (fits(schedule.ops_by_rank[rank][index])) places.emplace_back(rank, index);
    }
  }
  return *rc::gen::elementOf(places);
}

RC_GTEST_PROP(Validate, ADroppedOp, ()) {
  Schedule schedule = communicating(*test::any_sound_shape(1));
  const auto [rank, index] = any_op(schedule, [](const Op& op) { return !is_transfer(op.kind); });
  Ops& ops = schedule.ops_by_rank[rank];
  ops.erase(ops.begin() + static_cast<std::ptrdiff_t>(index));
  RC_ASSERT(finds(schedule, Kind::missing_op));
}

RC_GTEST_PROP(Validate, ADoubledOp, ()) {
  Schedule schedule = communicating(*test::any_sound_shape(1));
  const auto [rank, index] = any_op(schedule, [](const Op&) { return true; });
  Ops& ops = schedule.ops_by_rank[rank];
  ops.push_back(ops[index]);
  ops.back().slot = 1'000'000;
  RC_ASSERT(finds(schedule, Kind::doubled_op));
  RC_ASSERT(!finds(schedule, Kind::missing_op));
}

RC_GTEST_PROP(Validate, AForwardBehindItsBackward, ()) {
  Schedule schedule = build_schedule(*test::any_sound_shape(1));
  const auto [rank, index] =
      any_op(schedule, [](const Op& op) { return op.kind == OpKind::forward; });
  Ops& ops = schedule.ops_by_rank[rank];
  const Op forward = ops[index];
  const auto backward = std::find_if(ops.begin(), ops.end(), [&](const Op& op) {
    return makes_input_gradients(op.kind) && op.stage == forward.stage &&
           op.micro_batch == forward.micro_batch;
  });
  std::swap(ops[index].kind, backward->kind);
  RC_ASSERT(finds(schedule, Kind::wrong_order));
}

RC_GTEST_PROP(Validate, WeightGradientsBeforeInputGradients, ()) {
  const int ranks = *rc::gen::inRange(1, 8);
  Schedule schedule = build_schedule({ScheduleKind::zb_h1, ranks, ranks, *rc::gen::inRange(1, 20)});
  const auto [rank, index] =
      any_op(schedule, [](const Op& op) { return op.kind == OpKind::backward_input; });
  Ops& ops = schedule.ops_by_rank[rank];
  const int micro_batch = ops[index].micro_batch;
  const auto weight = std::find_if(ops.begin(), ops.end(), [&](const Op& op) {
    return op.kind == OpKind::backward_weight && op.micro_batch == micro_batch;
  });
  std::swap(ops[index].kind, weight->kind);
  RC_ASSERT(finds(schedule, Kind::wrong_order));
}

RC_GTEST_PROP(Validate, AnOpOnAWrongRank, ()) {
  Schedule schedule = communicating(*test::any_sound_shape(2));
  const auto [rank, index] =
      any_op(schedule, [](const Op& op) { return is_compute(op.kind) || is_transfer(op.kind); });
  Ops& ops = schedule.ops_by_rank[rank];
  Op op = ops[index];
  op.slot = 1'000'000;
  ops.erase(ops.begin() + static_cast<std::ptrdiff_t>(index));
  Ops& other = schedule.ops_by_rank[(rank + 1) % schedule.ops_by_rank.size()];
  other.insert(other.begin(), op);
  RC_ASSERT(finds(schedule, Kind::wrong_rank));
  RC_ASSERT(!finds(schedule, Kind::missing_op));
}

RC_GTEST_PROP(Validate, ADroppedSend, ()) {
  Schedule schedule = communicating(*test::any_sound_shape(2));
  const auto [rank, index] = any_op(schedule, [](const Op& op) {
    return op.kind == OpKind::send_activation || op.kind == OpKind::send_gradient;
  });
  Ops& ops = schedule.ops_by_rank[rank];
  ops.erase(ops.begin() + static_cast<std::ptrdiff_t>(index));
  RC_ASSERT(kinds_of(schedule) == (std::set<Kind>{Kind::unmatched_recv, Kind::deadlock}));
}

RC_GTEST_PROP(Validate, ADroppedReceive, ()) {
  Schedule schedule = communicating(*test::any_sound_shape(2));
  const auto [rank, index] = any_op(schedule, [](const Op& op) {
    return op.kind == OpKind::recv_activation || op.kind == OpKind::recv_gradient;
  });
  Ops& ops = schedule.ops_by_rank[rank];
  ops.erase(ops.begin() + static_cast<std::ptrdiff_t>(index));
  RC_ASSERT(kinds_of(schedule) == std::set<Kind>{Kind::unmatched_send});
}

TEST(Validate, BothEndsOfATransferMissing) {
  Schedule schedule = one_forward_one_backward(2, 2);
  schedule.ops_by_rank[0].erase(schedule.ops_by_rank[0].begin() +
                                place_of(schedule.ops_by_rank[0], OpKind::send_activation));
  schedule.ops_by_rank[1].erase(schedule.ops_by_rank[1].begin());
  EXPECT_EQ(test::messages(validate(schedule)),
            "missing_op: rank 0: sa0.0 is missing; add it behind its producer\n"
            "missing_op: rank 1: ra0.1 is missing; add it before its consumer\n");
}

TEST(Validate, ATransferWithinARank) {
  Schedule schedule = communicating({ScheduleKind::dual_pipe_v, 1, 2, 2});
  Ops& ops = schedule.ops_by_rank[0];
  ops.push_back({OpKind::send_activation, 0, 1, 1000});
  EXPECT_EQ(kinds_of(schedule), (std::set<Kind>{Kind::unmatched_send}));
  ops.back() = {OpKind::recv_gradient, 0, 1, 1000};
  EXPECT_EQ(kinds_of(schedule),
            (std::set<Kind>{Kind::unmatched_recv, Kind::deadlock, Kind::wrong_order}));
}

// The first gradient that rank 0 receives belongs to a forward that it runs later.
RC_GTEST_PROP(Validate, AReceiveTooEarlyIsADeadlockAndNothingElse, ()) {
  Schedule schedule = communicating(*test::any_sound_shape(2));
  Ops& ops = schedule.ops_by_rank[0];
  move_op(ops, place_of(ops, OpKind::recv_gradient), 0);
  const std::vector<ScheduleProblem> problems = validate(schedule);
  RC_ASSERT(kinds_of(schedule) == std::set<Kind>{Kind::deadlock});
  RC_ASSERT(problems.size() >= 2U);
  RC_ASSERT(problems[0].rank == 0 && problems[0].op == 0);
}

TEST(Validate, DeadlocksNameEveryWaitingRank) {
  Schedule schedule = one_forward_one_backward(3, 1);
  Ops& ops = schedule.ops_by_rank[0];
  move_op(ops, place_of(ops, OpKind::recv_gradient), 0);
  EXPECT_EQ(test::messages(validate(schedule)),
            "deadlock: rank 0, op 0 (rg0.0): waits for sg0.1 of rank 1, which never comes to it\n"
            "deadlock: rank 1, op 0 (ra0.1): waits for sa0.0 of rank 0, which never comes to it\n"
            "deadlock: rank 2, op 0 (ra0.2): waits for sa0.1 of rank 1, which never comes to it\n");
}

TEST(Validate, DeadlocksWithoutCommunication) {
  Schedule schedule = build_schedule({ScheduleKind::gpipe, 2, 2, 2});
  // Rank 1 wants micro-batch 1 backward first, after both forwards; rank 0 backward 0 before
  // forward 1.
  schedule.ops_by_rank[0] = {{OpKind::forward, 0, 0, 0},
                             {OpKind::backward, 0, 0, 1},
                             {OpKind::forward, 0, 1, 2},
                             {OpKind::backward, 0, 1, 3}};
  EXPECT_EQ(test::messages(validate(schedule)),
            "deadlock: rank 0, op 1 (B0.0): waits for B0.1 of rank 1, which never comes to it\n"
            "deadlock: rank 1, op 1 (F1.1): waits for F1.0 of rank 0, which never comes to it\n");
}

TEST(Validate, AWaitForWhatNobodyRuns) {
  Schedule schedule = build_schedule({ScheduleKind::gpipe, 2, 2, 1});
  schedule.ops_by_rank[0].erase(schedule.ops_by_rank[0].begin());
  EXPECT_EQ(test::messages(validate(schedule)),
            "missing_op: rank 0: F0.0 is missing; add it\n"
            "deadlock: rank 0, op 0 (B0.0): waits for B0.1 of rank 1, which never comes to it\n"
            "deadlock: rank 1, op 0 (F0.1): waits for F0.0, which rank 0 does not run\n");
}

// The first forward behind the moment of the peak moves to the moment of the peak.
RC_GTEST_PROP(Validate, AForwardTooEarly, ()) {
  ScheduleShape shape = *test::any_sound_shape(2);
  if (shape.kind == ScheduleKind::gpipe || shape.kind == ScheduleKind::zb_v) {  // bound not reached
    shape = {ScheduleKind::one_forward_one_backward, shape.pipeline_ranks, shape.pipeline_ranks,
             shape.micro_batches};
  }
  shape.micro_batches += 4 * shape.pipeline_ranks;  // so that forwards are left after the peak
  Schedule schedule = build_schedule(shape);
  const auto rank = static_cast<std::size_t>(*rc::gen::inRange(0, shape.pipeline_ranks));
  Ops& ops = schedule.ops_by_rank[rank];
  const std::ptrdiff_t peak = peak_moments(schedule)[rank].op;
  const auto later = std::find_if(ops.begin() + peak + 1, ops.end(),
                                  [](const Op& op) { return op.kind == OpKind::forward; });
  RC_ASSERT(later != ops.end());
  move_op(ops, later - ops.begin(), peak);
  RC_ASSERT(finds(schedule, Kind::too_many_in_flight));
}

TEST(Validate, TooManyInFlightSaysHowMany) {
  Schedule schedule = build_schedule({ScheduleKind::one_forward_one_backward, 2, 2, 4});
  Ops& ops = schedule.ops_by_rank[0];  // F0 F1 B0 F2 B1 F3 B2 B3
  move_op(ops, 3, 2);
  EXPECT_EQ(test::messages(validate(schedule)),
            "too_many_in_flight: rank 0, op 2 (F2.0): 3 chunks are in flight, 2 is the bound for "
            "one_forward_one_backward at this rank; run a backward first\n");
}

// All weight gradients at the end: the live chunks stay few, the queue grows.
TEST(Validate, TooManyQueued) {
  Schedule schedule = build_schedule({ScheduleKind::zb_h1, 2, 2, 4});
  Ops& ops = schedule.ops_by_rank[1];
  std::stable_partition(ops.begin(), ops.end(),
                        [](const Op& op) { return op.kind != OpKind::backward_weight; });
  EXPECT_EQ(
      test::messages(validate(schedule)),
      "too_many_in_flight: rank 1, op 6 (F3.1): 4 chunks are in flight or wait for their weight "
      "gradients, 2 is the bound for zb_h1 at this rank; run a backward first\n");
}

TEST(Validate, BrokenPairs) {
  const ScheduleShape shape{ScheduleKind::dual_pipe, 4, 4, 8};
  const auto problems_with = [&](auto change) {
    Schedule schedule = build_schedule(shape);
    change(schedule.ops_by_rank[0]);
    return kinds_of(schedule);
  };
  const std::set<Kind> broken{Kind::broken_pair};
  EXPECT_EQ(problems_with([](Ops& ops) { ops[1].slot = ops[0].slot; }), broken);
  EXPECT_EQ(problems_with([](Ops& ops) { ops.back().slot = ops[0].slot; }), broken);
  const auto in_pair = [](const Ops& ops) {
    std::size_t index = 0;
    while (ops[index].slot != ops[index + 1].slot) ++index;
    return index;
  };
  EXPECT_EQ(problems_with([&](Ops& ops) { ops[in_pair(ops) + 2].slot = ops[in_pair(ops)].slot; }),
            broken);
  EXPECT_TRUE(problems_with([&](Ops& ops) {
                std::swap(ops[in_pair(ops)], ops[in_pair(ops) + 1]);
              }).contains(Kind::broken_pair));
  // A forward with its own backward.
  Schedule schedule = build_schedule({ScheduleKind::gpipe, 1, 1, 1});
  schedule.ops_by_rank[0][1].slot = schedule.ops_by_rank[0][0].slot;
  EXPECT_EQ(kinds_of(schedule), broken);
}

TEST(Validate, SplitAndFullBackwardOfOneChunk) {
  Schedule schedule = build_schedule({ScheduleKind::gpipe, 1, 1, 1});
  schedule.ops_by_rank[0][1].kind = OpKind::backward_input;
  EXPECT_EQ(test::messages(validate(schedule)),
            "missing_op: rank 0: W0.0 is missing; add it, or make the backward_input a full "
            "backward\n");
  schedule.ops_by_rank[0].push_back({OpKind::backward, 0, 0, 2});
  EXPECT_EQ(kinds_of(schedule), (std::set<Kind>{Kind::doubled_op}));
}

TEST(Validate, TransfersOnTheWrongSide) {
  Schedule schedule = one_forward_one_backward(2, 2);
  Ops& first = schedule.ops_by_rank[0];
  std::swap(first[0], first[1]);  // F0.0 sa0.0
  Ops& second = schedule.ops_by_rank[1];
  std::swap(second[0], second[1]);  // ra0.1 F0.1
  EXPECT_EQ(
      test::messages(validate(schedule)),
      "wrong_order: rank 0, op 0 (sa0.0): it stands before what it sends is made (op 1); move it "
      "behind\n"
      "wrong_order: rank 1, op 1 (ra0.1): it stands behind what it feeds (op 0); move it before\n");
}

TEST(Validate, EndOfStepOutOfOrder) {
  const auto kinds_with = [](OpKind kind, std::ptrdiff_t to) {
    Schedule schedule = one_forward_one_backward(2, 2);
    Ops& ops = schedule.ops_by_rank[0];
    move_op(ops, place_of(ops, kind), to < 0 ? static_cast<std::ptrdiff_t>(ops.size()) + to : to);
    return kinds_of(schedule);
  };
  const std::set<Kind> order{Kind::wrong_order};
  EXPECT_EQ(kinds_with(OpKind::reduce_gradients, 0), order);
  EXPECT_EQ(kinds_with(OpKind::reduce_gradients, -1), order);
  EXPECT_EQ(kinds_with(OpKind::optimizer_step, -1), order);
  EXPECT_EQ(kinds_with(OpKind::optimizer_step, 0), order);
  EXPECT_EQ(kinds_with(OpKind::gather_parameters, 0), order);
}

TEST(Validate, EndOfStepOnAWrongRank) {
  Schedule schedule = one_forward_one_backward(2, 2);
  schedule.ops_by_rank[0].back().stage = 1;
  EXPECT_EQ(kinds_of(schedule), (std::set<Kind>{Kind::wrong_rank, Kind::missing_op}));
}

}  // namespace
}  // namespace reckon

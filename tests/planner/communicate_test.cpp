#include "planner/communicate.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <tuple>

#include "planner/schedules/build_schedule.hpp"
#include "planner/schedules/op_kind.hpp"
#include "tests/planner/shapes.hpp"

namespace reckon {
namespace {

using Kind = ScheduleKind;

TEST(Communicate, TwoRanksOneMicroBatch) {
  const ScheduleShape shape{Kind::one_forward_one_backward, 2, 2, 1};
  EXPECT_EQ(to_text(add_communication(build_schedule(shape))),
            "F0.0 sa0.0 rg0.0 B0.0 R0 O G0\n"
            "ra0.1 F0.1 B0.1 sg0.1 R1 O G1\n");
}

TEST(Communicate, OneRankOnlyEndsTheStep) {
  EXPECT_EQ(to_text(add_communication(build_schedule({Kind::zb_h1, 1, 1, 1}))),
            "F0.0 I0.0 W0.0 R0 O G0\n");
}

// The V turns inside rank 1: stage 1 hands to stage 2 without a transfer.
TEST(Communicate, NothingIsSentWithinARank) {
  const Schedule schedule = add_communication(build_schedule({Kind::dual_pipe_v, 2, 4, 4}));
  for (const Op& op : schedule.ops_by_rank[1]) {
    EXPECT_FALSE(op.kind == OpKind::send_activation && op.stage == 1);
    EXPECT_FALSE(op.kind == OpKind::recv_activation && op.stage == 2);
    EXPECT_FALSE(op.kind == OpKind::send_gradient && op.stage == 2);
    EXPECT_FALSE(op.kind == OpKind::recv_gradient && op.stage == 1);
  }
}

TEST(Communicate, PairsReceiveBeforeAndSendBehind) {
  const Schedule schedule = add_communication(build_schedule({Kind::dual_pipe, 4, 4, 8}));
  const std::string text = to_text(schedule);
  // Rank 1: stage 1 on the way down, stage 2 on the way up.
  EXPECT_NE(text.find("ra3.1 rg5.2 F3.1&B5.2 sa3.1 sg5.2"), std::string::npos) << text;
}

TEST(Communicate, MayRunTwice) {
  for (const ScheduleShape& shape : test::sound_shapes(5, 2, 11)) {
    const Schedule once = add_communication(build_schedule(shape));
    EXPECT_EQ(add_communication(once), once) << test::describe(shape);
  }
}

std::vector<Op> compute_ops(const std::vector<Op>& ops) {
  std::vector<Op> compute;
  for (const Op& op : ops) {
    if (!is_compute(op.kind)) continue;
    compute.push_back(op);
    compute.back().slot = 0;
  }
  return compute;
}

RC_GTEST_PROP(Communicate, LeavesTheComputeOrderAlone, ()) {
  const Schedule bare = build_schedule(*test::any_sound_shape(1));
  const Schedule communicating = add_communication(bare);
  for (std::size_t rank = 0; rank < bare.ops_by_rank.size(); ++rank)
    RC_ASSERT(compute_ops(communicating.ops_by_rank[rank]) == compute_ops(bare.ops_by_rank[rank]));
}

// A rank's messages to another, by kind: (stage of the sender, micro-batch) in program order.
using Channel = std::tuple<int, int, OpKind>;
using Messages = std::map<Channel, std::vector<std::pair<int, int>>>;

Messages messages_of(const Schedule& schedule, bool sent) {
  Messages messages;
  for (int rank = 0; rank < schedule.shape.pipeline_ranks; ++rank) {
    for (const Op& op : schedule.ops_by_rank[static_cast<std::size_t>(rank)]) {
      const bool is_send = op.kind == OpKind::send_activation || op.kind == OpKind::send_gradient;
      if (!is_transfer(op.kind) || is_send != sent) continue;
      const bool activation =
          op.kind == OpKind::send_activation || op.kind == OpKind::recv_activation;
      const int from = is_send ? op.stage : op.stage + (activation ? -1 : 1);
      const int to = from + (activation ? 1 : -1);
      messages[{rank_of_stage(schedule.shape, from, op.micro_batch),
                rank_of_stage(schedule.shape, to, op.micro_batch),
                activation ? OpKind::send_activation : OpKind::send_gradient}]
          .emplace_back(from, op.micro_batch);
    }
  }
  return messages;
}

// Sends match receives, and in the same order for each pair of ranks and each kind: transports
// without tags (NCCL) need one channel for activations and one for gradients, and no more.
RC_GTEST_PROP(Communicate, SendsMatchReceivesInOrder, ()) {
  const Schedule schedule = add_communication(build_schedule(*test::any_sound_shape(1)));
  const Messages sent = messages_of(schedule, true);
  RC_ASSERT(sent == messages_of(schedule, false));
  std::size_t count = 0;
  for (const auto& [channel, messages] : sent) {
    RC_ASSERT(std::get<0>(channel) != std::get<1>(channel));
    count += messages.size();
  }
  const ScheduleShape& shape = schedule.shape;
  const bool is_v = shape.kind == Kind::dual_pipe_v || shape.kind == Kind::zb_v;
  const bool all_on_one = shape.pipeline_ranks == 1;
  const int boundaries = all_on_one ? 0 : shape.stages - 1 - (is_v ? 1 : 0);
  RC_ASSERT(count == static_cast<std::size_t>(2 * boundaries * shape.micro_batches));
}

// Each transfer stands beside the slot it serves, with nothing but other transfers of it between.
RC_GTEST_PROP(Communicate, TransfersStandBesideTheirOps, ()) {
  const Schedule schedule = add_communication(build_schedule(*test::any_sound_shape(2)));
  for (const std::vector<Op>& ops : schedule.ops_by_rank) {
    for (std::size_t index = 0; index < ops.size(); ++index) {
      const OpKind kind = ops[index].kind;
      if (!is_transfer(kind)) continue;
      const bool is_send = kind == OpKind::send_activation || kind == OpKind::send_gradient;
      std::size_t near = index;
      while (is_transfer(ops[near].kind)) is_send ? --near : ++near;
      const std::size_t partner = is_send ? near - 1 : near + 1;
      const auto serves = [&](std::size_t at) {
        const bool activation = kind == OpKind::send_activation || kind == OpKind::recv_activation;
        const bool fits =
            activation ? ops[at].kind == OpKind::forward : makes_input_gradients(ops[at].kind);
        return fits && ops[at].stage == ops[index].stage &&
               ops[at].micro_batch == ops[index].micro_batch;
      };
      RC_ASSERT(serves(near) ||
                (partner < ops.size() && ops[partner].slot == ops[near].slot && serves(partner)));
    }
  }
}

// The slot before each reduction makes the last weight gradients of its stage.
RC_GTEST_PROP(Communicate, ReductionsStartAtTheFirstPossiblePoint, ()) {
  const Schedule schedule = add_communication(build_schedule(*test::any_sound_shape(1)));
  for (const std::vector<Op>& ops : schedule.ops_by_rank) {
    for (std::size_t index = 0; index < ops.size(); ++index) {
      if (ops[index].kind != OpKind::reduce_gradients) continue;
      std::size_t near = index;
      while (!is_compute(ops[near].kind)) --near;
      const bool paired = near > 0 && ops[near - 1].slot == ops[near].slot;
      const Op& last = ops[near];
      RC_ASSERT(makes_weight_gradients(last.kind) && last.stage == ops[index].stage);
      RC_ASSERT(!paired || ops[near - 1].kind == OpKind::forward);
      for (std::size_t later = index; later < ops.size(); ++later)
        RC_ASSERT(
            !(makes_weight_gradients(ops[later].kind) && ops[later].stage == ops[index].stage));
    }
  }
}

}  // namespace
}  // namespace reckon

#include "sim/shared_links.hpp"

#include <gtest/gtest.h>

#include "planner/predict.hpp"
#include "sim/simulate.hpp"
#include "tests/sim/cases.hpp"

namespace reckon {
namespace {

constexpr SimTime ms = 1'000'000'000;
constexpr PortShares whole_nic{1, 0};

TEST(SharedLinks, TransfersThatDoNotMeetTakeAsLongAsAlone) {
  const std::vector<PortTransfer> transfers{
      {0, 1, 0, 4 * ms, whole_nic},       // leaves 0, comes in at 1
      {1, 2, 0, 4 * ms, whole_nic},       // leaves 1: the other direction of its port
      {0, 1, 4 * ms, 4 * ms, whole_nic},  // begins when the first has ended
      {3, -1, 0, 9 * ms, {0.6, 0}},       // an exchange of another rank
      {3, -1, 2 * ms, 3 * ms, {0, 1}},    // on NVLink
      {3, -1, 3 * ms, 2 * ms, {0.4, 0}},  // two that fill the port just so
  };
  for (const SimTime delay : contention_delays(transfers, 4)) EXPECT_EQ(delay, 0);
}

TEST(SharedLinks, TwoSendsIntoOneRankShareItsPort) {
  const auto delays = contention_delays(
      std::vector<PortTransfer>{{0, 1, 0, 4 * ms, whole_nic}, {2, 1, 2 * ms, 4 * ms, whole_nic}},
      3);
  // 2 ms alone, then half the port each: the first has 2 left and takes 4, the second has then 2
  // left, with the port to itself.
  EXPECT_NEAR(static_cast<double>(delays[0]), 2.0 * ms, 10);
  EXPECT_NEAR(static_cast<double>(delays[1]), 2.0 * ms, 10);
}

// Max-min: the exchange asks for less than half and gets it, the send has the rest.
TEST(SharedLinks, AnExchangeKeepsItsShareBesideASend) {
  const auto delays = contention_delays(
      std::vector<PortTransfer>{{1, -1, 0, 10 * ms, {0.4, 0.9}}, {0, 1, 0, 3 * ms, whole_nic}}, 2);
  EXPECT_EQ(delays[0], 0);
  EXPECT_NEAR(static_cast<double>(delays[1]), 2.0 * ms, 10);  // 3 / 0.6 = 5
}

TEST(SharedLinks, ATransferEndsWithTheLaterOfItsPorts) {
  const auto delays = contention_delays(
      std::vector<PortTransfer>{{0, -1, 0, 2 * ms, {0.5, 1}}, {0, -1, 0, 2 * ms, {0, 1}}}, 1);
  EXPECT_NEAR(static_cast<double>(delays[0]), 2.0 * ms, 10);
  EXPECT_NEAR(static_cast<double>(delays[1]), 2.0 * ms, 10);
}

// DualPipe sends in both directions at once, beside its neighbours' dispatches. What the effect
// adds stays below all transfers one after the other.
TEST(SharedLinks, SendsBesideDispatchesMakeAStepLonger) {
  test::Case given = test::small_case(test::small_moe_model(8), ScheduleKind::dual_pipe, 4, 16, 8);
  given.plan.parallelism.expert_parallel = 16;
  given.cluster.nic.achieved = {1e9};  // sends that take as long as a chunk's compute
  const StepTrace apart = test::run(given, {.pipeline_sends = true});
  const StepTrace shared = test::run(given, {.pipeline_sends = true, .links = true});
  EXPECT_GT(shared.step_end, apart.step_end);
  SimTime transfers = 0;
  for (const RankTrace& rank : apart.ranks) transfers += rank.communication_busy;
  EXPECT_LT(shared.step_end, apart.step_end + transfers);
}

// The reduction of the last stages' gradients meets the first stages' dispatches and sends.
TEST(SharedLinks, ReductionsBesideComputeMeetDispatchesAndSends) {
  test::Case given = test::small_case(test::small_moe_model(8), ScheduleKind::dual_pipe, 4, 16, 8);
  given.plan.parallelism.expert_parallel = 16;
  given.cluster.nic.achieved = {1e9};
  given.plan.overlap.gradient_reduction = true;
  given.plan.overlap.parameter_gather = true;
  const StepTrace apart = test::run(given, {.pipeline_sends = true});
  const StepTrace shared = test::run(given, {.pipeline_sends = true, .links = true});
  const Schedule schedule = test::schedule_of(given.plan);
  SimTime longer = 0;
  for (std::size_t rank = 0; rank < apart.ranks.size(); ++rank) {
    for (std::size_t op = 0; op < schedule.ops_by_rank[rank].size(); ++op) {
      if (schedule.ops_by_rank[rank][op].kind != OpKind::reduce_gradients) continue;
      const OpSpan& alone = apart.ranks[rank].ops[op];
      const OpSpan& beside = shared.ranks[rank].ops[op];
      longer += (beside.end - beside.start) - (alone.end - alone.start);
    }
  }
  EXPECT_GT(longer, 0);
  EXPECT_GT(shared.step_end, apart.step_end);
}

TEST(SharedLinks, NothingChangesWhereNothingMeets) {
  const test::Case given =
      test::small_case(test::small_dense_model(4), ScheduleKind::one_forward_one_backward, 2, 1, 1);
  EXPECT_EQ(test::run(given, {.pipeline_sends = true, .links = true}),
            test::run(given, {.pipeline_sends = true}));
}

}  // namespace
}  // namespace reckon

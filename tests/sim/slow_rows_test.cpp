#include "sim/slow_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "planner/spec/placement.hpp"
#include "sim/cost_model.hpp"
#include "tests/sim/cases.hpp"

namespace reckon {
namespace {

using test::Case;
using Kind = ScheduleKind;

constexpr EffectSwitches with_faults{.faults = true};

Fault slow_gpu(int node, int gpu, double speed) {
  return {FaultKind::slow_gpu, node, gpu, 0, speed, "test"};
}
Fault slow_nic(int node, int gpu, double speed) {
  return {FaultKind::slow_nic, node, gpu, 0, speed, "test"};
}
Fault failed_plane(int plane) { return {FaultKind::failed_plane, 0, 0, plane, 1, "test"}; }

double step(const Case& given, const EffectSwitches& effects) {
  return static_cast<double>(test::run(given, effects).step_end);
}

TEST(PlaceOfGpu, CountsTensorFastestAndPipelineSlowest) {
  Case given = test::small_case(test::small_dense_model(4), Kind::gpipe, 4, 8, 4);  // 32 GPUs
  const auto place = [&given](int node, int gpu) {
    return place_of_gpu(given.cluster, given.plan, node, gpu).value();
  };
  EXPECT_EQ(place(0, 3), (GpuPlace{0, 3}));
  EXPECT_EQ(place(2, 7), (GpuPlace{2, 7}));
  given.plan.parallelism.tensor_parallel = 2;
  given.plan.parallelism.data_parallel = 4;
  EXPECT_EQ(place(0, 3), (GpuPlace{0, 1}));
  EXPECT_EQ(place(3, 7), (GpuPlace{3, 3}));
  EXPECT_FALSE(place_of_gpu(given.cluster, given.plan, 4, 0));
}

// One GPU does everything in series: a GPU at half speed takes twice as long.
TEST(Faults, AGpuAtHalfSpeedTakesTwiceAsLongAlone) {
  Case given =
      test::small_case(test::small_dense_model(3), Kind::one_forward_one_backward, 1, 1, 3);
  const double healthy = step(given, no_effects);
  given.cluster.faults = {slow_gpu(0, 0, 0.5)};
  EXPECT_EQ(step(given, no_effects), healthy) << "an effect that is off";
  EXPECT_NEAR(step(given, with_faults) / healthy, 2, 1e-9);
  given.cluster.faults = {slow_gpu(0, 0, 1)};
  EXPECT_EQ(step(given, with_faults), healthy);
}

// A NIC without a plane carries nothing, so its rate is no matter; one that is left carries the
// others' share at its own rate.
TEST(Faults, ASlowNicBesideAFailedPlane) {
  Case given = test::small_case(test::small_moe_model(4), Kind::one_forward_one_backward, 2, 16, 4);
  given.plan.parallelism.expert_parallel = 16;
  given.cluster.fabric.planes = 8;
  given.cluster.nic.achieved = {1e9};
  const auto with = [&given](std::vector<Fault> faults) {
    given.cluster.faults = std::move(faults);
    return step(given, with_faults);
  };
  const double plane = with({failed_plane(2)});
  EXPECT_EQ(with({failed_plane(2), slow_nic(0, 2, 0.01)}), plane);
  const double slow = with({slow_nic(0, 3, 0.5)});
  const double both = with({failed_plane(2), slow_nic(0, 3, 0.5)});
  EXPECT_GT(both, plane);
  EXPECT_GT(both, slow * 1.05);  // 8 / 7 of what the NIC is asked for
}

// Replicas of a dense model meet in the gradient reduction alone: two lanes, and the straggler's
// time is the step's.
TEST(Faults, AStragglerIsToldApartFromTheHealthy) {
  Case given = test::small_case(test::small_dense_model(4), Kind::gpipe, 2, 8, 4);
  given.cluster.faults = {slow_gpu(1, 5, 0.5)};  // pipeline rank 1, data rank 5
  const StepTrace trace = test::run(given, with_faults);
  ASSERT_EQ(trace.ranks.size(), 4U);
  EXPECT_EQ(trace.ranks[2].data_rank, 0);
  EXPECT_EQ(trace.ranks[2].multiplicity, 7);
  EXPECT_EQ(trace.ranks[3].data_rank, 5);
  EXPECT_EQ(trace.ranks[3].multiplicity, 1);
  EXPECT_NEAR(static_cast<double>(trace.ranks[3].compute_busy) /
                  static_cast<double>(trace.ranks[2].compute_busy),
              2, 0.02);  // all but the optimizer, for which all wait
  EXPECT_EQ(test::run_unfolded(given, with_faults).step_end, trace.step_end);
}

// Experts hold their whole group up, at every layer.
TEST(Faults, AStragglerHoldsItsExpertGroupUp) {
  Case given = test::small_case(test::small_moe_model(4), Kind::one_forward_one_backward, 2, 8, 4);
  given.plan.parallelism.expert_parallel = 4;
  const double healthy = step(given, no_effects);
  given.cluster.faults = {slow_gpu(0, 6, 0.5)};  // data rank 6: the second of two groups
  const StepTrace trace = test::run(given, with_faults);
  ASSERT_EQ(trace.ranks.size(), 2U * 8);
  EXPECT_GT(static_cast<double>(trace.step_end), 1.1 * healthy);  // kernels are a quarter of it
  EXPECT_LT(static_cast<double>(trace.step_end), 2 * healthy);
  EXPECT_EQ(test::run_unfolded(given, with_faults).step_end, trace.step_end);
}

TEST(Faults, ASlowNicCostsOnlyWhatTheNicHoldsUp) {
  EXPECT_EQ(extra_of_slow_exchange(1000, 0.5, 1 << SlowRows::fraction_bits), 0);     // 0.5 x 2
  EXPECT_EQ(extra_of_slow_exchange(1000, 0.75, 1 << SlowRows::fraction_bits), 500);  // 0.75 x 2
  EXPECT_EQ(extra_of_slow_exchange(1000, 1, 3 << SlowRows::fraction_bits), 3000);
  EXPECT_EQ(extra_of_slow_exchange(1000, 0, 99 << SlowRows::fraction_bits), 0);
}

// Sends into the rank with the slow NIC take twice as long, and sends out of it.
TEST(Faults, ASlowNicSlowsSendsBothWays) {
  Case given =
      test::small_case(test::small_dense_model(4), Kind::one_forward_one_backward, 2, 8, 1);
  constexpr EffectSwitches sends{.pipeline_sends = true, .faults = true};
  const double healthy = step(given, sends);
  given.plan.parallelism.zero_stage = 0;
  const double reduced = step(given, sends);
  given.cluster.faults = {slow_nic(1, 0, 0.5)};
  const double slow = step(given, sends);
  const double send = pipeline_send_time(given.cluster, given.model, given.plan).value * 1e12;
  const double wire = send - given.cluster.nic.latency.value * 1e12;
  EXPECT_GT(healthy, 0);
  EXPECT_NEAR(slow - reduced, 2 * wire, 0.02 * wire);
}

TEST(Faults, AFailedPlaneLeavesSevenNicsOfEight) {
  Case given = test::small_case(test::small_dense_model(4), Kind::gpipe, 2, 8, 4);
  given.cluster.fabric.planes = 8;
  given.cluster.faults = {failed_plane(3)};
  const SimulateInputs inputs = inputs_of(given);
  const SlowRows slow(inputs, lanes_of(inputs, {with_faults, false, false}));
  EXPECT_NEAR(slow.slowest_nic(1), 8.0 / 7, 1e-4);
  EXPECT_EQ(slow.slowest_compute(1), 1);
  given.cluster.faults = {failed_plane(3), failed_plane(3), failed_plane(0)};
  EXPECT_NEAR(SlowRows(inputs, lanes_of(inputs, {})).slowest_nic(0), 8.0 / 6, 1e-4);
}

// Slower never makes a step shorter, and no fault costs more than the worst of its GPUs does.
TEST(Faults, SlowerIsNeverFaster) {
  Case given = test::shipped_case("deepseek-v3-2048-h800");
  double before = step(given, no_effects);
  const double healthy = before;
  for (const double speed : {0.95, 0.8, 0.5}) {
    given.cluster.faults = {slow_gpu(37, 2, speed)};
    const double now = step(given, with_faults);
    EXPECT_GT(now, before);
    EXPECT_LT(now, healthy / speed);
    before = now;
  }
}

}  // namespace
}  // namespace reckon

// Times of single kernels and transfers, worked out by hand on the device of round numbers.
#include "sim/cost_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "planner/catalog.hpp"
#include "sim/calibrate/fit.hpp"
#include "sim/kernel_models/families.hpp"
#include "tests/sim/cases.hpp"

namespace reckon {
namespace {

using test::round_cluster;
using test::round_device;

constexpr double us = 1e-6;
constexpr KernelContext alone{.sms = 100, .overlapped = false, .sustained = false};

KernelWork gemm(double m, double n, double k, GemmRole role = GemmRole::output) {
  KernelWork work;
  work.role = role;
  work.m = m;
  work.n = n;
  work.k = k;
  work.flops = {2 * m * n * k};
  work.bytes = {2 * (m * k + n * k + m * n)};
  return work;
}

double microseconds(const KernelWork& work, const KernelContext& context) {
  return kernel_time(round_device(), work, context).value / us;
}

// 1024 x 2048 in tiles of 128 x 128: 8 x 16 = 128 tiles on 100 SMs, 2 waves. One tile of k = 4096:
// 2 x 128 x 128 x 4096 = 134.217728 MFLOP at 8 TFLOPS = 16.777216 us, + 2 us of prologue and
// epilogue. 3 us launch, 1 us gap.
TEST(CostModel, GemmIsLaunchAndWavesOfTiles) {
  EXPECT_NEAR(microseconds(gemm(1024, 2048, 4096), alone), 3 + 2 * (16.777216 + 2) + 1, 1e-9);
}

// 100 tiles fill the SMs once; one row more makes 10 tiles more, and a wave.
TEST(CostModel, GemmStepsAtFullWaves) {
  const double wave = 2.0 * 128 * 128 * 4096 / 8e12 / us + 2;
  EXPECT_NEAR(microseconds(gemm(1280, 1280, 4096), alone), 4 + wave, 1e-9);
  EXPECT_NEAR(microseconds(gemm(1281, 1280, 4096), alone), 4 + 2 * wave, 1e-9);
  EXPECT_NEAR(microseconds(gemm(1, 1, 4096), alone), 4 + wave, 1e-9);
}

// 4 groups of 5 x 10 tiles: 200 tiles, 2 waves, whatever group they are of.
TEST(CostModel, GroupsShareWaves) {
  KernelWork work = gemm(640, 1280, 4096);
  work.groups = 4;
  const double wave = 2.0 * 128 * 128 * 4096 / 8e12 / us + 2;
  EXPECT_NEAR(microseconds(work, alone), 4 + 2 * wave, 1e-9);
}

// 80 SMs: 128 tiles are 2 waves there too, at 0.9 of the rate beside communication, at 0.5 in a
// long run; the lower of both counts. The prologue does not slow down with the tensor cores.
TEST(CostModel, GemmInCompany) {
  const KernelWork work = gemm(1024, 2048, 4096);
  EXPECT_NEAR(microseconds(work, {.sms = 80, .overlapped = true, .sustained = false}),
              4 + 2 * (16.777216 / 0.9 + 2), 1e-9);
  EXPECT_NEAR(microseconds(work, {.sms = 80, .overlapped = true, .sustained = true}),
              4 + 2 * (16.777216 / 0.5 + 2), 1e-9);
}

// Input gradients have the forward's model; weight gradients their own: 5 TFLOPS, 4 us, launch 1.
TEST(CostModel, GemmModelByRole) {
  EXPECT_EQ(microseconds(gemm(1024, 2048, 4096, GemmRole::input_gradient), alone),
            microseconds(gemm(1024, 2048, 4096), alone));
  EXPECT_NEAR(microseconds(gemm(1024, 2048, 4096, GemmRole::weight_gradient), alone),
              1 + 2 * (134.217728 / 5 + 4) + 1, 1e-9);
}

// A dtype without a weight-gradient model borrows its forward; a dtype without any, the first. Both
// are said to be outside of what was measured.
TEST(CostModel, MissingGemmModelsAreBorrowedAndSaidToBe) {
  const DeviceProfile device = round_device();
  KernelWork work = gemm(1024, 2048, 4096, GemmRole::weight_gradient);
  work.dtype = Dtype::fp8_block;
  EXPECT_NEAR(kernel_time(device, work, alone).value / us, 4 + 2 * (16.777216 / 2 + 2), 1e-9);
  EXPECT_TRUE(is_extrapolated(device, work));
  work.dtype = Dtype::fp32;
  EXPECT_NEAR(kernel_time(device, work, alone).value / us, 4 + 2 * (16.777216 + 2), 1e-9);
  EXPECT_TRUE(is_extrapolated(device, work));
}

TEST(CostModel, ShapesBelowTheFittedOnesAreExtrapolated) {
  const DeviceProfile device = round_device();
  EXPECT_FALSE(is_extrapolated(device, gemm(256, 256, 256)));
  EXPECT_TRUE(is_extrapolated(device, gemm(255, 256, 256)));
  EXPECT_TRUE(is_extrapolated(device, gemm(256, 255, 256)));
  EXPECT_TRUE(is_extrapolated(device, gemm(256, 256, 255)));
  KernelWork attention;
  attention.family = KernelFamily::attention_core;
  attention.k = 500;
  EXPECT_FALSE(is_extrapolated(device, attention));
  attention.k = 499;
  EXPECT_TRUE(is_extrapolated(device, attention));
  KernelWork norm;
  norm.family = KernelFamily::norm;
  EXPECT_FALSE(is_extrapolated(device, norm));
}

// At the half-rate length 1000 a core does half of 5 (backward: 4) TFLOPS an SM: 250 GFLOP on 100
// SMs take 1 (1.25) ms; at 3000, 3/4 of the rate.
TEST(CostModel, AttentionRampsWithTheSequence) {
  KernelWork work;
  work.family = KernelFamily::attention_core;
  work.flops = {250e9};
  work.k = 1000;
  EXPECT_NEAR(microseconds(work, alone), 1000 + 1, 1e-9);
  work.k = 3000;
  EXPECT_NEAR(microseconds(work, alone), 1000 * 0.5 / 0.75 + 1, 1e-9);
  EXPECT_NEAR(microseconds(work, {.sms = 50, .overlapped = true, .sustained = true}),
              1000 * 0.5 / 0.75 * 2 / 0.5 + 1, 1e-9);
  work.role = GemmRole::input_gradient;
  work.k = 1000;
  EXPECT_NEAR(microseconds(work, alone), 1250 + 1, 1e-9);
}

// 1 GB of norm traffic at 500 GB/s, in 3 launches; a family that was not measured gets 3/4 of HBM.
TEST(CostModel, StreamsAreBytesOverBandwidth) {
  KernelWork work;
  work.family = KernelFamily::norm;
  work.bytes = {1e9};
  work.launches = 3;
  EXPECT_NEAR(microseconds(work, alone), 2000 + 3, 1e-9);
  EXPECT_NEAR(microseconds(work, {.sms = 1, .overlapped = true, .sustained = true}), 2000 + 3, 1e-9)
      << "memory does not care for SMs and clocks";
  work.family = KernelFamily::permute;
  EXPECT_NEAR(microseconds(work, alone), 1e9 / 3e12 / us + 3, 1e-9);
}

// Whatever the parameters say, no kernel beats FLOPs / peak of its SMs, or bytes / HBM.
TEST(CostModel, NoKernelIsFasterThanTheRoofline) {
  DeviceProfile device = round_device();
  for (GemmModel& model : device.gemm) model.rate_per_sm = {1e18};
  device.attention.forward_rate_per_sm = device.attention.backward_rate_per_sm = {1e18};
  for (StreamModel& model : device.streams) model.bandwidth = {1e18};
  std::mt19937_64 random(20260101);
  const auto size = [&random] { return static_cast<double>(1 + random() % 8192); };
  constexpr std::array<KernelFamily, 3> families{KernelFamily::gemm, KernelFamily::attention_core,
                                                 KernelFamily::norm};
  for (int i = 0; i < 2000; ++i) {
    KernelWork work = gemm(size(), size(), size(), static_cast<GemmRole>(random() % 3));
    work.family = families[random() % families.size()];
    work.dtype = random() % 2 == 0 ? Dtype::bf16 : Dtype::fp8_block;
    const int sms = 1 + static_cast<int>(random() % 100);
    const double time =
        kernel_time(device, work, {.sms = sms, .overlapped = true, .sustained = true}).value;
    const double peak = (work.dtype == Dtype::fp8_block ? 2e15 : 1e15) * sms / 100;
    ASSERT_GE(time, work.flops.value / peak) << i;
    ASSERT_GE(time, work.bytes.value / 4e12) << i;
  }
}

// The V3 model on its own device keeps the same floors, part by part (timed_program_test does the
// parts; here each GEMM shape at any SM count).
TEST(CostModel, FewerSmsNeverSpeedAKernelUp) {
  const DeviceProfile device = round_device();
  for (const double m : {100.0, 1280.0, 5000.0}) {
    double before = 0;
    for (int sms = 100; sms > 0; --sms) {
      const double time = kernel_time(device, gemm(m, 4096, 512),
                                      {.sms = sms, .overlapped = true, .sustained = true})
                              .value;
      ASSERT_GE(time, before);
      before = time;
    }
  }
}

// --- models of kernel families

// The H100's fitted models with this device's numbers in place of its own.
DeviceProfile fitted_device() {
  DeviceProfile device = load_device(RECKON_DATA_DIR, "h100-sxm");
  device.gemm.clear();
  return device;
}

TEST(CostModel, FittedGemmsServeWhereTheDeviceHasNoOwn) {
  const DeviceProfile device = fitted_device();
  const KernelContext whole{.sms = 132, .overlapped = false, .sustained = false};
  const KernelWork forward = gemm(4096, 4096, 4096);
  const std::vector<double> parameters =
      parameter_values(gemm_family(), *find_model(device, ModelFamily::gemm, "bf16")).value();
  const double expected = gemm_family().time({&device.gpu, "bf16"}, parameters, {4096, 4096, 4096});
  EXPECT_DOUBLE_EQ((kernel_time(device, forward, whole) - device.launch_gap).value, expected);
  EXPECT_EQ(kernel_time(device, gemm(4096, 4096, 4096, GemmRole::input_gradient), whole),
            kernel_time(device, forward, whole));
  const KernelWork weights = gemm(4096, 4096, 4096, GemmRole::weight_gradient);
  EXPECT_NEAR((kernel_time(device, weights, whole) - device.launch_gap).value / expected,
              device.weight_gradient_time_ratio, 1e-9);
  EXPECT_GT(device.weight_gradient_time_ratio, 1);
  // FP8 rows of the fit hold a cast; the product alone is asked for here.
  KernelWork fp8 = forward;
  fp8.dtype = Dtype::fp8_block;
  EXPECT_LT(kernel_time(device, fp8, whole), kernel_time(device, forward, whole));
}

TEST(CostModel, FittedModelsTellWhatTheyWereNotFittedOn) {
  DeviceProfile device = fitted_device();
  EXPECT_FALSE(is_extrapolated(device, gemm(4096, 4096, 4096)));
  EXPECT_TRUE(is_extrapolated(device, gemm(4096, 1e6, 4096)));
  EXPECT_EQ(transferred_from(device, gemm(4096, 4096, 4096)), "");
  KernelWork attention;
  attention.family = KernelFamily::attention_core;
  attention.attention = {32, 8, 128, 128};
  attention.m = attention.k = 8192;
  EXPECT_FALSE(is_extrapolated(device, attention));
  attention.m = attention.k = 1e6;
  EXPECT_TRUE(is_extrapolated(device, attention));
  device.kernels = transferred_models(device);
  EXPECT_NE(transferred_from(device, attention), "");
  EXPECT_NE(transferred_from(device, gemm(4096, 4096, 4096)), "");
}

// The forward as fitted; the backward 2.5 x the FLOPs at the ratio of both rates; half of the
// context on each of two ranks takes half of the time, but for the launch.
TEST(CostModel, FittedAttention) {
  const DeviceProfile device = fitted_device();
  const KernelContext whole{.sms = 132, .overlapped = false, .sustained = false};
  KernelWork work;
  work.family = KernelFamily::attention_core;
  work.attention = {32, 8, 128, 128};
  work.m = work.k = 16384;
  work.flops = {2.0 * 32 * 16384 * 16384 / 2 * 256};
  const auto seconds = [&](const KernelWork& core) {
    return (kernel_time(device, core, whole) - device.launch_gap).value;
  };
  const double forward = seconds(work);
  KernelWork half = work;
  half.m /= 2;
  half.flops = half.flops * 0.5;
  EXPECT_NEAR(seconds(half) / forward, 0.5, 0.02);
  KernelWork backward = work;
  backward.role = GemmRole::input_gradient;
  backward.flops = work.flops * 2.5;
  const double slower =
      device.attention.forward_rate_per_sm / device.attention.backward_rate_per_sm;
  EXPECT_NEAR(seconds(backward) / forward, 2.5 * slower, 1e-9);
}

TEST(CostModel, FittedCollectivesServeInsideANode) {
  const DeviceProfile device = fitted_device();
  ClusterSpec cluster = round_cluster(2);
  cluster.nvlink.bandwidth = {450e9};
  const auto time = [&](const GroupShape& group, TransferKind kind) {
    return collective_time(device, cluster, group, kind, {64e6}).value;
  };
  const std::vector<double> parameters =
      parameter_values(collective_family(),
                       *find_model(device, ModelFamily::collective, "all_gather"))
          .value();
  EXPECT_EQ(time({4, 4, 1}, TransferKind::all_gather),
            collective_family().time({&device.gpu, "all_gather"}, parameters, {0, 4, 32e6}));
  EXPECT_EQ(time({4, 4, 1}, TransferKind::reduce_scatter),
            time({4, 4, 1}, TransferKind::all_gather));
  EXPECT_GT(time({4, 4, 1}, TransferKind::all_reduce), time({4, 4, 1}, TransferKind::all_gather));
  DeviceProfile unfitted = device;
  unfitted.kernels.clear();
  EXPECT_EQ(time({8, 4, 2}, TransferKind::all_gather),
            collective_time(unfitted, cluster, {8, 4, 2}, TransferKind::all_gather, {64e6}).value)
      << "across nodes nothing was measured";
}

// --- collectives

// 4 GPUs of a node: ring of 3 steps, 3/4 of 160 MB at 0.8 x 200 GB/s = 750 us, + 3 x 2 us.
TEST(CostModel, CollectiveInANode) {
  const GroupShape group{4, 4, 1};
  const auto time = [&group](TransferKind kind) {
    return collective_time(round_device(), round_cluster(1), group, kind, {160e6}).value / us;
  };
  EXPECT_NEAR(time(TransferKind::all_gather), 750 + 6, 1e-9);
  EXPECT_NEAR(time(TransferKind::reduce_scatter), 750 + 6, 1e-9);
  EXPECT_NEAR(time(TransferKind::all_reduce), 2 * (750 + 6), 1e-9);
}

// 2 nodes of 8: 8 NICs of 0.9 x 50 GB/s beat NVLink's 160, so NVLink decides; 7 steps in the node
// of 2 us and 1 between nodes of 10 us. 4 nodes of 1: one NIC, 45 GB/s.
TEST(CostModel, CollectiveAcrossNodes) {
  const auto time = [](const GroupShape& group) {
    return collective_time(round_device(), round_cluster(4), group, TransferKind::all_gather,
                           {160e6})
               .value /
           us;
  };
  EXPECT_NEAR(time({16, 8, 2}), 160e6 * 15 / 16 / 160e9 / us + 7 * 2 + 10, 1e-9);
  EXPECT_NEAR(time({4, 1, 4}), 160e6 * 3 / 4 / 45e9 / us + 3 * 10, 1e-9);
  EXPECT_NEAR(time({4, 2, 2}), 160e6 * 3 / 4 / 90e9 / us + 2 + 10, 1e-9);
  EXPECT_EQ(time({1, 1, 1}), 0);
}

TEST(CostModel, CollectiveTendsToBytesOverBusBandwidth) {
  double before = 0;
  for (const int n : {2, 4, 8}) {
    DeviceProfile device = round_device();
    device.collective.nvlink_step_latency = {0};
    const double time =
        collective_time(device, round_cluster(1), {n, n, 1}, TransferKind::all_gather, {160e6})
            .value;
    EXPECT_DOUBLE_EQ(time, 1e-3 * (n - 1) / n);
    EXPECT_GT(time, before);
    before = time;
  }
}

// --- pipeline sends

// 512 tokens x 512 wide in BF16: 524,288 bytes at 40 GB/s = 13.1072 us, + 4 us; inside a node 160
// GB/s, + 3 us; half of it on each of 2 ranks under sequence parallelism.
TEST(CostModel, PipelineSend) {
  test::Case far =
      test::small_case(test::small_dense_model(2), ScheduleKind::one_forward_one_backward, 2, 8, 2);
  EXPECT_NEAR(pipeline_send_time(far.cluster, far.model, far.plan).value / us, 13.1072 + 4, 1e-9);
  const test::Case near =
      test::small_case(test::small_dense_model(2), ScheduleKind::one_forward_one_backward, 2, 4, 2);
  EXPECT_NEAR(pipeline_send_time(near.cluster, near.model, near.plan).value / us, 13.1072 / 4 + 3,
              1e-9);
  far.plan.parallelism.tensor_parallel = 2;
  EXPECT_NEAR(pipeline_send_time(far.cluster, far.model, far.plan).value / us, 13.1072 + 4, 1e-9);
  far.plan.parallelism.sequence_parallel = true;
  EXPECT_NEAR(pipeline_send_time(far.cluster, far.model, far.plan).value / us, 13.1072 / 2 + 4,
              1e-9);
}

// --- where a token's experts are

// D(E, N, k) = N (1 - C(E - E/N, k) / C(E, k)): 8 of 128 experts on 4 nodes 3.629 (so the report's
// "at most 4 nodes" is nearly always reached), of 256 on 8 nodes 5.295, of 128 on 32 GPUs 7.36.
TEST(CostModel, ExpectedDistinct) {
  EXPECT_NEAR(expected_distinct(128, 4, 8), 3.629, 5e-4);
  EXPECT_NEAR(expected_distinct(256, 8, 8), 5.295, 5e-4);
  EXPECT_NEAR(expected_distinct(128, 32, 8), 7.36, 5e-3);
  EXPECT_DOUBLE_EQ(expected_distinct(64, 64, 6), 6) << "one expert a part: all differ";
  EXPECT_DOUBLE_EQ(expected_distinct(64, 1, 6), 1);
  EXPECT_DOUBLE_EQ(expected_distinct(64, 8, 1), 1);
  // 2 of 4 experts on 2 nodes: 4 of the 6 pairs are on both, so (2 x 1 + 4 x 2) / 6.
  EXPECT_DOUBLE_EQ(expected_distinct(4, 2, 2), 10.0 / 6);
}

TEST(CostModel, TokenSpreadOfDeepSeekV3) {
  test::Case v3 = test::shipped_case("deepseek-v3-2048-h800");
  const GroupShape group = expert_group(v3.cluster, v3.plan);
  EXPECT_EQ(token_spread(v3.model, v3.plan, group).nodes, 3.97) << "the plan's own";
  v3.plan.expert_communication.distinct_nodes_per_token = 0;  // uniform choice
  const TokenSpread spread = token_spread(v3.model, v3.plan, group);
  EXPECT_NEAR(spread.nodes, 3.629, 5e-4);
  EXPECT_NEAR(spread.gpus, 7.36, 5e-3);
  ModelSpec unlimited = v3.model;
  unlimited.moe->groups = unlimited.moe->groups_per_token = 1;
  EXPECT_NEAR(token_spread(unlimited, v3.plan, expert_group(v3.cluster, v3.plan)).nodes, 5.295,
              5e-4);
}

// How many of 8 nodes (one group of 32 experts each) a token reaches when the logits of its experts
// are independent standard normal numbers and its scores their sigmoids, as V3 scores.
// `choose_groups` says which 4 groups it may use.
using Scores = std::vector<double>;
using ChooseGroups = std::function<std::vector<std::size_t>(const Scores&)>;

double sigmoid_of_normal(std::mt19937_64& random) {
  const auto uniform = [&random] { return std::ldexp(static_cast<double>(random() >> 11), -53); };
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));  // Box and Muller
  return 1 / (1 + std::exp(-radius * std::cos(6.283185307179586 * uniform())));
}

double mean_nodes(const ChooseGroups& choose_groups) {
  std::mt19937_64 random(20241227);
  constexpr int tokens = 20000;
  double reached = 0;
  Scores scores(256);
  for (int token = 0; token < tokens; ++token) {
    for (double& score : scores) score = sigmoid_of_normal(random);
    std::vector<std::pair<double, std::size_t>> allowed;
    for (const std::size_t group : choose_groups(scores)) {
      for (std::size_t expert = 0; expert < 32; ++expert) {
        allowed.emplace_back(scores[group * 32 + expert], group);
      }
    }
    std::partial_sort(allowed.begin(), allowed.begin() + 8, allowed.end(), std::greater<>());
    std::set<std::size_t> nodes;
    for (std::size_t i = 0; i < 8; ++i) nodes.insert(allowed[i].second);
    reached += static_cast<double>(nodes.size());
  }
  return reached / tokens;
}

// DeepSeek-V3 report, section 2.1.2: the 4 groups with the largest sums of their top 2 scores.
std::vector<std::size_t> best_groups(const Scores& scores) {
  std::vector<std::pair<double, std::size_t>> sums;
  for (std::size_t group = 0; group < 8; ++group) {
    const auto first = scores.begin() + static_cast<std::ptrdiff_t>(group * 32);
    Scores own(first, first + 32);
    std::nth_element(own.begin(), own.begin() + 1, own.end(), std::greater<>());
    sums.emplace_back(own[0] + own[1], group);
  }
  std::sort(sums.begin(), sums.end(), std::greater<>());
  return {sums[0].second, sums[1].second, sums[2].second, sums[3].second};
}

// The plan's distinct_nodes_per_token comes from here: groups chosen for their two best experts
// nearly always send a token to all four. With 20,000 tokens the standard error is 0.0013. The
// shape of the scores matters little: uniform ones give 3.952, exponential ones 3.974.
TEST(CostModel, DeepSeeksRoutingRuleReachesNearlyFourNodes) {
  const double nodes = mean_nodes(best_groups);
  EXPECT_GT(nodes, 3.95);
  EXPECT_LT(nodes, 3.99);
  const test::Case v3 = test::shipped_case("deepseek-v3-2048-h800");
  EXPECT_NEAR(v3.plan.expert_communication.distinct_nodes_per_token, nodes, 0.01);
}

// The same with 4 fixed groups is the formula's case.
TEST(CostModel, GroupsChosenBlindlyReachTheFormulasNodes) {
  const double nodes = mean_nodes([](const Scores&) {
    return std::vector<std::size_t>{0, 1, 2, 3};
  });
  EXPECT_NEAR(nodes, expected_distinct(128, 4, 8), 0.015);
}

// --- expert dispatch and combine

// 16 ranks on 2 nodes, 1000 tokens of 1000 bytes to 1.5 nodes and 3 GPUs. NIC: 1 MB x 1.5 x 1/2 at
// 40 GB/s = 18.75 us. NVLink: 1 MB x 3 x 7/8 at 150 GB/s = 17.5 us. The slower one, + 50 us.
TEST(CostModel, ExpertTransferIsTheSlowerOfBothNetworks) {
  const GroupShape group{16, 8, 2};
  ExpertTransfer transfer{1000, {1000}, false, false};
  TokenSpread spread{1.5, 3};
  const auto time = [&](bool overlapped) {
    return expert_transfer_time(round_device(), round_cluster(2), group, transfer, spread,
                                overlapped)
               .value /
           us;
  };
  EXPECT_NEAR(time(false), 18.75 + 50, 1e-9);
  EXPECT_NEAR(time(true), 18.75 / 0.5 + 50, 1e-9);
  transfer.layout_known = true;
  EXPECT_NEAR(time(true), 18.75 / 0.6 + 50, 1e-9);
  transfer.is_combine = true;
  EXPECT_NEAR(time(false), 18.75 * 40 / 38 + 50, 1e-9);
  EXPECT_NEAR(time(true), 18.75 * 40 / 38 / 0.7 + 50, 1e-9);
  spread.gpus = 6;
  transfer = {1000, {1000}, false, false};
  EXPECT_NEAR(time(false), 35 + 50, 1e-9) << "now NVLink is the slower";
}

// NICs of twice the speed carry twice as much, but no more than their nominal rate.
TEST(CostModel, ExpertTransferScalesWithTheNicUpToItsRate) {
  const GroupShape group{2, 1, 2};
  const ExpertTransfer transfer{1000, {1000}, false, false};
  const auto time = [&](double nic, double wire) {
    ClusterSpec cluster = round_cluster(2);
    cluster.nic.bandwidth = {nic};
    DeviceProfile device = round_device();
    device.expert_transport.dispatch_wire = {wire};
    return expert_transfer_time(device, cluster, group, transfer, {1, 1}, false).value / us;
  };
  EXPECT_NEAR(time(50e9, 40e9), 12.5 + 50, 1e-9);
  EXPECT_NEAR(time(100e9, 40e9), 6.25 + 50, 1e-9);
  EXPECT_NEAR(time(50e9, 80e9), 10 + 50, 1e-9);
}

TEST(CostModel, NoTransferWithoutTokensOrPeers) {
  const DeviceProfile device = round_device();
  const ClusterSpec cluster = round_cluster(1);
  EXPECT_EQ(expert_transfer_time(device, cluster, {8, 8, 1}, {}, {1, 1}, false).value, 0);
  EXPECT_EQ(
      expert_transfer_time(device, cluster, {1, 1, 1}, {1000, {1000}, false, false}, {1, 1}, false)
          .value,
      0);
  // A group in one node uses no NIC: 1 MB x 4 x 7/8 at 150 GB/s.
  EXPECT_NEAR(
      expert_transfer_time(device, cluster, {8, 8, 1}, {1000, {1000}, false, false}, {1, 4}, false)
              .value /
          us,
      1e6 * 4 * 7 / 8 / 150e9 / us + 50, 1e-9);
}

}  // namespace
}  // namespace reckon

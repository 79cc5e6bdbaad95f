#include "planner/vary.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "planner/spec/units.hpp"

namespace reckon {
namespace {

using Values = std::vector<std::string>;

Values values_of(const std::string& text) {
  std::vector<Problem> problems;
  const auto axis = parse_axis(text, problems);
  EXPECT_TRUE(problems.empty()) << to_text(problems);
  return axis ? axis->values : Values{};
}

std::string problem_of(const std::string& text) {
  std::vector<Problem> problems;
  EXPECT_FALSE(parse_axis(text, problems)) << text;
  return to_text(problems);
}

// 4 nodes of 8 GPUs; TP 1 x PP 4 x DP 8; NVLink 200 GB/s of which 160 are reached.
struct Papers {
  ModelSpec model;
  ClusterSpec cluster;
  DeviceProfile device;
  Plan plan;

  Papers() {
    cluster.nodes = 4;
    cluster.nvlink = {"nvlink", {200e9}, {160e9}, {1e-6}, ""};
    cluster.nic = {"infiniband", {50e9}, {40e9}, {2e-6}, ""};
    device.gpu.sms = 100;
    device.gpu.bf16_peak = {1000e12};
    device.gpu.fp8_peak = {2000e12};
    device.gpu.hbm_bandwidth = {4000e9};
    device.expert_transport.nvlink = {150e9};
    device.streams = {{KernelFamily::norm, {1000e9}, 1, ""}};
    device.gemm.resize(2);
    device.gemm[0].rate_per_sm = {8e12};
    device.gemm[1].dtype = Dtype::fp8_block;
    device.gemm[1].rate_per_sm = {12e12};
    device.attention.forward_rate_per_sm = {6e12};
    plan.parallelism.pipeline_parallel = 4;
    plan.parallelism.data_parallel = 8;
    plan.layout.layers_per_stage = {2, 2, 2, 2};
  }
  Documents documents() { return {model, cluster, device, plan}; }
  Values set(const std::vector<Setting>& settings) { return apply_settings(settings, documents()); }
};

TEST(Vary, RangesReachTheirEnd) {
  EXPECT_EQ(values_of("nvlink=100:250:50"), (Values{"100", "150", "200", "250"}));
  EXPECT_EQ(values_of("nvlink=100:240:50"), (Values{"100", "150", "200"}));
  EXPECT_EQ(values_of("usd_per_gpu_hour=0.1:0.5:0.1"), (Values{"0.1", "0.2", "0.3", "0.4", "0.5"}));
  EXPECT_EQ(values_of("nic=100:800:x2"), (Values{"100", "200", "400", "800"}));
  EXPECT_EQ(values_of("nic=800:100:x0.5"), (Values{"800", "400", "200", "100"}));
  EXPECT_EQ(values_of("tp=8:2:-3"), (Values{"8", "5", "2"}));
  EXPECT_EQ(values_of("tp=4:4:1"), Values{"4"});
}

TEST(Vary, ListsKeepTheirOrder) {
  EXPECT_EQ(values_of("tp=8,1,2"), (Values{"8", "1", "2"}));
  EXPECT_EQ(values_of("schedule=zb_h1,gpipe"), (Values{"zb_h1", "gpipe"}));
  EXPECT_EQ(values_of("nic=4e2"), Values{"400"});
}

TEST(Vary, SaysWhyAnAxisIsNone) {
  const auto expect = [](const std::string& text, const std::string& phrase) {
    EXPECT_NE(problem_of(text).find(phrase), std::string::npos) << problem_of(text);
  };
  expect("nvlnk=1", "unknown key; did you mean \"nvlink\"? there are nvlink, nic,");
  expect("tp", "no values; write KEY=FROM:TO:STEP");
  expect("tp=", "no values");
  expect("tp=1,,2", "an empty value");
  expect("tp=1,2,1", "1 is given twice");
  expect("tp=1,1.0", "1 is given twice");
  expect("tp=1.5", "1.5 is no whole number");
  expect("tp=0", "0 is not between 1 and");
  expect("zero=0:4:1", "4 is not between 0 and 3");
  expect("nvlink=nan", "\"nan\" is no number");
  expect("nvlink=fast", "\"fast\" is no number");
  expect("nvlink=1:2", "is no range; write FROM:TO:STEP or FROM:TO:xFACTOR");
  expect("nvlink=1:2:3:4", "is no range");
  expect("nvlink=1:inf:1", "is no range");
  expect("nvlink=1:5:0", "never gets from 1 to 5; give another step");
  expect("nvlink=5:1:1", "never gets from 5 to 1; give another step");
  expect("nvlink=1:5:x1", "never gets from 1 to 5; give another factor");
  expect("nvlink=0:5:x2", "never gets from 0 to 5");
  expect("rack#/x=1", "the document before # is plan, cluster, device or model");
  expect("plan#/model=llama-3-8b", "names another document, which a sweep does not load");
  expect("cluster#/device=h200-sxm", "names another document");
  expect("plan#/phases/0/tokens=1e12", "is of the run, not of its step");
  expect("plan#/name=" + std::string(201, 'a'), "more than 200 bytes");
}

TEST(Vary, NoSweepIsEndless) {
  std::vector<Problem> problems;
  const auto axis = parse_axis("nvlink=1:1000000:0.00001", problems);
  ASSERT_TRUE(axis);
  EXPECT_EQ(axis->values.size(), most_sweep_points + 1);
  EXPECT_NE(to_text(axes_problems({*axis})).find("more than 10000 points"), std::string::npos);
  const VaryAxis hundred{"tp", Values(100, "1")};
  const VaryAxis other{"pp", Values(100, "1")};
  EXPECT_TRUE(axes_problems({hundred, other}).empty());
  EXPECT_FALSE(axes_problems({hundred, other, {"cp", {"1", "2"}}}).empty());
  EXPECT_NE(to_text(axes_problems({hundred, hundred})).find("varied twice"), std::string::npos);
}

TEST(Vary, RatesReachedKeepTheirShare) {
  Papers papers;
  papers.set({{"nvlink", "400"}, {"nic", "800"}, {"hbm", "8000"}});
  EXPECT_DOUBLE_EQ(papers.cluster.nvlink.bandwidth.value, 400e9);
  EXPECT_DOUBLE_EQ(papers.cluster.nvlink.achieved.value, 320e9);
  EXPECT_DOUBLE_EQ(papers.device.gpu.nvlink_bandwidth.value, 400e9);
  EXPECT_DOUBLE_EQ(papers.device.expert_transport.nvlink.value, 300e9);
  EXPECT_DOUBLE_EQ(papers.cluster.nic.bandwidth.value, 100e9);  // 800 Gb/s
  EXPECT_DOUBLE_EQ(papers.cluster.nic.achieved.value, 80e9);
  EXPECT_DOUBLE_EQ(papers.device.gpu.hbm_bandwidth.value, 8000e9);
  EXPECT_DOUBLE_EQ(papers.device.streams[0].bandwidth.value, 2000e9);
}

TEST(Vary, MoreSmsAreMorePeakAtTheSameRateEach) {
  Papers papers;
  papers.set({{"sms", "150"}});
  EXPECT_EQ(papers.device.gpu.sms, 150);
  EXPECT_DOUBLE_EQ(papers.device.gpu.bf16_peak.value, 1500e12);
  EXPECT_DOUBLE_EQ(papers.device.gpu.fp8_peak.value, 3000e12);
  EXPECT_DOUBLE_EQ(papers.device.gemm[0].rate_per_sm.value, 8e12);
  EXPECT_DOUBLE_EQ(papers.device.gpu.hbm_bandwidth.value, 4000e9);
}

TEST(Vary, APeakScalesTheKernelsOfItsDtype) {
  Papers papers;
  papers.set({{"bf16_peak", "2000"}});
  EXPECT_DOUBLE_EQ(papers.device.gemm[0].rate_per_sm.value, 16e12);
  EXPECT_DOUBLE_EQ(papers.device.gemm[1].rate_per_sm.value, 12e12);
  EXPECT_DOUBLE_EQ(papers.device.attention.forward_rate_per_sm.value, 12e12);
  papers.set({{"fp8_peak", "1000"}});
  EXPECT_DOUBLE_EQ(papers.device.gemm[1].rate_per_sm.value, 6e12);
  // Both at once: twice the SMs of the same peak are half as fast each.
  Papers both;
  both.set({{"bf16_peak", "1000"}, {"sms", "200"}});
  EXPECT_DOUBLE_EQ(both.device.gemm[0].rate_per_sm.value, 4e12);
}

TEST(Vary, ReplicasFollowTheModelParallelSizes) {
  Papers papers;
  EXPECT_EQ(papers.set({{"tp", "2"}}), Values{"dp 8 -> 4"});
  EXPECT_EQ(papers.plan.parallelism.data_parallel, 4);
  Papers more;
  EXPECT_EQ(more.set({{"nodes", "8"}}), Values{"dp 8 -> 16"});
  // Sizes that do not divide are left to feasible().
  Papers odd;
  EXPECT_EQ(odd.set({{"tp", "3"}}), Values{});
  EXPECT_EQ(odd.plan.parallelism.data_parallel, 8);
}

TEST(Vary, NodesFollowGivenReplicas) {
  Papers papers;
  EXPECT_EQ(papers.set({{"tp", "2"}, {"dp", "8"}}), Values{"nodes 4 -> 8"});
  EXPECT_EQ(papers.plan.parallelism.data_parallel, 8);
  Papers both;
  EXPECT_EQ(both.set({{"dp", "16"}, {"nodes", "4"}}), Values{});
  EXPECT_EQ(both.cluster.nodes, 4);
}

TEST(Vary, AListedLayoutEndsWithItsStages) {
  Papers papers;
  EXPECT_EQ(papers.set({{"pp", "2"}}), (Values{"dp 8 -> 16", "layers even over 2"}));
  EXPECT_TRUE(papers.plan.layout.layers_per_stage.empty());
  Papers same;
  same.set({{"pp", "4"}});
  EXPECT_EQ(same.plan.layout.layers_per_stage.size(), 4U);
}

TEST(Vary, ChunksInterleave) {
  Papers papers;
  papers.set({{"vpp", "2"}});
  EXPECT_EQ(papers.plan.schedule, ScheduleKind::interleaved_one_forward_one_backward);
  papers.set({{"vpp", "1"}});
  EXPECT_EQ(papers.plan.schedule, ScheduleKind::one_forward_one_backward);
  papers.plan.schedule = ScheduleKind::dual_pipe;
  papers.set({{"vpp", "2"}});
  EXPECT_EQ(papers.plan.schedule, ScheduleKind::dual_pipe);
}

// What is read back is what was set, whatever the unit.
TEST(Vary, EveryKeyIsReadBack) {
  for (const VaryKey& key : vary_keys()) {
    Papers papers;
    const std::string value = key.name == "zero" ? "2" : "16";
    papers.set({{std::string(key.name), value}});
    EXPECT_EQ(current_value(papers.documents(), std::string(key.name)), value) << key.name;
    EXPECT_FALSE(key.meaning.empty());
  }
}

}  // namespace
}  // namespace reckon

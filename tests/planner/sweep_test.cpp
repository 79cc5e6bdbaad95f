#include "planner/sweep.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "planner/catalog.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {
namespace {

Inputs shipped(const std::string& name) {
  Inputs in;
  in.plan = load_plan(RECKON_DATA_DIR, name);
  in.model = load_model(RECKON_DATA_DIR, in.plan.model);
  in.cluster = load_cluster(RECKON_DATA_DIR, in.plan.cluster);
  in.device = load_device(RECKON_DATA_DIR, in.cluster.device);
  return in;
}
const Inputs& v3() {
  static const Inputs inputs = shipped("deepseek-v3-2048-h800");
  return inputs;
}

VaryAxis axis(const std::string& text) {
  std::vector<Problem> problems;
  return parse_axis(text, problems).value_or(VaryAxis{});
}

Sweep bare(const Inputs& inputs, const std::vector<std::string>& texts, int threads = 0) {
  std::vector<VaryAxis> axes;
  for (const std::string& text : texts) axes.push_back(axis(text));
  return sweep(inputs, axes, {.effects = no_effects, .threads = threads});
}

TEST(Sweep, ThePlanAsItStandsIsWhatSimulatePredicts) {
  for (const EffectSwitches& effects : {no_effects, all_effects}) {
    const Sweep result = sweep(v3(), {axis("nvlink=200")}, {.effects = effects});
    const Report report = predict(v3(), {effects, false, true, false}).report;
    ASSERT_TRUE(result.unmodified.figures);
    EXPECT_EQ(result.unmodified.figures->step, report.with_effects.step);
    EXPECT_EQ(result.unmodified.figures->bubble, report.with_effects.mean.bubble);
    EXPECT_EQ(result.unmodified.figures->exposed_communication,
              report.with_effects.mean.exposed_communication);
    // The only point sets what the plan has.
    EXPECT_EQ(result.points.front().figures, result.unmodified.figures);
    EXPECT_EQ(result.unmodified.settings.front().value, "200");
  }
}

TEST(Sweep, GoesThroughAllCombinationsTheLastAxisFastest) {
  const Sweep result = bare(v3(), {"nvlink=100,200", "mbs=1,2,4"});
  ASSERT_EQ(result.points.size(), 6U);
  EXPECT_EQ(result.points[1].settings[0].value, "100");
  EXPECT_EQ(result.points[1].settings[1].value, "2");
  EXPECT_EQ(result.points[3].settings[0].value, "200");
  EXPECT_EQ(result.points[3].settings[1].number, 1);
  EXPECT_FALSE(result.partial);
}

TEST(Sweep, ThreadsDoNotChangeTheResult) {
  const std::vector<std::string> axes{"nvlink=100:400:50", "pp=8,16", "tp=1,3"};
  EXPECT_EQ(bare(v3(), axes, 1), bare(v3(), axes, 7));
}

TEST(Sweep, PointsThatCannotRunSayWhy) {
  const Sweep result = bare(v3(), {"pp=16", "tp=1,3", "mbs=1,2"});
  EXPECT_EQ(result.points[0].state, PointState::predicted);
  EXPECT_EQ(result.points[1].state, PointState::does_not_fit);
  EXPECT_GT(result.points[1].peak_memory, result.points[1].memory_limit);
  EXPECT_NE(result.points[1].reasons.at(0).find("GB more than"), std::string::npos);
  EXPECT_EQ(result.points[2].state, PointState::cannot_run);
  EXPECT_NE(result.points[2].reasons.at(0).find("does not divide 2048"), std::string::npos);
  EXPECT_FALSE(result.points[2].figures);
  EXPECT_EQ(best_point(result), &result.points[0]);
}

TEST(Sweep, WhatDoesNotFitIsPredictedIfAskedFor) {
  const Sweep result = sweep(v3(), {axis("mbs=2")}, {.effects = no_effects, .ignore_memory = true});
  EXPECT_EQ(result.points[0].state, PointState::predicted);
  EXPECT_FALSE(result.points[0].reasons.empty());
  EXPECT_TRUE(result.points[0].figures);
}

TEST(Sweep, WithoutThePlanTheFirstPointIsTheReference) {
  Inputs in = v3();
  in.device.gpu.memory = {40e9};
  const Sweep result = bare(in, {"memory=50,80,100"});
  EXPECT_FALSE(result.is_against_plan);
  EXPECT_FALSE(result.unmodified.figures);
  EXPECT_FALSE(result.points[0].figures);
  EXPECT_EQ(result.points[1].figures.value().relative_change, 0);
}

TEST(Sweep, ADocumentIsSetByItsPointer) {
  const Sweep by_pointer = bare(v3(), {"plan#/expert_communication/sms=10,30"});
  const Sweep by_name = bare(v3(), {"comm_sms=10,30"});
  ASSERT_TRUE(by_name.points[0].figures);
  EXPECT_EQ(by_pointer.points[0].figures, by_name.points[0].figures);
  EXPECT_EQ(by_pointer.points[1].figures, by_name.points[1].figures);
  EXPECT_NE(by_name.points[0].figures, by_name.points[1].figures);
  EXPECT_EQ(by_pointer.unmodified.settings[0].value, "20");
}

// The plan lists 61 layers in 16 stages.
TEST(Sweep, AListedLayoutDoesNotOutliveItsLayers) {
  const Sweep result = bare(v3(), {"model#/layers=48,61"});
  EXPECT_EQ(result.points[0].state, PointState::predicted);
  EXPECT_EQ(result.points[0].followed, std::vector<std::string>{"layers even over 16"});
  EXPECT_TRUE(result.points[1].followed.empty());
  EXPECT_EQ(result.points[1].figures, result.unmodified.figures);
}

TEST(Sweep, ABadPointerOrValueIsTold) {
  try {
    bare(v3(), {"plan#/batch/micro_batchsize=1", "cluster#/nic/latency_us=-1,1"});
    FAIL();
  } catch (const InputError& error) {
    ASSERT_EQ(error.problems.size(), 2U);
    EXPECT_NE(error.problems[0].message.find("did you mean \"micro_batch_size\"?"),
              std::string::npos);
    EXPECT_NE(error.problems[1].message.find("/nic/latency_us: must be at least 0"),
              std::string::npos);
  }
}

TEST(Sweep, StopsWhenToldTo) {
  SweepOptions options{.effects = all_effects, .threads = 1};
  options.progress = [](std::size_t, std::size_t) { return false; };
  const Sweep result = sweep(v3(), {axis("nvlink=100:600:10")}, options);
  EXPECT_TRUE(result.partial);
  EXPECT_EQ(result.points.size(), 51U);
  EXPECT_EQ(result.points.back().state, PointState::not_simulated);
  for (const SweepPoint& point : result.points) ASSERT_EQ(point.settings.size(), 1U);
  EXPECT_EQ(result.points.back().settings[0].value, "600");
}

void expect_no_growth(const Sweep& result, double slack) {
  for (std::size_t index = 1; index < result.points.size(); ++index) {
    const SweepPoint& point = result.points[index];
    ASSERT_TRUE(point.figures && result.points[index - 1].figures);
    EXPECT_LE(point.figures->step.value, result.points[index - 1].figures->step.value * (1 + slack))
        << result.plan << ' ' << point.settings[0].key << ' ' << point.settings[0].value;
  }
}

// Better hardware never makes the bare step longer.
TEST(SweepPhysics, BetterHardwareIsNoSlower) {
  const std::vector<std::string> axes{"nvlink=50:900:25", "nic=50:1600:50", "hbm=1000:8000:250",
                                      "bf16_peak=300:3000:150", "fp8_peak=600:6000:300"};
  for (const char* plan : {"deepseek-v3-2048-h800", "llama-3-70b-1024-h100",
                           "mixtral-8x7b-1024-h100", "gpt-3-175b-1024-a100"}) {
    const Inputs in = shipped(plan);
    for (const std::string& text : axes) {
      if (text.starts_with("fp8") && in.device.gpu.fp8_peak.value <= 0) continue;
      expect_no_growth(bare(in, {text}), 1e-9);
    }
  }
}

// Nor the step with effects, but for what the order of overlapping ops may do to it.
TEST(SweepPhysics, NorWithEffects) {
  for (const char* text : {"nvlink=100:400:x2", "nic=200:800:x2", "hbm=2000:6000:2000",
                           "bf16_peak=500:2000:x2", "fp8_peak=1000:4000:x2"}) {
    expect_no_growth(sweep(v3(), {axis(text)}, {.effects = all_effects}), 1e-3);
  }
}

}  // namespace
}  // namespace reckon

#include "reports/sweep.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "reports/sweep_text.hpp"
#include "tests/reports/golden.hpp"

namespace reckon {
namespace {

SweepPoint point(const std::string& nvlink, const std::string& pp, PointState state, double hours) {
  SweepPoint made;
  made.settings = {{"nvlink", nvlink, std::stod(nvlink)}, {"pp", pp, std::stod(pp)}};
  made.gpus = 2048;
  made.state = state;
  if (state == PointState::cannot_run) return made;
  made.peak_memory = {state == PointState::does_not_fit ? 98.5e9 : 68.4e9};
  made.memory_limit = {84.9e9};
  if (state != PointState::predicted) return made;
  made.figures = {.step = {hours / 9000},
                  .mfu_causal = 0.4286,
                  .tokens_per_second_per_gpu = 1693,
                  .exposed_communication = {1.07},
                  .bubble = {1.9},
                  .gpu_hours_per_trillion_tokens = hours,
                  .usd_per_trillion_tokens = {2 * hours}};
  return made;
}

Sweep example() {
  Sweep sweep;
  sweep.tool = "reckon";
  sweep.plan = "a plan";
  sweep.model = "a model";
  sweep.cluster = "a, \"cluster\"";
  sweep.device = "H800";
  sweep.effects = "clock, sends";
  sweep.axes = {{"nvlink", "GB/s", "of a GPU and direction"}, {"pp", "", "dp and layout follow"}};
  sweep.unmodified = point("200", "16", PointState::predicted, 164000);
  sweep.points = {point("200", "8", PointState::does_not_fit, 0),
                  point("200", "16", PointState::predicted, 164000),
                  point("200", "12", PointState::cannot_run, 0),
                  point("400", "12", PointState::cannot_run, 0),
                  point("400", "16", PointState::predicted, 155800),
                  point("400", "32", PointState::predicted, 200000)};
  sweep.points[0].reasons = {"plan#/parallelism: needs 98.5 GB, too much"};
  sweep.points[2].reasons = {"plan#/x: 12 does not divide", "plan#/y: nor that"};
  sweep.points[3].reasons = {"plan#/x: 12 does not divide"};
  sweep.points[5].followed = {"dp 128 -> 64", "layers even over 32"};
  sweep.points[5].gpus = 1024;
  compare_points(sweep);
  return sweep;
}

TEST(SweepReport, ComparesWithThePlan) {
  const Sweep sweep = example();
  EXPECT_TRUE(sweep.is_against_plan);
  EXPECT_DOUBLE_EQ(sweep.points[1].figures->relative_change, 0);
  EXPECT_NEAR(sweep.points[4].figures->relative_change, -0.05, 1e-12);
  EXPECT_EQ(best_point(sweep), &sweep.points[4]);
}

TEST(SweepReport, ComparesWithTheFirstPointIfThePlanCannotRun) {
  Sweep sweep = example();
  sweep.unmodified = point("200", "12", PointState::cannot_run, 0);
  sweep.points.erase(sweep.points.begin() + 1);
  compare_points(sweep);
  EXPECT_FALSE(sweep.is_against_plan);
  EXPECT_DOUBLE_EQ(sweep.points[3].figures->relative_change, 0);
  EXPECT_NEAR(sweep.points[4].figures->relative_change, 200000 / 155800.0 - 1, 1e-12);
}

TEST(SweepReport, TheBestPointIsTheCheapest) {
  Sweep sweep = example();
  sweep.points[5].figures->usd_per_trillion_tokens = {1};
  EXPECT_EQ(best_point(sweep), &sweep.points[5]);
  for (SweepPoint& one : sweep.points) one = point("1", "1", PointState::cannot_run, 0);
  EXPECT_EQ(best_point(sweep), nullptr);
}

TEST(SweepReport, TextIsFrozen) {
  Sweep sweep = example();
  expect_golden(sweep_text(sweep, {.colour = false, .unicode = true, .width = 100}),
                "tests/golden/reports/sweep.txt");
  sweep.partial = true;
  sweep.effects.clear();
  sweep.points.resize(2);
  sweep.points[1] = {};
  sweep.points[1].settings = sweep.points[0].settings;
  expect_golden(sweep_text(sweep, {.colour = false, .unicode = false, .width = 80}),
                "tests/golden/reports/sweep_partial_ascii.txt");
}

TEST(SweepReport, CsvHasAFieldForEveryColumn) {
  const std::string csv = sweep_csv(example());
  EXPECT_EQ(csv.find("point,nvlink,pp,state,gpus,step_s,"), 0U);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 1 + 6);
  EXPECT_NE(csv.find("\r\nplan,200,16,predicted,2048,"), std::string::npos);
  // No figures: step to bubble, then memory, GPU-hours to change.
  EXPECT_NE(
      csv.find("\r\n2,200,12,cannot_run,2048,,,,,,,,,,,,plan#/x: 12 does not divide; plan#/y"),
      std::string::npos);
  EXPECT_NE(csv.find("\r\n0,200,8,does_not_fit,2048,,,,,,98500000000,84900000000,,,,,"
                     "\"plan#/parallelism: needs 98.5 GB, too much\"\r\n"),
            std::string::npos);
}

TEST(SweepReport, JsonSaysAllOfIt) {
  const nlohmann::json json = nlohmann::json::parse(sweep_json(example()));
  EXPECT_EQ(json.at("schema"), "sweep/1");
  EXPECT_EQ(json.at("points").size(), 6U);
  EXPECT_FALSE(json.at("points").at(0).contains("figures"));
  EXPECT_EQ(json.at("points").at(0).at("state"), "does_not_fit");
  EXPECT_EQ(json.at("points").at(4).at("figures").at("gpu_hours_per_trillion_tokens"), 155800);
  EXPECT_EQ(json.at("points").at(4).at("settings").at(0).at("number"), 400);
}

}  // namespace
}  // namespace reckon

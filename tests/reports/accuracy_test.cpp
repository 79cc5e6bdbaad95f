// Statistics of errors over published runs, by hand.
#include "reports/accuracy.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace reckon {
namespace {

RunCheck run(const std::string& group, double measured, double ideal, double factor = 1,
             const std::string& software = "s") {
  RunCheck check;
  check.id = group + "-" + std::to_string(measured);
  check.group = group;
  check.gpu = "H100-80GB-SXM";
  check.architecture = "dense";
  check.precision = "BF16";
  check.software = software;
  check.family = software;
  check.gpus = 8;
  check.measured = Seconds{measured};
  check.ideal = Seconds{ideal};
  check.predicted = Seconds{ideal * factor};
  check.memory_limit = Bytes{80e9};
  return check;
}

// Errors +10 %, -20 % in group a and +30 % in b: median 20 %, groups 15 % and 30 %, bias of groups
// -5 % and +30 %.
TEST(Accuracy, SummariesByHand) {
  const Accuracy a = accuracy_of({run("a", 1, 1.1), run("a", 10, 8), run("b", 2, 2.6)});
  EXPECT_EQ(a.all.rows, 3);
  EXPECT_EQ(a.all.groups, 2);
  EXPECT_NEAR(a.all.median, 0.2, 1e-12);
  EXPECT_NEAR(a.all.p90, 0.28, 1e-12);  // between 20 % and 30 %
  EXPECT_NEAR(a.all.group_median, 0.225, 1e-12);
  EXPECT_NEAR(a.all.bias, 0.125, 1e-12);
  EXPECT_DOUBLE_EQ(a.all.rank_correlation, 1);
  ASSERT_EQ(a.worst.size(), 3u);
  EXPECT_NEAR(a.worst.front().error, 0.3, 1e-12);
  EXPECT_FALSE(a.worst.front().reason.empty());
}

// Ranks 1, 2.5, 2.5 against 3, 2, 1: covariance -1.5, variances 1.5 and 2.
TEST(Accuracy, RankCorrelationSharesTies) {
  const Accuracy a = accuracy_of({run("a", 1, 3), run("a", 2, 2), run("a", 2, 1)});
  EXPECT_NEAR(a.all.rank_correlation, -1.5 / std::sqrt(1.5 * 2), 1e-12);
}

TEST(Accuracy, WhatIsNotExpressedCountsAsAHundredPercent) {
  RunCheck refused = run("a", 1, 0);
  refused.problems = {"/hardware/gpu: unknown"};
  const Accuracy a = accuracy_of({refused, run("b", 1, 1)});
  EXPECT_EQ(a.all.expressed, 1);
  EXPECT_DOUBLE_EQ(a.all.group_median, 0.5);
  EXPECT_EQ(a.worst.front().reason, "cannot be expressed: /hardware/gpu: unknown");
  const std::string text = accuracy_text(a, {});
  EXPECT_NE(text.find("NOT EXPRESSED"), std::string::npos);
  EXPECT_NE(text.find("/hardware/gpu: unknown"), std::string::npos);
}

TEST(Accuracy, MemoryBeyondTheMarginIsCalledImpossible) {
  RunCheck tight = run("a", 1, 1);
  tight.predicted_memory = Bytes{85e9};
  tight.measured_memory = Bytes{80e9};
  RunCheck beyond = tight;
  beyond.predicted_memory = Bytes{90e9};
  const Accuracy a = accuracy_of({tight, beyond});
  EXPECT_EQ(a.memory.called_impossible, 1);
  EXPECT_EQ(a.memory.rows, 2);
  EXPECT_NEAR(a.memory.median, (0.0625 + 0.125) / 2, 1e-12);
}

// The factor leaves the mean over groups at 1: groups' ratios ideal / measured are 0.5 and 1.
TEST(Accuracy, FactorsMakeTheMeanRight) {
  SoftwareTable table;
  table.software.resize(2);
  table.software[0].name = "s";
  table.software[1].name = "unused";
  table.software[1].step_time_factor = 1.5;
  const std::vector<RunCheck> runs{run("a", 2, 1), run("a", 4, 2), run("b", 3, 3)};
  const SoftwareTable fitted = fitted_software(table, runs);
  EXPECT_NEAR(fitted.software[0].step_time_factor, 1 / 0.75, 1e-4);
  EXPECT_EQ(fitted.software[0].rows, 3);
  EXPECT_DOUBLE_EQ(fitted.software[1].step_time_factor, 1.5);
}

TEST(Accuracy, HeldOutIsWithoutTheOwnGroup) {
  std::vector<RunCheck> runs{run("a", 2, 1), run("b", 3, 3), run("c", 5, 4, 1, "alone")};
  set_held_out(runs);
  EXPECT_DOUBLE_EQ(runs[0].held_out.value, 1);  // b's factor is 1
  EXPECT_DOUBLE_EQ(runs[1].held_out.value, 6);  // a's is 2
  EXPECT_DOUBLE_EQ(runs[2].held_out.value, 4);  // nothing is known of its software
}

TEST(Accuracy, BandsComeFromOtherGroups) {
  std::vector<Residual> residuals;
  for (int group = 0; group < 20; ++group) {
    for (int i = 0; i < 3; ++i) {
      residuals.push_back({"g" + std::to_string(group),
                           {"s", "dense", "hopper", "bf16", 8, Seconds{1}},
                           0.01 * (group + 1),
                           0.01 * (group + 1)});
    }
  }
  const RunTraits traits{"s", "dense", "hopper", "bf16", 8, Seconds{1}};
  // The nearest 48 are those of 16 groups, 0.01 to 0.16; 0.8 x 17 groups: within the 14th.
  const ErrorBand all = band_near(traits, residuals, "");
  EXPECT_EQ(all.runs, 48);
  EXPECT_NEAR(std::log(all.high), 0.14, 1e-12);
  EXPECT_NEAR(all.low * all.high, 1, 1e-12);
  const ErrorBand others = band_near(traits, residuals, "g0");
  EXPECT_GT(others.high, all.high);
  RunTraits unknown = traits;
  unknown.family.clear();
  const ErrorBand ideal = band_near(unknown, residuals, "");
  EXPECT_GT(ideal.low, 1);  // all took longer than ideal
  EXPECT_EQ(band_near(traits, {}, "").runs, 0);
}

TEST(Accuracy, FormsHoldEveryRun) {
  std::vector<RunCheck> runs{run("a", 1, 1.1), run("b <&> \"q\"", 10, 8)};
  const Accuracy a = accuracy_of(runs);
  const std::string csv = accuracy_csv(a);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3);
  EXPECT_NE(csv.find("\"b <&> \"\"q\"\"\""), std::string::npos);
  const auto json = nlohmann::json::parse(accuracy_json(a));
  EXPECT_EQ(json["schema"], "accuracy/1");
  EXPECT_EQ(json["runs"].size(), 2u);
  const std::string svg = accuracy_svg(a);
  EXPECT_NE(svg.find("b &lt;&amp;> "), std::string::npos);
  EXPECT_EQ(svg.find("<&>"), std::string::npos);
}

}  // namespace
}  // namespace reckon

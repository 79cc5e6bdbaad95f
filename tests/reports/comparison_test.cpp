#include "reports/comparison.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reports/comparison_text.hpp"
#include "reports/report_json.hpp"
#include "tests/reports/example_report.hpp"
#include "tests/reports/golden.hpp"

namespace reckon {
namespace {

// The example, and one with a faster NVLink, half of the micro-batches and dispatches half as long.
ComparisonInput before() { return {"a.json", example_report(), {}}; }
ComparisonInput after() {
  Report report = example_report();
  report.cluster.nvlink.bandwidth = {450e9};
  report.cluster.nvlink.source = "another one";
  report.plan.batch.global_batch_size /= 2;
  report.device = "H800 next";
  report.bare.step -= Seconds{2};
  report.bare.mean.bubble -= Seconds{1.2};
  report.bare.mean.overlapped_pair -= Seconds{0.8};
  report.bare.mean.exposed_communication -= Seconds{0.6};
  report.with_effects.step -= Seconds{2};
  for (LaneShare& share : report.lanes) {
    if (share.name.find("dispatch") != std::string::npos) share.time *= 0.5;
  }
  return {"b.json", report, {}};
}

const FigureDifference& figure(const Comparison& comparison, const std::string& section,
                               const std::string& id) {
  for (const FigureDifference& one : comparison.figures) {
    if (one.section == section && one.id == id) return one;
  }
  throw std::invalid_argument("no figure " + section + "/" + id);
}

TEST(Comparison, AReportIsLikeItself) {
  const Comparison same = compare(before(), before());
  EXPECT_TRUE(same.inputs.empty());
  for (const StepContribution& part : same.step) EXPECT_EQ(part.difference.value, 0) << part.id;
  for (const FigureDifference& one : same.figures) EXPECT_EQ(one.difference, 0) << one.id;
  EXPECT_NE(comparison_text(same, {}).find("the same"), std::string::npos);
}

TEST(Comparison, SurvivesTheFile) {
  const ComparisonInput written{"b.json", read_report(report_json(after().report), "b.json"), {}};
  for (const FigureDifference& one : compare(after(), written).figures) {
    EXPECT_NEAR(one.difference, 0, 1e-9 * std::abs(one.before)) << one.id;
  }
  EXPECT_TRUE(compare(after(), written).inputs.empty());
}

TEST(Comparison, NamesTheInputsThatDiffer) {
  const Comparison comparison = compare(before(), after());
  const std::vector<InputDifference> expected{
      {"plan", "/batch/global_batch_size", "15360", "7680"},
      {"cluster", "/nvlink/bandwidth_gigabytes_per_s", "200", "450"},
      {"device", "/name", "\"h800-sxm\"", "\"H800 next\""}};
  EXPECT_EQ(comparison.inputs, expected);
}

TEST(Comparison, LooksIntoDeviceProfilesThatAreAtHand) {
  ComparisonInput left = before();
  ComparisonInput right = before();
  DeviceProfile device;
  device.name = "a";
  device.gemm.resize(2);
  left.device = device;
  device.gemm[1].tile_m = 64;
  right.device = device;
  const std::vector<InputDifference> expected{{"device", "/gemm/1/tile_m", "128", "64"}};
  EXPECT_EQ(compare(left, right).inputs, expected);
  EXPECT_TRUE(compare(left, right).has_device);
  EXPECT_FALSE(compare(left, before()).has_device);
}

TEST(Comparison, TreatsDocumentsValueByValue) {
  EXPECT_EQ(differences("plan", R"({"a": 1, "source": "x", "l": [1, 2]})",
                        R"({"b": {"c": 2}, "source": "y", "l": [1, 3], "note": "z"})"),
            (std::vector<InputDifference>{{"plan", "/a", "1", ""},
                                          {"plan", "/l", "[1,2]", "[1,3]"},
                                          {"plan", "/b", "", R"({"c":2})"}}));
  EXPECT_TRUE(differences("plan", R"([1, {"source": "x"}])", R"([1, {"source": "x"}])").empty());
}

// Kernels, exposed communication, bubble, optimizer and effects are the whole of the step.
TEST(Comparison, ContributionsAddUpToTheStep) {
  const Comparison comparison = compare(before(), after());
  double sum = 0;
  double shares = 0;
  for (const StepContribution& part : comparison.step) {
    sum += part.difference.value;
    shares += part.share;
  }
  EXPECT_NEAR(sum, -2, 1e-9);
  EXPECT_NEAR(shares, 1, 1e-9);
  ASSERT_GE(comparison.step.size(), 3U);
  EXPECT_EQ(comparison.step[0].id, "bubble");
  EXPECT_EQ(comparison.step[0].why, "micro-batches 120 -> 60");
  EXPECT_EQ(comparison.step[1].id, "exposed_communication");
  EXPECT_NE(comparison.step[1].why.find("dispatch"), std::string::npos);
  EXPECT_TRUE(std::is_sorted(
      comparison.step.begin(), comparison.step.end(), [](const auto& left, const auto& right) {
        return std::abs(left.difference.value) > std::abs(right.difference.value);
      }));
}

TEST(Comparison, AnEffectThatIsOffInOneIsNamed) {
  const Comparison comparison =
      compare({"bare", example_report_bare(), {}}, {"all", example_report(), {}});
  const auto effect = std::find_if(comparison.step.begin(), comparison.step.end(),
                                   [](const auto& part) { return part.id.starts_with("effect:"); });
  ASSERT_NE(effect, comparison.step.end());
  EXPECT_EQ(effect->why, "off in A");
  EXPECT_EQ(effect->before.value, 0);
  EXPECT_GT(effect->after.value, 0);
}

TEST(Comparison, FiguresHaveBothDifferences) {
  const Comparison comparison = compare(before(), after());
  const FigureDifference& step = figure(comparison, "step", "step");
  EXPECT_NEAR(step.difference, -2, 1e-9);
  EXPECT_NEAR(step.relative.value(), step.after / step.before - 1, 1e-12);
  EXPECT_GT(figure(comparison, "memory", "all").before, 0);
  EXPECT_GT(figure(comparison, "run", "gpu_hours").before, 0);
  EXPECT_GT(figure(comparison, "waterfall", "ideal").before, 0);
  // Nothing to relate to: the small report has no run and no effects.
  const Comparison other = compare({"small", small_report(), {}}, before());
  EXPECT_FALSE(figure(other, "waterfall", "ideal").relative);
}

TEST(Comparison, TextIsFrozen) {
  expect_golden(comparison_text(compare(before(), after()), {.width = 100}),
                "tests/golden/reports/comparison.txt");
}

TEST(Comparison, CsvAndJsonHaveEveryLine) {
  const Comparison comparison = compare(before(), after());
  const std::string csv = comparison_csv(comparison);
  const std::size_t lines =
      comparison.inputs.size() + comparison.step.size() + comparison.figures.size() + 1;
  EXPECT_EQ(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')), lines);
  EXPECT_NE(csv.find("input/plan,/batch/global_batch_size,,15360,7680,,,\r\n"), std::string::npos);
  const nlohmann::json json = nlohmann::json::parse(comparison_json(comparison));
  EXPECT_EQ(json.at("schema"), "comparison/1");
  EXPECT_EQ(json.at("inputs").size(), comparison.inputs.size());
  EXPECT_EQ(json.at("figures").size(), comparison.figures.size());
  EXPECT_EQ(json.at("before").at("given"), "a.json");
}

}  // namespace
}  // namespace reckon

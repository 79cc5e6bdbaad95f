#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "reports/calibration_csv.hpp"
#include "reports/calibration_json.hpp"
#include "reports/calibration_svg.hpp"
#include "reports/calibration_text.hpp"
#include "tests/reports/golden.hpp"

namespace reckon {
namespace {

CalibrationCheck example() {
  CalibrationCheck check;
  check.tool = "reckon 0.1.0";
  check.device = "Round <GPU>";
  check.rows = 5;
  check.rows_left_out = 1;
  check.groups = {{ModelFamily::gemm, "bf16", "", {2, 0.03, 0.04, -0.01}, {3, 0.05, 0.25, 0.02}},
                  {ModelFamily::gemm, "bf16", "m below 32", {}, {1, 0.25, 0.25, 0.25}}};
  const auto point = [](double measured, double predicted, bool held_back, int line) {
    return CalibrationPoint{ModelFamily::gemm, "bf16",    "m 1, n 2, k 3", {measured},
                            {predicted},       held_back, "a \"b\".csv",   line};
  };
  check.points = {point(10e-6, 11e-6, true, 2), point(2e-3, 1.5e-3, false, 3),
                  point(5e-6, 60e-6, true, 4)};
  check.worst = {check.points[2], check.points[1]};
  check.unmodelled = {{ModelFamily::moe, "fp8", 7}};
  check.problems = {{"a.csv", 9, 0, "", "latency_us \"x\" is no number; left out"}};
  return check;
}

TEST(CalibrationText, IsGolden) {
  expect_golden(calibration_text(example(), {false, true, 100}),
                "tests/golden/reports/calibration.txt");
}

TEST(CalibrationJson, ComesBackAsItWas) {
  const std::string text = calibration_json(example());
  const CalibrationCheck read = read_calibration(text, "check.json");
  EXPECT_EQ(calibration_json(read), text);
  EXPECT_EQ(read.groups, example().groups);
  EXPECT_EQ(read.problems, example().problems);
  EXPECT_TRUE(read.points.empty());  // the CSV has them
  EXPECT_EQ(nlohmann::json::parse(text)["schema"], "calibration/1");
  EXPECT_TRUE(nlohmann::json::parse(calibration_schema()).contains("properties"));
}

TEST(CalibrationCsv, HasARowForEachPoint) {
  EXPECT_EQ(calibration_csv(example()),
            "family,variant,shape,measured_us,predicted_us,relative_error,held_back,file,line\n"
            "gemm,\"bf16\",\"m 1, n 2, k 3\",10,11,0.1000,1,\"a \"\"b\"\".csv\",2\n"
            "gemm,\"bf16\",\"m 1, n 2, k 3\",2000,1500,-0.2500,0,\"a \"\"b\"\".csv\",3\n"
            "gemm,\"bf16\",\"m 1, n 2, k 3\",5,60,11.0000,1,\"a \"\"b\"\".csv\",4\n");
}

TEST(CalibrationSvg, IsWellFormedAndHoldsEveryPoint) {
  const std::string svg = calibration_svg(example());
  EXPECT_EQ(svg.find("<svg"), 0u);
  EXPECT_NE(svg.find("Round &lt;GPU>"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  std::size_t points = 0;
  for (std::size_t at = svg.find("h0"); at != std::string::npos; at = svg.find("h0", at + 1)) {
    ++points;
  }
  EXPECT_EQ(points, 3u);
  CalibrationCheck empty;
  EXPECT_NE(calibration_svg(empty).find("</svg>"), std::string::npos);
}

}  // namespace
}  // namespace reckon

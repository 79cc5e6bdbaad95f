#include <gtest/gtest.h>

#include "sim/calibrate/fit.hpp"
#include "sim/kernel_models/families.hpp"
#include "tests/calibrate/devices.hpp"

namespace reckon {
namespace {

TEST(SummarizeErrors, MedianNinetiethAndBias) {
  // Sorted by size without sign: 0.00 0.01 0.02 0.03 0.04 0.05 0.06 0.07 0.08 0.50; index 9 x 0.5
  // and 9 x 0.9, rounded.
  const ErrorSummary s =
      summarize_errors({-0.05, 0.01, 0.02, 0.03, -0.04, 0.5, 0.06, 0.0, 0.08, -0.07});
  EXPECT_EQ(s.rows, 10);
  EXPECT_DOUBLE_EQ(s.median, 0.05);
  EXPECT_DOUBLE_EQ(s.p90, 0.08);
  EXPECT_DOUBLE_EQ(s.bias, 0.02);
  EXPECT_EQ(summarize_errors({}), ErrorSummary{});
}

// Twelve casts, each a tenth slower than the model; one of them half as fast.
TEST(CheckProfile, GroupsErrorsAndFindsTheWorst) {
  DeviceProfile device;
  device.name = "round";
  device.gpu = test::round_gpu();
  KernelModel model;
  model.family = ModelFamily::quantise;
  model.variant = "cast";
  std::vector<double> values;
  for (const ModelParameter& parameter : quantise_family().parameters) {
    model.parameters[std::string(parameter.name)] = parameter.start;
    values.push_back(parameter.start);
  }
  device.kernels = {model};
  MeasuredKernels measured;
  measured.files = {"casts.csv"};
  for (int i = 0; i < 12; ++i) {
    MeasuredKernel row;
    row.family = ModelFamily::quantise;
    row.variant = i == 11 ? "other" : "cast";
    row.sizes = {100.0 * (i + 1), 1024.0 * (i + 1)};
    const double time = quantise_family().time({&device.gpu, "cast"}, values, row.sizes);
    row.time = {time * (i == 4 ? 2.2 : 1.1)};
    row.line = i + 2;
    measured.rows.push_back(row);
  }
  measured.rows_left_out = 1;
  measured.problems = {{"casts.csv", 20, 0, "", "left out"}};
  const CalibrationCheck check = check_profile(device, measured);
  EXPECT_EQ(check.rows, 12);
  EXPECT_EQ(check.rows_left_out, 1);
  ASSERT_EQ(check.unmodelled.size(), 1u);
  EXPECT_EQ(check.unmodelled[0], (UnmodelledRows{ModelFamily::quantise, "other", 1}));
  ASSERT_EQ(check.points.size(), 11u);
  ASSERT_EQ(check.worst.size(), 10u);
  EXPECT_EQ(check.worst[0].line, 6);
  EXPECT_NEAR(check.worst[0].predicted / check.worst[0].measured - 1, 1 / 2.2 - 1, 1e-12);
  int rows = 0;
  for (const CalibrationGroup& group : check.groups) {
    if (!group.size_class.empty()) continue;
    rows += group.fitted.rows + group.held_back.rows;
    if (group.fitted.rows > 0) {
      EXPECT_NEAR(group.fitted.median, 1 - 1 / 1.1, 1e-9);
    }
  }
  EXPECT_EQ(rows, 11);
}

}  // namespace
}  // namespace reckon

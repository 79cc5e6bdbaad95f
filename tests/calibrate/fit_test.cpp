#include "sim/calibrate/fit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "planner/calibrate.hpp"
#include "planner/spec/spec_json.hpp"
#include "sim/kernel_models/families.hpp"
#include "tests/calibrate/devices.hpp"

namespace reckon {
namespace {

const std::vector<double> true_parameters{4, 0.5, 1.2, 0.6, 30, 1.5};

// Casts on the round GPU that follow the model exactly, of many widths.
MeasuredKernels casts() {
  MeasuredKernels measured;
  measured.files = {"casts.csv"};
  const FamilyModel& family = quantise_family();
  const GpuSpec gpu = test::round_gpu();
  int line = 2;
  for (double k = 1024; k <= 16384; k += 512) {
    for (double m = 1; m <= 65536; m *= 2) {
      MeasuredKernel row;
      row.family = ModelFamily::quantise;
      row.variant = "cast";
      row.sizes = {m, k};
      row.time = {family.time({&gpu, row.variant}, true_parameters, row.sizes)};
      row.line = line++;
      measured.rows.push_back(row);
    }
  }
  return measured;
}

std::vector<KernelModel> fit(const MeasuredKernels& measured) {
  return fit_family(test::round_gpu(), ModelFamily::quantise, measured.rows, "here");
}

TEST(Fit, FindsTheParametersBehindTheRows) {
  const std::vector<KernelModel> models = fit(casts());
  ASSERT_EQ(models.size(), 1u);
  EXPECT_EQ(models[0].variant, "cast");
  EXPECT_EQ(models[0].source, "here");
  const std::vector<double> values = parameter_values(quantise_family(), models[0]).value();
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(values[i] / true_parameters[i], 1, 0.05) << quantise_family().parameters[i].name;
  }
  EXPECT_EQ(models[0].fitted.at("m"), (SizeRange{1, 65536}));
  for (const RegionResidual& residual : models[0].residuals) {
    EXPECT_LT(residual.median, 0.01) << residual.region;
  }
}

// What is held back cannot have an influence: with other times there, the same parameters come out.
TEST(Fit, NeverLooksAtTheHeldBackHalf) {
  MeasuredKernels measured = casts();
  const std::vector<KernelModel> before = fit(measured);
  int changed = 0;
  for (MeasuredKernel& row : measured.rows) {
    if (!quantise_family().is_held_back(row.sizes)) continue;
    row.time = row.time * 2.0;
    ++changed;
  }
  const std::vector<KernelModel> after = fit(measured);
  EXPECT_EQ(before[0].parameters, after[0].parameters);
  EXPECT_NEAR(changed / static_cast<double>(measured.rows.size()), 0.5, 0.2);
  for (const RegionResidual& residual : after[0].residuals) {
    EXPECT_NEAR(residual.bias, residual.held_back ? -0.5 : 0, 0.01);
  }
}

// All rows of a family of shapes fall to one side.
TEST(Fit, HoldsBackWholeFamilies) {
  for (double m = 1; m < 5000; m *= 3) {
    EXPECT_EQ(gemm_family().is_held_back({m, 4096, 7168}),
              gemm_family().is_held_back({1, 4096, 7168}));
  }
  int held_back = 0;
  for (double n = 128; n <= 128 * 200; n += 128) {
    held_back += gemm_family().is_held_back({1, n, 4096}) ? 1 : 0;
  }
  EXPECT_GT(held_back, 75);
  EXPECT_LT(held_back, 125);
}

TEST(Fit, AnEmptyFamilyIsAnError) {
  try {
    fit_family(test::round_gpu(), ModelFamily::gemm, casts().rows, "");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()),
              "gemm: no measured row is of this family; give a file that holds some");
  }
  EXPECT_THROW(fit_profile(DeviceProfile{}, MeasuredKernels{}, {}), InputError);
}

TEST(Fit, FewRowsCannotDecideManyParameters) {
  MeasuredKernels measured = casts();
  measured.rows.resize(11);
  try {
    fit(measured);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("cannot decide 6 parameters"), std::string::npos)
        << error.what();
  }
}

TEST(Fit, ReplacesModelsOfTheSameFamilyAndVariant) {
  KernelModel a, b, c;
  a.variant = "a";
  b.variant = "b";
  c.variant = "a";
  c.source = "new";
  DeviceProfile device;
  device.kernels = {b};
  device = with_models(device, {a});
  ASSERT_EQ(device.kernels.size(), 2u);
  EXPECT_EQ(device.kernels[0].variant, "a");
  device = with_models(device, {c});
  ASSERT_EQ(device.kernels.size(), 2u);
  EXPECT_EQ(device.kernels[0].source, "new");
}

// Sources and notes of the document survive; only the kernel models change.
TEST(Fit, TheDocumentKeepsWhatPeopleWrote) {
  const std::string path = find_document(RECKON_DATA_DIR, DocumentKind::device, "h800-sxm");
  const std::string text = read_text_file(path);
  DeviceProfile device = read_device(text, path);
  EXPECT_EQ(with_kernels_of(text, device), text);
  device.kernels.clear();
  const std::string bare = with_kernels_of(text, device);
  EXPECT_EQ(read_device(bare, path), device);
  EXPECT_NE(bare.find("\"sources\""), std::string::npos);
}

TEST(Transfer, KeepsSharesAndSaysWhereTheyAreFrom) {
  const DeviceProfile measured = test::shipped_device("h100-sxm");
  const std::vector<KernelModel> models = transferred_models(measured);
  ASSERT_EQ(models.size(), measured.kernels.size());
  for (std::size_t i = 0; i < models.size(); ++i) {
    EXPECT_EQ(models[i].parameters, measured.kernels[i].parameters);
    EXPECT_NE(models[i].transfer.find("H100 SXM"), std::string::npos);
    EXPECT_EQ(models[i].source.find("assumed: "), 0u);
    EXPECT_TRUE(models[i].residuals.empty());
  }
}

// Twice the peak and bandwidth: a long product takes half as long, but for its launch.
TEST(Transfer, ScalesWithTheSpecification) {
  const DeviceProfile h100 = test::shipped_device("h100-sxm");
  const KernelModel* model = find_model(h100, ModelFamily::gemm, "bf16");
  ASSERT_NE(model, nullptr);
  const std::vector<double> p = parameter_values(gemm_family(), *model).value();
  GpuSpec twice = h100.gpu;
  twice.bf16_peak = twice.bf16_peak * 2.0;
  twice.hbm_bandwidth = twice.hbm_bandwidth * 2.0;
  const KernelSizes large{8192, 8192, 8192};
  const double one = gemm_family().time({&h100.gpu, "bf16"}, p, large);
  const double half = gemm_family().time({&twice, "bf16"}, p, large);
  EXPECT_NEAR(half / one, 0.5, 0.02);
}

}  // namespace
}  // namespace reckon

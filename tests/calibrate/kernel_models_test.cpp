// Physics that every kernel model keeps, on every shipped device, for random sizes.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "planner/spec/device_profile.hpp"
#include "sim/kernel_models/families.hpp"
#include "sim/kernel_models/gemm.hpp"
#include "tests/calibrate/devices.hpp"

namespace reckon {
namespace {

// What random sizes of a family may be; powers of a random exponent, whole numbers.
struct Bounds {
  double low, high;
};
Bounds bounds_of(std::string_view size) {
  if (size == "m" || size == "n" || size == "k" || size == "tokens") return {1, 20000};
  if (size == "seq" || size == "past") return {1, 32768};
  if (size == "hidden" || size == "inter") return {512, 8192};
  if (size == "experts") return {64, 512};
  if (size == "topk") return {1, 16};
  if (size == "tp" || size == "ep") return {1, 32};
  if (size == "batch") return {1, 256};
  if (size == "heads") return {1, 128};
  if (size == "kv_heads") return {1, 16};
  if (size == "head_dim") return {64, 256};
  if (size == "window") return {0, 0};
  if (size == "gpus") return {2, 8};
  if (size == "elements") return {256, 1e9};
  if (size == "matrices") return {2, 3};
  return {4, 32};  // SMs of a transfer
}

class RandomSizes {
 public:
  explicit RandomSizes(unsigned seed) : random_(seed) {}

  KernelSizes draw(const FamilyModel& family) {
    KernelSizes sizes{};
    for (std::size_t i = 0; i < family.sizes.size(); ++i) {
      const SizeColumn& column = family.sizes[i];
      if (!column.words.empty()) {
        sizes[i] = static_cast<double>(random_() % column.words.size());
        continue;
      }
      const Bounds bounds = bounds_of(column.name);
      if (bounds.high == 0) continue;
      const double share = static_cast<double>(random_()) / 4294967295.0;
      sizes[i] = std::round(bounds.low * std::pow(bounds.high / bounds.low, share));
      // Rows that are no multiple of 4 take another kernel of block-scaled FP8.
      if (column.name == "m") sizes[i] = 4 * std::ceil(sizes[i] / 4);
    }
    make_heads_divide(family, sizes);
    return sizes;
  }

 private:
  static void make_heads_divide(const FamilyModel& family, KernelSizes& sizes) {
    for (std::size_t i = 0; i + 1 < family.sizes.size(); ++i) {
      if (family.sizes[i + 1].name != "kv_heads") continue;
      sizes[i] = sizes[i + 1] * std::ceil(sizes[i] / sizes[i + 1]);
    }
  }

  std::mt19937 random_;
};

const std::vector<std::string> devices{"h100-sxm", "a100-sxm-80gb", "h800-sxm",
                                       "h200-sxm", "b200-sxm",      "h20"};

// A benchmark loop keeps small casts in the L2 cache, faster than HBM; everything else obeys both.
TEST(KernelModels, NothingIsFasterThanPeakAndBandwidth) {
  RandomSizes sizes(1);
  for (const std::string& name : devices) {
    const DeviceProfile device = test::shipped_device(name);
    for (const KernelModel& model : device.kernels) {
      const FamilyModel& family = family_model(model.family);
      const std::vector<double> p = parameter_values(family, model).value();
      const ModelContext context{&device.gpu, model.variant};
      for (int i = 0; i < 400; ++i) {
        const KernelSizes s = sizes.draw(family);
        const double time = family.time(context, p, s);
        const LeastWork least = family.least(context, s);
        ASSERT_TRUE(std::isfinite(time));
        ASSERT_GE(time, least.flops / least.peak_flops_per_s * (1 - 1e-9))
            << name << " " << enum_name(model.family) << " " << shape_text(family, s);
        if (model.family == ModelFamily::quantise) continue;
        ASSERT_GE(time, least.bytes / least.bytes_per_s * (1 - 1e-9))
            << name << " " << enum_name(model.family) << " " << shape_text(family, s);
      }
    }
  }
}

// Sizes that can only add work. (More SMs, tensor or expert parallelism take work away; a larger
// dtype is another kernel.)
bool adds_work(std::string_view size) {
  return size == "m" || size == "n" || size == "k" || size == "tokens" || size == "seq" ||
         size == "past" || size == "batch" || size == "elements" || size == "hidden" ||
         size == "inter" || size == "matrices";
}

// A size half as large again never makes a kernel faster by more than what the choice of another
// tile or protocol can (1 %), or the cut of a key-value cache into one piece more (8 %: the kernels
// are seen to cut at thresholds, not where it pays).
TEST(KernelModels, MoreWorkTakesLonger) {
  RandomSizes sizes(2);
  for (const char* name : {"h100-sxm", "a100-sxm-80gb"}) {
    const DeviceProfile device = test::shipped_device(name);
    for (const KernelModel& model : device.kernels) {
      const FamilyModel& family = family_model(model.family);
      const std::vector<double> p = parameter_values(family, model).value();
      const ModelContext context{&device.gpu, model.variant};
      for (int i = 0; i < 200; ++i) {
        const KernelSizes small = sizes.draw(family);
        for (std::size_t column = 0; column < family.sizes.size(); ++column) {
          if (!adds_work(family.sizes[column].name)) continue;
          KernelSizes large = small;
          large[column] = 4 * std::ceil(large[column] * 1.5 / 4);
          const bool is_cut = model.family == ModelFamily::attention_decode ||
                              model.family == ModelFamily::mla_decode;
          ASSERT_GE(family.time(context, p, large),
                    family.time(context, p, small) * (is_cut ? 0.92 : 0.99))
              << name << " " << enum_name(model.family) << " " << model.variant << ": "
              << shape_text(family, small) << " to " << shape_text(family, large);
        }
      }
    }
  }
}

TEST(KernelModels, ParametersLieWithinTheirBounds) {
  for (const std::string& name : devices) {
    for (const KernelModel& model : test::shipped_device(name).kernels) {
      const FamilyModel& family = family_model(model.family);
      const auto values = parameter_values(family, model);
      ASSERT_TRUE(values) << name << " " << enum_name(model.family);
      EXPECT_EQ(model.parameters.size(), family.parameters.size());
      for (std::size_t i = 0; i < values->size(); ++i) {
        const ModelParameter& parameter = family.parameters[i];
        EXPECT_LT(parameter.low, parameter.high);
        EXPECT_GT(parameter.low, 0);
        EXPECT_GE(parameter.start, parameter.low);
        EXPECT_LE(parameter.start, parameter.high);
        EXPECT_GE((*values)[i], parameter.low * 0.9999) << parameter.name;
        EXPECT_LE((*values)[i], parameter.high * 1.0001) << parameter.name;
      }
    }
  }
}

TEST(KernelModels, AMissingParameterIsNoModel) {
  const DeviceProfile device = test::shipped_device("h100-sxm");
  KernelModel model = *find_model(device, ModelFamily::gemm, "bf16");
  model.parameters.erase("launch_us");
  EXPECT_FALSE(parameter_values(gemm_family(), model));
  EXPECT_EQ(find_model(device, ModelFamily::gemm, "fp4"), nullptr);
}

TEST(KernelModels, ShapesOutsideTheFittedOnesAreTold) {
  KernelModel model;
  model.fitted["m"] = {16, 1024};
  EXPECT_FALSE(is_outside(gemm_family(), model, {16, 9, 9}));
  EXPECT_TRUE(is_outside(gemm_family(), model, {15, 9, 9}));
  EXPECT_TRUE(is_outside(gemm_family(), model, {1025, 9, 9}));
}

// Fewer SMs and lower clocks never help a GEMM; half of the SMs at most double a full machine's
// compute time, plus a wave.
TEST(GemmSeconds, FewerSmsNeverHelp) {
  const DeviceProfile device = test::shipped_device("h100-sxm");
  const std::vector<double> p =
      parameter_values(gemm_family(), *find_model(device, ModelFamily::gemm, "bf16")).value();
  double before = 0;
  for (int sms = 132; sms >= 4; sms -= 8) {
    const double time =
        gemm_seconds(device.gpu, "bf16", p, {4096, 4096, 4096, 1}, {static_cast<double>(sms), 1});
    EXPECT_GE(time, before) << sms;
    before = time;
  }
  const double fast = gemm_seconds(device.gpu, "bf16", p, {4096, 4096, 4096, 1}, {132, 1});
  EXPECT_GT(gemm_seconds(device.gpu, "bf16", p, {4096, 4096, 4096, 1}, {132, 0.9}), fast);
  const double four = gemm_seconds(device.gpu, "bf16", p, {4096, 4096, 4096, 4}, {132, 1});
  EXPECT_GT(four, 3.5 * fast);
  EXPECT_LT(four, 4.6 * fast);
}

}  // namespace
}  // namespace reckon

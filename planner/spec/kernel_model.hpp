// A kernel family's time as a small physical model: the values of its few parameters, the shapes
// that they were fitted on, and how well they do. What the parameters mean, and the formula, stand
// in sim/kernel_models; here is only what a device profile keeps.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "planner/spec/fields.hpp"

namespace reckon {

// What has a model of its own. `moe` is a whole layer of routed experts on one GPU, `quantise` the
// cast of activations to FP8, `expert_dispatch` and `expert_combine` are DeepEP's kernels.
enum class ModelFamily : std::uint8_t {
  gemm,
  attention,
  mla,
  attention_decode,
  mla_decode,
  moe,
  quantise,
  collective,
  expert_dispatch,
  expert_combine,
};
constexpr int model_families = 10;

template <>
struct EnumNames<ModelFamily> {
  static constexpr std::array<std::pair<ModelFamily, std::string_view>, model_families> table{{
      {ModelFamily::gemm, "gemm"},
      {ModelFamily::attention, "attention"},
      {ModelFamily::mla, "mla"},
      {ModelFamily::attention_decode, "attention_decode"},
      {ModelFamily::mla_decode, "mla_decode"},
      {ModelFamily::moe, "moe"},
      {ModelFamily::quantise, "quantise"},
      {ModelFamily::collective, "collective"},
      {ModelFamily::expert_dispatch, "expert_dispatch"},
      {ModelFamily::expert_combine, "expert_combine"},
  }};
};

// Smallest and largest value of one size among the fitted shapes.
struct SizeRange {
  double least = 0;
  double most = 0;
  bool operator==(const SizeRange&) const = default;
};

// Relative errors predicted / measured - 1 of the shapes of one region.
struct RegionResidual {
  std::string region;  // "m 256 to 1023"
  bool held_back = false;
  int rows = 0;
  double median = 0;  // of the absolute error
  double p90 = 0;     // of the absolute error
  double bias = 0;    // median of the signed error
  bool operator==(const RegionResidual&) const = default;
};

struct KernelModel {
  ModelFamily family = ModelFamily::gemm;
  std::string variant;  // dtype, operation: what has parameters of its own ("fp8_block")
  std::map<std::string, double> parameters;
  std::map<std::string, SizeRange> fitted;  // by size; empty: fitted on no measurement
  std::vector<RegionResidual> residuals;    // by region of shape, fitted and held back apart
  std::string transfer;                     // how it was carried over from another device
  std::string source;
  bool operator==(const KernelModel&) const = default;
};

}  // namespace reckon

// What published runs say of the error of a prediction: residuals near it become its band.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "planner/spec/units.hpp"

namespace reckon {

// What tells how alike two runs are.
struct RunTraits {
  std::string family;        // of software; empty: not known
  std::string architecture;  // "dense", "moe"
  std::string generation;    // of the GPU: "ampere", "hopper", "blackwell"
  std::string precision;     // "bf16", "fp8", "fp4"
  int gpus = 1;
  Seconds step;
  bool operator==(const RunTraits&) const = default;
};

struct Residual {
  std::string group;  // runs of one model on one GPU count together
  RunTraits traits;
  double log_ratio = 0;        // ln(measured / predicted), the software's factor from other groups
  double log_ratio_ideal = 0;  // ln(measured / predicted) without a factor
  bool operator==(const Residual&) const = default;
};

struct ResidualTable {
  std::vector<Residual> residuals;
  bool operator==(const ResidualTable&) const = default;
};

// A factor range around a prediction: measured / predicted lies in it for 80 % of such runs.
struct ErrorBand {
  double low = 1, high = 1;
  int runs = 0;        // 0: no residuals, no band
  std::string source;  // "30 runs nearest: 22 nemo, 8 composer; hopper dense fp8, ..."
};

// "bf16", "fp8" or "fp4" for a precision as people write it.
std::string precision_class(const std::string& precision);

// The generation of a GPU by its name.
std::string generation_of(const std::string& gpu);

// What 80 % of the nearest residuals stay within, those of `without_group` aside, each group
// counting once; wider the fewer groups there are. For a run of unknown software (no family), which
// no factor is known of, the middle 80 % of how much longer than ideal the nearest took.
ErrorBand band_near(const RunTraits& traits, std::span<const Residual> residuals,
                    const std::string& without_group);

}  // namespace reckon

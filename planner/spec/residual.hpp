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
  double log_ratio = 0;  // ln(measured / predicted)
  bool operator==(const Residual&) const = default;
};

// A factor range around a prediction: measured / predicted lies in it for 80 % of such runs.
struct ErrorBand {
  double low = 1, high = 1;
  int runs = 0;        // 0: no residuals, no band
  std::string source;  // "30 runs nearest: 22 nemo, 8 composer; hopper dense fp8, ..."
};

// The generation of a GPU by its name.
std::string generation_of(const std::string& gpu);

// What 80 % of the nearest residuals stay within, those of `without_group` aside, each group
// counting once; wider the fewer groups there are.
ErrorBand band_near(const RunTraits& traits, std::span<const Residual> residuals,
                    const std::string& without_group);

}  // namespace reckon

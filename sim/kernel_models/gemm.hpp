// The GEMM model as the simulator calls it: any number of SMs, any company, groups of experts.
#pragma once

#include <span>
#include <string_view>

#include "planner/spec/device_profile.hpp"

namespace reckon {

// `groups` products of m x n x k each.
struct GemmProblem {
  double m = 1, n = 1, k = 1;
  double groups = 1;
};

// In what company the kernel runs.
struct GemmCompany {
  double sms = 1;          // left to compute
  double rate_factor = 1;  // of the tensor rate: clocks, communication beside it
};

// Seconds of the product alone, without the cast of FP8 activations. `parameters` are in the order
// of gemm_family().parameters. Never below FLOPs / peak or compulsory bytes / HBM bandwidth.
double gemm_seconds(const GpuSpec& gpu, std::string_view variant,
                    std::span<const double> parameters, const GemmProblem& problem,
                    const GemmCompany& company);

}  // namespace reckon

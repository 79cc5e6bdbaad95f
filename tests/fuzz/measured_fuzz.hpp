// What holds for measured kernels however they were read: rows are usable, the rest has a problem.
#pragma once

#include <cmath>
#include <cstdlib>

#include "planner/spec/device_profile.hpp"
#include "planner/spec/measured_kernel.hpp"
#include "sim/kernel_models/family_model.hpp"

namespace reckon::fuzz {

inline GpuSpec fuzzed_gpu() {
  GpuSpec gpu;
  gpu.sms = 132;
  gpu.bf16_peak = {989.4e12};
  gpu.fp8_peak = {1979e12};
  gpu.hbm_bandwidth = {3350e9};
  gpu.nvlink_bandwidth = {450e9};
  gpu.l2_cache = {50e6};
  gpu.boost_mhz = 1830;
  return gpu;
}

// Every row that was kept can be predicted and named.
inline void check_rows(const MeasuredKernels& measured, const GpuSpec& gpu) {
  for (const MeasuredKernel& row : measured.rows) {
    const FamilyModel& family = family_model(row.family);
    std::vector<double> parameters;
    for (const ModelParameter& parameter : family.parameters) parameters.push_back(parameter.start);
    if (!(row.time.value > 0)) std::abort();
    const double time = family.time({&gpu, row.variant}, parameters, row.sizes);
    if (!std::isfinite(time) || time <= 0) std::abort();
    (void)family.is_held_back(row.sizes);
    if (shape_text(family, row.sizes).empty()) std::abort();
  }
}

}  // namespace reckon::fuzz

// Measured kernels to models, and models against measured kernels.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "planner/spec/calibration.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/kernel_model.hpp"
#include "planner/spec/measured_kernel.hpp"

namespace reckon {

// Fits the model of each variant of a family that occurs in `rows`; nothing of the rows held back
// is used but for the residuals. `source` says where the rows come from. Throws InputError if no
// row is of the family, or if a variant has too few rows to decide its parameters.
std::vector<KernelModel> fit_family(const GpuSpec& gpu, ModelFamily family,
                                    std::span<const MeasuredKernel> rows,
                                    const std::string& source);

// The profile with these models in place of those of the same family and variant.
DeviceProfile with_models(DeviceProfile device, const std::vector<KernelModel>& models);

// The models of a measured device as a device that was only specified has them. Parameters stay as
// they are: most are shares of its peaks and bandwidths; times of launches, rates of one SM and
// cache sizes are not, which is an error of the method. Each says where it comes from; errors of
// the other device are left behind.
std::vector<KernelModel> transferred_models(const DeviceProfile& measured);

// Predicted against measured, by family, variant and size class.
CalibrationCheck check_profile(const DeviceProfile& device, const MeasuredKernels& measured);

// Median and p90 of absolute relative errors and the median of the signed ones.
ErrorSummary summarize_errors(std::vector<double> relative_errors);

}  // namespace reckon

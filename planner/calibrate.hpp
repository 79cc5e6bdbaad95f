// Measurements to device profiles and back: the hops of `reckon calibrate`. Part of the composition
// root, as predict.hpp is.
#pragma once

#include <string>
#include <vector>

#include "planner/spec/calibration.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/measured_kernel.hpp"

namespace reckon {

// Reads files of measurements (CSV by the name's end, else JSON) and keeps the rows of `families`
// (empty: of all). Throws InputError for a file that cannot be read at all.
MeasuredKernels read_measurements(const std::vector<std::string>& files, const GpuSpec& gpu,
                                  const std::vector<ModelFamily>& families);

// The profile with models fitted to the measurements, of each family that was asked for, or of
// every one that occurs. Throws InputError if a family has no rows, or none occurs.
DeviceProfile fit_profile(const DeviceProfile& device, const MeasuredKernels& measured,
                          const std::vector<ModelFamily>& families);

}  // namespace reckon

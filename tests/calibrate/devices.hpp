// Devices and rows that several tests of this folder take.
#pragma once

#include <string>

#include "planner/catalog.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/measured_kernel.hpp"

namespace reckon::test {

inline DeviceProfile shipped_device(const std::string& name) {
  return load_device(RECKON_DATA_DIR, name);
}

// Round numbers: 100 SMs, 1 PFLOPS BF16, 2 PFLOPS FP8, 2 TB/s, 40 MB of cache, 400 GB/s of NVLink.
inline GpuSpec round_gpu() {
  GpuSpec gpu;
  gpu.sms = 100;
  gpu.bf16_peak = {1e15};
  gpu.fp8_peak = {2e15};
  gpu.hbm_bandwidth = {2e12};
  gpu.nvlink_bandwidth = {400e9};
  gpu.l2_cache = {40e6};
  gpu.boost_mhz = 2000;
  return gpu;
}

}  // namespace reckon::test

#include "sim/calibrate/measured_csv.hpp"

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/measured_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const reckon::GpuSpec gpu = reckon::fuzz::fuzzed_gpu();
  reckon::MeasuredKernels measured;
  reckon::add_measured_csv({reinterpret_cast<const char*>(data), size}, "fuzz", gpu, measured);
  reckon::fuzz::check_rows(measured, gpu);
  return 0;
}

// Measured kernels from JSON: what nccl-tests writes with --json, and PyTorch profiler traces.
#pragma once

#include <string>
#include <string_view>

#include "planner/spec/device_profile.hpp"
#include "planner/spec/measured_kernel.hpp"

namespace reckon {

// Adds what a JSON file holds, told apart by its keys:
// - "results" and "config": nccl-tests (out-of-place times; the operation from the program's name);
// - "traceEvents": a Chrome trace of the PyTorch profiler. NCCL kernels carry their collective,
//   size and group; GEMM kernels get their sizes from the operator that launched them (recorded
//   with record_shapes=True), found by the external id. Kernels whose sizes the trace does not
//   tell are counted by what their name says they are, in one problem each kind.
// Throws InputError if the text is no JSON; anything else that cannot be used becomes a problem.
void add_measured_json(std::string_view text, const std::string& file, const GpuSpec& gpu,
                       MeasuredKernels& measured);

}  // namespace reckon

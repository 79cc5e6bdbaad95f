// Measured kernels from text: the CSV layouts of aiconfigurator-style measurements.
#pragma once

#include <string>
#include <string_view>

#include "planner/spec/device_profile.hpp"
#include "planner/spec/measured_kernel.hpp"

namespace reckon {

// Adds the rows of a CSV to `measured`. The header tells the families (a file can hold two:
// DeepEP's dispatch and combine share rows); columns may come in any order, unknown ones are
// skipped. A row that cannot be read, has no positive time, or beats the GPU's peak is left out and
// becomes a problem with file, line and reason. A header of no family is a problem of the file.
void add_measured_csv(std::string_view text, const std::string& file, const GpuSpec& gpu,
                      MeasuredKernels& measured);

// Adds one row after the checks that every reader makes: finite positive sizes and time, not faster
// than the GPU can be.
void add_measured_kernel(MeasuredKernel kernel, const GpuSpec& gpu, MeasuredKernels& measured);

// The variant as profiles name it: "bfloat16" and "half" are "bf16".
std::string_view variant_name(std::string_view word);

}  // namespace reckon

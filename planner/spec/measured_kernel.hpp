// Measured times of kernels and collectives: rows of any family in one flat form.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "planner/spec/kernel_model.hpp"
#include "planner/spec/problems.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// The sizes of one kernel, in the order in which its family names them (sim/kernel_models); words
// such as a collective's operation are numbers of a table there. What a family has not is 0.
constexpr std::size_t most_sizes = 10;
using KernelSizes = std::array<double, most_sizes>;

struct MeasuredKernel {
  ModelFamily family = ModelFamily::gemm;
  std::string variant;
  KernelSizes sizes{};
  Seconds time;
  int file = 0;           // index into MeasuredKernels::files
  int line = 0;           // 0: not a line, but
  std::string pointer{};  // a place in a JSON file
};

// What was read of some files. Rows that cannot be right are left out and stand in `problems`.
struct MeasuredKernels {
  std::vector<std::string> files;
  std::vector<MeasuredKernel> rows;
  std::vector<Problem> problems;
  int rows_left_out = 0;  // a problem can stand for many rows, or for a whole file
};

}  // namespace reckon

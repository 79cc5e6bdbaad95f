// A comparison for a terminal.
#pragma once

#include <string>

#include "reports/comparison.hpp"
#include "reports/table.hpp"

namespace reckon {

// Both sides, inputs that differ, what the difference of the step is made of, every figure.
std::string comparison_text(const Comparison& comparison, const TextStyle& style);

}  // namespace reckon

// `reckon calibrate check` for a terminal.
#pragma once

#include <string>

#include "planner/spec/calibration.hpp"
#include "reports/table.hpp"

namespace reckon {

// Errors by family, variant and size class, the worst ten kernels, and what was left out.
std::string calibration_text(const CalibrationCheck& check, const TextStyle& style);

}  // namespace reckon

// `reckon calibrate check` for a spreadsheet.
#pragma once

#include <string>

#include "planner/spec/calibration.hpp"

namespace reckon {

// One line a measured row: family, variant, shape, times in microseconds, relative error, whether
// it was held back from the fit, file and line.
std::string calibration_csv(const CalibrationCheck& check);

}  // namespace reckon

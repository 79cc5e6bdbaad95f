// `reckon calibrate check` as JSON: schema calibration/1 (`reckon schema calibration/1`).
#pragma once

#include <string>
#include <string_view>

#include "planner/spec/calibration.hpp"

namespace reckon {

std::string calibration_json(const CalibrationCheck& check);

// Throws InputError with every problem of the text.
CalibrationCheck read_calibration(std::string_view text, const std::string& file_name);

std::string calibration_schema();

}  // namespace reckon

// `reckon calibrate check` as a picture.
#pragma once

#include <string>

#include "planner/spec/calibration.hpp"

namespace reckon {

// An SVG with a panel for each family and variant: predicted / measured over the measured time,
// both logarithmic, held-back shapes in colour over the fitted ones in grey, 10 and 25 % shaded.
std::string calibration_svg(const CalibrationCheck& check);

}  // namespace reckon

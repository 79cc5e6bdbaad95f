// The error band of a prediction, from the residuals of published runs near to it.
#pragma once

#include <optional>

#include "planner/predict.hpp"
#include "planner/spec/residual.hpp"
#include "planner/spec/software.hpp"

namespace reckon {

// `step`: with effects. With the plan's software in the table the band is around the step at its
// measured efficiency; without, around what software of all kinds makes of the ideal step.
std::optional<StepBand> error_band(const Inputs& inputs, Seconds step,
                                   const SoftwareTable& software, const ResidualTable& residuals);

}  // namespace reckon

// From ideal compute to the bill.
#pragma once

#include <vector>

#include "reports/report.hpp"

namespace reckon {

// What each cause adds to the GPU-hours and dollars of report.run: model FLOPs at the GPU's peak;
// MTP and recomputation, also at peak; kernels below peak; exposed communication, bubble and
// optimizer of the bare step; each named effect; batch ramp; context extension; post-training. The
// lines add up to the run in the order given, to the last bit. Reads report.run, bare,
// with_effects, effects and plan. Empty without a run to explain.
std::vector<WaterfallLine> waterfall(const Report& report);

}  // namespace reckon

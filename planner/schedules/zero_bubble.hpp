// ZB-H1 (ZB1P in DeepSeek's table): 1F1B with the backward split in two.
#pragma once

#include "planner/spec/schedule.hpp"

namespace reckon {

// Qi et al., "Zero Bubble Pipeline Parallelism" (arXiv 2401.10241), section 2.1 and figure 3 top:
// the order of 1F1B, and rank r runs the weight gradients r micro-batches late, so that every rank
// has the same number of chunks between F and W (at most PP, 1F1B's peak) and the late weight
// gradients fill the tail. Bubble (PP-1)(F + B_input - W). Precondition: shape_problems() is empty.
Schedule build_zb_h1(const ScheduleShape& shape);

}  // namespace reckon

// GPipe: all forwards of the step, then all backwards.
#pragma once

#include "planner/spec/schedule.hpp"

namespace reckon {

// Huang et al., "GPipe" (arXiv 1811.06965), section 2.3 and figure 2c: bubble (PP-1)(F+B) per rank,
// all micro-batches in flight at once. The backwards run in the order of the forwards (as in
// PyTorch's ScheduleGPipe), so that gradients accumulate in the order of a run without pipeline;
// figure 2c draws them reversed, which takes the same time and memory. Precondition:
// shape_problems() is empty.
Schedule build_gpipe(const ScheduleShape& shape);

}  // namespace reckon

// DualPipe and DualPipeV: two directions (or the two arms of a V) meet on every rank, and the
// forward of one overlaps the backward of the other.
#pragma once

#include "planner/spec/schedule.hpp"

namespace reckon {

// DeepSeek-V3 report (arXiv 2412.19437), section 3.2.1, figure 5 and table 2; the eight steps a
// rank are those of deepseek-ai/DualPipe. Rank r holds stage r for the micro-batches that run down
// and stage PP-1-r for those that run up. Bubble (PP/2-1)(F&B + B - 3W) where B_input = W = F and
// F&B = F + B, less otherwise; PP+1 chunks in flight. Precondition: shape_problems() is empty.
Schedule build_dual_pipe(const ScheduleShape& shape);

// The README of deepseek-ai/DualPipe ("DualPipeV", after Sea AI Lab's "Cut-in-half"): device r of R
// holds stages r and 2R-1-r, all micro-batches enter at device 0, and the same eight steps run with
// R for PP/2 and r for the distance from the end. Bubble and chunks in flight as DualPipe's with PP
// = 2R. Precondition: shape_problems() is empty.
Schedule build_dual_pipe_v(const ScheduleShape& shape);

}  // namespace reckon

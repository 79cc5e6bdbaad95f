// 1F1B: after a warm-up, every rank alternates one forward and one backward.
#pragma once

#include "planner/spec/schedule.hpp"

namespace reckon {

// PipeDream-Flush: Narayanan et al., "Memory-Efficient Pipeline-Parallel DNN Training" (arXiv
// 2006.09503), section 3.2; Megatron-LM (arXiv 2104.04473), section 2.2.1. Rank r runs PP-1-r
// warm-up forwards, then forward and backward in turn, then the remaining backwards. Bubble
// (PP-1)(F+B), at most PP-r chunks in flight. Precondition: shape_problems() is empty.
Schedule build_one_forward_one_backward(const ScheduleShape& shape);

}  // namespace reckon

// Zero-bubble schedules: the backward is split in two, and weight gradients fill the gaps.
#pragma once

#include "planner/spec/schedule.hpp"

namespace reckon {

// Qi et al., "Zero Bubble Pipeline Parallelism" (arXiv 2401.10241), section 2.1 and figure 3 top:
// the order of 1F1B, and rank r runs the weight gradients r micro-batches late, so that every rank
// has the same number of chunks between F and W (at most PP, 1F1B's peak) and the late weight
// gradients fill the tail. Bubble (PP-1)(F + B_input - W). Precondition: shape_problems() is empty.
Schedule build_zb_h1(const ScheduleShape& shape);

// ZB-H2 (section 2.2; ZB-2p with passes of equal length): twice the warm-up of 1F1B and weight
// gradients put off twice as far, 2 PP - 1 chunks at most. Bubble (PP-1)(F + B_input - 2W), none if
// the passes are equal. Precondition as above.
Schedule build_zb_h2(const ScheduleShape& shape);

// ZB-V (section 6): rank r holds stages r and 2 PP - 1 - r; both chunks take turns, all three
// passes of each, behind a warm-up that fills the way down and back; within the memory of 1F1B (2
// PP chunks of half a stage). Bubble (PP-1) B_input where B_input is no shorter than F and W, for n
// >= 2 PP - 1 micro-batches. Precondition as above.
Schedule build_zb_v(const ScheduleShape& shape);

}  // namespace reckon

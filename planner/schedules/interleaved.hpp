// Interleaved 1F1B: each rank holds several chunks of the model, dealt out in turn.
#pragma once

#include "planner/spec/schedule.hpp"

namespace reckon {

// Narayanan et al., Megatron-LM (arXiv 2104.04473), section 2.2.2 and figure 4: with v = stages /
// PP chunks a rank the bubble shrinks v times, to (PP-1)(F+B) with F and B the times of one chunk.
// Micro-batches run in groups of PP, a group through one chunk after the other. Rank r's warm-up is
// 2(PP-1-r) + (v-1)PP forwards (the figure's; at most all of them). Stage s is on rank s mod PP.
// Precondition: shape_problems() is empty.
Schedule build_interleaved(const ScheduleShape& shape);

// The length of that warm-up, in chunks.
int interleaved_warm_up(const ScheduleShape& shape, int rank);

}  // namespace reckon

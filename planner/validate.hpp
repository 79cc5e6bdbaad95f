// Checks that a schedule is one that ranks can run to the end and that trains what it should.
#pragma once

#include <vector>

#include "planner/schedules/schedule_problem.hpp"
#include "planner/spec/schedule.hpp"

namespace reckon {

// Everything wrong with the schedule, each problem with its place and what to do; empty if it is
// sound. Works on compute-only schedules and on those with communication (any op that does not
// compute makes it one of these). Linear in the number of ops.
//
//  - the shape (shape_problems) and each op's rank, stage and micro-batch; the rest is checked only
//  when
//    these are sound
//  - each chunk: one forward, one backward or one backward_input and one backward_weight, in that
//  order,
//    on the rank that holds the stage
//  - a slot is one op, or a forward and a backward of different micro-batches, next to each other,
//  forward
//    first (DeepSeek-V3 report, section 3.2.1: the pair that DualPipe overlaps)
//  - each transfer between ranks has one send, behind its producer, and one receive, before its
//  consumer;
//    each stage's gradients are reduced once all are made, then the optimizer steps, then its
//    weights are gathered
//  - no rank waits for ever: sends are buffered and never wait, receives do. One problem for each
//  rank
//    that is left waiting, with its op and what it waits for
//  - no rank holds more chunks than published_chunk_bound() (asked only if the chunks are sound)
std::vector<ScheduleProblem> validate(const Schedule& schedule);

}  // namespace reckon

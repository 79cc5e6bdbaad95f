// The pass that gives a compute-only schedule its communication.
#pragma once

#include "planner/spec/schedule.hpp"

namespace reckon {

// Where producer and consumer of an activation or gradient are on different ranks, a send stands
// right after the slot of the producer and a receive right before the slot of the consumer (before
// or after both ops of a pair). A transfer's `stage` is that of the op beside it: send_activation s
// answers recv_activation s+1, send_gradient s answers recv_gradient s-1, same micro-batch.
//
// reduce_gradients of a stage stands at the first point at which all its weight gradients on that
// rank are done, behind the sends of that slot. optimizer_step (stage -1, micro-batch -1) follows
// the last compute op, then gather_parameters for each stage, in ascending order, which is the
// order in which the next step's forwards want them. DualPipe's two copies of a stage are two such
// reductions, on the two ranks that hold it; they reduce with each other as well.
//
// Slots are numbered anew. Communication that the schedule has already is dropped first, so that
// the pass may run twice. Linear in the number of ops. Precondition: validate(schedule) finds
// nothing.
Schedule add_communication(const Schedule& schedule);

}  // namespace reckon

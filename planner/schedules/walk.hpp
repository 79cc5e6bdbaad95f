// Runs a schedule without a clock: in which order its ops can happen, and who is left waiting.
#pragma once

#include <vector>

#include "planner/spec/schedule.hpp"

namespace reckon {

struct OpPlace {
  int rank = 0;
  int op = 0;  // index into ops_by_rank[rank]
  bool operator==(const OpPlace&) const = default;
};

// `at` cannot run because `awaited`, an op of another place, has not.
struct Wait {
  OpPlace at;
  Op awaited;  // its slot means nothing
  bool operator==(const Wait&) const = default;
};

struct Walk {
  std::vector<OpPlace> order;  // each op after all that it waits for; pairs stay together
  std::vector<Wait> waits;     // one for each rank that never finishes, ascending
};

// Each rank runs its ops in program order; a slot starts when everything its ops wait for has
// happened. A forward waits for the forward of the stage before, a backward for the backward of the
// stage after (input gradients are enough), a receive for its send. Sends are buffered: they never
// wait. Linear in the number of ops. Precondition: no op has a stage or micro-batch outside the
// shape.
Walk walk(const Schedule& schedule);

// What `op` waits for on whichever rank; false if nothing. Fills `awaited`; a backward_input stands
// for either kind of backward.
bool awaits(const ScheduleShape& shape, const Op& op, Op& awaited);

}  // namespace reckon

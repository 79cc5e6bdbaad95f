// What can be wrong with a schedule or with the shape it is asked in.
#pragma once

#include <cstdint>
#include <string>

#include "planner/spec/fields.hpp"

namespace reckon {

enum class ScheduleProblemKind : std::uint8_t {
  bad_shape,           // the shape admits no such schedule
  unknown_op,          // a stage, micro-batch or rank that the shape does not have
  missing_op,          // nobody runs an op that the step needs
  doubled_op,          // an op, or one of the gradients of a chunk, is computed twice
  wrong_rank,          // an op on a rank that does not hold its stage
  wrong_order,         // an op before what it needs on its own rank
  broken_pair,         // a slot shared by anything but one forward and one backward
  unmatched_send,      // a send that no rank receives
  unmatched_recv,      // a receive that no rank sends
  deadlock,            // a rank waits for what never comes
  too_many_in_flight,  // more chunks at once than the schedule's published bound
};

template <>
struct EnumNames<ScheduleProblemKind> {
  static constexpr std::array<std::pair<ScheduleProblemKind, std::string_view>, 11> table{{
      {ScheduleProblemKind::bad_shape, "bad_shape"},
      {ScheduleProblemKind::unknown_op, "unknown_op"},
      {ScheduleProblemKind::missing_op, "missing_op"},
      {ScheduleProblemKind::doubled_op, "doubled_op"},
      {ScheduleProblemKind::wrong_rank, "wrong_rank"},
      {ScheduleProblemKind::wrong_order, "wrong_order"},
      {ScheduleProblemKind::broken_pair, "broken_pair"},
      {ScheduleProblemKind::unmatched_send, "unmatched_send"},
      {ScheduleProblemKind::unmatched_recv, "unmatched_recv"},
      {ScheduleProblemKind::deadlock, "deadlock"},
      {ScheduleProblemKind::too_many_in_flight, "too_many_in_flight"},
  }};
};

// One problem: where (-1: the schedule as a whole, or no op to point at), and what it is and what
// to do about it in words.
struct ScheduleProblem {
  ScheduleProblemKind kind = ScheduleProblemKind::bad_shape;
  int rank = -1;
  int op = -1;  // index into Schedule::ops_by_rank[rank]
  std::string message;
  bool operator==(const ScheduleProblem&) const = default;
};

}  // namespace reckon

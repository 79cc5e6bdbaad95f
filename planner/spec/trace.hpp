// StepTrace: what ran when in one training step, predicted by the simulator or measured by the
// trainer. Predicted against measured is a join on (rank, op index).
#pragma once

#include <cstdint>
#include <vector>

#include "planner/spec/parts.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

enum class TraceOrigin : std::uint8_t { predicted, measured };

struct OpSpan {
  SimTime start = 0;
  SimTime end = 0;
  bool operator==(const OpSpan&) const = default;
};

// One part (attention, dispatch, ...) of an op on its lane. `op` indexes Schedule::ops_by_rank of
// the rank; in an overlapped pair it is the op that the part belongs to.
struct PartSpan {
  std::int32_t op = 0;
  PartKind kind = PartKind::attention_forward;
  Lane lane = Lane::compute;
  std::int16_t layer = 0;  // model layer index; layers after the last are MTP modules
  SimTime start = 0;
  SimTime end = 0;
  bool operator==(const PartSpan&) const = default;
};

struct RankTrace {
  int pipeline_rank = 0;
  int data_rank = 0;            // which data-parallel replica the trace is of
  int multiplicity = 1;         // how many replicas it stands for
  std::vector<OpSpan> ops;      // aligned with Schedule::ops_by_rank[pipeline_rank]
  std::vector<PartSpan> parts;  // empty unless asked for; by start time within a lane
  SimTime compute_busy = 0;     // time in which the compute lane ran a kernel
  SimTime communication_busy = 0;
  SimTime exchange_busy = 0;  // time in which the exchange lane moved data, not waited for pieces
  bool operator==(const RankTrace&) const = default;
};

struct StepTrace {
  TraceOrigin origin = TraceOrigin::predicted;
  std::vector<RankTrace> ranks;
  SimTime step_end = 0;
  bool operator==(const StepTrace&) const = default;
};

}  // namespace reckon

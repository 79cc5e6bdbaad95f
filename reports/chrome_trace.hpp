// A step as Chrome's JSON trace events, for chrome://tracing and Perfetto.
#pragma once

#include "planner/spec/schedule.hpp"
#include "planner/spec/trace.hpp"
#include "reports/text_sink.hpp"

namespace reckon {

// One complete event ("X") a slice: process = pipeline rank, thread = lane, name such as "MLP(B)
// layer 12 mb 7", argument "op" as in the schedule's text. Time stamps in microseconds, exact to
// the picosecond. Goes to `sink` in blocks, rank by rank. Ranks that were traced for several
// data-parallel replicas are processes of their own. Throws std::invalid_argument if the trace is
// not of this schedule.
void write_chrome_trace(const StepTrace& trace, const Schedule& schedule, const Sink& sink);

}  // namespace reckon

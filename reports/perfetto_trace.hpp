// A step in Perfetto's own format, which its viewer opens at any size and trace_processor queries.
#pragma once

#include "planner/spec/schedule.hpp"
#include "planner/spec/trace.hpp"
#include "reports/text_sink.hpp"

namespace reckon {

// The slices of write_chrome_trace() as TracePackets: a process a rank, a thread a lane, a begin
// and an end a slice. Names ("MLP(B) layer 12") are interned, so slices of all micro-batches add up
// under one name; annotations hold the op's text and its micro-batch. Time stamps in whole
// nanoseconds, rounded down. Goes to `sink` in blocks, rank by rank. Throws
// std::invalid_argument if the trace is not of this schedule.
void write_perfetto_trace(const StepTrace& trace, const Schedule& schedule, const Sink& sink);

}  // namespace reckon

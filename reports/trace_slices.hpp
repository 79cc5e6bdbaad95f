// What both trace writers draw: one slice for each part of each op, on tracks on which slices do
// not overlap.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "planner/spec/parts.hpp"
#include "planner/spec/schedule.hpp"
#include "planner/spec/trace.hpp"

namespace reckon {

// One slice. `op` indexes the rank's ops.
struct TraceSlice {
  int track = 0;
  std::string name;  // "MLP(B) layer 12", without the micro-batch
  Lane lane = Lane::compute;
  std::size_t op = 0;
  SimTime start = 0;
  SimTime end = 0;
};

struct TraceTrack {
  int id = 0;  // 0: compute, 1: communication; more where slices of one lane overlap
  std::string name;
};

// One rank's picture.
struct RankSlices {
  std::string name;  // "pipeline rank 3"
  std::vector<TraceTrack> tracks;
  std::vector<TraceSlice> slices;  // by start
};

// The slices of one rank: each part; and each op that was traced without parts and took time, but
// for receives, which are waiting and not work. Throws std::invalid_argument if the trace is not of
// these ops.
RankSlices slices_of(const RankTrace& trace, const std::vector<Op>& ops);

// The ranks that are worth a picture: those traced with parts (the others repeat them more
// coarsely); all of them if none was.
std::vector<const RankTrace*> drawn_ranks(const StepTrace& trace);

// A number for each rank of a trace, the pipeline rank for the first replica of each.
int process_id(const RankTrace& trace, const Schedule& schedule);

}  // namespace reckon

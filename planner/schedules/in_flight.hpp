// How many chunks (one micro-batch on one stage) a rank holds activations of, and when it holds
// most.
//
// Counted as DeepSeek-V3's table 2 and reference/deepseek/dualpipe_golden.json count: a chunk is
// LIVE from the start of its forward to the end of its backward or backward_input. In an overlapped
// pair the forward's chunk is live already and the backward's still. From the end of its
// backward_input to the end of its backward_weight a chunk is QUEUED: it keeps what the weight
// gradients need (the inputs and the output gradients of the linear layers), not the rest of its
// activations.
//
// Program order alone decides these counts, no clock is needed. Communication ops are passed over.
#pragma once

#include <vector>

#include "planner/spec/schedule.hpp"

namespace reckon {

// What a rank holds at one moment; both aligned with stages_of_rank(shape, rank).
struct ChunksInFlight {
  int op = -1;              // index into ops_by_rank[rank]: while it runs, or right after it
  std::vector<int> live;    // by stage
  std::vector<int> queued;  // by stage
  bool operator==(const ChunksInFlight&) const = default;
};

// What one chunk of each stage weighs (bytes, say), aligned with stages_of_rank(shape, rank).
struct ChunkWeights {
  std::vector<double> live;
  std::vector<double> queued;
};

// The first moment at which live and queued chunks of `rank` weigh most together. With bytes for
// weights this is the moment of the rank's activation peak: stages of unequal size may peak at
// another moment than equal ones. Linear in the rank's ops.
ChunksInFlight worst_moment(const Schedule& schedule, int rank, const ChunkWeights& weights);

// The same for each rank with every live chunk weighing 1 and queued ones nothing: the moment of
// the most live chunks, by stage, and how many were queued then.
std::vector<ChunksInFlight> peak_moments(const Schedule& schedule);

// The most live chunks of each rank at any moment: the golden file's peak_live_chunks.
std::vector<int> peak_chunks_in_flight(const Schedule& schedule);

// peak_moments()[rank].live for each rank: [rank][index into stages_of_rank].
std::vector<std::vector<int>> peak_chunks_by_stage(const Schedule& schedule);

// The most queued chunks of each rank at any moment (0 for schedules that never split a backward).
std::vector<int> peak_queued_chunks(const Schedule& schedule);

// The most chunks that the schedule's own paper lets a rank hold.
struct ChunkBound {
  int live = 0;
  int live_and_queued = 0;
  bool operator==(const ChunkBound&) const = default;
};

// n micro-batches, PP ranks, v = stages / PP, rank r:
//   gpipe                     n                               arXiv 1811.06965, section 2.3
//   one_forward_one_backward  min(PP - r, n)                  arXiv 2104.04473, section 2.2.1: at
//   most
//                                                             PP; fewer by one for each later rank
//   interleaved               min(2(PP-1-r) + (v-1)PP + 1, vn)  warm-up of arXiv 2104.04473, figure
//   4,
//                             and the one that follows; on rank 0 PP v (1 + (PP-1)/(PP v)), which
//                             is arXiv 2205.05198, section 4.2.3
//   zb_h1                     min(PP - r, n) live, min(PP, n) with queued ones: arXiv 2401.10241,
//                             section 2.1, "all workers maintain the same number of in-flight
//                             microbatches", 1F1B's peak
//   zb_h2                     min(2(PP - r) - 1, n) live, min(2 PP - 1, n) with queued ones: there,
//                             section 2.2
//   zb_v                      min(2 PP, 2 n) chunks of half a stage, queued ones included: there,
//                             section 6
//   dual_pipe, dual_pipe_v    PP + 1 (PP = stages): DeepSeek-V3 report, table 2, and the README of
//                             deepseek-ai/DualPipe; queued ones included
// Without a split backward nothing is queued, and both numbers are the same.
ChunkBound published_chunk_bound(const ScheduleShape& shape, int rank);

}  // namespace reckon

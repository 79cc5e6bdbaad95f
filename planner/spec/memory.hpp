// Bytes that one pipeline rank holds at its worst moment, by what they are.
#pragma once

#include <vector>

#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

struct RankMemory {
  int pipeline_rank = 0;
  Bytes weights;         // the copies that the GEMMs read, all stages of the rank
  Bytes gradients;
  Bytes master_weights;  // of this rank's ZeRO shard
  Bytes moments;         // Adam's two, of this rank's ZeRO shard
  Bytes activations;     // micro-batches in flight, kept for the backward
  Bytes logits;          // of the micro-batch at the output head, where the rank has it
  Bytes communication;   // expert dispatch and combine buffers, pipeline receive buffers, NCCL
  Bytes workspace;       // one layer's temporaries, CUDA context, allocator slack
  int chunks_in_flight = 0;
  double parameters = 0;  // held by the rank, second copies of DualPipe included
  bool operator==(const RankMemory&) const = default;
};

Bytes total(const RankMemory& memory);

// Memory of each pipeline rank of a feasible plan. `in_flight[rank][i]` is the peak number of live
// micro-batches of the i-th stage of stages_of_rank(shape, rank), all at one moment (see
// peak_chunks_in_flight in planner/schedules).
// Sources: ZeRO (arXiv:1910.02054) for the shards; DeepSeek-V3 report sections 3.2.3 and 3.3.3 for what
// is recomputed and in which dtype activations are cached; arXiv:2205.05198 for the rest.
std::vector<RankMemory> memory_of_ranks(const ModelSpec& model, const Plan& plan,
                                        const std::vector<std::vector<int>>& in_flight);

// Bytes of activations that one layer keeps for the backward of one micro-batch on one rank.
Bytes activation_bytes(const ModelSpec& model, const Plan& plan, int layer);

// Parameters of one stage on one rank: {dense part incl. embedding and head, routed experts}.
struct StageParameters {
  double dense = 0;
  double experts = 0;
};
StageParameters stage_parameters(const ModelSpec& model, const Plan& plan, int stage);

}  // namespace reckon

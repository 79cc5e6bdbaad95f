// Bytes that one pipeline rank holds at its worst moment, by what they are.
#pragma once

#include <vector>

#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

struct RankMemory {
  int pipeline_rank = 0;
  Bytes weights;  // the copies that the GEMMs read, all stages of the rank
  Bytes gradients;
  Bytes master_weights;  // of this rank's ZeRO shard
  Bytes moments;         // Adam's two, of this rank's ZeRO shard
  Bytes activations;     // micro-batches in flight, kept for the backward
  Bytes logits;          // of the micro-batch at the output head, where the rank has it
  Bytes communication;   // expert dispatch and combine buffers, pipeline receive buffers
  Bytes workspace;       // one layer's temporaries, and what the runtime reserves
  int chunks_in_flight = 0;
  double parameters = 0;  // held by the rank, second copies of DualPipe included
  bool operator==(const RankMemory&) const = default;
};

Bytes total(const RankMemory& memory);

// Parameters of one stage on one rank, after tensor and expert parallelism. `linear` and `experts`
// are inputs of GEMMs in the plan's linear dtype; `other` (embedding, head, norms, router) stays in
// BF16.
struct StageParameters {
  double linear = 0;
  double other = 0;
  double experts = 0;
  double dense() const { return linear + other; }
};
StageParameters stage_parameters(const ModelSpec& model, const Plan& plan, int stage);

// The same of one layer, or of embedding, head and final norm together (end_layer).
StageParameters layer_shard_parameters(const ModelSpec& model, const Plan& plan, int layer);

// What a rank holds of one stage whatever runs: weights, gradients, master weights and moments.
RankMemory state_of(const StageParameters& stage, const Plan& plan);

// What one micro-batch on one stage keeps: `live` between its forward and its backward, `queued`
// between its backward_input and its backward_weight (inputs and output gradients of the linear
// layers).
struct ChunkBytes {
  Bytes live;
  Bytes queued;
};
ChunkBytes chunk_bytes(const ModelSpec& model, const Plan& plan, int stage);

// The same for one layer (model layer index, MTP modules behind the last).
Bytes live_layer_bytes(const ModelSpec& model, const Plan& plan, int layer);
Bytes queued_layer_bytes(const ModelSpec& model, const Plan& plan, int layer);

// Chunks that a rank holds of each of its stages (aligned with stages_of_rank) at its worst moment.
struct HeldChunks {
  std::vector<int> live;
  std::vector<int> queued;
};

// Memory of each pipeline rank of a feasible plan. `held` comes from worst_moment
// (planner/schedules) with chunk_bytes as weights; `reserved` is the device's reserved_memory.
// Sources: ZeRO (arXiv:1910.02054) for the shards; DeepSeek-V3 report sections 3.2.3 and 3.3.3 for
// what is recomputed and in which dtype activations are cached; arXiv:2205.05198 for the rest.
std::vector<RankMemory> memory_of_ranks(const ModelSpec& model, const Plan& plan,
                                        const std::vector<HeldChunks>& held, Bytes reserved);

}  // namespace reckon

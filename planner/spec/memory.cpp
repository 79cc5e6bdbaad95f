#include "planner/spec/memory.hpp"

#include <algorithm>
#include <cstddef>

#include "planner/spec/layout.hpp"
#include "planner/spec/parameters.hpp"
#include "planner/spec/placement.hpp"
#include "planner/spec/program.hpp"
#include "planner/spec/work.hpp"

namespace reckon {
namespace {

constexpr double bf16 = 2;
constexpr double fp32 = 4;

// A weight in block-scaled FP8 has one scale per 128 x 128 block, not per 1 x 128 tile.
double weight_bytes(Dtype dtype) {
  return dtype == Dtype::fp8_block ? 1 + fp32 / (128 * 128) : bytes_per_element(dtype);
}

// Sizes of one layer on one rank, in elements per token.
struct Widths {
  double hidden;
  double residual;  // h, shared under sequence parallelism
  double qkv;       // query, key and value of the attention core
  double attention_out;
  double latent;  // MLA's compressed query, key-value and rotary part
  double heads;
  double dense_up;  // gate and up of a dense MLP or the shared experts
  double dense_width;
  double expert_up;
  double expert_width;
  double rows;  // routed rows on this rank, not per token
  double tokens;
};

Widths widths_of(const ModelSpec& model, const Plan& plan, bool moe) {
  const double tp = plan.parallelism.tensor_parallel;
  const AttentionSpec& a = model.attention;
  const double heads = a.heads / tp;
  const double up = model.activation == Activation::swiglu ? 2 : 1;
  const bool mla = a.kind == AttentionKind::mla;
  const double kv = mla ? heads : std::max(1.0, kv_heads(a) / tp);
  Widths w{};
  w.tokens = tokens_per_rank(plan);
  w.hidden = model.hidden;
  w.residual = model.hidden / (plan.parallelism.sequence_parallel ? tp : 1.0);
  w.qkv = heads * qk_head_dim(a) + kv * (qk_head_dim(a) + v_head_dim(a));
  w.attention_out = heads * v_head_dim(a);
  w.latent = mla ? static_cast<double>(a.q_lora_rank) + a.kv_lora_rank + a.qk_rope_head_dim : 0;
  w.heads = heads;
  w.dense_width = model.intermediate / tp;
  if (moe) {
    w.dense_width =
        model.moe->shared_experts * static_cast<double>(model.moe->expert_intermediate) / tp;
    w.expert_width = static_cast<double>(model.moe->expert_intermediate) /
                     expert_tensor_parallel(plan.parallelism);
    w.expert_up = up * w.expert_width;
    w.rows = routed_rows(model, plan);
  }
  w.dense_up = up * w.dense_width;
  return w;
}

double attention_live(const Plan& plan, const Widths& w) {
  const Precision& p = plan.precision;
  double per_token = bf16 * w.residual;  // input of the norm
  if (!plan.recompute.norm) per_token += bytes_per_element(p.linear_input_cache) * w.residual;
  per_token += bf16 * w.latent;
  if (w.latent == 0 || !plan.recompute.mla_up_projection) per_token += bf16 * w.qkv;
  per_token += bytes_per_element(p.attention_output_cache) * w.attention_out;
  per_token += fp32 * w.heads;  // log-sum-exp of each row
  if (plan.attention_kernel == AttentionKernel::unfused) {
    // Softmax, dropout's mask and result of every score, and the masks behind both blocks:
    // arXiv:2205.05198, section 4.1.
    const double scores = w.heads * plan.batch.sequence_length;
    if (!plan.recompute.attention_core) per_token += (2 * bf16 + 1) * scores;
    per_token += 2 * w.residual;
  }
  return per_token * w.tokens;
}

// Operator checkpointing keeps the layer's input and the first of any two products: q, v, gate and
// down; and what attention gives.
double every_other_matmul_live(const Widths& w) {
  const double per_token = 2 * w.residual + w.qkv / 2 + w.attention_out + w.dense_up / 2;
  return bf16 * per_token * w.tokens + fp32 * w.heads * w.tokens;
}

double mlp_live(const Plan& plan, const Widths& w, double experts) {
  const Precision& p = plan.precision;
  const bool again = w.rows > 0 ? plan.recompute.experts : plan.recompute.mlp;
  if (again) return bf16 * w.residual * w.tokens + fp32 * experts * w.tokens;
  const double input = bytes_per_element(p.linear_input_cache);
  const double up = bytes_per_element(p.swiglu_input_cache);
  const double product = plan.recompute.swiglu ? 0 : input;
  double per_token = bf16 * w.residual + up * w.dense_up + product * w.dense_width + fp32 * experts;
  if (!plan.recompute.norm) per_token += input * w.residual;
  const double per_row =
      w.rows > 0 ? input * w.hidden + up * w.expert_up + product * w.expert_width : 0;
  return per_token * w.tokens + per_row * w.rows;
}

// Linear layers' inputs and output gradients, in the dtype of the cache.
double attention_queued(const Widths& w, double element) {
  const double inputs = w.hidden + w.latent + w.attention_out;
  const double gradients = w.qkv + w.latent + w.hidden;
  return element * (inputs + gradients) * w.tokens;
}
double mlp_queued(const Widths& w, double element) {
  const double per_token = w.dense_width > 0 ? 2 * w.hidden + w.dense_width + w.dense_up : 0;
  const double per_row = w.rows > 0 ? 2 * w.hidden + w.expert_width + w.expert_up : 0;
  return element * (per_token * w.tokens + per_row * w.rows);
}

double reduce_if(bool sharded, double value, int ranks) { return sharded ? value / ranks : value; }

// Largest set of temporaries while one layer runs: BF16 expert outputs and their gradients, or the
// attention core's inputs and gradients.
double layer_temporaries(const ModelSpec& model, const Plan& plan) {
  const Widths w = widths_of(model, plan, model.moe.has_value());
  const double attention = 2 * bf16 * w.qkv * w.tokens;
  const double mlp =
      bf16 * (2 * w.hidden + 2 * w.expert_up) * w.rows + 2 * bf16 * w.dense_up * w.tokens;
  return std::max(attention, mlp);
}

// The activations of the layer that is being computed again, all of them there at once.
double recomputed_layer(const ModelSpec& model, const Plan& plan) {
  const Recompute& r = plan.recompute;
  if (!r.full && !r.every_other_matmul &&
      !(r.attention_core && plan.attention_kernel == AttentionKernel::unfused)) {
    return 0;
  }
  Plan kept = plan;
  kept.recompute = {};
  const int last = model.layers - 1;
  return live_layer_bytes(model, kept, last).value - live_layer_bytes(model, plan, last).value;
}

// ZeRO-3: the weights of the layer at work and of the next, the gradients of one.
double gathered_layers(const ModelSpec& model, const Plan& plan) {
  if (plan.parallelism.zero_stage < 3) return 0;
  const StageParameters p = layer_shard_parameters(model, plan, model.layers - 1);
  const double parameters = p.dense() + p.experts;
  return parameters * (2 * bytes_per_element(plan.precision.weights) +
                       bytes_per_element(plan.precision.gradients));
}

// Receive buffers: tokens of a dispatch in its dtype, of a combine in BF16, and two activations and
// two gradients of the pipeline.
double communication_buffers(const ModelSpec& model, const Plan& plan) {
  const Widths w = widths_of(model, plan, model.moe.has_value());
  double bytes = 0;
  if (model.moe && plan.parallelism.expert_parallel > 1) {
    bytes +=
        w.rows * w.hidden *
        (bytes_per_element(plan.precision.dispatch) + bytes_per_element(plan.precision.combine));
  }
  if (plan.parallelism.pipeline_parallel > 1) bytes += 4 * bf16 * w.residual * w.tokens;
  return bytes;
}

double logit_bytes(const ModelSpec& model, const Plan& plan, const StageLayers& stage) {
  if (!stage.head) return 0;
  const double logits = tokens_per_rank(plan) * model.vocabulary / plan.parallelism.tensor_parallel;
  // Fused: BF16 logits that become their gradient, FP32 softmax. Else FP32 logits, log-softmax and
  // gradient, and BF16 ones.
  return logits * (plan.fused_cross_entropy ? bf16 + fp32 : bf16 + 3 * fp32);
}

struct Shards {
  int dense = 1;
  int experts = 1;
};
Shards shards_of(const Plan& plan) {
  const Parallelism& p = plan.parallelism;
  const int copies = stage_copies(plan.schedule);
  const int replicas = p.data_parallel * p.context_parallel;
  return {copies * replicas, copies * expert_replicas(p)};
}

void add_state(RankMemory& m, const StageParameters& s, const Plan& plan, const Shards& shards) {
  const Precision& p = plan.precision;
  const int zero = plan.parallelism.zero_stage;
  const double weights =
      reduce_if(zero >= 3, s.linear * weight_bytes(p.weights) + s.other * bf16, shards.dense) +
      reduce_if(zero >= 3, s.experts * weight_bytes(p.weights), shards.experts);
  const double gradients = reduce_if(zero >= 2, s.dense(), shards.dense) +
                           reduce_if(zero >= 2, s.experts, shards.experts);
  const double optimized = reduce_if(zero >= 1, s.dense(), shards.dense) +
                           reduce_if(zero >= 1, s.experts, shards.experts);
  m.weights += Bytes{weights};
  m.gradients += Bytes{gradients * bytes_per_element(p.gradients)};
  m.master_weights += Bytes{optimized * bytes_per_element(p.master_weights)};
  m.moments += Bytes{optimized * 2 * bytes_per_element(p.moments)};
  m.parameters += s.dense() + s.experts;
}

}  // namespace

Bytes total(const RankMemory& m) {
  return m.weights + m.gradients + m.master_weights + m.moments + m.activations + m.logits +
         m.communication + m.workspace;
}

StageParameters layer_shard_parameters(const ModelSpec& model, const Plan& plan, int layer) {
  const double tp = plan.parallelism.tensor_parallel;
  const EndParameters ends = end_parameters(model);
  if (layer == end_layer) return {0, (ends.embedding + ends.head) / tp + ends.final_norm, 0};
  const bool mtp = layer >= model.layers;
  const LayerParameters p = layer_parameters(model, is_moe_layer(model, layer));
  const double h = model.hidden;
  StageParameters result;
  result.linear = (p.attention + p.mlp + (mtp ? 2 * h * h : 0)) / tp;
  result.other = p.norms + p.indexer + p.router + (mtp ? 3 * ends.final_norm : 0);
  result.experts =
      p.experts / plan.parallelism.expert_parallel / expert_tensor_parallel(plan.parallelism);
  return result;
}

RankMemory state_of(const StageParameters& stage, const Plan& plan) {
  RankMemory memory;
  add_state(memory, stage, plan, shards_of(plan));
  return memory;
}

StageParameters stage_parameters(const ModelSpec& model, const Plan& plan, int stage) {
  const StageLayers s = stage_layers(model, plan)[static_cast<std::size_t>(stage)];
  const double tp = plan.parallelism.tensor_parallel;
  const EndParameters ends = end_parameters(model);
  StageParameters result;
  for (const int layer : layers_of(model, s)) {
    const StageParameters p = layer_shard_parameters(model, plan, layer);
    result.linear += p.linear;
    result.other += p.other;
    result.experts += p.experts;
  }
  if (s.embedding) result.other += ends.embedding / tp;
  if (s.head) {
    // A tied head is a second copy of the embedding unless the stage holds both.
    const double head = ends.head > 0 ? ends.head
                        : s.embedding ? 0.0
                                      : static_cast<double>(model.hidden) * model.vocabulary;
    const double final_norm = (model.norm == Norm::layernorm ? 2.0 : 1.0) * model.hidden;
    result.other += head / tp + final_norm;
  }
  return result;
}

Bytes live_layer_bytes(const ModelSpec& model, const Plan& plan, int layer) {
  const bool moe = is_moe_layer(model, layer);
  const Widths w = widths_of(model, plan, moe);
  if (recomputes_layer(model, plan, layer)) return {bf16 * w.residual * w.tokens};
  if (plan.recompute.every_other_matmul && !moe) return {every_other_matmul_live(w)};
  return {attention_live(plan, w) + mlp_live(plan, w, moe ? model.moe->experts : 0)};
}

Bytes queued_layer_bytes(const ModelSpec& model, const Plan& plan, int layer) {
  const Widths w = widths_of(model, plan, is_moe_layer(model, layer));
  const double element = bytes_per_element(plan.precision.linear_input_cache);
  return {attention_queued(w, element) + mlp_queued(w, element)};
}

ChunkBytes chunk_bytes(const ModelSpec& model, const Plan& plan, int stage) {
  ChunkBytes bytes;
  const StageLayers s = stage_layers(model, plan)[static_cast<std::size_t>(stage)];
  const std::vector<int> layers = layers_of(model, s);
  for (const int layer : layers) {
    bytes.live += live_layer_bytes(model, plan, layer);
    bytes.queued += queued_layer_bytes(model, plan, layer);
  }
  const double offloaded =
      std::min<double>(plan.offloaded_layers, static_cast<double>(layers.size()));
  if (offloaded > 0) bytes.live = bytes.live * (1 - offloaded / static_cast<double>(layers.size()));
  return bytes;
}

std::vector<RankMemory> memory_of_ranks(const ModelSpec& model, const Plan& plan,
                                        const std::vector<HeldChunks>& held, Bytes reserved) {
  const ScheduleShape shape = schedule_shape(plan);
  const std::vector<StageLayers> layers = stage_layers(model, plan);
  const Shards shards = shards_of(plan);
  std::vector<RankMemory> ranks;
  for (int rank = 0; rank < shape.pipeline_ranks; ++rank) {
    RankMemory m;
    m.pipeline_rank = rank;
    const std::vector<int> stages_held = stages_of_rank(shape, rank);
    const HeldChunks& chunks = held[static_cast<std::size_t>(rank)];
    for (std::size_t i = 0; i < stages_held.size(); ++i) {
      const int stage = stages_held[i];
      add_state(m, stage_parameters(model, plan, stage), plan, shards);
      const ChunkBytes bytes = chunk_bytes(model, plan, stage);
      m.activations += bytes.live * static_cast<double>(chunks.live[i]) +
                       bytes.queued * static_cast<double>(chunks.queued[i]);
      m.chunks_in_flight += chunks.live[i];
      m.logits.value = std::max(m.logits.value,
                                logit_bytes(model, plan, layers[static_cast<std::size_t>(stage)]));
    }
    m.communication = {communication_buffers(model, plan)};
    m.workspace = reserved + Bytes{layer_temporaries(model, plan) + recomputed_layer(model, plan) +
                                   gathered_layers(model, plan)};
    ranks.push_back(m);
  }
  return ranks;
}

}  // namespace reckon

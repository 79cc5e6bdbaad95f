#include "planner/spec/parameters.hpp"

#include <cmath>

namespace reckon {
namespace {

double norm_size(const ModelSpec& model, double width) {
  return model.norm == Norm::layernorm ? 2 * width : width;  // LayerNorm has a bias
}

double mla_projections(const AttentionSpec& a, double h) {
  const double heads = a.heads;
  const double qk = qk_head_dim(a);
  double n = a.q_lora_rank > 0 ? h * a.q_lora_rank + a.q_lora_rank * heads * qk : h * heads * qk;
  n += h * (a.kv_lora_rank + a.qk_rope_head_dim);
  n += a.kv_lora_rank * heads * (a.qk_nope_head_dim + a.v_head_dim);
  return n + heads * a.v_head_dim * h;
}

// Queries from MLA's compressed ones (or the hidden state), one key head, and a weight a head
// (DeepSeek-V3.2-Exp, inference/model.py, class Indexer). Its key norm is a LayerNorm.
double indexer_projections(const AttentionSpec& a, double h) {
  if (!a.indexer) return 0;
  const double heads = a.indexer->heads;
  const double dim = a.indexer->head_dim;
  return (a.q_lora_rank > 0 ? a.q_lora_rank : h) * heads * dim + h * dim + h * heads;
}
double indexer_norm(const AttentionSpec& a) { return a.indexer ? 2.0 * a.indexer->head_dim : 0.0; }

double attention_projections(const AttentionSpec& a, double h) {
  if (a.kind == AttentionKind::mla) return mla_projections(a, h);
  const double q = static_cast<double>(a.heads) * a.head_dim;
  const double kv = static_cast<double>(kv_heads(a)) * a.head_dim;
  double n = h * q + 2 * h * kv + q * h;
  if (a.bias_qkv) n += q + 2 * kv;
  if (a.bias_out) n += h;
  if (a.sinks) n += a.heads;
  return n;
}

double mlp_size(const ModelSpec& model, double width) {
  const double h = model.hidden;
  const double matrices = model.activation == Activation::swiglu ? 3 : 2;
  const double bias = model.mlp_bias ? (matrices - 1) * width + h : 0;
  return matrices * h * width + bias;
}

double attention_norms(const ModelSpec& model) {
  const AttentionSpec& a = model.attention;
  if (a.kind == AttentionKind::mla) return static_cast<double>(a.q_lora_rank) + a.kv_lora_rank;
  if (a.qk_norm_all_heads) return static_cast<double>(a.heads + kv_heads(a)) * a.head_dim;
  return a.qk_norm ? 2.0 * a.head_dim : 0.0;
}

// Matmul parameters that one token passes in a layer: biases and norms multiply no matrix.
double layer_matmul(const ModelSpec& model, bool moe_layer) {
  ModelSpec bare = model;
  bare.mlp_bias = false;
  bare.attention.bias_qkv = bare.attention.bias_out = bare.attention.sinks = false;
  const LayerParameters p = layer_parameters(bare, moe_layer);
  double n = p.attention + p.mlp + indexer_projections(model.attention, model.hidden);
  if (moe_layer) {
    n += static_cast<double>(model.moe->experts) * model.hidden;
    n += model.moe->experts_per_token * p.one_expert;
  }
  return n;
}

// Sum over the queries of a sequence of how many of the last `window` tokens each sees, continuous
// as in all counts here: a triangle, then a band.
double sliding_area(double window, double length) {
  if (window >= length) return length * length / 2;
  return window * length - window * window / 2;
}

// Triangles on the diagonal; the last may be smaller.
double chunked_area(double chunk, double length) {
  const double rest = std::fmod(length, chunk);
  return (std::floor(length / chunk) * chunk * chunk + rest * rest) / 2;
}

// Products of queries and keys for one token and layer, forward, per key that the query sees.
double core_flops_per_key(const AttentionSpec& a) {
  return 2.0 * a.heads * (qk_head_dim(a) + v_head_dim(a));
}
double index_flops_per_key(const AttentionSpec& a) {
  return a.indexer ? 2.0 * a.indexer->heads * a.indexer->head_dim : 0.0;
}

}  // namespace

int qk_head_dim(const AttentionSpec& a) {
  return a.kind == AttentionKind::mla ? a.qk_nope_head_dim + a.qk_rope_head_dim : a.head_dim;
}
int v_head_dim(const AttentionSpec& a) {
  return a.kind == AttentionKind::mla ? a.v_head_dim : a.head_dim;
}
int kv_heads(const AttentionSpec& a) { return a.kv_heads > 0 ? a.kv_heads : a.heads; }

bool is_moe_layer(const ModelSpec& model, int layer) {
  if (!model.moe) return false;
  if (layer >= model.layers) return true;  // an MTP module
  return layer >= model.moe->first_dense_layers &&
         layer % model.moe->layer_interval == model.moe->layer_offset;
}

bool is_windowed_layer(const ModelSpec& model, int layer) {
  const AttentionSpec& a = model.attention;
  if (a.window == 0 || layer >= model.layers) return false;
  return a.full_attention_every == 0 || (layer + 1) % a.full_attention_every != 0;
}

double keys_per_query(const ModelSpec& model, int layer, double length) {
  const AttentionSpec& a = model.attention;
  if (is_windowed_layer(model, layer)) {
    return (a.window_kind == WindowKind::chunked ? chunked_area(a.window, length)
                                                 : sliding_area(a.window, length)) /
           length;
  }
  return a.indexer ? sliding_area(a.indexer->top_k, length) / length : length / 2;
}

LayerParameters layer_parameters(const ModelSpec& model, bool moe_layer) {
  LayerParameters p;
  p.attention = attention_projections(model.attention, model.hidden);
  p.indexer = indexer_projections(model.attention, model.hidden) + indexer_norm(model.attention);
  p.norms = 2 * norm_size(model, model.hidden) + attention_norms(model);
  if (!moe_layer) {
    p.mlp = mlp_size(model, model.intermediate);
    return p;
  }
  const MoeSpec& moe = *model.moe;
  p.one_expert = mlp_size(model, moe.expert_intermediate);
  p.experts = moe.experts * p.one_expert;
  p.mlp = moe.shared_experts * p.one_expert;
  p.router = static_cast<double>(moe.experts) * model.hidden +
             (moe.selection_bias ? moe.experts : 0) + (moe.router_bias ? moe.experts : 0);
  return p;
}

EndParameters end_parameters(const ModelSpec& model) {
  const double h = model.hidden;
  return {h * (static_cast<double>(model.vocabulary) + model.learned_positions),
          model.tied_embeddings ? 0 : h * model.vocabulary, norm_size(model, h)};
}

ParameterCount count_parameters(const ModelSpec& model) {
  ParameterCount c;
  const double h = model.hidden;
  const EndParameters ends = end_parameters(model);
  c.embedding = ends.embedding;
  c.head = ends.head;
  c.final_norm = ends.final_norm;
  c.total = c.active = c.embedding + c.head + c.final_norm;
  c.matmul_per_token = h * model.vocabulary;
  for (int layer = 0; layer < model.layers; ++layer) {
    const bool moe = is_moe_layer(model, layer);
    const LayerParameters p = layer_parameters(model, moe);
    c.total += p.total();
    c.active += p.total() - p.experts + (moe ? model.moe->experts_per_token * p.one_expert : 0);
    c.matmul_per_token += layer_matmul(model, moe);
  }
  const bool moe = model.moe.has_value();
  const double module_norms = 3 * norm_size(model, h);
  c.mtp_unique =
      model.mtp_modules * (layer_parameters(model, moe).total() + 2 * h * h + module_norms);
  c.mtp_matmul_per_token =
      model.mtp_modules * (layer_matmul(model, moe) + 2 * h * h + h * model.vocabulary);
  return c;
}

Flops model_flops_per_token(const ModelSpec& model, double sequence_length,
                            AttentionCounting counting, bool count_mtp) {
  const ParameterCount c = count_parameters(model);
  const AttentionSpec& a = model.attention;
  const double matrix = counting == AttentionCounting::causal ? 1 : 2;  // in lower triangles
  const int layers = model.layers + (count_mtp ? model.mtp_modules : 0);
  double scores = 0;
  for (int layer = 0; layer < layers; ++layer) {
    scores += core_flops_per_key(a) * keys_per_query(model, layer, sequence_length) +
              index_flops_per_key(a) * sequence_length / 2;
  }
  const double matmul = c.matmul_per_token + (count_mtp ? c.mtp_matmul_per_token : 0);
  return {6 * matmul + 3 * matrix * scores};
}

Bytes kv_cache_per_token(const ModelSpec& model) {
  const AttentionSpec& a = model.attention;
  const double elements = a.kind == AttentionKind::mla
                              ? static_cast<double>(a.kv_lora_rank) + a.qk_rope_head_dim
                              : 2.0 * kv_heads(a) * a.head_dim;
  const double index_keys = a.indexer ? a.indexer->head_dim : 0;
  return {2 * (elements + index_keys) * model.layers};
}

}  // namespace reckon

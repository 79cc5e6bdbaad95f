// How many parameters a model has, and the FLOPs that count as useful.
#pragma once

#include "planner/spec/model_spec.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// Parameter counts are doubles: exact integers up to 2^53.
struct LayerParameters {
  double attention = 0;  // projections, biases and sinks included
  double indexer = 0;    // of sparse attention; every tensor parallel rank has all of it
  double norms = 0;      // norms inside and around attention and MLP
  double mlp = 0;        // dense MLP, or shared experts of a MoE layer
  double router = 0;     // router weights and selection bias
  double experts = 0;    // all routed experts
  double one_expert = 0;
  double total() const { return attention + indexer + norms + mlp + router + experts; }
};

struct ParameterCount {
  double total = 0;             // without MTP modules
  double active = 0;            // per token, embedding and head included
  double matmul_per_token = 0;  // parameters that multiply each token: no embedding, head included
  double embedding = 0;         // token and learned-position tables
  double head = 0;              // 0 when tied to the embedding
  double final_norm = 0;        // in front of the head
  double mtp_unique = 0;        // all MTP modules, shared embedding and head not counted
  double mtp_matmul_per_token =
      0;  // extra matmul parameters a token of all MTP modules, heads included
};

// `layer` counts from 0; layers of MTP modules stand behind the last.
bool is_moe_layer(const ModelSpec& model, int layer);
bool is_windowed_layer(const ModelSpec& model, int layer);

// Keys that a query of `layer` attends to, the mean over a causal sequence: half of its length
// without window and indexer.
double keys_per_query(const ModelSpec& model, int layer, double sequence_length);

LayerParameters layer_parameters(const ModelSpec& model, bool moe_layer);
// What stands before the first layer and behind the last one.
struct EndParameters {
  double embedding = 0;
  double head = 0;  // 0 when tied to the embedding
  double final_norm = 0;
};
EndParameters end_parameters(const ModelSpec& model);

ParameterCount count_parameters(const ModelSpec& model);

// Which half of the attention matrix counts: `causal` the lower triangle, `full` all of it.
enum class AttentionCounting { causal, full };

// Training FLOPs of one token: 6 x matmul parameters + 3 x 2 x heads x (qk + v head size) x context
// (halved when causal), the convention of the ISCA'25 paper's Table 2 and 4. A window or an indexer
// shortens the context to keys_per_query() (twice that when full); the indexer's own scores over
// all of the context count alike. MTP is not counted unless asked for; recomputation never is.
Flops model_flops_per_token(const ModelSpec& model, double sequence_length,
                            AttentionCounting counting, bool count_mtp = false);

// Sizes of one head as the attention core sees them.
int qk_head_dim(const AttentionSpec& attention);
int v_head_dim(const AttentionSpec& attention);
int kv_heads(const AttentionSpec& attention);

// Bytes of KV cache for one token in BF16, all layers.
Bytes kv_cache_per_token(const ModelSpec& model);

}  // namespace reckon

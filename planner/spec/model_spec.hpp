// ModelSpec: the architecture of a transformer, as far as size, work and memory depend on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "planner/spec/fields.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

enum class AttentionKind : std::uint8_t { mha, gqa, mla };
enum class Activation : std::uint8_t { gelu, swiglu, squared_relu };
enum class Norm : std::uint8_t { rmsnorm, layernorm };
enum class Positions : std::uint8_t { rotary, learned, alibi };
enum class RouterScore : std::uint8_t { softmax, sigmoid };
enum class WindowKind : std::uint8_t { sliding, chunked };

template <>
struct EnumNames<AttentionKind> {
  static constexpr std::array<std::pair<AttentionKind, std::string_view>, 3> table{
      {{AttentionKind::mha, "mha"}, {AttentionKind::gqa, "gqa"}, {AttentionKind::mla, "mla"}}};
};
template <>
struct EnumNames<Activation> {
  static constexpr std::array<std::pair<Activation, std::string_view>, 3> table{
      {{Activation::gelu, "gelu"},
       {Activation::swiglu, "swiglu"},
       {Activation::squared_relu, "squared_relu"}}};  // Nemotron-4
};
template <>
struct EnumNames<Norm> {
  static constexpr std::array<std::pair<Norm, std::string_view>, 2> table{
      {{Norm::rmsnorm, "rmsnorm"}, {Norm::layernorm, "layernorm"}}};
};
template <>
struct EnumNames<Positions> {
  static constexpr std::array<std::pair<Positions, std::string_view>, 3> table{
      {{Positions::rotary, "rotary"},
       {Positions::learned, "learned"},
       {Positions::alibi, "alibi"}}};  // a bias on the scores: BLOOM, MPT
};
template <>
struct EnumNames<RouterScore> {
  static constexpr std::array<std::pair<RouterScore, std::string_view>, 2> table{
      {{RouterScore::softmax, "softmax"}, {RouterScore::sigmoid, "sigmoid"}}};
};

template <>
struct EnumNames<WindowKind> {
  static constexpr std::array<std::pair<WindowKind, std::string_view>, 2> table{
      {{WindowKind::sliding, "sliding"}, {WindowKind::chunked, "chunked"}}};
};

// The lightning indexer of DeepSeek Sparse Attention (DeepSeek-V3.2 report, section 2.1): a few
// small heads score all earlier tokens, and the attention core sees the `top_k` best of them.
struct IndexerSpec {
  int heads = 1;
  int head_dim = 1;
  int top_k = 1;
  bool operator==(const IndexerSpec&) const = default;
};

// MHA and GQA use heads, kv_heads and head_dim. MLA (DeepSeek-V2 report, section 2.1) uses heads
// and the ranks and head sizes below; q_lora_rank 0 means an uncompressed query projection.
struct AttentionSpec {
  AttentionKind kind = AttentionKind::gqa;
  int heads = 1;
  int kv_heads = 0;  // 0: as many as heads
  int head_dim = 0;
  int q_lora_rank = 0;
  int kv_lora_rank = 0;
  int qk_nope_head_dim = 0;
  int qk_rope_head_dim = 0;
  int v_head_dim = 0;
  bool qk_norm = false;            // RMSNorm over each query and key head (Qwen3)
  bool qk_norm_all_heads = false;  // RMSNorm over all query and all key heads (MiniMax-M2)
  bool bias_qkv = false;           // bias on the query, key and value projections
  bool bias_out = false;
  bool sinks = false;  // a learned logit a head in the softmax (gpt-oss)
  // Layers with a window see the last `window` tokens (sliding) or those of their own block of
  // `window` (chunked); 0: no layer has one. Of `full_attention_every` layers the last has none.
  int window = 0;
  WindowKind window_kind = WindowKind::sliding;
  int full_attention_every = 0;  // 0: every layer has the window
  std::optional<IndexerSpec> indexer{};
  bool operator==(const AttentionSpec&) const = default;
};

struct MoeSpec {
  int first_dense_layers = 0;  // leading layers with a dense MLP
  // Behind them layer L has experts where L % layer_interval is layer_offset, the first being 0.
  int layer_interval = 1;
  int layer_offset = 0;
  int experts = 1;  // routed experts a layer
  int experts_per_token = 1;
  int expert_intermediate = 1;
  int shared_experts = 0;  // each of expert_intermediate width, merged into one MLP
  int groups = 1;          // expert groups for node-limited routing; 1: no limit
  int groups_per_token = 1;
  RouterScore router_score = RouterScore::softmax;
  bool selection_bias = false;  // auxiliary-loss-free balancing bias, one number an expert
  bool router_bias = false;     // bias of the router's own projection
  bool operator==(const MoeSpec&) const = default;
};

// What the model's authors say of its size: held against count_parameters() in the tests.
struct PublishedSize {
  double parameters = 0;         // total, MTP excluded; 0: not published
  double active_parameters = 0;  // per token, embedding and head included; 0: not published
  std::string source;
  bool operator==(const PublishedSize&) const = default;
};

struct ModelSpec {
  std::string name;
  int layers = 1;
  int hidden = 1;
  int intermediate = 1;  // width of a dense MLP
  int vocabulary = 1;
  int learned_positions = 0;  // rows of a learned position table
  bool tied_embeddings = false;
  bool mlp_bias = false;
  Activation activation = Activation::swiglu;
  Norm norm = Norm::rmsnorm;
  Positions positions = Positions::rotary;
  AttentionSpec attention;
  std::optional<MoeSpec> moe;
  int mtp_modules =
      0;  // DeepSeek-V3 report, section 2.2: one more layer and a 2h x h projection each
  PublishedSize published;
  std::string source;
  bool operator==(const ModelSpec&) const = default;
};

}  // namespace reckon

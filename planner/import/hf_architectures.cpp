#include "planner/import/hf_architectures.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "planner/import/layer_pattern.hpp"

namespace reckon {
namespace {

// --- what several model types share
// ---------------------------------------------------------------------------

void read_activation(HfReader& in) {
  const std::string name = in.word_or("hidden_act", "activation", "silu");
  if (name != "silu" && name != "swish") {
    in.problem("hidden_act", "this model type has gated MLPs; reckon knows them with silu alone");
  }
}

// Sizes and the token tables, with the defaults of the transformers library.
void read_body(HfReader& in, ModelSpec& model) {
  model.layers = in.integer("num_hidden_layers", "layers", 1);
  model.hidden = in.integer("hidden_size", "hidden", 1);
  model.vocabulary = in.integer("vocab_size", "vocabulary", 1);
  model.tied_embeddings = in.flag_or("tie_word_embeddings", "tied_embeddings", false);
  read_activation(in);
}

void read_heads(HfReader& in, ModelSpec& model) {
  AttentionSpec& a = model.attention;
  a.heads = in.integer("num_attention_heads", "attention.heads", 1);
  a.kv_heads = in.integer_or("num_key_value_heads", "attention.kv_heads", a.heads);
  a.kind = a.kv_heads == a.heads ? AttentionKind::mha : AttentionKind::gqa;
  in.derived("num_key_value_heads", "attention.kind", std::string(enum_name(a.kind)));
  if (in.has("head_dim")) {
    a.head_dim = in.integer("head_dim", "attention.head_dim", 1);
    return;
  }
  in.integer_or("head_dim", "attention.head_dim", model.hidden / a.heads);
  a.head_dim = model.hidden / a.heads;
  if (model.hidden > 1 && model.hidden % a.heads != 0) {
    in.problem("num_attention_heads", std::to_string(a.heads) + " heads do not divide hidden_size");
  }
}

// Llama has one key for all four projections.
void read_attention_bias(HfReader& in, ModelSpec& model, bool otherwise) {
  model.attention.bias_qkv = in.flag_or("attention_bias", "attention.bias_qkv", otherwise);
  model.attention.bias_out = model.attention.bias_qkv;
  if (model.attention.bias_out) in.derived("attention_bias", "attention.bias_out", "true");
}

// "layer_types": which layers have a window, and of which kind.
void read_layer_types(HfReader& in, ModelSpec& model, std::string_view windowed) {
  const std::vector<std::string> types = in.words("layer_types", "attention.full_attention_every");
  if (types.empty()) return;
  std::vector<bool> has_window;
  for (const std::string& type : types) {
    if (type != windowed && type != "full_attention") {
      in.problem("layer_types", in_quotes(type) + " is unknown; there are " +
                                    std::string(windowed) + ", full_attention");
      return;
    }
    has_window.push_back(type == windowed);
  }
  const auto every = full_attention_every_of(has_window);
  if (static_cast<int>(types.size()) != model.layers) {
    in.problem("layer_types", std::to_string(types.size()) + " entries for " +
                                  std::to_string(model.layers) + " layers");
  } else if (!every) {
    in.problem("layer_types", "reckon knows full attention in the last layer of every N alone");
  } else if (*every == 1) {
    model.attention.window = 0;
  } else {
    model.attention.full_attention_every = *every;
    in.derived("layer_types", "attention.full_attention_every", *every);
  }
}

void read_sliding_window(HfReader& in, ModelSpec& model, bool used) {
  AttentionSpec& a = model.attention;
  if (used && in.has("sliding_window")) {
    a.window = in.integer("sliding_window", "attention.window", 1);
  } else {
    in.ignore("sliding_window", "sliding windows are off");
  }
  if (a.window > 0) {
    read_layer_types(in, model, "sliding_attention");
  } else {
    in.ignore("layer_types", "sliding windows are off");
  }
}

// Qwen: windows only where a second key says so, and then from one layer on.
void read_optional_window(HfReader& in, ModelSpec& model) {
  const bool used = in.flag_or("use_sliding_window", "attention.window", false);
  read_sliding_window(in, model, used);
  if (model.attention.window == 0 || in.has("layer_types")) return;
  const int from = in.integer_or("max_window_layers", "attention.window", 0);
  if (from > 0 && from < model.layers) {
    in.problem("max_window_layers", "reckon cannot express windows from some layer on");
  } else if (from >= model.layers) {
    model.attention.window = 0;
  }
}

void set_moe_layers(HfReader& in, std::string_view key, const std::vector<bool>& has_experts,
                    ModelSpec& model) {
  const auto layers = moe_layers_of(has_experts);
  if (!layers) {
    in.problem(key, "reckon knows experts in one layer of every N behind leading dense ones alone");
    return;
  }
  model.moe->first_dense_layers = layers->first_dense;
  model.moe->layer_interval = layers->interval;
  model.moe->layer_offset = layers->offset;
  in.derived(key, "moe.first_dense_layers", layers->first_dense);
  in.derived(key, "moe.layer_interval", layers->interval);
  in.derived(key, "moe.layer_offset", layers->offset);
}

// Layers without experts, so far as a list can be short: what is longer is no transformer.
std::vector<bool> all_layers(const ModelSpec& model) {
  constexpr int most = 10000;
  return std::vector<bool>(static_cast<std::size_t>(std::min(model.layers, most)), true);
}

// --- dense models
// ---------------------------------------------------------------------------------

void read_llama(HfReader& in, ModelSpec& model) {
  read_body(in, model);
  read_heads(in, model);
  model.intermediate = in.integer("intermediate_size", "intermediate", 1);
  read_attention_bias(in, model, false);
  model.mlp_bias = in.flag_or("mlp_bias", "mlp_bias", false);
}

void read_mistral(HfReader& in, ModelSpec& model) {
  read_body(in, model);
  read_heads(in, model);
  model.intermediate = in.integer("intermediate_size", "intermediate", 1);
  read_sliding_window(in, model, true);
}

void read_qwen2(HfReader& in, ModelSpec& model) {
  read_body(in, model);
  read_heads(in, model);
  model.intermediate = in.integer("intermediate_size", "intermediate", 1);
  model.attention.bias_qkv = true;
  in.derived("model_type", "attention.bias_qkv", "true");
  read_optional_window(in, model);
}

void read_qwen3_attention(HfReader& in, ModelSpec& model) {
  read_heads(in, model);
  read_attention_bias(in, model, false);
  model.attention.qk_norm = in.flag_or("use_qk_norm", "attention.qk_norm", true);
  if (!model.attention.qk_norm) in.problem("use_qk_norm", "Qwen3 always has these norms");
  read_optional_window(in, model);
}

void read_qwen3(HfReader& in, ModelSpec& model) {
  read_body(in, model);
  read_qwen3_attention(in, model);
  model.intermediate = in.integer("intermediate_size", "intermediate", 1);
}

void read_gpt2(HfReader& in, ModelSpec& model) {
  model.layers = in.integer("n_layer", "layers", 1);
  model.hidden = in.integer("n_embd", "hidden", 1);
  model.vocabulary = in.integer("vocab_size", "vocabulary", 1);
  model.learned_positions = in.integer("n_positions", "learned_positions", 1);
  const int inner = model.hidden > 500'000'000 ? 1 : 4 * model.hidden;
  model.intermediate = in.integer_or("n_inner", "intermediate", inner);
  model.tied_embeddings = in.flag_or("tie_word_embeddings", "tied_embeddings", true);
  model.attention.heads = in.integer("n_head", "attention.heads", 1);
  model.attention.head_dim = model.hidden / model.attention.heads;
  in.derived("n_head", "attention.head_dim", model.attention.head_dim);
  const std::string activation = in.word_or("activation_function", "activation", "gelu_new");
  if (activation.rfind("gelu", 0) != 0) {
    in.problem("activation_function", "reckon knows gelu alone for this model type");
  }
  model.attention.kind = AttentionKind::mha;
  model.attention.bias_qkv = model.attention.bias_out = model.mlp_bias = true;
  model.activation = Activation::gelu;
  model.norm = Norm::layernorm;
  model.positions = Positions::learned;
  in.derived("model_type", "attention.kind", "mha");
  in.derived("model_type", "attention.bias_qkv, attention.bias_out, mlp_bias", "true");
  in.derived("model_type", "norm", "layernorm");
  in.derived("model_type", "positions", "learned");
}

// --- mixtures of experts
// ---------------------------------------------------------------------------------

void read_mixtral(HfReader& in, ModelSpec& model) {
  read_body(in, model);
  read_heads(in, model);
  MoeSpec& moe = model.moe.emplace();
  model.intermediate = in.integer("intermediate_size", "moe.expert_intermediate", 1);
  moe.expert_intermediate = model.intermediate;
  moe.experts = in.integer("num_local_experts", "moe.experts", 1);
  moe.experts_per_token = in.integer("num_experts_per_tok", "moe.experts_per_token", 1);
  read_sliding_window(in, model, true);
}

void read_qwen3_moe(HfReader& in, ModelSpec& model) {
  read_body(in, model);
  read_qwen3_attention(in, model);
  model.intermediate = in.integer("intermediate_size", "intermediate", 1);
  MoeSpec& moe = model.moe.emplace();
  moe.experts = in.integer("num_experts", "moe.experts", 1);
  moe.experts_per_token = in.integer("num_experts_per_tok", "moe.experts_per_token", 1);
  moe.expert_intermediate = in.integer("moe_intermediate_size", "moe.expert_intermediate", 1);
  if (in.integer_or("shared_expert_intermediate_size", "moe.shared_experts", 0) != 0) {
    in.problem("shared_expert_intermediate_size", "Qwen3 has no shared expert");
  }
  if (in.flag_or("qkv_bias", "attention.bias_qkv", false)) {
    in.problem("qkv_bias", "Qwen3 has attention_bias for this");
  }
  // A layer has experts where its number, counted from 1, is a multiple of the step.
  const int step = std::max(1, in.integer_or("decoder_sparse_step", "moe.layer_interval", 1));
  std::vector<bool> has_experts = all_layers(model);
  for (std::size_t layer = 0; layer < has_experts.size(); ++layer) {
    has_experts[layer] = (layer + 1) % static_cast<std::size_t>(step) == 0;
  }
  for (const int layer : in.integers("mlp_only_layers", "moe.first_dense_layers")) {
    if (layer < static_cast<int>(has_experts.size())) {
      has_experts[static_cast<std::size_t>(layer)] = false;
    }
  }
  set_moe_layers(in, "decoder_sparse_step", has_experts, model);
}

void read_minimax_m2(HfReader& in, ModelSpec& model) {
  read_body(in, model);
  read_heads(in, model);
  if (in.flag_or("use_qk_norm", "attention.qk_norm_all_heads", false)) {
    const std::string type = in.word_or("qk_norm_type", "attention.qk_norm_all_heads", "per_layer");
    model.attention.qk_norm_all_heads = type == "per_layer";
    if (type != "per_layer") in.problem("qk_norm_type", "reckon knows per_layer alone here");
  }
  MoeSpec& moe = model.moe.emplace();
  model.intermediate = in.integer("intermediate_size", "moe.expert_intermediate", 1);
  moe.expert_intermediate = model.intermediate;
  moe.experts = in.integer("num_local_experts", "moe.experts", 1);
  moe.experts_per_token = in.integer("num_experts_per_tok", "moe.experts_per_token", 1);
  moe.selection_bias = in.flag_or("use_routing_bias", "moe.selection_bias", false);
  if (in.word_or("scoring_func", "moe.router_score", "sigmoid") == "sigmoid") {
    moe.router_score = RouterScore::sigmoid;
  }
  if (in.integer_or("shared_intermediate_size", "moe.shared_experts", 0) != 0) {
    in.problem("shared_intermediate_size", "reckon knows no shared expert for this model type");
  }
  if (in.flag_or("use_mtp", "mtp_modules", false)) {
    model.mtp_modules = in.integer_or("num_mtp_modules", "mtp_modules", 1);
    if (in.integer_or("mtp_transformer_layers", "mtp_modules", 1) != 1) {
      in.problem("mtp_transformer_layers", "an MTP module has one layer in reckon");
    }
  } else {
    in.ignore("num_mtp_modules", "use_mtp is false");
    in.ignore("mtp_transformer_layers", "use_mtp is false");
  }
}

void read_gpt_oss(HfReader& in, ModelSpec& model) {
  read_body(in, model);
  read_heads(in, model);
  read_attention_bias(in, model, true);
  model.attention.sinks = true;
  in.derived("model_type", "attention.sinks", "true");
  MoeSpec& moe = model.moe.emplace();
  model.intermediate = in.integer("intermediate_size", "moe.expert_intermediate", 1);
  moe.expert_intermediate = model.intermediate;
  moe.experts = in.integer("num_local_experts", "moe.experts", 1);
  moe.experts_per_token = in.integer("num_experts_per_tok", "moe.experts_per_token", 1);
  const int twin =
      in.integer_or("experts_per_token", "moe.experts_per_token", moe.experts_per_token);
  if (twin != moe.experts_per_token) {
    in.problem("experts_per_token", "differs from num_experts_per_tok; the two are one number");
  }
  moe.router_bias = model.mlp_bias = true;
  in.derived("model_type", "moe.router_bias, mlp_bias", "true");
  read_sliding_window(in, model, true);
}

// A shared expert as wide as a routed one stands beside them; some layers are dense and wider.
// Layers with chunked attention alternate with layers without positions and chunks.
void read_llama4_window(HfReader& in, ModelSpec& model) {
  AttentionSpec& a = model.attention;
  if (!in.has("attention_chunk_size")) return;
  a.window = in.integer("attention_chunk_size", "attention.window", 1);
  a.window_kind = WindowKind::chunked;
  in.derived("attention_chunk_size", "attention.window_kind", "chunked");
  if (in.has("layer_types")) {
    read_layer_types(in, model, "chunked_attention");
    in.ignore("no_rope_layers", "layer_types tells which layers are chunked");
    return;
  }
  if (in.has("no_rope_layers")) {  // 1: rotary and chunked, 0: neither
    std::vector<bool> chunked;
    for (const int rotary : in.integers("no_rope_layers", "attention.full_attention_every")) {
      chunked.push_back(rotary != 0);
    }
    const auto every = full_attention_every_of(chunked);
    if (!every || static_cast<int>(chunked.size()) != model.layers) {
      in.problem("no_rope_layers", "reckon knows full attention in the last layer of every N");
    }
    a.full_attention_every = every.value_or(0);
    return;
  }
  a.full_attention_every =
      in.integer_or("no_rope_layer_interval", "attention.full_attention_every", 4);
}

void read_llama4(HfReader& in, ModelSpec& model) {
  read_body(in, model);
  read_heads(in, model);
  read_attention_bias(in, model, false);
  in.ignore("use_qk_norm", "Llama 4 norms queries and keys without parameters");
  read_llama4_window(in, model);
  MoeSpec& moe = model.moe.emplace();
  model.intermediate = in.integer("intermediate_size_mlp", "intermediate", 1);
  moe.expert_intermediate = in.integer("intermediate_size", "moe.expert_intermediate", 1);
  moe.experts = in.integer("num_local_experts", "moe.experts", 1);
  moe.experts_per_token = in.integer("num_experts_per_tok", "moe.experts_per_token", 1);
  moe.router_score = RouterScore::sigmoid;
  moe.shared_experts = 1;
  in.derived("model_type", "moe.router_score", "sigmoid");
  in.derived("model_type", "moe.shared_experts", 1);
  const int step = std::max(1, in.integer("interleave_moe_layer_step", "moe.layer_interval", 1));
  std::vector<bool> has_experts = all_layers(model);
  for (std::size_t layer = 0; layer < has_experts.size(); ++layer) {
    has_experts[layer] = (layer + 1) % static_cast<std::size_t>(step) == 0;
  }
  if (in.has("moe_layers")) {
    has_experts.assign(has_experts.size(), false);
    for (const int layer : in.integers("moe_layers", "moe.layer_interval")) {
      if (layer < static_cast<int>(has_experts.size())) {
        has_experts[static_cast<std::size_t>(layer)] = true;
      }
    }
  }
  set_moe_layers(in, "interleave_moe_layer_step", has_experts, model);
}

// --- DeepSeek and those that took over its architecture
// ---------------------------------------------------------------------

void read_mla(HfReader& in, ModelSpec& model) {
  AttentionSpec& a = model.attention;
  a.kind = AttentionKind::mla;
  in.derived("kv_lora_rank", "attention.kind", "mla");
  a.heads = in.integer("num_attention_heads", "attention.heads", 1);
  in.ignore("num_key_value_heads", "multi-head latent attention has none of their own");
  a.q_lora_rank = in.integer_or("q_lora_rank", "attention.q_lora_rank", 0);
  a.kv_lora_rank = in.integer("kv_lora_rank", "attention.kv_lora_rank", 1);
  a.qk_nope_head_dim = in.integer("qk_nope_head_dim", "attention.qk_nope_head_dim", 1);
  a.qk_rope_head_dim = in.integer("qk_rope_head_dim", "attention.qk_rope_head_dim", 0);
  a.v_head_dim = in.integer("v_head_dim", "attention.v_head_dim", 1);
  in.ignore("head_dim", "the rotary part alone; qk_rope_head_dim has it");
  if (in.has("qk_head_dim") && in.integer("qk_head_dim", "attention.qk_nope_head_dim + rope", 1) !=
                                   a.qk_nope_head_dim + a.qk_rope_head_dim) {
    in.problem("qk_head_dim", "is not qk_nope_head_dim + qk_rope_head_dim");
  }
  if (in.flag_or("attention_bias", "attention.bias_qkv", false)) {
    in.problem("attention_bias", "reckon knows no biases in multi-head latent attention");
  }
}

void read_deepseek_experts(HfReader& in, ModelSpec& model) {
  MoeSpec& moe = model.moe.emplace();
  moe.experts = in.integer("n_routed_experts", "moe.experts", 1);
  moe.experts_per_token = in.integer("num_experts_per_tok", "moe.experts_per_token", 1);
  moe.expert_intermediate = in.integer("moe_intermediate_size", "moe.expert_intermediate", 1);
  moe.shared_experts = in.integer_or("n_shared_experts", "moe.shared_experts", 0);
  moe.groups = in.integer_or("n_group", "moe.groups", 1);
  moe.groups_per_token = in.integer_or("topk_group", "moe.groups_per_token", 1);
  const std::string score = in.word_or("scoring_func", "moe.router_score", "softmax");
  if (score != "softmax" && score != "sigmoid") {
    in.problem("scoring_func", in_quotes(score) + " is unknown; there are softmax, sigmoid");
  }
  moe.router_score = score == "sigmoid" ? RouterScore::sigmoid : RouterScore::softmax;
  moe.selection_bias = in.word_or("topk_method", "moe.selection_bias", "greedy") == "noaux_tc";
  if (moe.selection_bias) in.derived("topk_method", "moe.selection_bias", "true");
  const int dense = in.integer_or("first_k_dense_replace", "moe.first_dense_layers", 0);
  const int step = std::max(1, in.integer_or("moe_layer_freq", "moe.layer_interval", 1));
  std::vector<bool> has_experts = all_layers(model);
  for (int layer = 0; layer < static_cast<int>(has_experts.size()); ++layer) {
    has_experts[static_cast<std::size_t>(layer)] = layer >= dense && layer % step == 0;
  }
  set_moe_layers(in, "first_k_dense_replace", has_experts, model);
}

void read_deepseek(HfReader& in, ModelSpec& model) {
  read_body(in, model);
  read_mla(in, model);
  model.intermediate = in.integer("intermediate_size", "intermediate", 1);
  read_deepseek_experts(in, model);
  model.mtp_modules = in.integer_or("num_nextn_predict_layers", "mtp_modules", 0);
}

void read_deepseek_sparse(HfReader& in, ModelSpec& model) {
  read_deepseek(in, model);
  IndexerSpec& indexer = model.attention.indexer.emplace();
  indexer.heads = in.integer("index_n_heads", "attention.indexer.heads", 1);
  indexer.head_dim = in.integer("index_head_dim", "attention.indexer.head_dim", 1);
  indexer.top_k = in.integer("index_topk", "attention.indexer.top_k", 1);
}

constexpr std::array<HfArchitecture, 16> architectures{{
    {"deepseek_v2", read_deepseek},
    {"deepseek_v3", read_deepseek},
    {"deepseek_v32", read_deepseek_sparse},
    {"glm_moe_dsa", read_deepseek_sparse},
    {"gpt2", read_gpt2},
    {"gpt_oss", read_gpt_oss},
    {"kimi_k2", read_deepseek},
    {"llama", read_llama},
    {"llama4", read_llama4},
    {"llama4_text", read_llama4},
    {"minimax_m2", read_minimax_m2},
    {"mistral", read_mistral},
    {"mixtral", read_mixtral},
    {"qwen2", read_qwen2},
    {"qwen3", read_qwen3},
    {"qwen3_moe", read_qwen3_moe},
}};

}  // namespace

std::span<const HfArchitecture> hf_architectures() { return architectures; }

}  // namespace reckon

#include "planner/import/hf_architectures.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "planner/import/hf_parts.hpp"
#include "planner/import/layer_pattern.hpp"

namespace reckon {
namespace {

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

#include "planner/import/megatron_model.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "planner/import/layer_pattern.hpp"

namespace reckon {
namespace {

constexpr int most = 100'000'000;

int needed(MegatronReader& in, std::string_view name, std::string_view field) {
  if (!in.has(name)) {
    in.integer(name, field, 1);
    in.problem(name, "missing; a model needs it");
    return 1;
  }
  return std::min(most, in.integer(name, field, 1).value_or(1));
}

// Tokenizers that have one vocabulary alone.
constexpr std::array<std::pair<std::string_view, int>, 3> vocabularies{{
    {"GPT2BPETokenizer", 50257},
    {"Llama2Tokenizer", 32000},
    {"BertWordPieceLowerCase", 30522},
}};

// Megatron-LM pads to a multiple of --make-vocab-size-divisible-by x tensor parallel ranks.
void read_vocabulary(MegatronReader& in, int given, ModelSpec& model) {
  const int multiple = in.integer_or("make_vocab_size_divisible_by", "vocabulary", 128, 1);
  const int ranks =
      in.integer_or("tensor_model_parallel_size", "parallelism.tensor_parallel", 1, 1);
  const std::string tokenizer = in.word_or("tokenizer_type", "vocabulary", "none");
  const std::optional<int> padded = in.integer("padded_vocab_size", "vocabulary");
  const std::optional<int> plain = in.integer("vocab_size", "vocabulary");
  if (given == 0 && padded.value_or(0) > 0) {
    model.vocabulary = *padded;
    return;
  }
  long long size = given > 0 ? given : plain.value_or(0);
  for (const auto& [name, tokens] : vocabularies) {
    if (size == 0 && tokenizer == name) size = tokens;
  }
  if (size == 0) {
    in.problem("vocab_size", "missing, and " + in_quotes(tokenizer) +
                                 " does not tell it; give --vocabulary COUNT");
    return;
  }
  const long long step = static_cast<long long>(multiple) * ranks;
  model.vocabulary = static_cast<int>(std::min<long long>(most, (size + step - 1) / step * step));
  in.derived("make_vocab_size_divisible_by", "vocabulary", model.vocabulary);
}

void read_positions(MegatronReader& in, ModelSpec& model) {
  const bool rotary = in.flag("use_rotary_position_embeddings", "positions", "rotary");
  const std::string type =
      in.word_or("position_embedding_type", "positions", rotary ? "rope" : "learned_absolute");
  const std::optional<int> rows = in.integer("max_position_embeddings", "learned_positions", 1);
  if (type == "rope" || type == "yarn" || rotary) {
    model.positions = Positions::rotary;
  } else if (type == "learned_absolute") {
    model.positions = Positions::learned;
    model.learned_positions = rows.value_or(0);
    if (!rows) in.problem("max_position_embeddings", "missing; learned positions need it");
  } else {
    in.problem("position_embedding_type", "reckon knows rope, yarn and learned_absolute");
  }
}

void read_mlp(MegatronReader& in, ModelSpec& model) {
  const int width = model.hidden > most / 4 ? most : 4 * model.hidden;
  const bool swiglu = in.flag("swiglu", "activation", "swiglu");
  const bool squared = in.flag("squared_relu", "activation", "squared_relu");
  model.activation = swiglu    ? Activation::swiglu
                     : squared ? Activation::squared_relu
                               : Activation::gelu;
  if (!swiglu && !squared) in.derived("swiglu", "activation", "gelu");
  // Megatron-LM makes a gated MLP narrower by 2/3 unless told its width, to a multiple of 64.
  const int gated = static_cast<int>(4LL * model.hidden * 2 / 3 / 64 * 64);
  model.intermediate =
      in.integer_or("ffn_hidden_size", "intermediate", swiglu ? std::max(1, gated) : width, 1);
  const bool none = in.flag("disable_bias_linear", "mlp_bias", "false");
  const std::optional<bool> dumped = in.toggle("add_bias_linear", "mlp_bias");
  model.mlp_bias = dumped.value_or(!none);
  if (!none && !dumped) in.derived("disable_bias_linear", "mlp_bias", "true");
  const std::string norm = in.word_or("normalization", "norm", "LayerNorm");
  if (norm != "LayerNorm" && norm != "RMSNorm") {
    in.problem("normalization", "reckon knows LayerNorm and RMSNorm");
  }
  model.norm = norm == "RMSNorm" ? Norm::rmsnorm : Norm::layernorm;
}

void read_latent_attention(MegatronReader& in, AttentionSpec& a) {
  a.kind = AttentionKind::mla;
  a.q_lora_rank = in.integer_or("q_lora_rank", "attention.q_lora_rank", 0);
  a.kv_lora_rank = in.integer_or("kv_lora_rank", "attention.kv_lora_rank", 32, 1);
  a.qk_nope_head_dim = in.integer_or("qk_head_dim", "attention.qk_nope_head_dim", 128, 1);
  a.qk_rope_head_dim = in.integer_or("qk_pos_emb_head_dim", "attention.qk_rope_head_dim", 64);
  a.v_head_dim = in.integer_or("v_head_dim", "attention.v_head_dim", 128, 1);
  in.ignore("kv_channels", "multi-latent attention has sizes of its own");
  in.ignore("num_query_groups", "multi-latent attention has none");
  in.ignore("group_query_attention", "multi-latent attention has none");
  in.ignore("qk_layernorm", "the norms of the compressed queries and keys are always counted");
}

void read_grouped_attention(MegatronReader& in, ModelSpec& model) {
  AttentionSpec& a = model.attention;
  for (const std::string_view name :
       {"q_lora_rank", "kv_lora_rank", "qk_head_dim", "qk_pos_emb_head_dim", "v_head_dim"}) {
    in.ignore(name, "of multi-latent attention, which is off");
  }
  const bool grouped = in.flag("group_query_attention", "attention.kind", "gqa");
  const int groups = in.integer_or("num_query_groups", "attention.kv_heads", 1, 1);
  a.kind = grouped ? AttentionKind::gqa : AttentionKind::mha;
  if (grouped) a.kv_heads = groups;
  if (!grouped) in.derived("group_query_attention", "attention.kind", "mha");
  a.head_dim = in.integer_or("kv_channels", "attention.head_dim",
                             std::max(1, model.hidden / std::max(1, a.heads)), 1);
  a.qk_norm = in.flag("qk_layernorm", "attention.qk_norm");
  a.bias_out = model.mlp_bias;
  a.bias_qkv = in.flag("add_qkv_bias", "attention.bias_qkv") || model.mlp_bias;
  in.derived("disable_bias_linear", "attention.bias_out", a.bias_out ? "true" : "false");
}

// "(128,0)": keys to the left and to the right. Megatron-LM counts the left ones without the query.
void read_window(MegatronReader& in, ModelSpec& model) {
  const std::vector<std::string> window = in.words("window_size", "attention.window");
  if (window.empty()) {
    in.ignore("window_attn_skip_freq", "there is no window");
    return;
  }
  std::string text;
  for (const std::string& part : window) text += part;
  int left = 0;
  const std::size_t start = text.find_first_of("0123456789");
  const bool known =
      start != std::string::npos &&
      std::from_chars(text.data() + start, text.data() + text.size(), left).ec == std::errc() &&
      left > 0 && left < most;
  if (!known) {
    in.problem("window_size", "expected two numbers like (128,0), got " + in_quotes(text));
    return;
  }
  model.attention.window = left + 1;
  in.derived("window_size", "attention.window", model.attention.window);
  if (in.has("window_attn_skip_freq")) {
    // A number N: every N-th layer is full; a list: 1 has a window.
    const std::vector<int> list =
        megatron_list(in, "window_attn_skip_freq", "attention.full_attention_every");
    if (list.size() == 1) {
      model.attention.full_attention_every = list[0];
      return;
    }
    std::vector<bool> windowed;
    for (const int layer : list) windowed.push_back(layer != 0);
    const auto every = full_attention_every_of(windowed);
    if (!every || static_cast<int>(list.size()) != model.layers) {
      in.problem("window_attn_skip_freq", "reckon knows full attention in the last of every N");
    }
    model.attention.full_attention_every = every.value_or(0);
  }
}

void read_attention(MegatronReader& in, ModelSpec& model) {
  model.attention.heads = needed(in, "num_attention_heads", "attention.heads");
  if (in.flag("multi_latent_attention", "attention.kind", "mla")) {
    read_latent_attention(in, model.attention);
  } else {
    read_grouped_attention(in, model);
  }
  read_window(in, model);
  const std::string softmax = in.word_or("softmax_type", "attention.sinks", "vanilla");
  model.attention.sinks = softmax == "learnable";
  if (softmax != "learnable" && softmax != "vanilla") {
    in.problem("softmax_type", "reckon knows vanilla and learnable");
  }
}

void read_layers_with_experts(MegatronReader& in, ModelSpec& model) {
  MoeSpec& moe = *model.moe;
  if (!in.has("moe_layer_freq")) {
    in.integer_or("moe_layer_freq", "moe.layer_interval", 1);
    return;
  }
  const std::vector<int> list = megatron_list(in, "moe_layer_freq", "moe layers");
  if (list.empty()) return;
  std::vector<bool> has_experts;
  if (list.size() == 1 && list[0] > 0) {
    for (int layer = 0; layer < std::min(model.layers, 10000); ++layer) {
      has_experts.push_back(layer % list[0] == 0);
    }
  } else {
    for (const int layer : list) has_experts.push_back(layer != 0);
  }
  const auto layers = moe_layers_of(has_experts);
  if (static_cast<int>(has_experts.size()) != model.layers) {
    in.problem("moe_layer_freq", std::to_string(has_experts.size()) + " entries for " +
                                     std::to_string(model.layers) + " layers");
  } else if (!layers) {
    in.problem("moe_layer_freq",
               "reckon knows experts in one layer of every N behind leading dense ones alone");
  } else {
    moe.first_dense_layers = layers->first_dense;
    moe.layer_interval = layers->interval;
    moe.layer_offset = layers->offset;
    in.derived("moe_layer_freq", "moe.first_dense_layers", moe.first_dense_layers);
    in.derived("moe_layer_freq", "moe.layer_interval", moe.layer_interval);
    in.derived("moe_layer_freq", "moe.layer_offset", moe.layer_offset);
  }
}

void read_experts(MegatronReader& in, ModelSpec& model) {
  const std::optional<int> experts = in.integer("num_experts", "moe.experts");
  if (experts.value_or(0) == 0) {
    for (const std::string_view name :
         {"moe_ffn_hidden_size", "moe_layer_freq", "moe_router_group_topk", "moe_router_num_groups",
          "moe_router_topk", "moe_router_score_function", "moe_shared_expert_intermediate_size",
          "moe_router_enable_expert_bias"}) {
      in.ignore(name, "there are no experts");
    }
    return;
  }
  MoeSpec& moe = model.moe.emplace();
  moe.experts = *experts;
  moe.expert_intermediate =
      in.integer_or("moe_ffn_hidden_size", "moe.expert_intermediate", model.intermediate, 1);
  moe.experts_per_token = in.integer_or("moe_router_topk", "moe.experts_per_token", 2, 1);
  moe.groups = in.integer_or("moe_router_num_groups", "moe.groups", 1, 1);
  moe.groups_per_token = in.integer_or("moe_router_group_topk", "moe.groups_per_token", 1, 1);
  const std::string score = in.word_or("moe_router_score_function", "moe.router_score", "softmax");
  if (score != "softmax" && score != "sigmoid") {
    in.problem("moe_router_score_function", "reckon knows softmax and sigmoid");
  }
  moe.router_score = score == "sigmoid" ? RouterScore::sigmoid : RouterScore::softmax;
  moe.selection_bias = in.flag("moe_router_enable_expert_bias", "moe.selection_bias");
  const int shared = in.integer_or("moe_shared_expert_intermediate_size", "moe.shared_experts", 0);
  moe.shared_experts = shared / moe.expert_intermediate;
  in.derived("moe_shared_expert_intermediate_size", "moe.shared_experts", moe.shared_experts);
  if (shared % moe.expert_intermediate != 0) {
    in.problem("moe_shared_expert_intermediate_size",
               "reckon knows shared experts of the routed ones' width, " +
                   std::to_string(moe.expert_intermediate) + ", alone");
  }
  read_layers_with_experts(in, model);
}

}  // namespace

std::vector<int> megatron_list(MegatronReader& in, std::string_view name, std::string_view field) {
  std::string text;
  for (const std::string& part : in.words(name, field)) text += part;
  int one = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), one);
  if (error == std::errc() && end == text.data() + text.size()) return {one};
  try {
    return list_expression(text);
  } catch (const std::invalid_argument& what) {
    in.problem(name, (text.empty() ? "an empty list" : in_quotes(text) + " " + what.what()));
    return {};
  }
}

void read_megatron_model(MegatronReader& in, int vocabulary, ModelSpec& model) {
  model.layers = needed(in, "num_layers", "layers");
  model.hidden = needed(in, "hidden_size", "hidden");
  read_vocabulary(in, vocabulary, model);
  model.tied_embeddings =
      !in.flag("untie_embeddings_and_output_weights", "tied_embeddings", "false");
  if (model.tied_embeddings) {
    in.derived("untie_embeddings_and_output_weights", "tied_embeddings", "true");
  }
  read_positions(in, model);
  read_mlp(in, model);
  read_attention(in, model);
  read_experts(in, model);
  model.mtp_modules = in.integer_or("mtp_num_layers", "mtp_modules", 0);
}

}  // namespace reckon

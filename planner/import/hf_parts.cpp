#include "planner/import/hf_parts.hpp"

#include <algorithm>

#include "planner/import/layer_pattern.hpp"

namespace reckon {

namespace {

void read_activation(HfReader& in) {
  const std::string name = in.word_or("hidden_act", "activation", "silu");
  if (name != "silu" && name != "swish") {
    in.problem("hidden_act", "this model type has gated MLPs; reckon knows them with silu alone");
  }
}

}  // namespace

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

}  // namespace reckon

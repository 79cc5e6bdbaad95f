#include "planner/import/hf_reader.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <variant>

#include "planner/spec/fields.hpp"

namespace reckon {
namespace {

struct Harmless {
  std::string_view key;
  std::string_view reason;
};

constexpr std::string_view identity = "names files and classes";
constexpr std::string_view tokens = "token numbers of the tokenizer";
constexpr std::string_view numerics = "changes values, not sizes";
constexpr std::string_view rotary = "rotary positions have no parameters";
constexpr std::string_view inference = "for generation only";
constexpr std::string_view storage = "how the checkpoint is stored; a plan sets the precision";
constexpr std::string_view running = "how the model was run, not what it is";

// Known to change neither the size of a model nor its work.
constexpr std::array<Harmless, 75> harmless_keys{{
    {"_name_or_path", identity},
    {"architectures", identity},
    {"auto_map", identity},
    {"model_type", identity},
    {"transformers_version", identity},
    {"bos_token_id", tokens},
    {"eos_token_id", tokens},
    {"pad_token_id", tokens},
    {"boi_token_index", tokens},
    {"eoi_token_index", tokens},
    {"image_token_index", tokens},
    {"attention_dropout", numerics},
    {"attn_pdrop", numerics},
    {"aux_loss_alpha", numerics},
    {"attn_scale", numerics},
    {"attn_temperature_tuning", numerics},
    {"embd_pdrop", numerics},
    {"floor_scale", numerics},
    {"hidden_dropout", numerics},
    {"initializer_range", numerics},
    {"layer_norm_epsilon", numerics},
    {"norm_topk_prob", numerics},
    {"output_router_logits", numerics},
    {"reorder_and_upcast_attn", numerics},
    {"resid_pdrop", numerics},
    {"residual_dropout", numerics},
    {"rms_norm_eps", numerics},
    {"routed_scaling_factor", numerics},
    {"router_aux_loss_coef", numerics},
    {"router_jitter_noise", numerics},
    {"scale_attn_by_inverse_layer_idx", numerics},
    {"scale_attn_weights", numerics},
    {"seq_aux", numerics},
    {"swiglu_limit", numerics},
    {"indexer_rope_interleave", rotary},
    {"initial_context_length", rotary},
    {"max_position_embeddings", "a limit; rotary positions have no parameters"},
    {"max_window_layers", "of sliding windows, which are off"},
    {"n_ctx", "a limit, the same as n_positions"},
    {"no_rope_layer_interval", rotary},
    {"partial_rotary_factor", rotary},
    {"rope_interleave", rotary},
    {"rope_parameters", rotary},
    {"rope_scaling", rotary},
    {"rope_theta", rotary},
    {"rotary_dim", rotary},
    {"cache_implementation", inference},
    {"do_sample", inference},
    {"max_length", inference},
    {"summary_activation", inference},
    {"summary_first_dropout", inference},
    {"summary_proj_to_labels", inference},
    {"summary_type", inference},
    {"summary_use_proj", inference},
    {"task_specific_params", inference},
    {"use_cache", inference},
    {"dtype", storage},
    {"quantization_config", storage},
    {"torch_dtype", storage},
    {"ep_size", running},
    {"for_llm_compressor", running},
    {"gradient_checkpointing", running},
    {"output_attentions", running},
    {"output_hidden_states", running},
    {"pretraining_tp", running},
    {"return_dict", running},
    {"use_bfloat16", running},
    {"vision_config", "the vision encoder is not part of a language model's training here"},
    {"id2label", identity},
    {"label2id", identity},
    {"chunk_size_feed_forward", running},
    {"is_encoder_decoder", running},
    {"is_decoder", running},
    {"attn_implementation", running},
    {"_attn_implementation_autoset", running},
}};

const Harmless* find_harmless(std::string_view key) {
  const auto* const found = std::find_if(harmless_keys.begin(), harmless_keys.end(),
                                         [key](const Harmless& one) { return one.key == key; });
  return found != harmless_keys.end() ? found : nullptr;
}

std::string as_text(bool value) { return value ? "true" : "false"; }

}  // namespace

HfReader::HfReader(const Document& document, ImportReport& report)
    : document_(document), report_(report) {
  const auto* root = std::get_if<JsonNode::Object>(&document.root().value);
  if (root == nullptr) {
    problems_.push_back(
        document.problem(document.root().offset, "",
                         "expected an object, got " + document.describe(document.root())));
    return;
  }
  for (const JsonMember& member : *root) {
    const auto* nested = std::get_if<JsonNode::Object>(&member.value.value);
    if (member.key == "text_config" && nested != nullptr) add(*nested, true);
  }
  add(*root, false);
}

void HfReader::add(const JsonNode::Object& members, bool nested) {
  for (const JsonMember& member : members) {
    const bool is_body = member.key == "text_config" &&
                         std::holds_alternative<JsonNode::Object>(member.value.value) && !nested;
    if (is_body) continue;
    entries_.push_back({member.key, &member.value, member.key_offset, nested, false});
  }
}

HfReader::Entry* HfReader::find(std::string_view key) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [key](const Entry& entry) { return entry.key == key; });
  return found != entries_.end() ? &*found : nullptr;
}
const HfReader::Entry* HfReader::find(std::string_view key) const {
  return const_cast<HfReader*>(this)->find(key);
}

bool HfReader::has(std::string_view key) const {
  const Entry* entry = find(key);
  return entry != nullptr && !std::holds_alternative<std::nullptr_t>(entry->node->value);
}

const JsonNode* HfReader::take(std::string_view key) {
  asked_.push_back(key);
  Entry* entry = find(key);
  if (entry == nullptr) return nullptr;
  entry->taken = true;
  return std::holds_alternative<std::nullptr_t>(entry->node->value) ? nullptr : entry->node;
}

std::string HfReader::text(const JsonNode& node) const {
  if (const auto* word = std::get_if<std::string>(&node.value)) return printable(*word);
  if (const auto* list = std::get_if<JsonNode::Array>(&node.value)) {
    return "list of " + std::to_string(list->size());
  }
  if (std::holds_alternative<JsonNode::Object>(node.value)) return "object";
  return document_.describe(node);
}

void HfReader::log(std::string_view key, const JsonNode* node, std::string_view field,
                   std::string value) {
  report_.interpreted.push_back({std::string(key), node == nullptr ? absent : text(*node),
                                 std::string(field), std::move(value)});
}

std::string HfReader::pointer(const Entry& entry) {
  const JsonPath root;
  if (!entry.nested) return root.at(entry.key).pointer();
  const JsonPath body = root.at("text_config");
  return body.at(entry.key).pointer();
}

std::string HfReader::name_of(const Entry& entry) {
  return (entry.nested ? "text_config." : "") + printable(entry.key);
}

void HfReader::problem(std::string_view key, std::string message) {
  const Entry* entry = find(key);
  if (entry == nullptr) {
    const JsonPath root;
    problems_.push_back(
        document_.problem(document_.root().offset, root.at(key).pointer(), std::move(message)));
  } else {
    problems_.push_back(
        document_.problem(entry->node->offset, pointer(*entry), std::move(message)));
  }
}

void HfReader::wrong_type(std::string_view key, const JsonNode& node, std::string_view expected) {
  problem(key, "expected " + std::string(expected) + ", got " + document_.describe(node));
}

int HfReader::integer(std::string_view key, std::string_view field, int least) {
  const JsonNode* node = take(key);
  if (node == nullptr) {
    problem(key, "missing; this model type needs it");
    return least;
  }
  const auto* value = std::get_if<std::int64_t>(&node->value);
  if (value == nullptr || *value < least || *value > std::numeric_limits<int>::max()) {
    wrong_type(key, *node, "an integer of at least " + std::to_string(least));
    return least;
  }
  log(key, node, field, std::to_string(*value));
  return static_cast<int>(*value);
}

int HfReader::integer_or(std::string_view key, std::string_view field, int otherwise) {
  if (has(key)) return integer(key, field);
  take(key);
  log(key, nullptr, field, std::to_string(otherwise));
  return otherwise;
}

bool HfReader::flag_or(std::string_view key, std::string_view field, bool otherwise) {
  const JsonNode* node = take(key);
  bool value = otherwise;
  if (node != nullptr) {
    const auto* flag = std::get_if<bool>(&node->value);
    if (flag == nullptr) {
      wrong_type(key, *node, "true or false");
      return otherwise;
    }
    value = *flag;
  }
  log(key, node, field, as_text(value));
  return value;
}

std::string HfReader::word(std::string_view key, std::string_view field) {
  if (has(key)) return word_or(key, field, "");
  take(key);
  problem(key, "missing; this model type needs it");
  return {};
}

std::string HfReader::word_or(std::string_view key, std::string_view field,
                              std::string_view otherwise) {
  const JsonNode* node = take(key);
  std::string value(otherwise);
  if (node != nullptr) {
    const auto* word = std::get_if<std::string>(&node->value);
    if (word == nullptr) {
      wrong_type(key, *node, "a string");
      return value;
    }
    value = *word;
  }
  log(key, node, field, printable(value));
  return value;
}

std::vector<int> HfReader::integers(std::string_view key, std::string_view field) {
  const JsonNode* node = take(key);
  if (node == nullptr) return {};
  std::vector<int> values;
  const auto* list = std::get_if<JsonNode::Array>(&node->value);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto* value = std::get_if<std::int64_t>(&(*list)[i].value);
    if (value == nullptr || *value < 0 || *value > std::numeric_limits<int>::max()) list = nullptr;
    if (list != nullptr) values.push_back(static_cast<int>(*value));
  }
  if (list == nullptr) {
    wrong_type(key, *node, "a list of integers");
    return {};
  }
  log(key, node, field, std::to_string(values.size()) + " entries");
  return values;
}

std::vector<std::string> HfReader::words(std::string_view key, std::string_view field) {
  const JsonNode* node = take(key);
  if (node == nullptr) return {};
  std::vector<std::string> values;
  const auto* list = std::get_if<JsonNode::Array>(&node->value);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto* value = std::get_if<std::string>(&(*list)[i].value);
    if (value == nullptr) {
      list = nullptr;
    } else {
      values.push_back(*value);
    }
  }
  if (list == nullptr) {
    wrong_type(key, *node, "a list of strings");
    return {};
  }
  log(key, node, field, std::to_string(values.size()) + " entries");
  return values;
}

void HfReader::derived(std::string_view from, std::string_view field, std::string value) {
  report_.interpreted.push_back(
      {std::string(from), "derived", std::string(field), std::move(value)});
}
void HfReader::derived(std::string_view from, std::string_view field, int value) {
  derived(from, field, std::to_string(value));
}

void HfReader::ignore(std::string_view key, std::string reason) {
  Entry* entry = find(key);
  if (entry == nullptr || entry->taken) return;
  entry->taken = true;
  report_.ignored.push_back({name_of(*entry), text(*entry->node), std::move(reason)});
}

void HfReader::finish() {
  std::vector<std::string_view> known = asked_;
  for (const Harmless& one : harmless_keys) known.push_back(one.key);
  for (const Entry& entry : entries_) {
    if (entry.taken) continue;
    const Harmless* harmless = find_harmless(entry.key);
    const Entry* first = find(entry.key);
    std::string reason;
    if (harmless != nullptr) {
      reason = harmless->reason;
    } else if (first != &entry && first->taken) {
      reason = "text_config has it too";
    }
    if (!reason.empty()) {
      report_.ignored.push_back({name_of(entry), text(*entry.node), reason});
      continue;
    }
    const auto near = closest(entry.key, known);
    problems_.push_back(document_.problem(
        entry.key_offset, pointer(entry),
        "unknown key; it may change the size of the model" +
            (near && *near != entry.key ? "; did you mean \"" + std::string(*near) + "\"?"
                                        : std::string("; take it out if it does not"))));
  }
  std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
}

}  // namespace reckon

// What several Hugging Face model types share.
#pragma once

#include <string_view>
#include <vector>

#include "planner/import/hf_reader.hpp"
#include "planner/spec/model_spec.hpp"

namespace reckon {

// Sizes and the token tables, with the defaults of the transformers library.
void read_body(HfReader& in, ModelSpec& model);

// Of MHA and GQA.
void read_heads(HfReader& in, ModelSpec& model);

// One key for all four projections.
void read_attention_bias(HfReader& in, ModelSpec& model, bool otherwise);

// "layer_types": which layers have a window, by the name that such layers have.
void read_layer_types(HfReader& in, ModelSpec& model, std::string_view windowed);

void read_sliding_window(HfReader& in, ModelSpec& model, bool used);

// Qwen: windows only where a second key says so, and then from one layer on.
void read_optional_window(HfReader& in, ModelSpec& model);

// Which layers have experts; problems are reported at `key`.
void set_moe_layers(HfReader& in, std::string_view key, const std::vector<bool>& has_experts,
                    ModelSpec& model);

// All of them with experts; as many as a model can have at most.
std::vector<bool> all_layers(const ModelSpec& model);

// DeepSeek-V2, V3 and those that took over their architecture; with the indexer of V3.2.
void read_deepseek(HfReader& in, ModelSpec& model);
void read_deepseek_sparse(HfReader& in, ModelSpec& model);

}  // namespace reckon

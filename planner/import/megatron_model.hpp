// The model in Megatron-LM's arguments.
#pragma once

#include "planner/import/megatron_reader.hpp"
#include "planner/spec/model_spec.hpp"

namespace reckon {

// `vocabulary` 0: what the arguments say.
void read_megatron_model(MegatronReader& in, int vocabulary, ModelSpec& model);

// --moe-layer-freq and such: a list expression, or a number N for the first of every N. Empty and a
// problem if it is neither.
std::vector<int> megatron_list(MegatronReader& in, std::string_view name, std::string_view field);

}  // namespace reckon

// From a list with one entry a layer to the few numbers that ModelSpec has for it.
#pragma once

#include <optional>
#include <vector>

#include "planner/spec/model_spec.hpp"

namespace reckon {

// first_dense_layers, layer_interval and layer_offset of a list of layers with (true) and without
// experts; empty if no such numbers give the list.
struct MoeLayers {
  int first_dense = 0;
  int interval = 1;
  int offset = 0;
};
std::optional<MoeLayers> moe_layers_of(const std::vector<bool>& has_experts);

// full_attention_every of a list of layers with (true) and without a window; empty if none gives
// the list.
std::optional<int> full_attention_every_of(const std::vector<bool>& has_window);

}  // namespace reckon

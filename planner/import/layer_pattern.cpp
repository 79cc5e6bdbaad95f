#include "planner/import/layer_pattern.hpp"

#include <algorithm>
#include <cstddef>

namespace reckon {

std::optional<MoeLayers> moe_layers_of(const std::vector<bool>& has_experts) {
  std::vector<int> places;
  for (std::size_t layer = 0; layer < has_experts.size(); ++layer) {
    if (has_experts[layer]) places.push_back(static_cast<int>(layer));
  }
  if (places.empty()) return std::nullopt;
  MoeLayers found;
  found.interval = places.size() > 1 ? places[1] - places[0] : 1;
  found.offset = places[0] % found.interval;
  // Without leading dense layers the rule would start an interval earlier.
  found.first_dense = places[0] >= found.interval ? places[0] : 0;
  for (int layer = 0; layer < static_cast<int>(has_experts.size()); ++layer) {
    const bool expected = layer >= found.first_dense && layer % found.interval == found.offset;
    if (expected != has_experts[static_cast<std::size_t>(layer)]) return std::nullopt;
  }
  return found;
}

std::optional<int> full_attention_every_of(const std::vector<bool>& has_window) {
  const auto full = std::find(has_window.begin(), has_window.end(), false);
  const int every = full == has_window.end() ? 0 : static_cast<int>(full - has_window.begin()) + 1;
  for (int layer = 0; layer < static_cast<int>(has_window.size()); ++layer) {
    const bool expected = every == 0 || (layer + 1) % every != 0;
    if (expected != has_window[static_cast<std::size_t>(layer)]) return std::nullopt;
  }
  return every;
}

}  // namespace reckon

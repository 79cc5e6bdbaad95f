// RankMemory in the five kinds that a bar shows.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "planner/spec/memory.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

using MemoryKind = std::pair<std::string_view, Bytes>;

// Weights; gradients; optimizer (master weights and moments); activations (logits included); other
// (communication buffers and workspace). Together they are all_bytes().
inline std::array<MemoryKind, 5> memory_kinds(const RankMemory& rank) {
  return {{{"weights", rank.weights},
           {"gradients", rank.gradients},
           {"optimizer", rank.master_weights + rank.moments},
           {"activations", rank.activations + rank.logits},
           {"other", rank.communication + rank.workspace}}};
}

inline Bytes all_bytes(const RankMemory& rank) {
  Bytes sum;
  for (const auto& [name, bytes] : memory_kinds(rank)) sum += bytes;
  return sum;
}

}  // namespace reckon

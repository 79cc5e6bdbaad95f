// The named effects that make a real step longer than the bare one, and the reproducible noise
// behind two of them. Nothing is drawn inside the executor: the numbers depend on the plan's seed
// only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace reckon {

// Which effects a simulation includes. Sizes and sources stand in the plan's `effects`.
struct EffectSwitches {
  bool clock = false;           // tensor cores run at their sustained rate
  bool pipeline_sends = false;  // sends take time and hold the sender's communication lane
  bool links = false;           // transfers that meet on a port share its rate
  bool routing = false;  // real node spread; routed rows differ by rank, layer and micro-batch
  bool jitter = false;   // compute parts differ by rank
  bool faults = false;   // what the cluster says that does not work
  bool operator==(const EffectSwitches&) const = default;
  bool draws() const { return routing || jitter; }  // ranks differ at random
};

constexpr EffectSwitches no_effects{};
constexpr EffectSwitches all_effects{true, true, true, true, true, true};

// A table of standard normal numbers in 16-bit fixed point. A row of lanes reads a window of it
// that starts at a hashed place, so that one draw costs one load.
class NoiseTable {
 public:
  static constexpr std::size_t size = 1u << 16;  // a power of two
  static constexpr int fraction_bits = 16;

  NoiseTable() = default;  // empty: nothing may be read
  explicit NoiseTable(std::uint64_t seed);

  // Where the window of one (stream, a, b) starts, e.g. of (routing, layer, micro-batch).
  static std::size_t window(std::uint64_t stream, std::uint64_t a, std::uint64_t b);
  std::int32_t at(std::size_t window, std::size_t lane) const {
    return values_[(window + lane) & (size - 1)];
  }

 private:
  std::vector<std::int32_t> values_;
};

}  // namespace reckon

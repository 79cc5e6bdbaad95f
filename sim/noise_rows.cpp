#include "sim/noise_rows.hpp"

#include <algorithm>
#include <cmath>

namespace reckon {
namespace {

constexpr std::uint64_t routing_stream = 1;
constexpr std::uint64_t jitter_stream = 2;
// Deviations end here: no part takes less than a fifth of its balanced time, or rows below none.
constexpr std::int32_t lowest = -(4 << NoiseTable::fraction_bits) / 5;

std::int64_t fixed_point(double value) {
  return std::llround(value * (1 << NoiseTable::fraction_bits));
}
std::int32_t scaled(std::int32_t normal, std::int64_t scale) {
  const std::int64_t product = (normal * scale) >> NoiseTable::fraction_bits;
  return std::max(static_cast<std::int32_t>(product), lowest);
}

}  // namespace

NoiseRows::NoiseRows(const Effects& effects, const EffectSwitches& switches, std::size_t lanes,
                     std::size_t group_lanes, std::size_t node_lanes, int layers, int micro_batches)
    : routing_(switches.routing && effects.routing_relative_deviation > 0),
      jitter_(switches.jitter && effects.jitter_relative_deviation > 0),
      lanes_(lanes),
      group_lanes_(group_lanes),
      node_lanes_(std::min(node_lanes, group_lanes)),
      groups_(lanes / group_lanes),
      micro_batches_(static_cast<std::size_t>(micro_batches)),
      routing_scale_(fixed_point(effects.routing_relative_deviation)),
      table_(routing_ || jitter_ ? NoiseTable(static_cast<std::uint64_t>(effects.seed))
                                 : NoiseTable()) {
  if (jitter_) {
    const std::int64_t scale = fixed_point(effects.jitter_relative_deviation);
    jitter_table_.resize(NoiseTable::size + lanes_);
    for (std::size_t i = 0; i < jitter_table_.size(); ++i)
      jitter_table_[i] = scaled(table_.at(0, i), scale);
  }
  if (routing_) {
    const std::size_t rows = static_cast<std::size_t>(layers) * micro_batches_;
    routing_rows_.resize(rows * lanes_);
    node_rows_.resize(rows * groups_);
    filled_.resize(rows);
  }
}

std::size_t NoiseRows::row(int layer, int micro_batch) {
  const std::size_t index =
      static_cast<std::size_t>(layer) * micro_batches_ + static_cast<std::size_t>(micro_batch);
  if (filled_[index] == 0) fill(index, layer, micro_batch);
  return index;
}

void NoiseRows::fill(std::size_t index, int layer, int micro_batch) {
  filled_[index] = 1;
  const std::size_t window = NoiseTable::window(routing_stream, static_cast<std::uint64_t>(layer),
                                                static_cast<std::uint64_t>(micro_batch));
  std::int32_t* const lanes = &routing_rows_[index * lanes_];
  for (std::size_t group = 0; group < groups_; ++group) {
    std::int32_t* const first = lanes + group * group_lanes_;
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < group_lanes_; ++i) {
      first[i] = scaled(table_.at(window, group * group_lanes_ + i), routing_scale_);
      sum += first[i];
    }
    const auto mean = static_cast<std::int32_t>(sum / static_cast<std::int64_t>(group_lanes_));
    std::int64_t busiest = 0;
    for (std::size_t node = 0; node < group_lanes_; node += node_lanes_) {
      std::int64_t rows = 0;
      const std::size_t end = std::min(group_lanes_, node + node_lanes_);
      for (std::size_t i = node; i < end; ++i) rows += first[i] -= mean;
      busiest = std::max(busiest, rows / static_cast<std::int64_t>(end - node));
    }
    node_rows_[index * groups_ + group] = static_cast<std::int32_t>(busiest);
  }
}

const std::int32_t* NoiseRows::routing(int layer, int micro_batch) {
  return &routing_rows_[row(layer, micro_batch) * lanes_];
}
const std::int32_t* NoiseRows::busiest_node(int layer, int micro_batch) {
  return &node_rows_[row(layer, micro_batch) * groups_];
}
const std::int32_t* NoiseRows::jitter(std::size_t rank, std::size_t part_number) const {
  return &jitter_table_[NoiseTable::window(jitter_stream, rank, part_number)];
}

}  // namespace reckon

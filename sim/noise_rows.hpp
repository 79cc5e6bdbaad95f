// How much longer each lane takes than the balanced one: relative deviations in 16-bit fixed point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "planner/spec/plan.hpp"
#include "sim/effects.hpp"

namespace reckon {

class NoiseRows {
 public:
  static constexpr int fraction_bits = NoiseTable::fraction_bits;

  // `group_lanes`: lanes of one expert-parallel group; `node_lanes`: of them on one node.
  NoiseRows(const Effects& effects, const EffectSwitches& switches, std::size_t lanes,
            std::size_t group_lanes, std::size_t node_lanes, int layers, int micro_batches);

  bool has_routing() const { return routing_; }
  bool has_jitter() const { return jitter_; }
  std::size_t group_lanes() const { return group_lanes_; }

  // Deviation of each lane's routed rows from the balanced number; sums to 0 over a group (routing
  // moves rows, it makes none).
  const std::int32_t* routing(int layer, int micro_batch);
  // The largest deviation of a node's rows in each group: what its slowest NIC carries.
  const std::int32_t* busiest_node(int layer, int micro_batch);
  // Deviation of each lane's time for the `part_number`-th compute part of a pipeline rank.
  const std::int32_t* jitter(std::size_t rank, std::size_t part_number) const;

 private:
  std::size_t row(int layer, int micro_batch);
  void fill(std::size_t row, int layer, int micro_batch);

  bool routing_ = false;
  bool jitter_ = false;
  std::size_t lanes_, group_lanes_, node_lanes_, groups_;
  std::size_t micro_batches_ = 1;
  std::int64_t routing_scale_ = 0;
  NoiseTable table_;
  std::vector<std::int32_t>
      jitter_table_;  // the noise table scaled, its first lanes again at its end
  std::vector<std::int32_t>
      routing_rows_;                     // [layer][micro_batch][lane], filled when first asked for
  std::vector<std::int32_t> node_rows_;  // [layer][micro_batch][group]
  std::vector<char> filled_;
};

}  // namespace reckon

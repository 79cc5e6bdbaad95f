// Inside topologies: how far each network switch is from one of them.
#pragma once

#include <cstdint>
#include <vector>

#include "topologies/topology.hpp"

namespace reckon {

struct SwitchDistance {
  std::int16_t hops = -1;   // -1: no way
  bool descending = false;  // fat tree: all of the way is down
  bool operator==(const SwitchDistance&) const = default;
};

// Over links that have not failed; indexed by node id - topology.first_switch.
std::vector<SwitchDistance> shortest_distances(const Topology& topology, int to_switch);

// Over ways that go up and then down, down as soon as they can.
std::vector<SwitchDistance> up_down_distances(const Topology& topology, int to_switch);

}  // namespace reckon

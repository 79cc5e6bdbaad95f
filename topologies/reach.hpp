// Who can still reach whom after failures.
#pragma once

#include <cstddef>
#include <vector>

#include "topologies/routes.hpp"
#include "topologies/topology.hpp"

namespace reckon {

// By wires alone, whatever the routing: GPUs of different components cannot reach each other.
struct Reachability {
  std::vector<int> component_by_gpu;  // numbered from 0 by the lowest GPU
  int components = 0;                 // that hold GPUs
  bool operator==(const Reachability&) const = default;
};

Reachability reachable_components(const Topology& topology);

// By the routing: the first `limit` pairs without a route, by `from`, then `to`.
std::vector<GpuPair> unreachable_pairs(const Topology& topology, const RoutingPolicy& policy,
                                       std::size_t limit);

}  // namespace reckon

// Which GPUs wires still join after failures.
#pragma once

#include <vector>

#include "topologies/topology.hpp"

namespace reckon {

// By wires alone, whatever the routing: GPUs of different components cannot reach each other.
struct Reachability {
  std::vector<int> component_by_gpu;  // numbered from 0 by the lowest GPU
  int components = 0;                 // that hold GPUs
  bool operator==(const Reachability&) const = default;
};

Reachability reachable_components(const Topology& topology);

}  // namespace reckon

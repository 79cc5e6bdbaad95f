// What the parts of a network are called: gpu17, nvswitch2, leaf3, p5.spine1 (plane 5),
// pod2.leaf0, core3.7 (the eighth above the spines 3 of all pods), g4.switch1 (group 4 of a
// dragonfly, half 0 or 1 of a Slim Fly), sw3.0.2 (place in a torus).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "topologies/topology.hpp"

namespace reckon {

std::string node_name(const Topology& topology, int node);

// "leaf", "spine", "core" or "switch".
std::string layer_name(const TopologyShape& shape, int layer);

// The names of all nodes, to find them by.
class NodeNames {
 public:
  explicit NodeNames(const Topology& topology);

  // By name, or by number; empty if there is none.
  std::optional<int> find(std::string_view name) const;

  // "gpu9999 is no part of this network; did you mean gpu999?"
  std::string unknown(std::string_view name) const;

 private:
  int nodes_ = 0;
  std::map<std::string, int, std::less<>> ids_;
};

}  // namespace reckon

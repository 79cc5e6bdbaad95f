// Inside topologies: a graph while it is being put together.
#pragma once

#include <vector>

#include "topologies/topology.hpp"

namespace reckon {

struct TopologyBuilder {
  std::vector<TopologyNode> nodes;
  std::vector<TopologyLink> links;

  int add_node(const TopologyNode& node) {
    nodes.push_back(node);
    return static_cast<int>(nodes.size()) - 1;
  }
  void add_wire(int a, int b, TopologyLinkKind kind, const LinkSpeed& speed) {
    links.push_back({a, b, kind, false, speed.capacity, speed.latency});
    links.push_back({b, a, kind, false, speed.capacity, speed.latency});
  }
};

// Adds the network switches, the wires between them and, as the last wire of each GPU, its NIC's.
void add_fat_tree(TopologyBuilder& builder, const FatTreeShape& shape);
void add_dragonfly(TopologyBuilder& builder, const DragonflyShape& shape);
void add_slim_fly(TopologyBuilder& builder, const SlimFlyShape& shape);
void add_torus(TopologyBuilder& builder, const TorusShape& shape);

// GPU g on switch first_switch + g / endpoints_per_switch.
void add_nics_in_order(TopologyBuilder& builder, const NodeShape& node, int gpus, int first_switch,
                       int endpoints_per_switch);

}  // namespace reckon

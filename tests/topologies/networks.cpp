#include "tests/topologies/networks.hpp"

#include <cstddef>

namespace reckon {
namespace {

template <typename Shape>
Shape filled(Shape shape) {
  shape.nodes = static_cast<int>(most_nodes(shape));
  return shape;
}

}  // namespace

NodeShape node_of(int gpus) { return {gpus, 1, nvlink_speed, nic_speed}; }

FatTreeShape fat_tree(int layers, int radix, int gpus_per_node, int oversubscription) {
  FatTreeShape shape;
  shape.node = node_of(gpus_per_node);
  shape.layers = layers;
  shape.radix = radix;
  shape.oversubscription = oversubscription;
  shape.fabric.assign(static_cast<std::size_t>(layers - 1), fabric_speed);
  return filled(shape);
}

FatTreeShape rail_tree(int nodes, int radix, int gpus_per_node) {
  FatTreeShape shape = fat_tree(2, radix, gpus_per_node);
  shape.wiring = FatTreeWiring::rail;
  shape.nodes = nodes;
  return shape;
}

FatTreeShape multi_plane_tree(int nodes, int radix, int gpus_per_node, int planes) {
  FatTreeShape shape = fat_tree(2, radix, gpus_per_node);
  shape.wiring = FatTreeWiring::multi_plane;
  shape.planes = planes;
  shape.nodes = nodes;
  return shape;
}

DragonflyShape dragonfly(int p, int a, int h, int groups, int gpus_per_node) {
  return filled(
      DragonflyShape{1, node_of(gpus_per_node), p, a, h, groups, fabric_speed, fabric_speed});
}

SlimFlyShape slim_fly(int q, int endpoints_per_switch, int gpus_per_node) {
  return filled(SlimFlyShape{1, node_of(gpus_per_node), q, endpoints_per_switch, fabric_speed});
}

TorusShape torus(const std::vector<int>& sizes, int gpus_per_node) {
  return filled(TorusShape{1, node_of(gpus_per_node), sizes, gpus_per_node, fabric_speed});
}

std::vector<TopologyShape> small_networks() {
  FatTreeShape three_layer_rail = rail_tree(10, 8, 8);
  three_layer_rail.layers = 3;
  three_layer_rail.fabric.assign(2, fabric_speed);
  FatTreeShape racks = rail_tree(3, 16, 1);
  racks.node = nvl72_rack(nvlink_speed, nic_speed);
  racks.layers = 3;
  racks.fabric.assign(2, fabric_speed);
  FatTreeShape partial = fat_tree(3, 8, 8);
  partial.nodes = 5;
  FatTreeShape one_pod = fat_tree(3, 8, 4);
  one_pod.nodes = 3;
  FatTreeShape one_leaf = fat_tree(3, 8, 4);
  one_leaf.nodes = 1;
  FatTreeShape four_nvswitches = fat_tree(2, 8, 8);
  four_nvswitches.node.nvswitches = 4;
  return {fat_tree(2, 8, 8),
          fat_tree(2, 8, 1),
          fat_tree(3, 8, 8),
          fat_tree(2, 12, 4, 2),
          fat_tree(3, 8, 4, 3),
          fat_tree(3, 7, 1),
          partial,
          one_pod,
          one_leaf,
          four_nvswitches,
          rail_tree(4, 32, 8),
          rail_tree(12, 16, 4),
          three_layer_rail,
          racks,
          multi_plane_tree(32, 8, 8, 8),
          multi_plane_tree(11, 8, 8, 4),
          dragonfly(2, 4, 2, 9, 4),
          dragonfly(2, 4, 2, 7, 4),
          dragonfly(2, 3, 1, 3, 1),
          dragonfly(2, 4, 2, 1, 4),
          slim_fly(3, 2, 2),
          slim_fly(4, 3, 3),
          slim_fly(5, 4, 8),
          torus({4, 5}, 4),
          torus({3, 4, 2}, 2),
          torus({1, 6}, 1)};
}

std::vector<GpuPair> all_pairs(const Topology& topology) {
  std::vector<GpuPair> pairs;
  for (int from = 0; from < topology.gpus; ++from) {
    for (int to = 0; to < topology.gpus; ++to) pairs.push_back({from, to});
  }
  return pairs;
}

std::string route_problem(const Topology& topology, GpuPair pair,
                          const std::optional<Route>& route) {
  const std::string name = std::to_string(pair.from) + " to " + std::to_string(pair.to) + ": ";
  if (!route) return name + "no route";
  int at = pair.from;
  std::vector<bool> seen(topology.nodes.size(), false);
  seen[static_cast<std::size_t>(at)] = true;
  for (const int id : *route) {
    const TopologyLink& link = topology.links[static_cast<std::size_t>(id)];
    if (link.from != at) return name + "links are not consecutive";
    if (link.failed) return name + "takes a failed link";
    at = link.to;
    if (seen[static_cast<std::size_t>(at)]) return name + "comes by twice";
    seen[static_cast<std::size_t>(at)] = true;
  }
  return at == pair.to ? "" : name + "ends elsewhere";
}

}  // namespace reckon

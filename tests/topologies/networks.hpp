// Small networks to test with, and the five of the paper's table.
#pragma once

#include <string>
#include <vector>

#include "topologies/generate.hpp"
#include "topologies/routes.hpp"

namespace reckon {

constexpr LinkSpeed nvlink_speed{{400e9}, {1e-6}};
constexpr LinkSpeed nic_speed{{50e9}, {2e-6}};
constexpr LinkSpeed fabric_speed{{50e9}, {3e-6}};

NodeShape node_of(int gpus);

// As many nodes as fit.
FatTreeShape fat_tree(int layers, int radix, int gpus_per_node, int oversubscription = 1);
FatTreeShape rail_tree(int nodes, int radix, int gpus_per_node);
FatTreeShape multi_plane_tree(int nodes, int radix, int gpus_per_node, int planes);
DragonflyShape dragonfly(int p, int a, int h, int groups, int gpus_per_node);
SlimFlyShape slim_fly(int q, int endpoints_per_switch, int gpus_per_node);
TorusShape torus(const std::vector<int>& sizes, int gpus_per_node);

// One of every family, buildable in a moment.
std::vector<TopologyShape> small_networks();

std::vector<GpuPair> all_pairs(const Topology& topology);

// What is wrong with a route from one GPU to the other; empty if nothing is.
std::string route_problem(const Topology& topology, GpuPair pair,
                          const std::optional<Route>& route);

}  // namespace reckon

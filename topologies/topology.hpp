// A network as a graph: who is wired to whom, and how fast. Plain values with integer ids.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "planner/spec/units.hpp"
#include "topologies/shape.hpp"

namespace reckon {

enum class NodeKind : std::uint8_t { gpu, nvswitch, network_switch };

struct TopologyNode {
  NodeKind kind = NodeKind::gpu;
  int layer = 0;  // 0 inside a node; network switches count from 1, the ones with GPUs
  int plane = 0;  // of a network switch
  int group = 0;  // node of a GPU or NVSwitch; pod, dragonfly group or half of a Slim Fly
  int index = 0;  // in its group and layer
  bool operator==(const TopologyNode&) const = default;
};

enum class TopologyLinkKind : std::uint8_t { nvlink, nic, fabric };

struct TopologyLink {
  int from = 0;
  int to = 0;
  TopologyLinkKind kind = TopologyLinkKind::fabric;
  bool failed = false;
  BytesPerSecond capacity;
  Seconds latency;
  bool operator==(const TopologyLink&) const = default;
};

// Nodes: first the GPUs, so that rank g is node g; then the NVSwitches; then the network switches,
// those of a plane from the leaves up. Links: 2 i and 2 i + 1 are the two directions of one wire.
// Failures mark links and leave every id as it was.
struct Topology {
  TopologyShape shape;
  std::vector<TopologyNode> nodes;
  std::vector<TopologyLink> links;
  std::vector<int> first_out;  // links that leave node v: out_links[first_out[v] .. first_out[v+1])
  std::vector<int> out_links;  // by link id within each node
  int gpus = 0;
  int first_switch = 0;  // id of the first network switch
  bool operator==(const Topology&) const = default;
};

constexpr int reverse_of(int link) { return link ^ 1; }
std::span<const int> links_from(const Topology& topology, int node);

// What was built, failed or not: equal to fabric_counts() of its shape.
FabricCounts count_fabric(const Topology& topology);

// Things that break. A wire fails in both directions, whichever is named; a node fails with all of
// its wires.
struct Failures {
  std::vector<int> links;
  std::vector<int> nodes;
  bool operator==(const Failures&) const = default;
};

// Ids that do not exist are ignored.
Topology without(Topology topology, const Failures& failures);

// `count` different wires of a kind that have not failed (all, if there are fewer), drawn alike on
// any machine.
Failures random_link_failures(const Topology& topology, TopologyLinkKind kind, int count,
                              std::uint64_t seed);

}  // namespace reckon

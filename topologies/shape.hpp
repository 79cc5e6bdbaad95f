// What a network is to look like, before it is built: a few numbers per family of networks. Each
// hangs nodes of some GPUs, joined inside by NVLink and with one NIC a GPU, under a fabric of
// switches. How many switches and wires a fabric needs follows from the numbers alone.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// One direction of a wire.
struct LinkSpeed {
  BytesPerSecond capacity;
  Seconds latency;
  bool operator==(const LinkSpeed&) const = default;
};

struct NodeShape {
  int gpus = 8;
  // Vertices that stand for the NVSwitches of a node. Hardware stripes each transfer over all of
  // its NVSwitches, so one vertex with the bandwidth of all is the truth for a route that names
  // one; with more of them, each carries its share of `nvlink` and a route takes one.
  int nvswitches = 1;
  LinkSpeed nvlink;  // of a GPU, over all NVSwitches
  LinkSpeed nic;     // of a GPU to its switch
  bool operator==(const NodeShape&) const = default;
};

enum class FatTreeWiring : std::uint8_t {
  packed,       // GPUs fill leaf after leaf
  rail,         // the GPUs of one index share a leaf: as many nodes to a leaf as it has ports down
  multi_plane,  // GPU i of a node is on plane i mod planes, each an independent packed tree
};

// Leaves have `oversubscription` times as many ports down as up; every other switch has as many up
// as down, those of the top layer all down. Switches are only as many as the nodes need, but that
// each of several pods has all of its spines.
struct FatTreeShape {
  int nodes = 1;
  NodeShape node;
  FatTreeWiring wiring = FatTreeWiring::packed;
  int planes = 1;  // 1 unless wired multi_plane
  int layers = 2;  // 2 or 3
  int radix = 64;
  int oversubscription = 1;
  std::vector<LinkSpeed> fabric;  // [0] leaf to layer 2, [1] layer 2 to 3
  bool operator==(const FatTreeShape&) const = default;
};

// Groups of fully connected switches. Any two groups are joined by as many wires as the global
// ports allow; ports left over double the wires between groups next to each other.
struct DragonflyShape {
  int nodes = 1;
  NodeShape node;
  int endpoints_per_switch = 1;     // p
  int switches_per_group = 1;       // a
  int global_ports_per_switch = 1;  // h
  int groups = 1;                   // at most a h + 1
  LinkSpeed local;                  // inside a group
  LinkSpeed global;                 // between groups
  bool operator==(const DragonflyShape&) const = default;
};

// McKay-Miller-Siran graphs: 2 q^2 switches of which any two are at most two wires apart. q is a
// prime power that is not 2 mod 4.
struct SlimFlyShape {
  int nodes = 1;
  NodeShape node;
  int q = 5;
  int endpoints_per_switch = 1;
  LinkSpeed fabric;
  bool operator==(const SlimFlyShape&) const = default;
};

struct TorusShape {
  int nodes = 1;
  NodeShape node;
  std::vector<int> sizes;  // of each dimension; 2 or 3 of them
  int endpoints_per_switch = 1;
  LinkSpeed fabric;
  bool operator==(const TorusShape&) const = default;
};

using TopologyShape = std::variant<FatTreeShape, DragonflyShape, SlimFlyShape, TorusShape>;

const NodeShape& node_shape(const TopologyShape& shape);
int gpus(const TopologyShape& shape);

// What keeps a shape from being counted: numbers that make no network, or more nodes than ports.
// Any numbers may be given.
std::vector<std::string> count_problems(const TopologyShape& shape);

// What keeps a shape from being built: the same, a graph that is not known, too much to hold.
std::vector<std::string> shape_problems(const TopologyShape& shape);

// Most nodes that the fabric has ports for; 0 if the shape has other problems.
std::int64_t most_nodes(const TopologyShape& shape);

struct FabricCounts {
  std::int64_t endpoints = 0;  // GPUs, each with one NIC
  std::int64_t switches = 0;   // network switches
  std::int64_t links = 0;      // wires between network switches
  bool operator==(const FabricCounts&) const = default;
};

// Closed forms. Zeros if the shape has problems, but for a Slim Fly whose q is no prime power: its
// formulas give numbers (published ones among them) of a graph that is not known to exist.
FabricCounts fabric_counts(const TopologyShape& shape);

// The wires between switches that leave each switch of a Slim Fly: (3 q - d) / 2 with q = 4 w + d.
int slim_fly_degree(int q);

// A rack of 72 GPUs, which are one node to us: NVLink joins them all.
NodeShape nvl72_rack(LinkSpeed nvlink, LinkSpeed nic);

// The network of a cluster at the bandwidths that are reached. Half of the latency end to end is at
// each end; a layer more costs two wires, and as many switches' latencies.
FatTreeShape shape_of(const ClusterSpec& cluster);

}  // namespace reckon

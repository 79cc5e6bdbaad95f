// Which wires a transfer between two GPUs takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "planner/spec/path_choice.hpp"
#include "topologies/topology.hpp"

namespace reckon {

// Where the index of a GPU decides its leaf or plane (wired rail or multi_plane), a transfer
// between GPUs of different index changes index over NVLink: in the node it comes to, as DeepEP
// does, or in the one it leaves, as NCCL's PXN does.
enum class NvlinkForwarding : std::uint8_t { none, at_destination, at_source };

struct RoutingPolicy {
  PathChoice choice = PathChoice::d_mod_k;
  std::uint64_t seed = 1;  // of ecmp
  NvlinkForwarding forwarding = NvlinkForwarding::at_destination;
  bool operator==(const RoutingPolicy&) const = default;
};

struct GpuPair {
  int from = 0;
  int to = 0;
  bool operator==(const GpuPair&) const = default;
};

using Route = std::vector<int>;  // links, each starting where the one before ended

// Inside a node over NVLink. Between nodes:
//   fat trees           up and then down, never up again
//   torus               dimension after dimension, the shorter way round the ring (forwards if both
//                       are as long), the other way if that one is broken
//   dragonfly, Slim Fly a shortest path (in a dragonfly it may cross two wires between groups,
//   where
//                       that is no longer than one between two inside)
// What has failed is avoided: in the fabric first, then, unless forwarding is `none`, by way of
// any other GPU of each of the two nodes, one that both have alike if there is. Empty for a GPU to
// itself; nothing if these rules find no way, or if there is no such GPU.
std::optional<Route> find_route(const Topology& topology, const RoutingPolicy& policy,
                                GpuPair pair);

// The same routes, in the order of `pairs`, at far less than the time of one after the other.
std::vector<std::optional<Route>> find_routes(const Topology& topology, const RoutingPolicy& policy,
                                              std::span<const GpuPair> pairs);

// The first `limit` pairs without a route, by `from`, then `to`.
std::vector<GpuPair> unreachable_pairs(const Topology& topology, const RoutingPolicy& policy,
                                       std::size_t limit);

Seconds latency_of(const Topology& topology, const Route& route);

}  // namespace reckon

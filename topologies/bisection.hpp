// How much can flow from one part of the GPUs to the rest.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/spec/units.hpp"
#include "topologies/topology.hpp"

namespace reckon {

using GpuHalves = std::vector<bool>;  // by GPU: whether it is in the second half

// The first half of the nodes against the rest; of a single node, the first half of its GPUs.
GpuHalves halves(const Topology& topology);

// As many nodes, drawn alike on any machine: an upper bound of the worst half, as any is.
GpuHalves random_halves(const Topology& topology, std::uint64_t seed);

// The maximum flow from the first half to the second, one direction, over any ways: what the wires
// carry if the routing is perfect.
BytesPerSecond bisection_bandwidth(const Topology& topology, const GpuHalves& halves);

// An upper bound of that, counted in a moment at any size: what NICs and wires up carry, leaf by
// leaf and pod by pod, or the wires across the cut of a network without layers. In a fat tree in
// which nothing has failed it is the maximum flow itself.
BytesPerSecond bisection_bound(const Topology& topology, const GpuHalves& halves);

}  // namespace reckon

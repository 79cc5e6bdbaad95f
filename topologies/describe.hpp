// All figures of a network at once.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "planner/spec/topology_report.hpp"
#include "topologies/prices.hpp"
#include "topologies/routes.hpp"
#include "topologies/topology.hpp"

namespace reckon {

// Beyond these a figure would take more than a few seconds: a bound of the bisection is given in
// place of the maximum flow, and not every pair of GPUs is tried.
constexpr std::int64_t most_wires_for_max_flow = 300000;
constexpr int most_gpus_to_try_pairs = 2048;

struct DescribeOptions {
  Failures failures;
  std::vector<GpuPair> routes;  // to show; of GPUs that there are
  RoutingPolicy policy;
  PriceTable prices;
  PartPower power;
  std::optional<BytesPerSecond> port_bandwidth;  // as sold, if the shape's are rates reached
};

// `whole` is the graph of `shape` without failures, or empty where the shape can only be counted:
// then all figures that need a graph are left out.
TopologyReport describe(const TopologyShape& shape, const Topology& whole,
                        const DescribeOptions& options);

}  // namespace reckon

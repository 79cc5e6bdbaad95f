// Transfers between GPUs of a network: routed, simulated as flows, and what limited them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "planner/spec/flow_set.hpp"
#include "topologies/routes.hpp"
#include "topologies/topology.hpp"

namespace reckon {

// Waits for the transfers of `after` to end. Beside the links of its route it takes one of the
// links that are in no network, such as what the SMs of a sender can copy; -1: none. From a GPU to
// itself it takes that alone.
struct RoutedTransfer {
  GpuPair gpus;
  double bytes = 0;
  int private_link = -1;
  std::vector<int> after;
};

struct RoutedTimes {
  std::vector<double> finish;  // s, of each transfer
  double makespan = 0;         // s
  int busiest_link = -1;       // of the network, or the number of links there + a private one
  double utilisation = 0;      // bytes over the busiest link / what it could carry in the makespan
  // Transfers for which the routing finds no way: if there are any, nothing was simulated.
  std::vector<GpuPair> unreachable;
};

// Links keep the capacity that the topology gives them, each its own.
RoutedTimes simulate_transfers(const Topology& topology, const RoutingPolicy& routing,
                               std::span<const RoutedTransfer> transfers,
                               std::span<const FlowLink> private_links = {});

// "NIC of GPU 3, outwards", "NVLink of GPU 8, inwards", "wire of switches 4 and 9".
std::string link_text(const Topology& topology, int link);

}  // namespace reckon

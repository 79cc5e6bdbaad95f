// Expert dispatch and combine over the links of a network that they share.
#pragma once

#include <span>
#include <vector>

#include "planner/spec/units.hpp"
#include "sim/experts/expert_traffic.hpp"
#include "topologies/routes.hpp"
#include "topologies/topology.hpp"

namespace reckon {

// How a kernel moves the copies. Node-wise, a copy goes to the GPU of the sender's index on its
// target node and from there over NVLink; else straight to the GPU that wants it, by the route of
// `routing`. A combine is a dispatch backwards.
struct TransferMode {
  CopyRule copies = CopyRule::per_node;
  bool is_combine = false;
  bool in_series = false;  // NVLink starts when all has come over the network; else both at once
  Bytes bytes_per_copy;
  // What the SMs lent to the kernel copy, of each GPU: its copies over NVLink, its own included,
  // and node-wise between nodes one more for each node. 0: no limit.
  BytesPerSecond sm_rate;
  Seconds startup;  // before the first byte, beyond the latencies of links
  RoutingPolicy routing;
  bool operator==(const TransferMode&) const = default;
};

struct ExpertTransferTimes {
  std::vector<double> finish;  // s, of each rank: all it sends and gets is through
  double time = 0;             // s, of the last
  // What limited it: a link of the topology; or the SMs of a rank.
  int busiest_link = -1;
  int busiest_rank = -1;
  double utilisation = 0;  // of it, over the whole time but the startup
  // As DeepEP counts: copies of the mean rank, those that stay on its node or GPU too, over time.
  BytesPerSecond rdma;    // one for each node (node-wise) or as many as it receives; 0 on one node
  BytesPerSecond nvlink;  // as many as it receives
  std::vector<GpuPair> unreachable;  // if there are any, all times are 0
};

// `group_gpus`: the GPU of each rank; the ranks of a node (as of the traffic) share a node of the
// topology. Several groups that transfer at once stand one behind the other, all with this traffic.
// Failed and slower links of the topology act.
ExpertTransferTimes expert_transfer_by_flows(const Topology& topology,
                                             std::span<const int> group_gpus,
                                             const ExpertTraffic& traffic,
                                             const TransferMode& mode);

}  // namespace reckon

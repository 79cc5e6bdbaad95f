// From what is known of a communication library to how one of its kernels moves copies.
#pragma once

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/expert_transport.hpp"
#include "planner/spec/plan.hpp"
#include "sim/experts/expert_flows.hpp"

namespace reckon {

// Which kernel runs, on what.
struct TransportUse {
  bool is_combine = false;
  bool low_latency = false;  // every copy straight to its expert, all SMs
  int nodes = 1;             // of the group
  int sms = 0;               // lent to it; 0: the library's own number
  double hidden = 1;         // elements of a token
  Dtype dtype = Dtype::bf16;
  bool operator==(const TransportUse&) const = default;
};

// The cluster at the bandwidths that the kernel reaches.
ClusterSpec at_transport_rates(ClusterSpec cluster, const ExpertTransport& transport,
                               const TransportUse& use);

// Low-latency copies go over NVLink within a node and change plane where they arrive.
TransferMode transfer_mode(const ExpertTransport& transport, const TransportUse& use);

}  // namespace reckon

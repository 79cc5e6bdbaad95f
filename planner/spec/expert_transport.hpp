// Inputs of expert transfers that are neither model nor machine: what a communication library's
// kernels reach, and how measured models spread their tokens. Documents transport/1 and
// expert_loads/1.
#pragma once

#include <string>
#include <vector>

#include "planner/spec/units.hpp"

namespace reckon {

// One direction. Shares are of nominal bandwidths, so that they hold for other GPUs and NICs.
struct TransportRates {
  double nic_share = 1;
  double nvlink_share = 1;
  BytesPerSecond one_sm_in_node;  // copies of one SM: those over NVLink, the GPU's own included
  BytesPerSecond one_sm_between_nodes;  // and beside these one to each node
  Seconds startup_in_node;              // beyond the latencies of links
  Seconds startup_two_nodes;
  Seconds startup_per_doubling;  // of the nodes, above two
  bool operator==(const TransportRates&) const = default;
};

// Of low-latency kernels `low_latency_sms` work, whatever is asked for.
struct ExpertTransport {
  std::string name;
  double message_bytes = 0;  // header of one copy, low latency
  int sms = 20;              // by default
  int low_latency_sms = 132;
  TransportRates dispatch, combine, low_latency_dispatch, low_latency_combine;
  std::string source;
  bool operator==(const ExpertTransport&) const = default;
};

// Recorded shares, or the concentration of the Dirichlet distribution that spreads like them.
struct RecordedLoads {
  std::string name;
  std::vector<double> shares;  // by expert, any scale; empty: drawn
  double concentration = 0;    // of one expert
  std::string source;
  bool operator==(const RecordedLoads&) const = default;
};

struct ExpertLoadsFile {
  std::vector<RecordedLoads> loads;
  bool operator==(const ExpertLoadsFile&) const = default;
};

}  // namespace reckon

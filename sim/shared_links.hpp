// Transfers of different ranks that meet on the same ports: what each waits for the others.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "planner/spec/units.hpp"

namespace reckon {

// The share of a port's rate that a transfer takes for all of its time when it runs alone.
struct PortShares {
  double nic = 0;     // of the NIC, 0 to 1
  double nvlink = 0;  // of the GPU's NVLink
  bool operator==(const PortShares&) const = default;
};

// A transfer as it would be alone. Data-parallel replicas do alike, so ranks are pipeline ranks,
// each with one NIC and one NVLink port in both directions.
struct PortTransfer {
  int rank = 0;
  int peer = -1;  // the pipeline rank that a send goes to; -1: an exchange among replicas, which
                  // sends and receives as much
  SimTime start = 0;
  SimTime duration = 0;
  PortShares shares;
  bool operator==(const PortTransfer&) const = default;
};

// How much longer each transfer takes than alone, by max-min fair rates on the ports: a send leaves
// by its rank's port and comes in by its peer's, an exchange uses both directions of its rank's. A
// transfer ends with the later of its NIC and NVLink parts. Never negative. Times that are alone
// on their ports are 0 exactly.
std::vector<SimTime> contention_delays(std::span<const PortTransfer> transfers, int ranks);

}  // namespace reckon

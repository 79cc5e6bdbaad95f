// Transfers whose simulation is timed.
#pragma once

#include <vector>

#include "planner/spec/flow_set.hpp"

namespace reckon {

struct FlowScenario {
  std::vector<FlowLink> links;
  FlowSet flows;
};

// Every rank to every other over its own two links of 50 GB/s, 1 MB or 0.1 to 10.1 MB.
FlowScenario star_all_to_all(int ranks, bool mixed, double latency);

// The same with 1 MB over leaves of 16 ranks and 16 spines, D-mod-k.
FlowScenario fat_tree_all_to_all(int ranks, double latency);

// 2,048 GPUs of 8 a node, groups of 64 consecutive ones; a token's copy goes over the plane of its
// GPU's index to the same index in the target node and from there over NVLink. Experts get uneven
// shares: 64 sizes, one a destination.
FlowScenario expert_groups(int gpus);

}  // namespace reckon

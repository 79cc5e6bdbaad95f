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

}  // namespace reckon

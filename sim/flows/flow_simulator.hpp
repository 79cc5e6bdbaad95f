// When flows that share links end: equal-weight max-min fair rates, which change only when a flow
// begins or ends (reference: flow_scenarios.json, held to 1e-9).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "planner/spec/flow_set.hpp"

namespace reckon {

// What is wrong with flow `flow` (-1: with link `link`), for people. `place` is a JSON pointer
// within the flow or link of a flow scenario: "/bytes", "/after/2", or "" for all of it.
struct FlowProblem {
  int flow = -1;
  int link = -1;
  std::string place;
  std::string message;
};

// Capacities below 1e-200 bytes/s, sizes that are not from 0 to 2^63 bytes, times (latencies,
// starts, a size over the slowest link alone) that are not from 0 to 1e15 s, paths of more than
// 1024 links, over links that do not exist or twice over one, flows that wait for themselves or for
// flows that do not exist. Empty: can be simulated, and all ends are finite.
std::vector<FlowProblem> flow_problems(std::span<const FlowLink> links, const FlowSet& flows);

struct FlowResult {
  std::vector<double> finish;  // s, of each entry
  double makespan = 0;         // the last of them
  std::int64_t solves = 0;     // rate allocations
  std::int64_t touched = 0;    // paths whose rate was worked out in them, all together
};

// Semantics: a flow is ready at the later of its start and the end of the flows that it waits for;
// after the latencies of its path it uses bandwidth; all rates are the max-min fair allocation over
// all links; it ends when its last byte is gone. Flows that nothing distinguishes are simulated
// once; those that share no link, directly or through others, are solved apart; a change restarts
// the filling at the first level that it can reach. The order of flows does not change a bit of
// their ends. Precondition: flow_problems() is empty.
FlowResult simulate_flows(std::span<const FlowLink> links, const FlowSet& flows);

}  // namespace reckon

// Flows that nothing distinguishes, made one. Inside of the flow simulator.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "planner/spec/flow_set.hpp"

namespace reckon {

// One flow and one link of each class. All flows of a class begin, run and end alike, since links
// and flows are split until the flows of a class go over the same classes of links and the links of
// a class bear as many flows of each class (an equitable partition): exact, not an estimate.
struct FlowClasses {
  std::vector<FlowLink> links;
  FlowSet flows;               // over classes of links, after classes of flows
  std::vector<int> weights;    // flows of the class on one link, of each link of each path
  std::vector<double> delays;  // s, of each class: the latencies of the path of one flow
  std::vector<int> class_of;   // of each flow that was given
};

// Nothing if there are too many classes for it to be of use.
std::optional<FlowClasses> fold(std::span<const FlowLink> links, const FlowSet& flows);

}  // namespace reckon

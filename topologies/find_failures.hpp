// From what a file or a flag says has failed to the parts of a graph.
#pragma once

#include <string>
#include <vector>

#include "topologies/topology.hpp"
#include "topologies/topology_spec.hpp"

namespace reckon {

struct FailureProblem {
  std::string pointer;  // within the FailureSpec: "/links/3"
  std::string message;
  bool operator==(const FailureProblem&) const = default;
};

// The parts that `spec` names. What it names in vain goes to `problems`.
Failures find_failures(const Topology& topology, const FailureSpec& spec,
                       std::vector<FailureProblem>& problems);

}  // namespace reckon

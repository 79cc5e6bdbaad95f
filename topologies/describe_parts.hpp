// Inside topologies: the figures of describe() that need routes.
#pragma once

#include <vector>

#include "planner/spec/topology_report.hpp"
#include "topologies/routes.hpp"
#include "topologies/topology.hpp"

namespace reckon {

// GPU 0 to the first GPU at each distance, nearest first.
std::vector<DistanceLine> distance_lines(const Topology& topology, const RoutingPolicy& policy);

FailureFigure failure_figure(const Topology& broken, const Failures& failures,
                             const RoutingPolicy& policy);

}  // namespace reckon

// Inside topologies: parts of describe(), which are long enough to have files of their own.
#pragma once

#include <string_view>
#include <vector>

#include "planner/spec/topology_report.hpp"
#include "topologies/routes.hpp"
#include "topologies/topology.hpp"

namespace reckon {

constexpr std::string_view nvlink_wires = "GPU to NVSwitch";

// Of a switch; 0: the shape does not say.
int switch_ports(const TopologyShape& shape);

// Layers, wires and a note of a network without its graph: what the graph would show.
void add_counted(const TopologyShape& shape, TopologyReport& report);

// GPU 0 to the first GPU at each distance, nearest first.
std::vector<DistanceLine> distance_lines(const Topology& topology, const RoutingPolicy& policy);

FailureFigure failure_figure(const Topology& broken, const Failures& failures,
                             const RoutingPolicy& policy);

}  // namespace reckon

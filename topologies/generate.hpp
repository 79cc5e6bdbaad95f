// From the shape of a network to its graph.
#pragma once

#include "topologies/shape.hpp"
#include "topologies/topology.hpp"

namespace reckon {

// An empty topology if shape_problems(shape) is not empty.
Topology build_topology(const TopologyShape& shape);

}  // namespace reckon

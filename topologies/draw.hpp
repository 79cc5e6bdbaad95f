// A picture of a network: layers above each other, or groups around a circle, or a grid.
#pragma once

#include "planner/spec/topology_drawing.hpp"
#include "topologies/topology.hpp"

namespace reckon {

// Where a layer has more parts, parts that belong together become one box.
constexpr int most_boxes_in_a_layer = 64;
constexpr int most_boxes_in_a_grid = 256;

// `broken` with its failures marked; `failures` tells switches that failed from those that only
// lost their wires. Title and remark are left to the caller. Nothing of an empty topology.
TopologyDrawing draw(const Topology& broken, const Failures& failures);

}  // namespace reckon

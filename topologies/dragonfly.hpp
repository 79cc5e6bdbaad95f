// Inside topologies: how many wires join two groups of a dragonfly.
#pragma once

#include <cstdint>

#include "topologies/shape.hpp"

namespace reckon {

// Between groups `offset` apart around the ring of groups, offset from 1 to groups / 2.
int dragonfly_wires(const DragonflyShape& shape, int offset);

FabricCounts dragonfly_counts(const DragonflyShape& shape);

}  // namespace reckon

#include "topologies/dragonfly.hpp"

#include <cstddef>
#include <vector>

#include "topologies/builder.hpp"

namespace reckon {
namespace {

int global_ports(const DragonflyShape& shape) {
  return shape.switches_per_group * shape.global_ports_per_switch;
}

// Ports of a group that are left when every two groups are joined alike, as far as they can be
// used: each must find its partner, and an odd number of groups has no partners for an odd number.
int ports_left(const DragonflyShape& shape) {
  if (shape.groups < 2) return 0;
  const int left = global_ports(shape) % (shape.groups - 1);
  return left - (left % 2 == 1 && shape.groups % 2 == 1 ? 1 : 0);
}

void add_groups(TopologyBuilder& builder, const DragonflyShape& shape, int first_switch) {
  const int switches = shape.switches_per_group;
  for (int group = 0; group < shape.groups; ++group) {
    for (int index = 0; index < switches; ++index) {
      builder.add_node({NodeKind::network_switch, 1, 0, group, index});
    }
    for (int a = 0; a < switches; ++a) {
      for (int b = a + 1; b < switches; ++b) {
        const int first = first_switch + group * switches;
        builder.add_wire(first + a, first + b, TopologyLinkKind::fabric, shape.local);
      }
    }
  }
}

void add_global_wires(TopologyBuilder& builder, const DragonflyShape& shape, int first_switch) {
  const int groups = shape.groups;
  std::vector<int> used(static_cast<std::size_t>(groups), 0);  // ports of each group
  const auto take_port = [&](int group) {
    const int port = used[static_cast<std::size_t>(group)]++;
    return first_switch + group * shape.switches_per_group + port / shape.global_ports_per_switch;
  };
  // One round after the other, so that wires between the same groups end at different switches.
  for (int round = 0, added = 1; added > 0; ++round) {
    added = 0;
    for (int offset = 1; offset <= groups / 2; ++offset) {
      if (round >= dragonfly_wires(shape, offset)) continue;
      const int starts = 2 * offset == groups ? offset : groups;
      for (int group = 0; group < starts; ++group, ++added) {
        const int here = take_port(group);
        builder.add_wire(here, take_port((group + offset) % groups), TopologyLinkKind::fabric,
                         shape.global);
      }
    }
  }
}

}  // namespace

int dragonfly_wires(const DragonflyShape& shape, int offset) {
  const int everywhere = global_ports(shape) / (shape.groups - 1);
  const int left = ports_left(shape);
  const bool opposite = 2 * offset == shape.groups;  // takes one port of a group, the others two
  return everywhere + (offset <= left / 2 || (opposite && left % 2 == 1) ? 1 : 0);
}

FabricCounts dragonfly_counts(const DragonflyShape& shape) {
  const std::int64_t groups = shape.groups;
  const std::int64_t switches = shape.switches_per_group;
  FabricCounts counts;
  counts.endpoints = static_cast<std::int64_t>(shape.nodes) * shape.node.gpus;
  counts.switches = groups * switches;
  counts.links = groups * (switches * (switches - 1) / 2);
  if (groups > 1) {
    const std::int64_t alike = global_ports(shape) / (groups - 1) * (groups - 1);
    counts.links += groups * (alike + ports_left(shape)) / 2;
  }
  return counts;
}

void add_dragonfly(TopologyBuilder& builder, const DragonflyShape& shape) {
  const int first_switch = static_cast<int>(builder.nodes.size());
  add_groups(builder, shape, first_switch);
  add_global_wires(builder, shape, first_switch);
  add_nics_in_order(builder, shape.node, shape.nodes * shape.node.gpus, first_switch,
                    shape.endpoints_per_switch);
}

}  // namespace reckon

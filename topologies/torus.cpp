#include "topologies/builder.hpp"

namespace reckon {

void add_torus(TopologyBuilder& builder, const TorusShape& shape) {
  const int first_switch = static_cast<int>(builder.nodes.size());
  int switches = 1;
  for (const int size : shape.sizes) switches *= size;
  for (int index = 0; index < switches; ++index) {
    builder.add_node({NodeKind::network_switch, 1, 0, 0, index});
  }
  int stride = 1;  // the first dimension counts fastest
  for (const int size : shape.sizes) {
    for (int index = 0; index < switches && size > 1; ++index) {
      const int place = index / stride % size;
      if (size == 2 && place == 1) continue;  // one wire between two, not two
      const int next = index + (place + 1 < size ? stride : stride - size * stride);
      builder.add_wire(first_switch + index, first_switch + next, TopologyLinkKind::fabric,
                       shape.fabric);
    }
    stride *= size;
  }
  add_nics_in_order(builder, shape.node, shape.nodes * shape.node.gpus, first_switch,
                    shape.endpoints_per_switch);
}

}  // namespace reckon

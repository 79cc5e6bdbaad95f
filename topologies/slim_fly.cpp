// Besta and Hoefler, "Slim Fly: A Cost Effective Low-Diameter Network Topology" (SC 2014);
// the sets of generators are Hafner's ("Geometric realisation of the graphs of
// McKay-Miller-Siran", 2004), who covers all prime powers that are not 2 mod 4.
#include <vector>

#include "topologies/builder.hpp"
#include "topologies/finite_field.hpp"

namespace reckon {
namespace {

// Differences of joined switches in a column of the first (0) or second (1) half: powers of the
// generator, each set closed under negation.
std::vector<int> differences(const FiniteField& field, int q, int half) {
  std::vector<int> set;
  if (q % 4 == 3) {
    const int w = (q + 1) / 4;
    for (int i = 0; i < w; ++i) {
      set.push_back(field.power_of_generator(2 * i + half));
      set.push_back(field.power_of_generator(2 * w - 1 + 2 * i + half));
    }
  } else {
    for (int i = 0; i < q / 2; ++i) set.push_back(field.power_of_generator(2 * i + half));
  }
  return set;
}

}  // namespace

void add_slim_fly(TopologyBuilder& builder, const SlimFlyShape& shape) {
  const int q = shape.q;
  const FiniteField field(q);
  const int first_switch = static_cast<int>(builder.nodes.size());
  for (int half = 0; half < 2; ++half) {
    for (int index = 0; index < q * q; ++index) {
      builder.add_node({NodeKind::network_switch, 1, 0, half, index});
    }
  }
  const auto switch_at = [&](int half, int column, int row) {
    return first_switch + (half * q + column) * q + row;
  };
  const auto join = [&](int a, int b) {
    builder.add_wire(a, b, TopologyLinkKind::fabric, shape.fabric);
  };
  for (int half = 0; half < 2; ++half) {
    const std::vector<int> set = differences(field, q, half);
    for (int column = 0; column < q; ++column) {
      for (int row = 0; row < q; ++row) {
        for (const int difference : set) {
          const int other = field.add(row, difference);
          if (other > row) join(switch_at(half, column, row), switch_at(half, column, other));
        }
      }
    }
  }
  for (int x = 0; x < q; ++x) {
    for (int y = 0; y < q; ++y) {
      for (int m = 0; m < q; ++m) {  // (0, x, y) joins (1, m, c) if y = m x + c
        join(switch_at(0, x, y), switch_at(1, m, field.subtract(y, field.multiply(m, x))));
      }
    }
  }
  add_nics_in_order(builder, shape.node, shape.nodes * shape.node.gpus, first_switch,
                    shape.endpoints_per_switch);
}

}  // namespace reckon

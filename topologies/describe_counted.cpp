#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>

#include "topologies/describe_parts.hpp"
#include "topologies/fat_tree.hpp"
#include "topologies/finite_field.hpp"
#include "topologies/node_names.hpp"

namespace reckon {
namespace {

// Ports that the switches of a layer use.
struct Used {
  std::int64_t least = 0;
  std::int64_t most = 0;

  Used operator+(const Used& other) const { return {least + other.least, most + other.most}; }
};

// As many as there are, given to switch after switch, `each` at a time: the last may have fewer.
Used filled(std::int64_t all, std::int64_t each, std::int64_t switches) {
  return {std::clamp(all - (switches - 1) * each, std::int64_t{0}, each), std::min(all, each)};
}

// Dealt out like cards.
Used dealt(std::int64_t all, std::int64_t switches) {
  return {all / switches, (all + switches - 1) / switches};
}

Used exactly(std::int64_t ports) { return {ports, ports}; }

class Counter {
 public:
  Counter(const TopologyShape& shape, TopologyReport& report) : shape_(shape), report_(report) {
    const NodeShape& node = node_shape(shape);
    if (node.gpus > 1) {
      add_wires(std::string(nvlink_wires), report.endpoints * node.nvswitches,
                {node.nvlink.capacity / node.nvswitches, node.nvlink.latency});
    }
    add_wires("GPU to " + layer_name(shape, 1), report.endpoints, node.nic);
  }

  void operator()(const FatTreeShape& tree) {
    const FatTreeSizes sizes = fat_tree_sizes(tree);
    const bool is_rail = tree.wiring == FatTreeWiring::rail;
    const std::int64_t seats =
        is_rail ? tree.nodes : std::int64_t{tree.nodes} * (tree.node.gpus / tree.planes);
    const Used down = filled(seats, sizes.down, (seats + sizes.down - 1) / sizes.down);
    const bool has_pods = tree.layers == 3 && sizes.pods > 1;
    const std::int64_t spines = tree.layers == 2 ? sizes.tops : sizes.middles;
    const std::int64_t up = sizes.leaves * sizes.up;
    add_layer(1, sizes.leaves * tree.planes, spines > 0 ? down + exactly(sizes.up) : down);
    if (spines == 0) return;
    add_wires(layer_name(shape_, 1) + " to " + layer_name(shape_, 2), up * tree.planes,
              tree.fabric[0]);
    if (!has_pods) {
      add_layer(2, spines * tree.planes, dealt(up, spines));
      return;
    }
    const std::int64_t middles = sizes.pods * spines;
    add_layer(2, middles * tree.planes,
              filled(sizes.leaves, sizes.leaves_per_pod, sizes.pods) + exactly(sizes.middle_up));
    add_layer(3, spines * sizes.tops * tree.planes,
              dealt(sizes.pods * sizes.middle_up, sizes.tops));
    add_wires(layer_name(shape_, 2) + " to " + layer_name(shape_, 3),
              middles * sizes.middle_up * tree.planes, tree.fabric[1]);
  }

  void operator()(const DragonflyShape& fly) {
    const std::int64_t switches = fly.switches_per_group;
    const std::int64_t inside = fly.groups * (switches * (switches - 1) / 2);
    const std::int64_t between = report_.links - inside;
    add_wires("inside a group", inside, fly.local);
    add_wires("between groups", between, fly.global);
    add_layer(1, report_.switches,
              seats_of(fly.endpoints_per_switch) + exactly(switches - 1) +
                  filled(2 * between / fly.groups, fly.global_ports_per_switch, switches));
  }

  void operator()(const SlimFlyShape& fly) {
    add_wires("switch to switch", report_.links, fly.fabric);
    add_layer(1, report_.switches,
              seats_of(fly.endpoints_per_switch) + exactly(slim_fly_degree(fly.q)));
  }

  void operator()(const TorusShape& torus) {
    std::int64_t neighbours = 0;
    for (const int size : torus.sizes) neighbours += std::min(size - 1, 2);
    add_wires("switch to switch", report_.links, torus.fabric);
    add_layer(1, report_.switches, seats_of(torus.endpoints_per_switch) + exactly(neighbours));
  }

 private:
  Used seats_of(int each) const { return filled(report_.endpoints, each, report_.switches); }

  void add_wires(const std::string& between, std::int64_t wires, const LinkSpeed& speed) {
    if (wires > 0) report_.wires.push_back({between, wires, speed.capacity, speed.latency});
  }

  void add_layer(int layer, std::int64_t switches, const Used& used) {
    report_.layers.push_back({layer_name(shape_, layer), switches, switch_ports(shape_),
                              static_cast<int>(used.least), static_cast<int>(used.most)});
  }

  const TopologyShape& shape_;
  TopologyReport& report_;
};

}  // namespace

void add_counted(const TopologyShape& shape, TopologyReport& report) {
  std::visit(Counter(shape, report), shape);
  const auto* fly = std::get_if<SlimFlyShape>(&shape);
  report.notes.emplace_back(
      fly == nullptr || is_prime_power(fly->q)
          ? "Too large to be built here: counted only."
          : "No Slim Fly is known whose q is not a prime power: the formulas count it, but there "
            "is no graph to route in, to cut or to draw.");
}

}  // namespace reckon

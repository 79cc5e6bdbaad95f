#include "topologies/shape.hpp"

#include <cmath>
#include <string_view>

#include "topologies/dragonfly.hpp"
#include "topologies/fat_tree.hpp"
#include "topologies/finite_field.hpp"

namespace reckon {
namespace {

// Bounds that keep all of the arithmetic below inside 64 bits, and the ids of a graph inside 31.
constexpr std::int64_t most_of_anything = 4096;
constexpr std::int64_t most_numbered = 1 << 20;  // nodes, groups
constexpr std::int64_t most_wires = 1 << 28;

class Problems {
 public:
  void check(bool good, const std::string& problem) {
    if (!good) found_.push_back(problem);
  }
  void within(std::string_view name, std::int64_t value, std::int64_t low, std::int64_t high) {
    check(value >= low && value <= high, std::string(name) + " is " + std::to_string(value) +
                                             ": must be from " + std::to_string(low) + " to " +
                                             std::to_string(high));
  }
  void speed(std::string_view name, const LinkSpeed& speed) {
    const double capacity = speed.capacity.value;
    const double latency = speed.latency.value;
    check(std::isfinite(capacity) && capacity > 0,
          std::string(name) + ": capacity must be positive");
    check(std::isfinite(latency) && latency >= 0,
          std::string(name) + ": latency must not be negative");
  }
  void node(int nodes, const NodeShape& node) {
    within("nodes", nodes, 1, most_numbered);
    within("node.gpus", node.gpus, 1, most_of_anything);
    within("node.nvswitches", node.nvswitches, 1, most_of_anything);
    if (node.gpus > 1) speed("node.nvlink", node.nvlink);
    speed("node.nic", node.nic);
  }
  bool none() const { return found_.empty(); }
  std::vector<std::string> found() const { return found_; }

 private:
  std::vector<std::string> found_;
};

// Everything but whether the nodes fit and whether a Slim Fly of this q is known.
struct FindNumberProblems {
  Problems& problems;

  void operator()(const FatTreeShape& shape) const {
    problems.node(shape.nodes, shape.node);
    problems.within("layers", shape.layers, 2, 3);
    problems.within("radix", shape.radix, 2, most_of_anything);
    problems.within("oversubscription", shape.oversubscription, 1, std::int64_t{shape.radix} - 1);
    if (shape.wiring == FatTreeWiring::multi_plane) {
      problems.check(shape.planes >= 1 && shape.node.gpus % shape.planes == 0,
                     "planes must divide node.gpus");
    } else {
      problems.check(shape.planes == 1, "planes must be 1 unless wired multi_plane");
    }
    problems.check(static_cast<std::int64_t>(shape.fabric.size()) + 1 == shape.layers,
                   "fabric needs one speed for each layer of switches but the first");
    for (const LinkSpeed& speed : shape.fabric) problems.speed("fabric", speed);
  }
  void operator()(const DragonflyShape& shape) const {
    problems.node(shape.nodes, shape.node);
    problems.within("endpoints_per_switch", shape.endpoints_per_switch, 1, most_of_anything);
    problems.within("switches_per_group", shape.switches_per_group, 1, most_of_anything);
    problems.within("global_ports_per_switch", shape.global_ports_per_switch, 1, most_of_anything);
    problems.within("groups", shape.groups, 1, most_numbered);
    if (problems.none()) {
      problems.check(shape.groups - 1 <= shape.switches_per_group * shape.global_ports_per_switch,
                     "a group has too few global ports to reach every other group");
    }
    problems.speed("local", shape.local);
    problems.speed("global", shape.global);
  }
  void operator()(const SlimFlyShape& shape) const {
    problems.node(shape.nodes, shape.node);
    problems.within("q", shape.q, 3, most_of_anything);
    problems.check(shape.q % 4 != 2, "q must not be 2 mod 4");
    problems.within("endpoints_per_switch", shape.endpoints_per_switch, 1, most_of_anything);
    problems.speed("fabric", shape.fabric);
  }
  void operator()(const TorusShape& shape) const {
    problems.node(shape.nodes, shape.node);
    problems.check(shape.sizes.size() == 2 || shape.sizes.size() == 3,
                   "sizes must be those of 2 or 3 dimensions");
    for (const int size : shape.sizes) problems.within("sizes", size, 1, most_of_anything);
    problems.within("endpoints_per_switch", shape.endpoints_per_switch, 1, most_of_anything);
    problems.speed("fabric", shape.fabric);
  }
};

struct CountFabric {
  FabricCounts operator()(const FatTreeShape& shape) const { return fat_tree_counts(shape); }
  FabricCounts operator()(const DragonflyShape& shape) const { return dragonfly_counts(shape); }
  FabricCounts operator()(const SlimFlyShape& shape) const {
    const std::int64_t switches = std::int64_t{2} * shape.q * shape.q;
    return {static_cast<std::int64_t>(shape.nodes) * shape.node.gpus, switches,
            switches / 2 * slim_fly_degree(shape.q)};
  }
  FabricCounts operator()(const TorusShape& shape) const {
    FabricCounts counts{static_cast<std::int64_t>(shape.nodes) * shape.node.gpus, 1, 0};
    for (const int size : shape.sizes) counts.switches *= size;
    for (const int size : shape.sizes) {
      if (size > 1) counts.links += size == 2 ? counts.switches / 2 : counts.switches;
    }
    return counts;
  }
};

struct CountPorts {  // for endpoints
  std::int64_t operator()(const FatTreeShape& shape) const {
    const FatTreeSizes sizes = fat_tree_sizes(shape);
    const std::int64_t gpus = shape.node.gpus;
    if (shape.wiring == FatTreeWiring::rail) return sizes.most_leaves / gpus * sizes.down * gpus;
    return sizes.most_leaves * sizes.down / (gpus / shape.planes) * gpus;
  }
  std::int64_t operator()(const DragonflyShape& shape) const { return direct(shape); }
  std::int64_t operator()(const SlimFlyShape& shape) const { return direct(shape); }
  std::int64_t operator()(const TorusShape& shape) const { return direct(shape); }

 private:
  template <typename Shape>
  static std::int64_t direct(const Shape& shape) {
    return CountFabric{}(shape).switches * shape.endpoints_per_switch;
  }
};

Problems number_problems(const TopologyShape& shape) {
  Problems problems;
  std::visit(FindNumberProblems{problems}, shape);
  return problems;
}

}  // namespace

const NodeShape& node_shape(const TopologyShape& shape) {
  return std::visit([](const auto& any) -> const NodeShape& { return any.node; }, shape);
}

int gpus(const TopologyShape& shape) {
  return std::visit([](const auto& any) { return any.nodes * any.node.gpus; }, shape);
}

std::vector<std::string> count_problems(const TopologyShape& shape) {
  Problems problems = number_problems(shape);
  if (!problems.none()) return problems.found();
  const std::int64_t most = most_nodes(shape);
  problems.check(fabric_counts(shape).endpoints <= most * node_shape(shape).gpus,
                 "the fabric has ports for " + std::to_string(most) + " nodes at most");
  return problems.found();
}

std::vector<std::string> shape_problems(const TopologyShape& shape) {
  std::vector<std::string> found = count_problems(shape);
  if (!number_problems(shape).none()) return found;
  const FabricCounts counts = fabric_counts(shape);
  const auto* slim_fly = std::get_if<SlimFlyShape>(&shape);
  if (slim_fly != nullptr && !is_prime_power(slim_fly->q)) {
    found.emplace_back("no Slim Fly is known whose q is not a prime power");
  }
  const std::int64_t wires =
      counts.endpoints * (1 + node_shape(shape).nvswitches) + counts.switches + counts.links;
  if (wires > most_wires) found.emplace_back("too large to be built");
  return found;
}

std::int64_t most_nodes(const TopologyShape& shape) {
  if (!number_problems(shape).none()) return 0;
  return std::visit(CountPorts{}, shape) / node_shape(shape).gpus;
}

FabricCounts fabric_counts(const TopologyShape& shape) {
  if (!number_problems(shape).none()) return {};
  return std::visit(CountFabric{}, shape);
}

int slim_fly_degree(int q) {
  const int d = q % 4 == 3 ? -1 : q % 4;
  return (3 * q - d) / 2;
}

NodeShape nvl72_rack(LinkSpeed nvlink, LinkSpeed nic) { return {72, 1, nvlink, nic}; }

FatTreeShape shape_of(const ClusterSpec& cluster) {
  FatTreeShape shape;
  shape.nodes = cluster.nodes;
  shape.node.gpus = cluster.gpus_per_node;
  shape.node.nvlink = {cluster.nvlink.achieved, cluster.nvlink.latency / 2};
  shape.node.nic = {cluster.nic.achieved, cluster.nic.latency / 2};
  switch (cluster.fabric.kind) {
    case FabricKind::multi_plane_fat_tree:
      shape.wiring = FatTreeWiring::multi_plane;
      break;
    case FabricKind::rail_optimised_fat_tree:
      shape.wiring = FatTreeWiring::rail;
      break;
    case FabricKind::fat_tree:
      shape.wiring = FatTreeWiring::packed;
      break;
  }
  shape.planes = cluster.fabric.planes;
  shape.layers = cluster.fabric.layers;
  shape.radix = cluster.fabric.switch_radix;
  for (int layer = 1; layer < shape.layers; ++layer) {
    shape.fabric.push_back({cluster.nic.achieved, cluster.fabric.switch_hop_latency});
  }
  return shape;
}

}  // namespace reckon

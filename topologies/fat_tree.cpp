#include "topologies/fat_tree.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "topologies/builder.hpp"

namespace reckon {
namespace {

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Wires from `lowers`, switches each with `ports` up, to `tops`, port after port, so that
// no top switch gets more than one wire more than another and every switch reaches every top.
void add_layer(TopologyBuilder& builder, const std::vector<int>& lowers, std::int64_t ports,
               const std::vector<int>& tops, const LinkSpeed& speed) {
  if (tops.empty()) return;
  std::size_t next = 0;
  for (const int lower : lowers) {
    for (std::int64_t port = 0; port < ports; ++port) {
      builder.add_wire(lower, tops[next], TopologyLinkKind::fabric, speed);
      next = (next + 1) % tops.size();
    }
  }
}

std::vector<int> add_switches(TopologyBuilder& builder, std::int64_t count, TopologyNode node) {
  std::vector<int> ids;
  for (std::int64_t index = 0; index < count; ++index) {
    ids.push_back(builder.add_node(node));
    ++node.index;
  }
  return ids;
}

// The switches of layers 2 and 3 of a plane of three layers.
void add_pods(TopologyBuilder& builder, const FatTreeShape& shape, const FatTreeSizes& sizes,
              const std::vector<int>& leaves, int plane) {
  std::vector<std::vector<int>> middles;  // [index in the pod][pod]
  middles.resize(static_cast<std::size_t>(sizes.middles));
  std::vector<int> of_pod;
  for (std::int64_t pod = 0; pod < sizes.pods; ++pod) {
    of_pod = add_switches(builder, sizes.middles,
                          {NodeKind::network_switch, 2, plane, static_cast<int>(pod), 0});
    for (std::size_t index = 0; index < of_pod.size(); ++index) {
      middles[index].push_back(of_pod[index]);
    }
    const auto first = leaves.begin() + pod * sizes.leaves_per_pod;
    const auto last = leaves.begin() + std::min((pod + 1) * sizes.leaves_per_pod, sizes.leaves);
    add_layer(builder, {first, last}, sizes.up, of_pod, shape.fabric[0]);
  }
  for (std::size_t index = 0; index < middles.size(); ++index) {
    const TopologyNode top{NodeKind::network_switch, 3, plane, static_cast<int>(index), 0};
    add_layer(builder, middles[index], sizes.middle_up, add_switches(builder, sizes.tops, top),
              shape.fabric[1]);
  }
}

}  // namespace

FatTreeSizes fat_tree_sizes(const FatTreeShape& shape) {
  FatTreeSizes sizes;
  const std::int64_t radix = shape.radix;
  sizes.up = radix / (1 + shape.oversubscription);
  sizes.down = sizes.up * shape.oversubscription;
  const std::int64_t gpus = shape.node.gpus;
  const bool rail = shape.wiring == FatTreeWiring::rail;
  sizes.leaves = rail ? divide_up(shape.nodes, sizes.down) * gpus
                      : divide_up(shape.nodes * (gpus / shape.planes), sizes.down);
  if (shape.layers == 2) {
    sizes.pods = 1;
    sizes.leaves_per_pod = sizes.leaves;
    sizes.most_leaves = radix;
    sizes.tops = sizes.leaves > 1 ? divide_up(sizes.leaves * sizes.up, radix) : 0;
  } else {
    sizes.leaves_per_pod = radix / 2;
    sizes.most_leaves = radix * sizes.leaves_per_pod;
    sizes.pods = divide_up(sizes.leaves, sizes.leaves_per_pod);
    // The same in each of several pods, as the cores join those of one index; a pod that is alone
    // is a tree of two layers.
    const std::int64_t alone = sizes.leaves > 1 ? divide_up(sizes.leaves * sizes.up, radix) : 0;
    sizes.middles = sizes.pods > 1 ? sizes.up : alone;
    sizes.middle_up = radix / 2;
    sizes.tops = sizes.pods > 1 ? divide_up(sizes.pods * sizes.middle_up, radix) : 0;
  }
  return sizes;
}

FatTreeSeat fat_tree_seat(const FatTreeShape& shape, const FatTreeSizes& sizes, int gpu) {
  const int down = static_cast<int>(sizes.down);
  const int node = gpu / shape.node.gpus;
  const int index = gpu % shape.node.gpus;
  if (shape.wiring == FatTreeWiring::rail) {
    return {0, node / down * shape.node.gpus + index, node % down};
  }
  const int endpoint = node * (shape.node.gpus / shape.planes) + index / shape.planes;
  return {index % shape.planes, endpoint / down, endpoint % down};
}

FabricCounts fat_tree_counts(const FatTreeShape& shape) {
  const FatTreeSizes sizes = fat_tree_sizes(shape);
  FabricCounts counts;
  counts.endpoints = static_cast<std::int64_t>(shape.nodes) * shape.node.gpus;
  if (shape.layers == 2) {
    counts.switches = sizes.leaves + sizes.tops;
    counts.links = sizes.tops > 0 ? sizes.leaves * sizes.up : 0;
  } else {
    const std::int64_t middles = sizes.pods * sizes.middles;
    counts.switches = sizes.leaves + middles + sizes.middles * sizes.tops;
    counts.links = (sizes.middles > 0 ? sizes.leaves * sizes.up : 0) +
                   (sizes.tops > 0 ? middles * sizes.middle_up : 0);
  }
  counts.switches *= shape.planes;
  counts.links *= shape.planes;
  return counts;
}

void add_fat_tree(TopologyBuilder& builder, const FatTreeShape& shape) {
  const FatTreeSizes sizes = fat_tree_sizes(shape);
  std::vector<std::vector<int>> leaves;  // [plane]
  for (int plane = 0; plane < shape.planes; ++plane) {
    std::vector<int>& here = leaves.emplace_back();
    for (std::int64_t leaf = 0; leaf < sizes.leaves; ++leaf) {
      const auto pod = static_cast<int>(leaf / sizes.leaves_per_pod);
      const auto index = static_cast<int>(leaf % sizes.leaves_per_pod);
      here.push_back(builder.add_node({NodeKind::network_switch, 1, plane, pod, index}));
    }
    if (shape.layers == 2) {
      const TopologyNode top{NodeKind::network_switch, 2, plane, 0, 0};
      add_layer(builder, here, sizes.up, add_switches(builder, sizes.tops, top), shape.fabric[0]);
    } else {
      add_pods(builder, shape, sizes, here, plane);
    }
  }
  for (int gpu = 0; gpu < shape.nodes * shape.node.gpus; ++gpu) {
    const FatTreeSeat seat = fat_tree_seat(shape, sizes, gpu);
    const std::vector<int>& plane = leaves[static_cast<std::size_t>(seat.plane)];
    builder.add_wire(gpu, plane[static_cast<std::size_t>(seat.leaf)], TopologyLinkKind::nic,
                     shape.node.nic);
  }
}

}  // namespace reckon

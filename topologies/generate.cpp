#include "topologies/generate.hpp"

#include <cstddef>
#include <utility>
#include <variant>

#include "topologies/builder.hpp"

namespace reckon {
namespace {

void add_nodes(TopologyBuilder& builder, const NodeShape& node, int nodes) {
  for (int n = 0; n < nodes; ++n) {
    for (int index = 0; index < node.gpus; ++index) {
      builder.add_node({NodeKind::gpu, 0, 0, n, index});
    }
  }
  if (node.gpus == 1) return;
  const LinkSpeed share{node.nvlink.capacity / node.nvswitches, node.nvlink.latency};
  for (int n = 0; n < nodes; ++n) {
    for (int index = 0; index < node.nvswitches; ++index) {
      const int nvswitch = builder.add_node({NodeKind::nvswitch, 0, 0, n, index});
      for (int gpu = n * node.gpus; gpu < (n + 1) * node.gpus; ++gpu) {
        builder.add_wire(gpu, nvswitch, TopologyLinkKind::nvlink, share);
      }
    }
  }
}

void index_links(Topology& topology) {
  topology.first_out.assign(topology.nodes.size() + 1, 0);
  for (const TopologyLink& link : topology.links) {
    ++topology.first_out[static_cast<std::size_t>(link.from) + 1];
  }
  for (std::size_t node = 0; node < topology.nodes.size(); ++node) {
    topology.first_out[node + 1] += topology.first_out[node];
  }
  std::vector<int> next = topology.first_out;
  topology.out_links.resize(topology.links.size());
  for (std::size_t link = 0; link < topology.links.size(); ++link) {
    int& slot = next[static_cast<std::size_t>(topology.links[link].from)];
    topology.out_links[static_cast<std::size_t>(slot++)] = static_cast<int>(link);
  }
}

struct AddFabric {
  TopologyBuilder& builder;
  void operator()(const FatTreeShape& shape) { add_fat_tree(builder, shape); }
  void operator()(const DragonflyShape& shape) { add_dragonfly(builder, shape); }
  void operator()(const SlimFlyShape& shape) { add_slim_fly(builder, shape); }
  void operator()(const TorusShape& shape) { add_torus(builder, shape); }
};

}  // namespace

void add_nics_in_order(TopologyBuilder& builder, const NodeShape& node, int gpus, int first_switch,
                       int endpoints_per_switch) {
  for (int gpu = 0; gpu < gpus; ++gpu) {
    builder.add_wire(gpu, first_switch + gpu / endpoints_per_switch, TopologyLinkKind::nic,
                     node.nic);
  }
}

Topology build_topology(const TopologyShape& shape) {
  if (!shape_problems(shape).empty()) return {};
  TopologyBuilder builder;
  const NodeShape& node = node_shape(shape);
  add_nodes(builder, node, gpus(shape) / node.gpus);
  const int first_switch = static_cast<int>(builder.nodes.size());
  std::visit(AddFabric{builder}, shape);
  Topology topology;
  topology.shape = shape;
  topology.nodes = std::move(builder.nodes);
  topology.links = std::move(builder.links);
  topology.gpus = gpus(shape);
  topology.first_switch = first_switch;
  index_links(topology);
  return topology;
}

}  // namespace reckon

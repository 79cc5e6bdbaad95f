#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "topologies/bisection.hpp"

namespace reckon {
namespace {

// What could leave the first half and what could come into the second, bytes/s.
struct Sides {
  double leaves = 0;
  double enters = 0;

  // What stays below this point goes across here; of the rest, what `up` carries goes on.
  double settle(double up) {
    const double across = std::min(leaves, enters);
    leaves = std::min(leaves - across, up);
    enters = std::min(enters - across, up);
    return across;
  }
  void add(const Sides& other) {
    leaves += other.leaves;
    enters += other.enters;
  }
};

class Bound {
 public:
  Bound(const Topology& topology, const GpuHalves& halves)
      : topology_(topology),
        halves_(halves),
        at_switch_(topology.nodes.size() - static_cast<std::size_t>(topology.first_switch)),
        wires_up_(at_switch_.size(), 0) {
    std::map<int, Sides> in_node;  // over NVLink, of a node that the halves share
    for (const TopologyLink& link : topology.links) {
      if (link.failed) continue;
      const double capacity = link.capacity.value;
      if (link.from < topology.gpus) {
        Sides& sides = link.kind == TopologyLinkKind::nic
                           ? at_switch_[switch_of(link.to)]
                           : in_node[topology.nodes[static_cast<std::size_t>(link.from)].group];
        (is_second(link.from) ? sides.enters : sides.leaves) += capacity;
      } else if (link.kind == TopologyLinkKind::fabric && layer(link.to) > layer(link.from)) {
        wires_up_[switch_of(link.from)] += capacity;
      }
    }
    for (auto& [node, sides] : in_node) nvlink_ += sides.settle(0);
  }

  double of_tree() const {
    std::map<std::pair<int, int>, std::pair<Sides, double>> pods;  // and the wires up of a pod
    double across = nvlink_;
    for (std::size_t at = 0; at < at_switch_.size(); ++at) {
      const TopologyNode& node = node_of(at);
      if (node.layer > 2 || (node.layer == 2 && !has_cores())) continue;
      auto& [sides, up] = pods[{node.plane, node.group}];
      if (node.layer == 2) {
        up += wires_up_[at];
        continue;
      }
      Sides leaf = at_switch_[at];
      across += leaf.settle(wires_up_[at]);
      sides.add(leaf);
    }
    std::map<int, Sides> planes;
    for (auto& [key, pod] : pods) {
      across += pod.first.settle(pod.second);
      planes[key.first].add(pod.first);
    }
    for (auto& [plane, sides] : planes) across += sides.settle(0);
    return across;
  }

  // A switch goes to the half that more of its GPUs are in. NICs to the other half are cut too.
  double of_flat() const {
    Sides all;
    double cut = 0;
    for (const Sides& sides : at_switch_) {
      all.add(sides);
      cut += std::min(sides.leaves, sides.enters);
    }
    for (const TopologyLink& link : topology_.links) {
      if (link.failed || link.kind != TopologyLinkKind::fabric) continue;
      if (!in_second(link.from) && in_second(link.to)) cut += link.capacity.value;
    }
    return nvlink_ + std::min(cut, all.settle(0));
  }

 private:
  std::size_t switch_of(int id) const {
    return static_cast<std::size_t>(id - topology_.first_switch);
  }
  const TopologyNode& node_of(std::size_t at) const {
    return topology_.nodes[static_cast<std::size_t>(topology_.first_switch) + at];
  }
  int layer(int id) const { return topology_.nodes[static_cast<std::size_t>(id)].layer; }
  bool is_second(int gpu) const { return halves_[static_cast<std::size_t>(gpu)]; }
  bool in_second(int id) const {
    const Sides& sides = at_switch_[switch_of(id)];
    if (sides.leaves == sides.enters) return 2 * switch_of(id) >= at_switch_.size();
    return sides.enters > sides.leaves;
  }
  bool has_cores() const { return std::get<FatTreeShape>(topology_.shape).layers == 3; }

  const Topology& topology_;
  const GpuHalves& halves_;
  std::vector<Sides> at_switch_;
  std::vector<double> wires_up_;  // of each switch
  double nvlink_ = 0;
};

}  // namespace

BytesPerSecond bisection_bound(const Topology& topology, const GpuHalves& halves) {
  const Bound bound(topology, halves);
  const bool is_tree = std::holds_alternative<FatTreeShape>(topology.shape);
  return {is_tree ? bound.of_tree() : bound.of_flat()};
}

}  // namespace reckon

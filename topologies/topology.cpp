#include "topologies/topology.hpp"

#include <cstddef>
#include <utility>

#include "topologies/random.hpp"

namespace reckon {

std::span<const int> links_from(const Topology& topology, int node) {
  const auto at = static_cast<std::size_t>(node);
  const int first = topology.first_out[at];
  return {topology.out_links.data() + first,
          static_cast<std::size_t>(topology.first_out[at + 1] - first)};
}

FabricCounts count_fabric(const Topology& topology) {
  FabricCounts counts;
  counts.endpoints = topology.gpus;
  for (const TopologyNode& node : topology.nodes) {
    if (node.kind == NodeKind::network_switch) ++counts.switches;
  }
  for (const TopologyLink& link : topology.links) {
    if (link.kind == TopologyLinkKind::fabric && link.from < link.to) ++counts.links;
  }
  return counts;
}

Topology without(Topology topology, const Failures& failures) {
  const auto fail = [&topology](int link) {
    topology.links[static_cast<std::size_t>(link)].failed = true;
    topology.links[static_cast<std::size_t>(reverse_of(link))].failed = true;
  };
  for (const int link : failures.links) {
    if (link >= 0 && link < static_cast<int>(topology.links.size())) fail(link);
  }
  for (const int node : failures.nodes) {
    if (node < 0 || node >= static_cast<int>(topology.nodes.size())) continue;
    for (const int link : links_from(topology, node)) fail(link);
  }
  return topology;
}

Failures random_link_failures(const Topology& topology, TopologyLinkKind kind, int count,
                              std::uint64_t seed) {
  std::vector<int> wires;
  for (std::size_t link = 0; link < topology.links.size(); link += 2) {
    const TopologyLink& one = topology.links[link];
    if (one.kind == kind && !one.failed) wires.push_back(static_cast<int>(link));
  }
  Failures failures;
  for (int drawn = 0; drawn < count && !wires.empty(); ++drawn) {
    const std::uint64_t at = mix(seed, static_cast<std::uint64_t>(drawn)) % wires.size();
    std::swap(wires[at], wires.back());
    failures.links.push_back(wires.back());
    wires.pop_back();
  }
  return failures;
}

}  // namespace reckon

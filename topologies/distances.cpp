#include "topologies/distances.hpp"

#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/property_map/property_map.hpp>
#include <cstddef>
#include <utility>

namespace reckon {
namespace {

bool is_live_fabric(const TopologyLink& link) {
  return link.kind == TopologyLinkKind::fabric && !link.failed;
}

}  // namespace

std::vector<SwitchDistance> shortest_distances(const Topology& topology, int to_switch) {
  const std::size_t switches =
      topology.nodes.size() - static_cast<std::size_t>(topology.first_switch);
  std::vector<std::pair<int, int>> edges;
  for (const TopologyLink& link : topology.links) {
    if (!is_live_fabric(link)) continue;
    edges.emplace_back(link.from - topology.first_switch, link.to - topology.first_switch);
  }
  using Graph = boost::compressed_sparse_row_graph<boost::directedS>;
  const Graph graph(boost::edges_are_unsorted_multi_pass, edges.begin(), edges.end(), switches);

  // Wires work or fail in both directions, so distances from the switch are those to it.
  const auto start = static_cast<std::size_t>(to_switch - topology.first_switch);
  std::vector<int> hops(switches, -1);
  hops[start] = 0;
  boost::breadth_first_search(
      graph, start,
      boost::visitor(boost::make_bfs_visitor(boost::record_distances(
          boost::make_iterator_property_map(hops.begin(), get(boost::vertex_index, graph)),
          boost::on_tree_edge()))));

  std::vector<SwitchDistance> distances(switches);
  for (std::size_t at = 0; at < switches; ++at) {
    distances[at].hops = static_cast<std::int16_t>(hops[at]);
  }
  return distances;
}

std::vector<SwitchDistance> up_down_distances(const Topology& topology, int to_switch) {
  const int first = topology.first_switch;
  const int end = static_cast<int>(topology.nodes.size());
  std::vector<SwitchDistance> distances(static_cast<std::size_t>(end - first));
  const auto at = [&](int node) -> SwitchDistance& {
    return distances[static_cast<std::size_t>(node - first)];
  };
  const auto layer = [&](int node) { return topology.nodes[static_cast<std::size_t>(node)].layer; };

  // Those that can descend to it: layer by layer up from it.
  at(to_switch) = {0, true};
  std::vector<int> reached{to_switch};
  for (std::size_t next = 0; next < reached.size(); ++next) {
    const int node = reached[next];
    for (const int id : links_from(topology, node)) {
      const TopologyLink& link = topology.links[static_cast<std::size_t>(id)];
      if (!is_live_fabric(link) || layer(link.to) < layer(node) || at(link.to).hops >= 0) continue;
      at(link.to) = {static_cast<std::int16_t>(at(node).hops + 1), true};
      reached.push_back(link.to);
    }
  }
  // The others climb first. Within a plane higher layers have higher ids.
  for (int node = end - 1; node >= first; --node) {
    if (at(node).descending) continue;
    for (const int id : links_from(topology, node)) {
      const TopologyLink& link = topology.links[static_cast<std::size_t>(id)];
      if (!is_live_fabric(link) || layer(link.to) < layer(node) || at(link.to).hops < 0) continue;
      const auto hops = static_cast<std::int16_t>(at(link.to).hops + 1);
      if (at(node).hops < 0 || hops < at(node).hops) at(node).hops = hops;
    }
  }
  return distances;
}

}  // namespace reckon

#include "topologies/reach.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>

namespace reckon {

Reachability reachable_components(const Topology& topology) {
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;
  Graph graph(topology.nodes.size());
  for (const TopologyLink& link : topology.links) {
    if (link.failed || link.from > link.to) continue;
    boost::add_edge(static_cast<std::size_t>(link.from), static_cast<std::size_t>(link.to), graph);
  }
  std::vector<int> component(topology.nodes.size(), 0);
  const int found = boost::connected_components(graph, component.data());

  Reachability reachability;
  std::vector<int> number(static_cast<std::size_t>(found), -1);
  for (int gpu = 0; gpu < topology.gpus; ++gpu) {
    int& known = number[static_cast<std::size_t>(component[static_cast<std::size_t>(gpu)])];
    if (known < 0) known = reachability.components++;
    reachability.component_by_gpu.push_back(known);
  }
  return reachability;
}

std::vector<GpuPair> unreachable_pairs(const Topology& topology, const RoutingPolicy& policy,
                                       std::size_t limit) {
  std::vector<GpuPair> unreachable;
  std::vector<GpuPair> pairs;
  constexpr int batch = 64;  // sources at a time: each destination's distances serve all of them
  for (int first = 0; first < topology.gpus && unreachable.size() < limit; first += batch) {
    pairs.clear();
    for (int from = first; from < std::min(first + batch, topology.gpus); ++from) {
      for (int to = 0; to < topology.gpus; ++to) pairs.push_back({from, to});
    }
    const std::vector<std::optional<Route>> routes = find_routes(topology, policy, pairs);
    for (std::size_t at = 0; at < pairs.size() && unreachable.size() < limit; ++at) {
      if (!routes[at]) unreachable.push_back(pairs[at]);
    }
  }
  return unreachable;
}

}  // namespace reckon

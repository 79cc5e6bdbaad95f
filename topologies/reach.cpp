#include "topologies/reach.hpp"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>
#include <cstddef>

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

}  // namespace reckon

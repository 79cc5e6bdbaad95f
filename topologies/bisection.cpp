#include "topologies/bisection.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/push_relabel_max_flow.hpp>
#include <cstddef>
#include <numeric>

#include "topologies/random.hpp"

namespace reckon {
namespace {

using Capacity = std::int64_t;
using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
using Graph = boost::adjacency_list<
    boost::vecS, boost::vecS, boost::directedS, boost::no_property,
    boost::property<
        boost::edge_capacity_t, Capacity,
        boost::property<boost::edge_residual_capacity_t, Capacity,
                        boost::property<boost::edge_reverse_t, Traits::edge_descriptor>>>>;

// With the edge back that the algorithm sends flow back on; it wants that to have no capacity of
// its own, so a wire is two of these.
void add_edge(Graph& graph, std::size_t from, std::size_t to, Capacity capacity) {
  const auto forward = boost::add_edge(from, to, graph).first;
  const auto backward = boost::add_edge(to, from, graph).first;
  boost::put(boost::edge_capacity, graph, forward, capacity);
  boost::put(boost::edge_capacity, graph, backward, 0);
  boost::put(boost::edge_reverse, graph, forward, backward);
  boost::put(boost::edge_reverse, graph, backward, forward);
}

// The algorithm wants integers: units of a byte/s, or of less where a wire would have few of them,
// or of more where sums would not fit. No wire carries more than `most`.
double unit_of(const Topology& topology, double most) {
  constexpr double fewest = 1 << 20;  // of the slowest wire
  double sum = 0;
  double slowest = fewest;
  for (const TopologyLink& link : topology.links) {
    sum += std::min(link.capacity.value, most);
    slowest = std::min(slowest, link.capacity.value);
  }
  return std::max(slowest / fewest, sum / 1e18);
}

GpuHalves halves_of_nodes(const Topology& topology, const std::vector<int>& nodes) {
  const int gpus_per_node = node_shape(topology.shape).gpus;
  GpuHalves second(static_cast<std::size_t>(topology.gpus), true);
  for (std::size_t at = 0; at < nodes.size() / 2; ++at) {
    const auto first = second.begin() + std::ptrdiff_t{nodes[at]} * gpus_per_node;
    std::fill(first, first + gpus_per_node, false);
  }
  return second;
}

std::vector<int> nodes_in_order(const Topology& topology) {
  const int nodes = topology.gpus / node_shape(topology.shape).gpus;
  std::vector<int> order(static_cast<std::size_t>(nodes));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

}  // namespace

GpuHalves halves(const Topology& topology) {
  const std::vector<int> nodes = nodes_in_order(topology);
  GpuHalves second = halves_of_nodes(topology, nodes);
  if (nodes.size() == 1) std::fill(second.begin(), second.begin() + topology.gpus / 2, false);
  return second;
}

GpuHalves random_halves(const Topology& topology, std::uint64_t seed) {
  std::vector<int> nodes = nodes_in_order(topology);
  for (std::size_t left = nodes.size(); left > 1; --left) {
    std::swap(nodes[left - 1], nodes[mix(seed, left) % left]);
  }
  return halves_of_nodes(topology, nodes);
}

BytesPerSecond bisection_bandwidth(const Topology& topology, const GpuHalves& halves) {
  const double most = bisection_bound(topology, halves).value;
  if (most <= 0) return {};
  const double unit = unit_of(topology, most);
  const auto units = [&](const TopologyLink& link) {
    const double capacity = std::min(link.capacity.value, most);
    return link.failed ? Capacity{0} : static_cast<Capacity>(capacity / unit);
  };
  const std::size_t source = topology.nodes.size();
  const std::size_t sink = source + 1;
  Graph graph(sink + 1);
  for (const TopologyLink& link : topology.links) {
    add_edge(graph, static_cast<std::size_t>(link.from), static_cast<std::size_t>(link.to),
             units(link));
  }
  const std::size_t gpus = std::min(halves.size(), static_cast<std::size_t>(topology.gpus));
  for (std::size_t gpu = 0; gpu < gpus; ++gpu) {
    Capacity all = 0;
    for (const int id : links_from(topology, static_cast<int>(gpu))) {
      all += units(topology.links[static_cast<std::size_t>(id)]);
    }
    if (halves[gpu]) {
      add_edge(graph, gpu, sink, all);
    } else {
      add_edge(graph, source, gpu, all);
    }
  }
  const Capacity flow = boost::push_relabel_max_flow(graph, source, sink);
  return {static_cast<double>(flow) * unit};
}

}  // namespace reckon

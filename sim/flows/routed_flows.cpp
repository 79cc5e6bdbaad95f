#include "sim/flows/routed_flows.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "sim/flows/flow_simulator.hpp"

namespace reckon {
namespace {

std::vector<std::optional<Route>> routes_of(const Topology& topology, const RoutingPolicy& routing,
                                            std::span<const RoutedTransfer> transfers) {
  std::vector<GpuPair> pairs;
  pairs.reserve(transfers.size());
  for (const RoutedTransfer& transfer : transfers) pairs.push_back(transfer.gpus);
  return find_routes(topology, routing, pairs);
}

std::vector<FlowLink> all_links(const Topology& topology, std::span<const FlowLink> private_links) {
  std::vector<FlowLink> links;
  links.reserve(topology.links.size() + private_links.size());
  for (const TopologyLink& link : topology.links) {
    links.push_back({link.capacity.value, link.latency.value});
  }
  links.insert(links.end(), private_links.begin(), private_links.end());
  return links;
}

void find_busiest(std::span<const FlowLink> links, const FlowSet& flows, RoutedTimes& times) {
  std::vector<double> bytes(links.size(), 0);
  for (std::size_t flow = 0; flow < flows.size(); ++flow) {
    for (const int link : flows.path(flow))
      bytes[static_cast<std::size_t>(link)] += flows.bytes(flow);
  }
  for (std::size_t link = 0; link < links.size(); ++link) {
    const double seconds = bytes[link] / links[link].capacity;
    if (seconds > times.utilisation) {
      times.utilisation = seconds;
      times.busiest_link = static_cast<int>(link);
    }
  }
  if (times.makespan > 0) times.utilisation /= times.makespan;
}

}  // namespace

RoutedTimes simulate_transfers(const Topology& topology, const RoutingPolicy& routing,
                               std::span<const RoutedTransfer> transfers,
                               std::span<const FlowLink> private_links) {
  RoutedTimes times;
  const std::vector<std::optional<Route>> routes = routes_of(topology, routing, transfers);
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    if (!routes[i]) times.unreachable.push_back(transfers[i].gpus);
  }
  if (!times.unreachable.empty()) return times;
  const std::vector<FlowLink> links = all_links(topology, private_links);
  const int first_private = static_cast<int>(topology.links.size());
  std::size_t incidences = transfers.size();
  for (const auto& route : routes) incidences += route->size();
  FlowSet flows;
  flows.reserve(transfers.size(), incidences);
  Route path;
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    const RoutedTransfer& transfer = transfers[i];
    path = *routes[i];
    if (transfer.private_link >= 0) path.push_back(first_private + transfer.private_link);
    // What takes no link takes no time.
    flows.add(path, path.empty() ? 0 : transfer.bytes, 0, transfer.after);
  }
  FlowResult result = simulate_flows(links, flows);
  times.finish = std::move(result.finish);
  times.makespan = result.makespan;
  find_busiest(links, flows, times);
  return times;
}

std::string link_text(const Topology& topology, int link) {
  const TopologyLink& wire = topology.links[static_cast<std::size_t>(link)];
  if (wire.kind == TopologyLinkKind::fabric) {
    return "wire of switches " + std::to_string(wire.from - topology.first_switch) + " and " +
           std::to_string(wire.to - topology.first_switch);
  }
  const bool outwards = wire.from < topology.gpus;
  return (wire.kind == TopologyLinkKind::nic ? "NIC of GPU " : "NVLink of GPU ") +
         std::to_string(outwards ? wire.from : wire.to) + (outwards ? ", outwards" : ", inwards");
}

}  // namespace reckon

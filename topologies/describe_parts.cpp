#include "topologies/describe_parts.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "topologies/describe.hpp"
#include "topologies/distances.hpp"
#include "topologies/node_names.hpp"
#include "topologies/reach.hpp"

namespace reckon {
namespace {

constexpr std::size_t most_named = 8;  // of any list of parts or pairs

int network_switch_of(const Topology& topology, int gpu) {
  return topology.links[static_cast<std::size_t>(links_from(topology, gpu).back())].to;
}

bool is_indexed(const TopologyShape& shape) {
  const auto* tree = std::get_if<FatTreeShape>(&shape);
  return tree != nullptr && tree->wiring != FatTreeWiring::packed;
}

std::string distance_name(const TopologyShape& shape, int wires, bool last) {
  if (const auto* tree = std::get_if<FatTreeShape>(&shape)) {
    if (wires == 0) return "same leaf";
    if (tree->layers == 2) return "other leaf";
    return wires == 2 ? "same pod" : "other pod";
  }
  if (wires == 0) return "same switch";
  const std::string text = std::to_string(wires) + (wires == 1 ? " wire" : " wires") + " on";
  return last && wires > 1 ? text + ", farthest" : text;
}

// The first GPU of another node at each number of wires between switches from GPU 0's.
std::map<int, int> first_at_distance(const Topology& topology) {
  const int gpus_per_node = node_shape(topology.shape).gpus;
  const int here = network_switch_of(topology, 0);
  const std::vector<SwitchDistance> distances = shortest_distances(topology, here);
  std::map<int, int> first;
  const int step = is_indexed(topology.shape) ? gpus_per_node : 1;
  for (int gpu = gpus_per_node; gpu < topology.gpus; gpu += step) {
    const int there = network_switch_of(topology, gpu) - topology.first_switch;
    const int hops = distances[static_cast<std::size_t>(there)].hops;
    if (hops >= 0) first.try_emplace(hops, gpu);
  }
  return first;
}

void add_line(const Topology& topology, const RoutingPolicy& policy, const std::string& name,
              int to, std::vector<DistanceLine>& lines) {
  const std::optional<Route> route = find_route(topology, policy, {0, to});
  if (!route) return;
  DistanceLine line{name, 0, to, 0, static_cast<int>(route->size()), latency_of(topology, *route)};
  for (const int id : *route) {
    const int at = topology.links[static_cast<std::size_t>(id)].to;
    if (at >= topology.first_switch) ++line.switches;
  }
  lines.push_back(line);
}

// The wires that failed by themselves, each once, by the order in which they are named.
void add_wires(const Topology& topology, const std::vector<int>& links, FailureFigure& figure) {
  std::set<int> wires;
  for (const int link : links) {
    if (!wires.insert(link / 2).second || figure.first_wires.size() == most_named) continue;
    const TopologyLink& one =
        topology.links[static_cast<std::size_t>(std::min(link, reverse_of(link)))];
    figure.first_wires.push_back(node_name(topology, one.from) + "-" + node_name(topology, one.to));
  }
  figure.wires_by_themselves = static_cast<std::int64_t>(wires.size());
}

void add_parts(const Topology& broken, FailureFigure& figure) {
  const Reachability reach = reachable_components(broken);
  figure.parts.assign(static_cast<std::size_t>(reach.components), 0);
  for (const int part : reach.component_by_gpu) ++figure.parts[static_cast<std::size_t>(part)];
  const std::int64_t gpus = broken.gpus;
  figure.by_wires.pairs = gpus * gpus;
  for (const std::int64_t part : figure.parts) figure.by_wires.pairs -= part * part;
  std::sort(figure.parts.begin(), figure.parts.end(), std::greater<>());
  if (figure.by_wires.pairs == 0) return;
  for (int from = 0; from < broken.gpus; ++from) {
    for (int to = 0; to < broken.gpus; ++to) {
      if (figure.by_wires.first.size() == most_named) return;
      const auto part = [&reach](int gpu) {
        return reach.component_by_gpu[static_cast<std::size_t>(gpu)];
      };
      if (part(from) != part(to)) figure.by_wires.first.push_back({from, to});
    }
  }
}

}  // namespace

std::vector<DistanceLine> distance_lines(const Topology& topology, const RoutingPolicy& policy) {
  std::vector<DistanceLine> lines;
  const int gpus_per_node = node_shape(topology.shape).gpus;
  if (gpus_per_node > 1) add_line(topology, policy, "same node", 1, lines);
  const std::map<int, int> first = first_at_distance(topology);
  for (const auto& [wires, gpu] : first) {
    // In a torus there are many: nearest and farthest tell enough.
    const bool last = wires == first.rbegin()->first;
    if (wires > 2 && !last && !std::holds_alternative<FatTreeShape>(topology.shape)) continue;
    add_line(topology, policy, distance_name(topology.shape, wires, last), gpu, lines);
  }
  if (is_indexed(topology.shape) && gpus_per_node > 1 && topology.gpus > gpus_per_node) {
    const bool rails = std::get<FatTreeShape>(topology.shape).wiring == FatTreeWiring::rail;
    if (rails || std::get<FatTreeShape>(topology.shape).planes > 1) {
      add_line(topology, policy, rails ? "other rail, by NVLink" : "other plane, by NVLink",
               first.rbegin()->second + 1, lines);
    }
  }
  return lines;
}

FailureFigure failure_figure(const Topology& broken, const Failures& failures,
                             const RoutingPolicy& policy) {
  FailureFigure figure;
  const std::set<int> switches(failures.nodes.begin(), failures.nodes.end());
  figure.switches = static_cast<std::int64_t>(switches.size());
  for (const int id : switches) {
    if (figure.first_switches.size() == most_named) break;
    figure.first_switches.push_back(node_name(broken, id));
  }
  for (const TopologyLink& link : broken.links) {
    if (!link.failed || link.from > link.to) continue;
    ++figure.wires;
    if (link.kind == TopologyLinkKind::nic) ++figure.gpus_without_nic;
  }
  add_wires(broken, failures.links, figure);
  add_parts(broken, figure);
  if (broken.gpus > most_gpus_to_try_pairs) return figure;
  const std::size_t all =
      static_cast<std::size_t>(broken.gpus) * static_cast<std::size_t>(broken.gpus);
  const std::vector<GpuPair> pairs = unreachable_pairs(broken, policy, all);
  figure.by_routing = Unreachable{static_cast<std::int64_t>(pairs.size()), {}};
  for (std::size_t at = 0; at < std::min(pairs.size(), most_named); ++at) {
    figure.by_routing->first.push_back({pairs[at].from, pairs[at].to});
  }
  return figure;
}

}  // namespace reckon

#include "topologies/describe.hpp"

#include <algorithm>
#include <cstddef>
#include <iomanip>
#include <map>
#include <sstream>
#include <string_view>

#include "topologies/bisection.hpp"
#include "topologies/describe_parts.hpp"
#include "topologies/fat_tree.hpp"
#include "topologies/node_names.hpp"

namespace reckon {
namespace {

const TopologyLink& link_of(const Topology& topology, int id) {
  return topology.links[static_cast<std::size_t>(id)];
}

// --- what it is
// -----------------------------------------------------------------------------------

struct NameKind {
  std::string operator()(const FatTreeShape& shape) const {
    const std::string layers = " of " + std::to_string(shape.layers) + " layers";
    switch (shape.wiring) {
      case FatTreeWiring::packed:
        return "fat tree" + layers;
      case FatTreeWiring::rail:
        return "rail-optimised fat tree" + layers;
      case FatTreeWiring::multi_plane:
        return std::to_string(shape.planes) + "-plane fat tree" + layers;
    }
    return {};
  }
  std::string operator()(const DragonflyShape& shape) const {
    return "dragonfly of " + std::to_string(shape.groups) + " groups of " +
           std::to_string(shape.switches_per_group) + " switches";
  }
  std::string operator()(const SlimFlyShape& shape) const {
    return "Slim Fly, q = " + std::to_string(shape.q);
  }
  std::string operator()(const TorusShape& shape) const {
    std::string sizes;
    for (const int size : shape.sizes) sizes += (sizes.empty() ? "" : " x ") + std::to_string(size);
    return "torus, " + sizes;
  }
};

// Bandwidth down over bandwidth up, of a full leaf.
std::optional<double> leaf_oversubscription(const TopologyShape& shape) {
  const auto* tree = std::get_if<FatTreeShape>(&shape);
  if (tree == nullptr) return std::nullopt;
  const FatTreeSizes sizes = fat_tree_sizes(*tree);
  if (sizes.leaves < 2) return std::nullopt;
  return tree->node.nic.capacity * static_cast<double>(sizes.down) /
         (tree->fabric[0].capacity * static_cast<double>(sizes.up));
}

// --- switches and wires
// ---------------------------------------------------------------------------

void add_layers(const Topology& topology, TopologyReport& report) {
  std::map<int, SwitchLine> layers;
  for (auto id = topology.first_switch; id < static_cast<int>(topology.nodes.size()); ++id) {
    const int layer = topology.nodes[static_cast<std::size_t>(id)].layer;
    const auto ports = static_cast<int>(links_from(topology, id).size());
    const auto [at, is_new] = layers.try_emplace(layer);
    SwitchLine& line = at->second;
    line.ports_least = is_new ? ports : std::min(line.ports_least, ports);
    line.ports_most = std::max(line.ports_most, ports);
    ++line.switches;
  }
  for (auto& [layer, line] : layers) {
    line.layer = layer_name(topology.shape, layer);
    line.ports = switch_ports(topology.shape);
    report.layers.push_back(line);
  }
}

std::string wire_name(const Topology& topology, const TopologyLink& link) {
  switch (link.kind) {
    case TopologyLinkKind::nvlink:
      return std::string(nvlink_wires);
    case TopologyLinkKind::nic:
      return "GPU to " + layer_name(topology.shape, 1);
    case TopologyLinkKind::fabric:
      break;
  }
  const TopologyNode& from = topology.nodes[static_cast<std::size_t>(link.from)];
  const TopologyNode& to = topology.nodes[static_cast<std::size_t>(link.to)];
  if (std::holds_alternative<DragonflyShape>(topology.shape)) {
    return from.group == to.group ? "inside a group" : "between groups";
  }
  if (from.layer == to.layer) return "switch to switch";
  return layer_name(topology.shape, std::min(from.layer, to.layer)) + " to " +
         layer_name(topology.shape, std::max(from.layer, to.layer));
}

void add_wires(const Topology& topology, TopologyReport& report) {
  std::vector<WireLine>& lines = report.wires;
  for (std::size_t id = 0; id < topology.links.size(); id += 2) {
    const TopologyLink& link = topology.links[id];
    const std::string name = wire_name(topology, link);
    auto line = std::find_if(lines.begin(), lines.end(),
                             [&name](const WireLine& one) { return one.between == name; });
    if (line == lines.end()) line = lines.insert(line, {name, 0, link.capacity, link.latency});
    ++line->wires;
  }
  std::stable_sort(lines.begin(), lines.end(), [](const WireLine& a, const WireLine& b) {
    const auto order = [](const WireLine& line) {
      return line.between == nvlink_wires ? 0 : line.between.starts_with("GPU") ? 1 : 2;
    };
    return order(a) < order(b);
  });
}

// --- routes
// -------------------------------------------------------------------------------------------

std::string kind_name(TopologyLinkKind kind) {
  switch (kind) {
    case TopologyLinkKind::nvlink:
      return "nvlink";
    case TopologyLinkKind::nic:
      return "nic";
    case TopologyLinkKind::fabric:
      return "fabric";
  }
  return {};
}

RouteFigure route_figure(const Topology& topology, const RoutingPolicy& policy, GpuPair pair) {
  RouteFigure figure{pair.from, pair.to, false, {}, {}, {}};
  const std::optional<Route> route = find_route(topology, policy, pair);
  if (!route) return figure;
  figure.found = true;
  figure.latency = latency_of(topology, *route);
  for (const int id : *route) {
    const TopologyLink& link = link_of(topology, id);
    figure.hops.push_back({node_name(topology, link.from), node_name(topology, link.to),
                           kind_name(link.kind), link.capacity, link.latency});
    const bool slowest = figure.hops.size() == 1 || link.capacity < figure.bandwidth;
    if (slowest) figure.bandwidth = link.capacity;
  }
  return figure;
}

// --- bisection
// ----------------------------------------------------------------------------------------

std::optional<BisectionFigure> bisection_figure(const Topology& whole, const Topology& broken,
                                                bool has_failures) {
  if (whole.gpus < 2) return std::nullopt;
  const bool small = static_cast<std::int64_t>(whole.links.size()) / 2 <= most_wires_for_max_flow;
  const GpuHalves cut = halves(whole);
  const auto measure = [&cut, small](const Topology& topology) {
    return small ? bisection_bandwidth(topology, cut) : bisection_bound(topology, cut);
  };
  const auto first = std::count(cut.begin(), cut.end(), false);
  const auto smaller = static_cast<double>(std::min<std::int64_t>(first, whole.gpus - first));
  BisectionFigure figure;
  figure.method = small ? BisectionMethod::max_flow : BisectionMethod::bound;
  figure.bandwidth = measure(whole);
  figure.full = node_shape(whole.shape).nic.capacity * smaller;
  figure.per_gpu = figure.bandwidth / smaller;
  if (has_failures) figure.after_failures = measure(broken);
  return figure;
}

std::string gigabits(BytesPerSecond rate) {
  std::ostringstream text;
  text << std::setprecision(4) << rate.value * 8 / 1e9;
  return text.str();
}

// What of the network the switches of the table are not; empty if it fits.
std::string misfit(const TopologyShape& shape, const TopologyReport& report,
                   const DescribeOptions& options) {
  const PriceTable& table = options.prices;
  int used = 0;
  for (const SwitchLine& line : report.layers) used = std::max(used, line.ports_most);
  const int ports = switch_ports(shape);
  std::string note;
  if (ports > 0 && ports != table.switch_ports) {
    note = "have " + std::to_string(ports) + " ports";
  } else if (used > table.switch_ports || 2 * used <= table.switch_ports) {
    note = "use " + std::to_string(used) + " ports";
  }
  BytesPerSecond slowest = options.port_bandwidth.value_or(node_shape(shape).nic.capacity);
  BytesPerSecond fastest = slowest;
  for (const WireLine& line : report.wires) {
    if (line.between == nvlink_wires || options.port_bandwidth) continue;
    slowest = std::min(slowest, line.bandwidth);
    fastest = std::max(fastest, line.bandwidth);
  }
  if (slowest != table.port_bandwidth || fastest != table.port_bandwidth) {
    note += (note.empty() ? "run at " : ", at ") + gigabits(slowest) +
            (slowest == fastest ? "" : " to " + gigabits(fastest)) + " Gb/s";
  }
  if (note.empty()) return {};
  return std::to_string(table.switch_ports) + "-port " + gigabits(table.port_bandwidth) +
         " Gb/s switches; these " + note;
}

void add_cost(const TopologyShape& shape, const FabricCounts& counts,
              const DescribeOptions& options, TopologyReport& report) {
  const PriceTable& table = options.prices;
  const FabricPrices prices = solve_prices(table);
  report.cost = {fabric_price(counts, prices),
                 price_per_endpoint(counts, prices),
                 prices.usd_per_switch,
                 prices.usd_per_link,
                 table.source,
                 {}};
  const std::string note = misfit(shape, report, options);  // prices and power are of the same
  report.cost.note = note.empty() ? note : "priced like " + note;

  const PartPower& part = options.power;
  const auto endpoints = static_cast<double>(counts.endpoints);
  const auto links = static_cast<double>(counts.links);
  FabricPower& power = report.power;
  power.switches_watts = part.switch_watts * static_cast<double>(counts.switches);
  power.nics_watts = part.nic_watts * endpoints;
  power.transceivers_watts = part.switch_port_transceiver_watts * (2 * links + endpoints) +
                             part.nic_transceiver_watts * endpoints;
  power.total_watts = power.switches_watts + power.nics_watts + power.transceivers_watts;
  power.per_endpoint_watts = endpoints > 0 ? power.total_watts / endpoints : 0;
  power.provenance = part.provenance;
  power.source = part.source;
  power.note = note.empty() ? note : "as of " + note;
}

}  // namespace

int switch_ports(const TopologyShape& shape) {
  const auto* tree = std::get_if<FatTreeShape>(&shape);
  return tree == nullptr ? 0 : tree->radix;
}

TopologyReport describe(const TopologyShape& shape, const Topology& whole,
                        const DescribeOptions& options) {
  const FabricCounts counts = fabric_counts(shape);
  TopologyReport report;
  report.kind = std::visit(NameKind{}, shape);
  report.endpoints = counts.endpoints;
  report.switches = counts.switches;
  report.links = counts.links;
  report.gpus_per_node = node_shape(shape).gpus;
  report.nvswitches_per_node = report.gpus_per_node > 1 ? node_shape(shape).nvswitches : 0;
  report.nodes = counts.endpoints / report.gpus_per_node;
  if (const auto* tree = std::get_if<FatTreeShape>(&shape)) report.planes = tree->planes;
  report.oversubscription = leaf_oversubscription(shape);
  if (whole.gpus > 0) {
    add_layers(whole, report);
    add_wires(whole, report);
    report.distances = distance_lines(whole, options.policy);
    const bool has_failures = options.failures != Failures{};
    const Topology broken = has_failures ? without(whole, options.failures) : whole;
    report.bisection = bisection_figure(whole, broken, has_failures);
    if (has_failures) report.failures = failure_figure(broken, options.failures, options.policy);
    for (const GpuPair& pair : options.routes) {
      report.routes.push_back(route_figure(broken, options.policy, pair));
    }
  } else {
    add_counted(shape, report);
  }
  add_cost(shape, counts, options, report);
  return report;
}

}  // namespace reckon

#include <tuple>

#include "planner/spec/json_io.hpp"
#include "reports/topology_report.hpp"

namespace reckon {

template <>
struct Fields<SwitchLine> {
  static constexpr std::tuple table{
      required("layer", &SwitchLine::layer), required("switches", &SwitchLine::switches).min(0),
      required("ports", &SwitchLine::ports).min(0).doc("of a switch; 0: not stated"),
      required("ports_used_least", &SwitchLine::ports_least).min(0),
      required("ports_used_most", &SwitchLine::ports_most).min(0)};
};
template <>
struct Fields<WireLine> {
  static constexpr std::tuple table{required("between", &WireLine::between),
                                    required("wires", &WireLine::wires).min(0),
                                    required("bandwidth_gigabytes_per_s", &WireLine::bandwidth, 1e9)
                                        .min(0)
                                        .doc("of one wire, one direction"),
                                    required("latency_us", &WireLine::latency, 1e-6).min(0)};
};
template <>
struct Fields<DistanceLine> {
  static constexpr std::tuple table{
      required("name", &DistanceLine::name),
      required("from", &DistanceLine::from).min(0),
      required("to", &DistanceLine::to).min(0),
      required("switches", &DistanceLine::switches).min(0).doc("network switches on the way"),
      required("wires", &DistanceLine::wires).min(0),
      required("latency_us", &DistanceLine::latency, 1e-6).min(0)};
};
template <>
struct Fields<BisectionFigure> {
  static constexpr std::tuple table{
      required("method", &BisectionFigure::method)
          .doc("max_flow, or for a large network an upper bound"),
      required("bandwidth_gigabytes_per_s", &BisectionFigure::bandwidth, 1e9)
          .min(0)
          .doc("first half of the nodes to the rest, one direction"),
      required("full_gigabytes_per_s", &BisectionFigure::full, 1e9)
          .min(0)
          .doc("what the NICs of a half carry"),
      required("per_gpu_gigabytes_per_s", &BisectionFigure::per_gpu, 1e9).min(0),
      optional("after_failures_gigabytes_per_s", &BisectionFigure::after_failures, 1e9).min(0)};
};
template <>
struct Fields<RouteHop> {
  static constexpr std::tuple table{
      required("from", &RouteHop::from), required("to", &RouteHop::to),
      required("kind", &RouteHop::kind).doc("nvlink, nic or fabric"),
      required("bandwidth_gigabytes_per_s", &RouteHop::bandwidth, 1e9).min(0),
      required("latency_us", &RouteHop::latency, 1e-6).min(0)};
};
template <>
struct Fields<RouteFigure> {
  static constexpr std::tuple table{
      required("from", &RouteFigure::from).min(0),
      required("to", &RouteFigure::to).min(0),
      required("found", &RouteFigure::found),
      required("hops", &RouteFigure::hops),
      required("latency_us", &RouteFigure::latency, 1e-6).min(0),
      required("bandwidth_gigabytes_per_s", &RouteFigure::bandwidth, 1e9)
          .min(0)
          .doc("of the slowest wire")};
};
template <>
struct Fields<UnreachablePair> {
  static constexpr std::tuple table{required("from", &UnreachablePair::from).min(0),
                                    required("to", &UnreachablePair::to).min(0)};
};
template <>
struct Fields<Unreachable> {
  static constexpr std::tuple table{
      required("pairs", &Unreachable::pairs).min(0).doc("ordered: a to b and b to a are two"),
      required("first", &Unreachable::first)};
};
template <>
struct Fields<FailureFigure> {
  static constexpr std::tuple table{
      required("switches", &FailureFigure::switches).min(0),
      required("first_switches", &FailureFigure::first_switches),
      required("wires", &FailureFigure::wires).min(0).doc("those of failed switches included"),
      required("wires_by_themselves", &FailureFigure::wires_by_themselves)
          .min(0)
          .doc("failed one by one, not with a switch"),
      required("first_wires", &FailureFigure::first_wires),
      required("gpus_without_nic", &FailureFigure::gpus_without_nic).min(0),
      required("parts", &FailureFigure::parts)
          .min(1)
          .doc("GPUs of each part that wires still join, largest first"),
      required("unreachable_by_wires", &FailureFigure::by_wires),
      optional("unreachable_by_routing", &FailureFigure::by_routing)
          .doc("absent where there are too many pairs to try")};
};
template <>
struct Fields<FabricCost> {
  static constexpr std::tuple table{required("total_usd", &FabricCost::total, 1.0).min(0),
                                    required("per_endpoint_usd", &FabricCost::per_endpoint, 1.0),
                                    required("per_switch_usd", &FabricCost::per_switch, 1.0),
                                    required("per_link_usd", &FabricCost::per_link, 1.0),
                                    optional("note", &FabricCost::note),
                                    optional("source", &FabricCost::source)};
};
template <>
struct Fields<FabricPower> {
  static constexpr std::tuple table{
      required("switches_watts", &FabricPower::switches_watts).min(0),
      required("nics_watts", &FabricPower::nics_watts).min(0),
      required("transceivers_watts", &FabricPower::transceivers_watts).min(0),
      required("total_watts", &FabricPower::total_watts).min(0),
      required("per_endpoint_watts", &FabricPower::per_endpoint_watts).min(0),
      required("provenance", &FabricPower::provenance),
      optional("note", &FabricPower::note),
      optional("source", &FabricPower::source)};
};
template <>
struct Fields<TopologyReport> {
  static constexpr std::tuple table{
      required("tool", &TopologyReport::tool),
      required("name", &TopologyReport::name),
      required("kind", &TopologyReport::kind),
      required("endpoints", &TopologyReport::endpoints).min(1).doc("GPUs, each with one NIC"),
      required("nodes", &TopologyReport::nodes).min(1),
      required("gpus_per_node", &TopologyReport::gpus_per_node).min(1),
      required("nvswitches_per_node", &TopologyReport::nvswitches_per_node).min(0),
      required("planes", &TopologyReport::planes).min(1),
      required("switches", &TopologyReport::switches).min(0),
      required("links", &TopologyReport::links).min(0).doc("wires between switches"),
      required("layers", &TopologyReport::layers),
      required("wires", &TopologyReport::wires),
      optional("oversubscription", &TopologyReport::oversubscription)
          .min(0)
          .doc("of a leaf: bandwidth down over bandwidth up"),
      required("distances", &TopologyReport::distances),
      optional("bisection", &TopologyReport::bisection),
      optional("failures", &TopologyReport::failures),
      required("routes", &TopologyReport::routes),
      required("cost", &TopologyReport::cost),
      required("power", &TopologyReport::power),
      required("notes", &TopologyReport::notes),
      optional("source", &TopologyReport::source)};
};

std::string topology_json(const TopologyReport& report) {
  return write(report, "topology_report/1").dump(2) + "\n";
}

std::string topology_report_schema() {
  return json_schema<TopologyReport>("topology_report/1").dump(2) + "\n";
}

}  // namespace reckon

// What is known about a network: filled by topologies/describe.hpp, shown by
// reports/topology_report.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "planner/spec/fields.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// Switches of one layer.
struct SwitchLine {
  std::string layer;
  std::int64_t switches = 0;
  int ports = 0;        // of each switch; 0: the network does not say
  int ports_least = 0;  // used
  int ports_most = 0;
  bool operator==(const SwitchLine&) const = default;
};

// Wires of one kind.
struct WireLine {
  std::string between;
  std::int64_t wires = 0;
  BytesPerSecond bandwidth;  // of one wire, one direction
  Seconds latency;
  bool operator==(const WireLine&) const = default;
};

// How far two GPUs are from each other, by an example.
struct DistanceLine {
  std::string name;
  int from = 0;
  int to = 0;
  int switches = 0;  // network switches on the way
  int wires = 0;     // NVLink hops and NICs included
  Seconds latency;
  bool operator==(const DistanceLine&) const = default;
};

enum class BisectionMethod : std::uint8_t { max_flow, bound };
template <>
struct EnumNames<BisectionMethod> {
  static constexpr std::array<std::pair<BisectionMethod, std::string_view>, 2> table{{
      {BisectionMethod::max_flow, "max_flow"},
      {BisectionMethod::bound, "bound"},
  }};
};

// The first half of the nodes to the rest, one direction.
struct BisectionFigure {
  BisectionMethod method = BisectionMethod::max_flow;
  BytesPerSecond bandwidth;
  BytesPerSecond full;                           // what the NICs of a half carry
  BytesPerSecond per_gpu;                        // of a half
  std::optional<BytesPerSecond> after_failures;  // by the same method
  bool operator==(const BisectionFigure&) const = default;
};

struct RouteHop {
  std::string from, to;
  std::string kind;  // "nvlink", "nic" or "fabric"
  BytesPerSecond bandwidth;
  Seconds latency;
  bool operator==(const RouteHop&) const = default;
};

struct RouteFigure {
  int from = 0;
  int to = 0;
  bool found = false;  // false: the routing finds no way past what has failed
  std::vector<RouteHop> hops;
  Seconds latency;
  BytesPerSecond bandwidth;  // of the slowest wire
  bool operator==(const RouteFigure&) const = default;
};

struct UnreachablePair {
  int from = 0;
  int to = 0;
  bool operator==(const UnreachablePair&) const = default;
};

// A number of ordered pairs of GPUs without a way, and the first of them.
struct Unreachable {
  std::int64_t pairs = 0;
  std::vector<UnreachablePair> first;
  bool operator==(const Unreachable&) const = default;
};

struct FailureFigure {
  std::int64_t switches = 0;
  std::vector<std::string> first_switches;
  std::int64_t wires = 0;                // those of failed switches included
  std::int64_t wires_by_themselves = 0;  // that were asked for as wires
  std::vector<std::string> first_wires;  // of these
  std::int64_t gpus_without_nic = 0;
  std::vector<std::int64_t> parts;        // GPUs of each part that wires still join, largest first
  Unreachable by_wires;                   // whatever the routing
  std::optional<Unreachable> by_routing;  // absent: too many pairs to try
  bool operator==(const FailureFigure&) const = default;
};

struct FabricCost {
  Usd total;
  Usd per_endpoint;
  Usd per_switch;
  Usd per_link;
  std::string source;
  std::string note;  // what the prices do not fit, if anything
  bool operator==(const FabricCost&) const = default;
};

struct FabricPower {
  double switches_watts = 0;
  double nics_watts = 0;
  double transceivers_watts = 0;
  double total_watts = 0;
  double per_endpoint_watts = 0;
  std::string provenance;  // of the weakest of its numbers
  std::string source;
  std::string note;  // what its numbers do not fit, if anything
  bool operator==(const FabricPower&) const = default;
};

struct TopologyReport {
  std::string tool;
  std::string name;
  std::string kind;  // in words
  std::int64_t endpoints = 0;
  std::int64_t nodes = 0;
  int gpus_per_node = 0;
  int nvswitches_per_node = 0;
  int planes = 1;
  std::int64_t switches = 0;
  std::int64_t links = 0;  // between switches
  std::vector<SwitchLine> layers;
  std::vector<WireLine> wires;
  std::optional<double> oversubscription;  // of a leaf: bandwidth down over bandwidth up
  std::vector<DistanceLine> distances;
  std::optional<BisectionFigure> bisection;
  std::optional<FailureFigure> failures;
  std::vector<RouteFigure> routes;
  FabricCost cost;
  FabricPower power;
  std::vector<std::string> notes;
  std::string source;
  bool operator==(const TopologyReport&) const = default;
};

}  // namespace reckon

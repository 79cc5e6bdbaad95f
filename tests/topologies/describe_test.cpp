#include "topologies/describe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/topologies/networks.hpp"
#include "topologies/node_names.hpp"

namespace reckon {
namespace {

DescribeOptions options_with(const Failures& failures = {}) {
  DescribeOptions options;
  options.failures = failures;
  options.prices = {64,
                    {50e9},
                    {"a", "b"},
                    {{"a", 1, 10, 0, {1000}, {1000}}, {"b", 1, 0, 10, {10}, {10}}},
                    "a test"};
  options.power = {100, 10, 4, 3, "assumed", "a test"};
  return options;
}

TopologyReport described(const TopologyShape& shape, const Failures& failures = {}) {
  return describe(shape, build_topology(shape), options_with(failures));
}

std::vector<std::string> distance_names(const TopologyShape& shape) {
  std::vector<std::string> names;
  for (const DistanceLine& line : described(shape).distances) names.push_back(line.name);
  return names;
}

TEST(Describe, CountsAreThoseOfTheShape) {
  for (const TopologyShape& shape : small_networks()) {
    const TopologyReport report = described(shape);
    std::int64_t switches = 0;
    for (const SwitchLine& line : report.layers) switches += line.switches;
    EXPECT_EQ(switches, fabric_counts(shape).switches) << report.kind;
    EXPECT_EQ(report.nodes * report.gpus_per_node, report.endpoints);
    std::int64_t between = 0;
    for (const WireLine& line : report.wires) {
      if (!line.between.starts_with("GPU")) between += line.wires;
    }
    EXPECT_EQ(between, fabric_counts(shape).links) << report.kind;
  }
}

// 8 leaves of 6 ports down and 2 up.
TEST(Describe, PortsAndOversubscription) {
  const TopologyReport report = described(fat_tree(2, 8, 1, 3));
  EXPECT_EQ(report.kind, "fat tree of 2 layers");
  ASSERT_EQ(report.layers.size(), 2u);
  EXPECT_EQ(report.layers[0], (SwitchLine{"leaf", 8, 8, 8, 8}));
  EXPECT_EQ(report.layers[1], (SwitchLine{"spine", 2, 8, 8, 8}));
  EXPECT_DOUBLE_EQ(report.oversubscription.value(), 3);
  ASSERT_TRUE(report.bisection);
  EXPECT_EQ(report.bisection->method, BisectionMethod::max_flow);
  EXPECT_DOUBLE_EQ(report.bisection->bandwidth / report.bisection->full, 8.0 / 24);
  EXPECT_DOUBLE_EQ(report.bisection->per_gpu / nic_speed.capacity, 8.0 / 24);
}

// Wires up that are half as fast oversubscribe a leaf with as many up as down.
TEST(Describe, MixedSpeedsCountInTheOversubscription) {
  FatTreeShape shape = fat_tree(2, 8, 1);
  shape.fabric[0].capacity = shape.fabric[0].capacity / 2;
  EXPECT_DOUBLE_EQ(described(shape).oversubscription.value(), 2);
}

TEST(Describe, DistancesHaveTheNamesOfTheirNetworks) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(distance_names(fat_tree(2, 8, 2)), (Names{"same node", "same leaf", "other leaf"}));
  EXPECT_EQ(distance_names(fat_tree(3, 8, 2)),
            (Names{"same node", "same leaf", "same pod", "other pod"}));
  EXPECT_EQ(distance_names(rail_tree(4, 8, 4)),
            (Names{"same node", "same leaf", "other rail, by NVLink"}));
  EXPECT_EQ(distance_names(multi_plane_tree(32, 8, 8, 8)),
            (Names{"same node", "same leaf", "other leaf", "other plane, by NVLink"}));
  EXPECT_EQ(distance_names(slim_fly(5, 4, 2)),
            (Names{"same node", "same switch", "1 wire on", "2 wires on, farthest"}));
  EXPECT_EQ(distance_names(torus({8, 8}, 4)),
            (Names{"same node", "1 wire on", "2 wires on", "8 wires on, farthest"}));
}

// In the node 2 NVLinks; behind a leaf 2 NICs; over a spine 2 wires more.
TEST(Describe, DistancesAddUpTheirWires) {
  const std::vector<DistanceLine> lines = described(fat_tree(2, 8, 2)).distances;
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], (DistanceLine{"same node", 0, 1, 0, 2, nvlink_speed.latency * 2}));
  EXPECT_EQ(lines[1], (DistanceLine{"same leaf", 0, 2, 1, 2, nic_speed.latency * 2}));
  EXPECT_EQ(lines[2].switches, 3);
  EXPECT_DOUBLE_EQ(lines[2].latency / (nic_speed.latency * 2 + fabric_speed.latency * 2), 1);
}

TEST(Describe, ARouteNamesItsHops) {
  const FatTreeShape shape = fat_tree(2, 8, 2);
  DescribeOptions options = options_with();
  options.routes = {{0, 2}, {5, 5}};
  const TopologyReport report = describe(shape, build_topology(shape), options);
  ASSERT_EQ(report.routes.size(), 2u);
  ASSERT_EQ(report.routes[0].hops.size(), 2u);
  EXPECT_EQ(report.routes[0].hops[0],
            (RouteHop{"gpu0", "leaf0", "nic", nic_speed.capacity, nic_speed.latency}));
  EXPECT_EQ(report.routes[0].hops[1].to, "gpu2");
  EXPECT_EQ(report.routes[0].bandwidth, nic_speed.capacity);
  EXPECT_TRUE(report.routes[1].found);
  EXPECT_TRUE(report.routes[1].hops.empty());
}

// GPUs of their own behind two leaves, without one of the leaves: its 4 can reach nobody.
TEST(Describe, APartitionIsAResult) {
  const FatTreeShape shape = fat_tree(2, 8, 1);
  const Topology whole = build_topology(shape);
  DescribeOptions options = options_with({{}, {whole.first_switch}});
  options.routes = {{0, 5}};
  const TopologyReport report = describe(shape, whole, options);
  ASSERT_TRUE(report.failures);
  const FailureFigure& figure = *report.failures;
  EXPECT_EQ(figure.switches, 1);
  EXPECT_EQ(figure.first_switches, std::vector<std::string>{"leaf0"});
  EXPECT_EQ(figure.wires, 8);
  EXPECT_EQ(figure.gpus_without_nic, 4);
  EXPECT_EQ(figure.parts, (std::vector<std::int64_t>{28, 1, 1, 1, 1}));
  EXPECT_EQ(figure.by_wires.pairs, 32 * 31 - 28 * 27);
  ASSERT_TRUE(figure.by_routing);
  EXPECT_EQ(figure.by_routing->pairs, figure.by_wires.pairs);
  EXPECT_EQ(figure.by_wires.first.front(), (UnreachablePair{0, 1}));
  EXPECT_EQ(figure.by_routing->first, figure.by_wires.first);
  EXPECT_FALSE(report.routes[0].found);
  EXPECT_LT(report.bisection->after_failures->value, report.bisection->bandwidth.value);
}

// 12 wires by themselves, one of them named from both ends, beside a spine with 8.
TEST(Describe, WiresThatFailBesideASwitchAreCounted) {
  const FatTreeShape shape = fat_tree(2, 8, 1);
  const Topology whole = build_topology(shape);
  Failures failures;
  for (int gpu = 0; gpu < 12; ++gpu) failures.links.push_back(links_from(whole, gpu).back());
  failures.links.push_back(reverse_of(failures.links.front()));
  failures.nodes = {static_cast<int>(whole.nodes.size()) - 1};
  const TopologyReport report = described(shape, failures);
  EXPECT_EQ(report.failures->wires, 12 + 8);
  EXPECT_EQ(report.failures->wires_by_themselves, 12);
  EXPECT_EQ(report.failures->first_wires.size(), 8u);
}

// Up and down only: a leaf with one wire left, to a spine that another leaf has lost, can reach
// that leaf by wires (over a third) and not by the routing.
TEST(Describe, RoutesReachLessThanWires) {
  const FatTreeShape shape = fat_tree(2, 8, 1);
  const Topology whole = build_topology(shape);
  Failures failures;
  const NodeNames names(whole);
  for (std::size_t id = 0; id < whole.links.size(); ++id) {
    const TopologyLink& link = whole.links[id];
    const bool of_first = link.from == names.find("leaf0") && link.to != names.find("spine0");
    const bool of_second = link.from == names.find("leaf1") && link.to == names.find("spine0");
    if (link.kind == TopologyLinkKind::fabric && (of_first || of_second)) {
      failures.links.push_back(static_cast<int>(id));
    }
  }
  ASSERT_EQ(failures.links.size(), 4u);
  const TopologyReport report = described(shape, failures);
  EXPECT_EQ(report.failures->by_wires.pairs, 0);
  EXPECT_EQ(report.failures->by_routing->pairs, 2 * 4 * 4);
  EXPECT_EQ(report.failures->first_wires.front(), "leaf0-spine1");
}

TEST(Describe, CostAndPowerAreThoseOfTheParts) {
  const TopologyReport report = described(fat_tree(2, 8, 8));  // 32 GPUs, 12 switches, 32 links
  EXPECT_DOUBLE_EQ(report.cost.total.value, 12 * 100 + 32 * 1);
  EXPECT_DOUBLE_EQ(report.cost.per_endpoint.value, (12 * 100 + 32 * 1) / 32.0);
  EXPECT_EQ(report.cost.note, "priced like 64-port 400 Gb/s switches; these have 8 ports");
  EXPECT_DOUBLE_EQ(report.power.switches_watts, 1200);
  EXPECT_DOUBLE_EQ(report.power.nics_watts, 320);
  EXPECT_DOUBLE_EQ(report.power.transceivers_watts, 4 * (2 * 32 + 32) + 3 * 32);
  EXPECT_DOUBLE_EQ(report.power.per_endpoint_watts, report.power.total_watts / 32);
}

// Prices and power are of 64-port switches at 50 GB/s.
TEST(Describe, WhatPricesAndPowerDoNotFitIsNoted) {
  struct Case {
    FatTreeShape shape;
    double nic;
    double fabric;
    std::string note;
  };
  const FatTreeShape small = fat_tree(2, 40, 8);
  const std::string of = "64-port 400 Gb/s switches; ";
  for (const Case& one :
       std::vector<Case>{{fat_tree(2, 64, 8), 50e9, 50e9, ""},
                         {fat_tree(2, 64, 8), 12.5e9, 12.5e9, "these run at 100 Gb/s"},
                         {fat_tree(2, 64, 8), 50e9, 100e9, "these run at 400 to 800 Gb/s"},
                         {small, 50e9, 50e9, "these have 40 ports"},
                         {small, 25e9, 25e9, "these have 40 ports, at 200 Gb/s"}}) {
    FatTreeShape shape = one.shape;
    shape.node.nic.capacity = {one.nic};
    shape.fabric[0].capacity = {one.fabric};
    const TopologyReport report = described(shape);
    EXPECT_EQ(report.cost.note, one.note.empty() ? "" : "priced like " + of + one.note);
    EXPECT_EQ(report.power.note, one.note.empty() ? "" : "as of " + of + one.note);
  }
}

// What a cluster's links reach is less than what its ports are sold as.
TEST(Describe, PricesAreComparedWithTheRateOfThePorts) {
  FatTreeShape shape = fat_tree(2, 64, 8);
  shape.node.nic.capacity = shape.fabric[0].capacity = {40e9};
  DescribeOptions options = options_with();
  options.port_bandwidth = BytesPerSecond{50e9};
  EXPECT_EQ(describe(shape, build_topology(shape), options).cost.note, "");
}

TEST(Describe, ANetworkWithoutAGraphIsCounted) {
  const TopologyReport report = described(slim_fly(28, 21, 8));
  EXPECT_EQ(report.switches, 1568);
  ASSERT_EQ(report.layers.size(), 1u);
  EXPECT_EQ(report.layers[0].ports_most, 42 + 21);
  EXPECT_TRUE(report.distances.empty());
  EXPECT_FALSE(report.bisection);
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].find("No Slim Fly is known"), std::string::npos);
}

// Without its graph a network has the same layers and wires.
TEST(Describe, WhatIsCountedIsWhatWouldBeBuilt) {
  std::vector<TopologyShape> shapes = small_networks();
  for (int nodes = 1; nodes <= 16; ++nodes) {
    FatTreeShape shape = fat_tree(3, 8, 8);
    shape.nodes = nodes;
    shapes.emplace_back(shape);
    shape = fat_tree(2, 8, 2, 3);
    shape.nodes = nodes;
    shapes.emplace_back(shape);
    TorusShape ring = torus({2, 5, 1}, 2);
    ring.nodes = std::min(nodes, ring.nodes);
    shapes.emplace_back(ring);
    SlimFlyShape fly = slim_fly(3, 2, 2);
    fly.nodes = nodes;
    shapes.emplace_back(fly);
    DragonflyShape groups = dragonfly(2, 4, 2, nodes % 9 + 1, 1);
    groups.nodes = std::min(nodes, groups.nodes);
    shapes.emplace_back(groups);
  }
  for (const TopologyShape& shape : shapes) {
    const TopologyReport counted = describe(shape, {}, options_with());
    const TopologyReport built = described(shape);
    EXPECT_EQ(counted.wires, built.wires) << built.kind << ", " << built.nodes;
    EXPECT_EQ(counted.layers, built.layers) << built.kind << ", " << built.nodes;
  }
}

// 78^3 / 4 GPUs have thrice as many wires.
TEST(Describe, AVeryLargeNetworkGetsABoundInPlaceOfAMaximumFlow) {
  const FatTreeShape shape = fat_tree(3, 78, 1);
  ASSERT_GT(3 * fabric_counts(shape).endpoints, most_wires_for_max_flow);
  const TopologyReport report = described(shape);
  EXPECT_EQ(report.bisection->method, BisectionMethod::bound);
  EXPECT_DOUBLE_EQ(report.bisection->bandwidth / report.bisection->full, 1);
}

}  // namespace
}  // namespace reckon

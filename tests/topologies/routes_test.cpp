#include "topologies/routes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/topologies/networks.hpp"

namespace reckon {
namespace {

int fabric_hops(const Topology& topology, const Route& route) {
  return static_cast<int>(std::count_if(route.begin(), route.end(), [&](int id) {
    return topology.links[static_cast<std::size_t>(id)].kind == TopologyLinkKind::fabric;
  }));
}

std::string kinds(const Topology& topology, const Route& route) {
  std::string text;
  for (const int id : route) {
    switch (topology.links[static_cast<std::size_t>(id)].kind) {
      case TopologyLinkKind::nvlink:
        text += 'v';
        break;
      case TopologyLinkKind::nic:
        text += 'n';
        break;
      case TopologyLinkKind::fabric:
        text += 'f';
        break;
    }
  }
  return text;
}

int most_hops(const Topology& topology) {
  int most = 0;
  for (const auto& route : find_routes(topology, {}, all_pairs(topology))) {
    if (route) most = std::max(most, fabric_hops(topology, *route));
  }
  return most;
}

TEST(Routes, LeadFromEveryGpuToEveryOther) {
  const RoutingPolicy ecmp{PathChoice::ecmp, 7, NvlinkForwarding::at_source};
  for (const TopologyShape& shape : small_networks()) {
    const Topology topology = build_topology(shape);
    const std::vector<GpuPair> pairs = all_pairs(topology);
    for (const RoutingPolicy& policy : {RoutingPolicy{}, ecmp}) {
      const std::vector<std::optional<Route>> routes = find_routes(topology, policy, pairs);
      ASSERT_EQ(routes.size(), pairs.size());
      for (std::size_t at = 0; at < pairs.size(); ++at) {
        ASSERT_EQ(route_problem(topology, pairs[at], routes[at]), "") << shape.index();
      }
      for (std::size_t at = 0; at < pairs.size(); at += pairs.size() / 100 + 1) {
        EXPECT_EQ(find_route(topology, policy, pairs[at]), routes[at]);
      }
    }
  }
}

TEST(Routes, TakeAsManyHopsAsTheFamilyNeeds) {
  EXPECT_EQ(most_hops(build_topology(fat_tree(2, 8, 8))), 2);
  EXPECT_EQ(most_hops(build_topology(fat_tree(3, 8, 8))), 4);
  EXPECT_EQ(most_hops(build_topology(rail_tree(12, 16, 4))), 2);
  EXPECT_EQ(most_hops(build_topology(dragonfly(2, 4, 2, 9, 4))), 3);
  EXPECT_EQ(most_hops(build_topology(slim_fly(5, 4, 4))), 2);
  EXPECT_EQ(most_hops(build_topology(torus({4, 5}, 4))), 2 + 2);
  EXPECT_EQ(most_hops(build_topology(torus({3, 4, 2}, 2))), 1 + 2 + 1);
}

TEST(Routes, StayOnNvlinkInsideANode) {
  const Topology topology = build_topology(fat_tree(2, 8, 8));
  EXPECT_EQ(find_route(topology, {}, {3, 3}), Route{});
  EXPECT_EQ(kinds(topology, *find_route(topology, {}, {0, 7})), "vv");
  EXPECT_EQ(latency_of(topology, *find_route(topology, {}, {0, 7})), Seconds{2e-6});
}

TEST(Routes, ThereIsNoneToAGpuThatDoesNotExist) {
  const Topology topology = build_topology(fat_tree(2, 8, 8));
  EXPECT_EQ(find_route(topology, {}, {0, topology.gpus}), std::nullopt);
  EXPECT_EQ(find_route(topology, {}, {-1, 0}), std::nullopt);
  EXPECT_EQ(find_route({}, {}, {0, 0}), std::nullopt);
}

// Nodes 0 to 3 share the leaves of their planes, nodes 4 to 7 have others.
TEST(Routes, ChangePlaneOverNvlink) {
  const Topology topology = build_topology(multi_plane_tree(32, 8, 8, 8));
  const auto route = [&](NvlinkForwarding forwarding, int from, int to) {
    return find_route(topology, {PathChoice::d_mod_k, 1, forwarding}, {from, to});
  };
  EXPECT_EQ(kinds(topology, *route(NvlinkForwarding::none, 3, 8 + 3)), "nn");
  EXPECT_EQ(kinds(topology, *route(NvlinkForwarding::none, 3, 4 * 8 + 3)), "nffn");
  EXPECT_EQ(route(NvlinkForwarding::none, 3, 8 + 5), std::nullopt);
  const Route late = *route(NvlinkForwarding::at_destination, 3, 4 * 8 + 5);
  EXPECT_EQ(kinds(topology, late), "nffnvv");
  EXPECT_EQ(topology.links[static_cast<std::size_t>(late[3])].to, 4 * 8 + 3);
  const Route early = *route(NvlinkForwarding::at_source, 3, 4 * 8 + 5);
  EXPECT_EQ(kinds(topology, early), "vvnffn");
  EXPECT_EQ(topology.links[static_cast<std::size_t>(early[1])].to, 5);
}

TEST(Routes, ChangeRailOverNvlinkOrTheSpines) {
  const Topology topology = build_topology(rail_tree(12, 16, 4));
  const auto route = [&](NvlinkForwarding forwarding, int from, int to) {
    return find_route(topology, {PathChoice::d_mod_k, 1, forwarding}, {from, to});
  };
  EXPECT_EQ(kinds(topology, *route(NvlinkForwarding::at_destination, 0, 4 + 1)), "nnvv");
  EXPECT_EQ(kinds(topology, *route(NvlinkForwarding::at_source, 0, 4 + 1)), "vvnn");
  EXPECT_EQ(kinds(topology, *route(NvlinkForwarding::none, 0, 4 + 1)), "nffn");
}

// In a full tree of one endpoint a node, every shift of all endpoints is free of contention
// (Zahavi, "Fat-tree routing and node ordering providing contention free traffic for MPI global
// collectives", 2012).
TEST(DModK, EveryShiftIsFreeOfContention) {
  for (const int layers : {2, 3}) {
    const Topology topology = build_topology(fat_tree(layers, 8, 1));
    for (int shift = 1; shift < topology.gpus; ++shift) {
      std::vector<GpuPair> pairs;
      for (int gpu = 0; gpu < topology.gpus; ++gpu) {
        pairs.push_back({gpu, (gpu + shift) % topology.gpus});
      }
      std::vector<int> load(topology.links.size(), 0);
      for (const auto& route : find_routes(topology, {}, pairs)) {
        for (const int id : *route) ++load[static_cast<std::size_t>(id)];
      }
      EXPECT_EQ(*std::max_element(load.begin(), load.end()), 1) << layers << " " << shift;
    }
  }
}

TEST(DModK, SpreadsAllPairsAlike) {
  // A half-full tree has two wires between any leaf and spine, which share as well.
  FatTreeShape half = fat_tree(2, 8, 1);
  half.nodes /= 2;
  FatTreeShape half_of_three = fat_tree(3, 8, 1);
  half_of_three.nodes /= 2;
  for (const FatTreeShape& shape : {fat_tree(2, 8, 1), fat_tree(3, 8, 1), half, half_of_three}) {
    const Topology topology = build_topology(shape);
    std::vector<int> load(topology.links.size(), 0);
    for (const auto& route : find_routes(topology, {}, all_pairs(topology))) {
      for (const int id : *route) ++load[static_cast<std::size_t>(id)];
    }
    std::map<std::pair<int, int>, std::pair<int, int>> least_and_most;  // by layers of the ends
    for (std::size_t id = 0; id < load.size(); ++id) {
      const int from = topology.nodes[static_cast<std::size_t>(topology.links[id].from)].layer;
      const int to = topology.nodes[static_cast<std::size_t>(topology.links[id].to)].layer;
      if (from + to == 0) continue;
      const auto [found, is_new] =
          least_and_most.try_emplace({from, to}, std::pair{load[id], load[id]});
      found->second.first = std::min(found->second.first, load[id]);
      found->second.second = std::max(found->second.second, load[id]);
    }
    for (const auto& [layers, bounds] : least_and_most) {
      EXPECT_EQ(bounds.first, bounds.second) << layers.first << " to " << layers.second;
    }
  }
}

// Trees whose spines do not divide the ports of a leaf among them: 9 spines over 18 leaves with 32
// ports up each (8 racks of NVL72), 3 over leaves with 4, 5 pods under 3 cores each, a
// single pod of 5 leaves with 8 under 3.
std::vector<FatTreeShape> uneven_trees() {
  FatTreeShape racks = fat_tree(2, 64, 1);
  racks.node = nvl72_rack(nvlink_speed, nic_speed);
  racks.nodes = 8;
  FatTreeShape few = fat_tree(2, 8, 1);
  few.nodes = 24;
  FatTreeShape pods = fat_tree(3, 8, 1);
  pods.nodes = 5 * 16;
  FatTreeShape tapered = fat_tree(2, 12, 1, 2);
  tapered.nodes = 7 * 8;
  FatTreeShape one_pod = fat_tree(3, 16, 1);
  one_pod.nodes = 5 * 8;
  return {racks, few, pods, tapered, one_pod};
}

// The highest switches that a destination is met at, over all sources.
TEST(DModK, AllSourcesMeetADestinationOnOneSpine) {
  std::vector<FatTreeShape> shapes = uneven_trees();
  shapes.push_back(fat_tree(2, 8, 1));
  shapes.push_back(fat_tree(3, 8, 1));
  for (const FatTreeShape& shape : shapes) {
    const Topology topology = build_topology(shape);
    const auto layer = [&](int node) {
      return topology.nodes[static_cast<std::size_t>(node)].layer;
    };
    std::vector<GpuPair> pairs = all_pairs(topology);
    std::map<std::pair<int, int>, std::set<int>> tops;  // by destination and layer
    const auto routes = find_routes(topology, {}, pairs);
    for (std::size_t at = 0; at < pairs.size(); ++at) {
      int top = pairs[at].to;
      for (const int id : *routes[at]) {
        const int node = topology.links[static_cast<std::size_t>(id)].to;
        if (layer(node) > layer(top)) top = node;
      }
      if (layer(top) > 1) tops[{pairs[at].to, layer(top)}].insert(top);
    }
    // In a tree of three layers one spine of the destination's pod, and one core.
    for (const auto& [key, switches] : tops) EXPECT_EQ(switches.size(), 1u) << key.first;
  }
}

// Every destination has its wire down to its leaf, whatever the number of spines; up, sources share
// where their leaf has fewer wires to a spine than the destinations'.
TEST(DModK, AShiftSharesNoWireDownAndHardlyOneUp) {
  for (const FatTreeShape& shape : uneven_trees()) {
    if (shape.oversubscription > 1) continue;
    const Topology topology = build_topology(shape);
    for (int shift = 1; shift < topology.gpus; shift += 7) {
      std::vector<GpuPair> pairs;
      for (int gpu = 0; gpu < topology.gpus; ++gpu) {
        pairs.push_back({gpu, (gpu + shift) % topology.gpus});
      }
      std::vector<int> load(topology.links.size(), 0);
      for (const auto& route : find_routes(topology, {}, pairs)) {
        for (const int id : *route) ++load[static_cast<std::size_t>(id)];
      }
      for (std::size_t id = 0; id < load.size(); ++id) {
        const TopologyLink& link = topology.links[id];
        if (link.kind != TopologyLinkKind::fabric) continue;
        const bool is_up = topology.nodes[static_cast<std::size_t>(link.to)].layer >
                           topology.nodes[static_cast<std::size_t>(link.from)].layer;
        EXPECT_LE(load[id], is_up ? 2 : 1) << shift;
      }
    }
  }
}

TEST(Ecmp, IsTheSameForASeedAndDiffersBetweenSeeds) {
  for (const TopologyShape& shape :
       {TopologyShape(fat_tree(3, 8, 8)), TopologyShape(rail_tree(12, 16, 4))}) {
    const Topology topology = build_topology(shape);
    const std::vector<GpuPair> pairs = all_pairs(topology);
    const auto routes = [&](std::uint64_t seed) {
      return find_routes(topology, {PathChoice::ecmp, seed, NvlinkForwarding::at_destination},
                         pairs);
    };
    EXPECT_EQ(routes(1), routes(1));
    EXPECT_NE(routes(1), routes(2));
  }
}

TEST(Ecmp, UsesEverySpineAboutAsOften) {
  const Topology topology = build_topology(fat_tree(2, 16, 1));  // 128 endpoints under 8 spines
  std::map<int, int> flows;
  for (const auto& route :
       find_routes(topology, {PathChoice::ecmp, 3, NvlinkForwarding::none}, all_pairs(topology))) {
    if (fabric_hops(topology, *route) == 2) {
      ++flows[topology.links[static_cast<std::size_t>((*route)[1])].to];
    }
  }
  ASSERT_EQ(flows.size(), 8u);
  for (const auto& [spine, count] : flows) EXPECT_NEAR(count, 128.0 * 120 / 8, 200);
}

TEST(Torus, GoesDimensionAfterDimensionTheShorterWay) {
  const Topology topology = build_topology(torus({4, 5}, 1));
  const auto visited = [&](int from, int to) {
    std::vector<int> places;
    const Route route = *find_route(topology, {}, {from, to});
    for (const int id : route) {
      const TopologyLink& link = topology.links[static_cast<std::size_t>(id)];
      if (link.to >= topology.first_switch) places.push_back(link.to - topology.first_switch);
    }
    return places;
  };
  EXPECT_EQ(visited(0, 4 * 2 + 3), (std::vector<int>{0, 3, 7, 11}));
  EXPECT_EQ(visited(0, 4 * 3 + 2), (std::vector<int>{0, 1, 2, 18, 14}));
}

}  // namespace
}  // namespace reckon

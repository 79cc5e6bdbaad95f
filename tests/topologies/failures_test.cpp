// Links and switches that break: routes go around them, or are no longer there.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "tests/topologies/networks.hpp"
#include "topologies/reach.hpp"

namespace reckon {
namespace {

int nic_of(const Topology& topology, int gpu) { return links_from(topology, gpu).back(); }

std::vector<int> switches_of_layer(const Topology& topology, int layer, int plane = 0) {
  std::vector<int> ids;
  for (int id = topology.first_switch; id < static_cast<int>(topology.nodes.size()); ++id) {
    const TopologyNode& node = topology.nodes[static_cast<std::size_t>(id)];
    if (node.layer == layer && node.plane == plane) ids.push_back(id);
  }
  return ids;
}

constexpr RoutingPolicy never_forward{PathChoice::d_mod_k, 1, NvlinkForwarding::none};

TEST(Failures, AWireFailsInBothDirectionsAndANodeWithItsWires) {
  const Topology whole = build_topology(fat_tree(2, 8, 8));
  const Topology broken = without(whole, {{nic_of(whole, 0)}, {whole.first_switch + 1}});
  for (std::size_t id = 0; id < broken.links.size(); ++id) {
    const TopologyLink& link = broken.links[id];
    const bool is_nic = link.kind == TopologyLinkKind::nic && (link.from == 0 || link.to == 0);
    const bool at_switch = link.from == whole.first_switch + 1 || link.to == whole.first_switch + 1;
    EXPECT_EQ(link.failed, is_nic || at_switch);
  }
  EXPECT_EQ(count_fabric(broken), count_fabric(whole));
  EXPECT_EQ(without(whole, {{-1, 1 << 30}, {-5, 1 << 30}}), whole);
}

TEST(Failures, SpinesAreRoutedAroundUntilTheLastIsGone) {
  for (const RoutingPolicy& policy :
       {never_forward, RoutingPolicy{PathChoice::ecmp, 5, NvlinkForwarding::none}}) {
    Topology topology = build_topology(fat_tree(2, 8, 1));
    const std::vector<GpuPair> pairs = all_pairs(topology);
    const std::vector<int> spines = switches_of_layer(topology, 2);
    for (std::size_t broken = 0; broken + 1 < spines.size(); ++broken) {
      topology = without(topology, {{}, {spines[broken]}});
      const auto routes = find_routes(topology, policy, pairs);
      for (std::size_t at = 0; at < pairs.size(); ++at) {
        ASSERT_EQ(route_problem(topology, pairs[at], routes[at]), "");
      }
    }
    EXPECT_EQ(reachable_components(topology).components, 1);
    topology = without(topology, {{}, {spines.back()}});
    const Reachability reachability = reachable_components(topology);
    EXPECT_EQ(reachability.components, 8);
    for (int gpu = 0; gpu < topology.gpus; ++gpu) {
      EXPECT_EQ(reachability.component_by_gpu[static_cast<std::size_t>(gpu)], gpu / 4);
    }
    EXPECT_EQ(unreachable_pairs(topology, policy, 1 << 20).size(), 32u * 28u);
    EXPECT_EQ(unreachable_pairs(topology, policy, 2), (std::vector<GpuPair>{{0, 4}, {0, 5}}));
  }
}

// Only the destinations behind a broken wire move, and they move to all of the other spines.
TEST(Failures, DModKMovesNoOtherDestination) {
  const Topology whole = build_topology(fat_tree(2, 16, 1));
  const std::vector<GpuPair> pairs = all_pairs(whole);
  const int wire = links_from(whole, whole.first_switch)[0];
  const Topology broken = without(whole, {{wire}, {}});
  const auto before = find_routes(whole, {}, pairs);
  const auto after = find_routes(broken, {}, pairs);
  for (std::size_t at = 0; at < pairs.size(); ++at) {
    ASSERT_EQ(route_problem(broken, pairs[at], after[at]), "");
    bool was_hit = false;
    for (const int id : *before[at]) was_hit |= id / 2 == wire / 2;
    if (!was_hit) {
      EXPECT_EQ(before[at], after[at]);
    }
  }
}

// Up again after down would deadlock: a leaf without a spine in common with another is cut off.
TEST(Failures, AFatTreeNeverGoesUpAgain) {
  const Topology whole = build_topology(fat_tree(2, 4, 1));  // 4 leaves, 2 spines
  const std::vector<int> leaves = switches_of_layer(whole, 1);
  Failures failures;
  for (const int leaf : {0, 1}) {  // leaf 0 keeps spine 1, leaf 1 keeps spine 0
    failures.links.push_back(
        links_from(whole, leaves[static_cast<std::size_t>(leaf)])[static_cast<std::size_t>(leaf)]);
  }
  const Topology broken = without(whole, failures);
  EXPECT_EQ(reachable_components(broken).components, 1);
  EXPECT_EQ(find_route(broken, {}, {0, 2}), std::nullopt);
  EXPECT_EQ(route_problem(broken, {0, 4}, find_route(broken, {}, {0, 4})), "");
  EXPECT_EQ(unreachable_pairs(broken, {}, 100).size(), 8u);
}

TEST(Failures, ABrokenNicIsReplacedByAnotherOfItsNode) {
  for (const TopologyShape& shape :
       {TopologyShape(multi_plane_tree(32, 8, 8, 8)), TopologyShape(rail_tree(4, 32, 8)),
        TopologyShape(fat_tree(2, 16, 8)), TopologyShape(torus({4, 4}, 8))}) {
    const Topology whole = build_topology(shape);
    const Topology broken = without(whole, {{nic_of(whole, 0)}, {}});
    const std::vector<GpuPair> pairs = all_pairs(broken);
    const auto routes = find_routes(broken, {}, pairs);
    for (std::size_t at = 0; at < pairs.size(); ++at) {
      ASSERT_EQ(route_problem(broken, pairs[at], routes[at]), "");
    }
    EXPECT_EQ(find_route(broken, never_forward, {0, 8}), std::nullopt);
  }
}

TEST(Failures, AWholePlaneIsReplacedByTheOthers) {
  const Topology whole = build_topology(multi_plane_tree(32, 8, 8, 8));
  const Topology broken = without(whole, {{}, switches_of_layer(whole, 2, 3)});
  EXPECT_EQ(reachable_components(broken).components, 1);
  EXPECT_TRUE(unreachable_pairs(broken, {}, 1).empty());
}

TEST(Failures, NvlinkIsReplacedByTheFabric) {
  const Topology whole = build_topology(fat_tree(2, 8, 8));
  const Topology broken = without(whole, {{}, {whole.gpus}});  // the NVSwitch of node 0
  EXPECT_EQ(route_problem(broken, {0, 7}, find_route(broken, {}, {0, 7})), "");
  const Topology planes = build_topology(multi_plane_tree(4, 8, 8, 8));
  const Topology apart = without(planes, {{}, {planes.gpus}});
  EXPECT_EQ(find_route(apart, {}, {0, 7}), std::nullopt);  // no NIC of one is on the other's plane
  EXPECT_EQ(reachable_components(apart).components, 1);    // by way of another node's NVSwitch
}

TEST(Failures, ATorusGoesTheOtherWayRound) {
  const Topology whole = build_topology(torus({5, 5}, 1));
  const Route before = *find_route(whole, {}, {0, 1});
  const Topology broken = without(whole, {{before[1]}, {}});
  EXPECT_EQ(find_route(broken, {}, {0, 1})->size(), 2u + 4u);
  EXPECT_EQ(route_problem(broken, {0, 1}, find_route(broken, {}, {0, 1})), "");
  const Topology cut = without(broken, {{}, {broken.first_switch + 3}});
  EXPECT_EQ(find_route(cut, {}, {0, 1}), std::nullopt);
  EXPECT_EQ(reachable_components(cut).components, 2);  // the GPU of the broken switch is alone
}

TEST(Failures, DirectNetworksGoAroundWhateverLeavesThemConnected) {
  for (const TopologyShape& shape :
       {TopologyShape(dragonfly(2, 4, 2, 9, 1)), TopologyShape(slim_fly(5, 2, 1))}) {
    const Topology whole = build_topology(shape);
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const Topology broken =
          without(whole, random_link_failures(whole, TopologyLinkKind::fabric, 40, seed));
      const std::vector<int> component = reachable_components(broken).component_by_gpu;
      const std::vector<GpuPair> pairs = all_pairs(broken);
      const auto routes = find_routes(broken, {}, pairs);
      for (std::size_t at = 0; at < pairs.size(); ++at) {
        const bool reaches = component[static_cast<std::size_t>(pairs[at].from)] ==
                             component[static_cast<std::size_t>(pairs[at].to)];
        ASSERT_EQ(route_problem(broken, pairs[at], routes[at]).empty(), reaches) << seed;
      }
    }
  }
}

// Whether one GPU hands to the other over NVLink, or is the other.
bool are_joined_inside(const Topology& topology, int from, int to) {
  if (from == to) return true;
  for (const int up : links_from(topology, from)) {
    const TopologyLink& there = topology.links[static_cast<std::size_t>(up)];
    if (there.kind != TopologyLinkKind::nvlink || there.failed) continue;
    for (const int down : links_from(topology, there.to)) {
      const TopologyLink& back = topology.links[static_cast<std::size_t>(down)];
      if (back.to == to && !back.failed) return true;
    }
  }
  return false;
}

// By way of any GPU of the one node and any of the other, of which `direct[a * gpus + b]` tells
// whether the fabric leads from one to the other.
bool can_be_forwarded(const Topology& topology, GpuPair pair, const std::vector<bool>& direct) {
  const int in_node = node_shape(topology.shape).gpus;
  const auto is_direct = [&](int out, int in) {
    const auto row = static_cast<std::size_t>(out) * static_cast<std::size_t>(topology.gpus);
    return direct[row + static_cast<std::size_t>(in)];
  };
  for (int out = pair.from / in_node * in_node; out < (pair.from / in_node + 1) * in_node; ++out) {
    if (!are_joined_inside(topology, pair.from, out)) continue;
    for (int in = pair.to / in_node * in_node; in < (pair.to / in_node + 1) * in_node; ++in) {
      if (is_direct(out, in) && are_joined_inside(topology, in, pair.to)) {
        return true;
      }
    }
  }
  return false;
}

// Every family, heavily broken: what is routed is routed well, and what is not has no way by any
// two GPUs of the nodes.
TEST(Failures, NoRouteIsEverWrongOrMissing) {
  for (const TopologyShape& shape : small_networks()) {
    const Topology whole = build_topology(shape);
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      const auto fail = [&](const Topology& topology, TopologyLinkKind kind, std::int64_t count) {
        return without(topology,
                       random_link_failures(topology, kind, static_cast<int>(count), seed));
      };
      Topology broken =
          fail(whole, TopologyLinkKind::fabric, count_fabric(whole).links / (seed < 3 ? 2 : 8));
      broken = fail(broken, TopologyLinkKind::nvlink, 3);
      if (seed % 2 == 1) broken = fail(broken, TopologyLinkKind::nic, whole.gpus / 2);
      const std::vector<int> component = reachable_components(broken).component_by_gpu;
      const std::vector<GpuPair> pairs = all_pairs(broken);
      std::vector<bool> direct;
      for (const auto& route : find_routes(broken, never_forward, pairs)) {
        direct.push_back(route.has_value());
      }
      const auto routes = find_routes(broken, {}, pairs);
      const int in_node = node_shape(shape).gpus;
      for (std::size_t at = 0; at < pairs.size(); ++at) {
        const auto [from, to] = pairs[at];
        if (!routes[at]) {
          ASSERT_FALSE(from / in_node != to / in_node &&
                       can_be_forwarded(broken, pairs[at], direct))
              << from << " to " << to << " of shape " << shape.index() << ", seed " << seed;
          continue;
        }
        ASSERT_EQ(route_problem(broken, pairs[at], routes[at]), "");
        EXPECT_EQ(component[static_cast<std::size_t>(from)],
                  component[static_cast<std::size_t>(to)]);
      }
    }
  }
}

// Two nodes that have kept NICs of different index, and a node whose NVLink is broken at two GPUs,
// one of them without its NIC.
TEST(Failures, NodesThatKeepDifferentNicsReachEachOther) {
  for (const TopologyShape& shape :
       {TopologyShape(torus({8, 8}, 4)), TopologyShape(fat_tree(2, 16, 4)),
        TopologyShape(rail_tree(12, 16, 4)), TopologyShape(dragonfly(2, 4, 2, 9, 4))}) {
    const Topology whole = build_topology(shape);
    Failures failures;
    for (const int gpu : {1, 2, 3, 4, 6, 7}) failures.links.push_back(nic_of(whole, gpu));
    const Topology broken = without(whole, failures);
    for (const NvlinkForwarding forwarding :
         {NvlinkForwarding::at_destination, NvlinkForwarding::at_source}) {
      const RoutingPolicy policy{PathChoice::d_mod_k, 1, forwarding};
      EXPECT_TRUE(unreachable_pairs(broken, policy, 1).empty()) << shape.index();
      for (const GpuPair pair : {GpuPair{0, 4}, {1, 6}, {6, 1}, {0, 5}}) {
        EXPECT_EQ(route_problem(broken, pair, find_route(broken, policy, pair)), "");
      }
    }
  }
  FatTreeShape shape = fat_tree(2, 16, 4);
  shape.node.nvswitches = 2;
  const Topology whole = build_topology(shape);
  // GPU 0 keeps the second NVSwitch only and GPU 1 the first; GPU 0 has no NIC, but GPU 2 has.
  const Topology broken =
      without(whole, {{links_from(whole, 0)[0], links_from(whole, 1)[1], nic_of(whole, 0)}, {}});
  EXPECT_EQ(route_problem(broken, {0, 1}, find_route(broken, {}, {0, 1})), "");
  EXPECT_EQ(find_route(broken, never_forward, {0, 1}), std::nullopt);
}

// The fastest of three runs.
template <typename Work>
double seconds_of(const Work& work) {
  double fastest = 1e9;
  for (int run = 0; run < 3; ++run) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    fastest = std::min(fastest, took.count());
  }
  return fastest;
}

// 512 GPUs, each on a switch of its own: what is known of a destination is found once, not again
// for every few sources (eight times as long).
TEST(Failures, TryingAllPairsTakesNoLongerThanRoutingThem) {
  const Topology whole = build_topology(slim_fly(16, 1, 1));
  const Topology broken =
      without(whole, random_link_failures(whole, TopologyLinkKind::fabric, 1, 1));
  const std::vector<GpuPair> pairs = all_pairs(broken);
  const double routing = seconds_of([&] { find_routes(broken, {}, pairs); });
  const double trying =
      seconds_of([&] { EXPECT_TRUE(unreachable_pairs(broken, {}, pairs.size()).empty()); });
  EXPECT_LT(trying, 2 * routing);
}

TEST(Failures, ThePairsWithoutARouteComeBySource) {
  const Topology whole = build_topology(multi_plane_tree(11, 8, 8, 4));
  const Topology broken =
      without(without(whole, random_link_failures(whole, TopologyLinkKind::fabric, 50, 3)),
              random_link_failures(whole, TopologyLinkKind::nvlink, 20, 3));
  const std::vector<GpuPair> pairs = all_pairs(broken);
  std::vector<GpuPair> expected;
  for (const GpuPair& pair : pairs) {
    if (!find_route(broken, {}, pair)) expected.push_back(pair);
  }
  ASSERT_GT(expected.size(), 5u);
  EXPECT_EQ(unreachable_pairs(broken, {}, pairs.size()), expected);
  expected.resize(5);
  EXPECT_EQ(unreachable_pairs(broken, {}, 5), expected);
}

TEST(RandomFailures, AreDistinctAndReproducible) {
  const Topology topology = build_topology(fat_tree(2, 8, 8));
  const auto draw = [&](int count, std::uint64_t seed) {
    return random_link_failures(topology, TopologyLinkKind::fabric, count, seed);
  };
  EXPECT_EQ(draw(10, 1), draw(10, 1));
  EXPECT_NE(draw(10, 1), draw(10, 2));
  EXPECT_EQ(draw(1000, 1).links.size(), 32u);
  const Topology broken = without(topology, draw(10, 1));
  int failed = 0;
  for (const TopologyLink& link : broken.links) failed += link.failed ? 1 : 0;
  EXPECT_EQ(failed, 20);
}

}  // namespace
}  // namespace reckon

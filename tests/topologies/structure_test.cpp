// Who is wired to whom.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "tests/topologies/networks.hpp"

namespace reckon {
namespace {

int degree(const Topology& topology, int node, TopologyLinkKind kind) {
  const auto links = links_from(topology, node);
  return static_cast<int>(std::count_if(links.begin(), links.end(), [&](int id) {
    return topology.links[static_cast<std::size_t>(id)].kind == kind;
  }));
}

int wires(const Topology& topology, int a, int b) {
  const auto links = links_from(topology, a);
  return static_cast<int>(std::count_if(links.begin(), links.end(), [&](int id) {
    return topology.links[static_cast<std::size_t>(id)].to == b;
  }));
}

// [first network switch ..)
std::vector<int> switches(const Topology& topology) {
  std::vector<int> ids;
  for (int id = topology.first_switch; id < static_cast<int>(topology.nodes.size()); ++id) {
    ids.push_back(id);
  }
  return ids;
}

int leaf_of(const Topology& topology, int gpu) {
  return topology.links[static_cast<std::size_t>(links_from(topology, gpu).back())].to;
}

TEST(Topology, KeepsItsInvariants) {
  for (const TopologyShape& shape : small_networks()) {
    const Topology topology = build_topology(shape);
    ASSERT_EQ(topology.gpus, gpus(shape));
    for (int id = 0; id < static_cast<int>(topology.nodes.size()); ++id) {
      const NodeKind kind = topology.nodes[static_cast<std::size_t>(id)].kind;
      EXPECT_EQ(kind == NodeKind::gpu, id < topology.gpus);
      EXPECT_EQ(kind == NodeKind::network_switch, id >= topology.first_switch);
      for (const int link : links_from(topology, id)) {
        EXPECT_EQ(topology.links[static_cast<std::size_t>(link)].from, id);
      }
      if (kind == NodeKind::gpu) {
        EXPECT_EQ(degree(topology, id, TopologyLinkKind::nic), 1);
      }
    }
    for (std::size_t link = 0; link < topology.links.size(); ++link) {
      const TopologyLink& there = topology.links[link];
      const TopologyLink& back =
          topology.links[static_cast<std::size_t>(reverse_of(static_cast<int>(link)))];
      EXPECT_EQ(there.from, back.to);
      EXPECT_EQ(there.to, back.from);
      EXPECT_NE(there.from, there.to);
    }
    EXPECT_EQ(topology.out_links.size(), topology.links.size());
    EXPECT_EQ(build_topology(shape), topology);
  }
}

TEST(FatTree, NoSwitchHasMoreWiresThanPorts) {
  for (const TopologyShape& shape : small_networks()) {
    const auto* tree = std::get_if<FatTreeShape>(&shape);
    if (tree == nullptr) continue;
    const Topology topology = build_topology(shape);
    for (const int id : switches(topology)) {
      EXPECT_LE(links_from(topology, id).size(), static_cast<std::size_t>(tree->radix));
    }
  }
}

TEST(FatTree, AFullOneUsesEveryPort) {
  for (const int layers : {2, 3}) {
    const Topology topology = build_topology(fat_tree(layers, 8, 8));
    for (const int id : switches(topology)) EXPECT_EQ(links_from(topology, id).size(), 8u);
  }
}

TEST(FatTree, ARailJoinsTheGpusOfOneIndex) {
  const Topology topology = build_topology(rail_tree(12, 16, 4));  // leaves of 8 nodes
  for (int gpu = 0; gpu < topology.gpus; ++gpu) {
    for (int other = 0; other < topology.gpus; ++other) {
      const bool same_rail = gpu % 4 == other % 4 && gpu / 32 == other / 32;
      EXPECT_EQ(leaf_of(topology, gpu) == leaf_of(topology, other), same_rail);
    }
  }
}

TEST(FatTree, PlanesTouchOnlyAtGpus) {
  const Topology topology = build_topology(multi_plane_tree(32, 8, 8, 8));
  for (const TopologyLink& link : topology.links) {
    const TopologyNode& from = topology.nodes[static_cast<std::size_t>(link.from)];
    const TopologyNode& to = topology.nodes[static_cast<std::size_t>(link.to)];
    if (link.kind == TopologyLinkKind::fabric) {
      EXPECT_EQ(from.plane, to.plane);
    }
    if (link.kind == TopologyLinkKind::nic && from.kind == NodeKind::gpu) {
      EXPECT_EQ(from.index, to.plane);
    }
  }
}

TEST(FatTree, LayersHaveTheirOwnSpeeds) {
  FatTreeShape shape = fat_tree(3, 4, 4);
  shape.fabric = {{{100e9}, {1e-6}}, {{200e9}, {2e-6}}};
  const Topology topology = build_topology(shape);
  for (const TopologyLink& link : topology.links) {
    const int layer = std::max(topology.nodes[static_cast<std::size_t>(link.from)].layer,
                               topology.nodes[static_cast<std::size_t>(link.to)].layer);
    if (layer == 1) {
      EXPECT_EQ(link.capacity, nic_speed.capacity);
    }
    if (layer == 2) {
      EXPECT_EQ(link.capacity, BytesPerSecond{100e9});
    }
    if (layer == 3) {
      EXPECT_EQ(link.latency, Seconds{2e-6});
    }
  }
}

TEST(Dragonfly, JoinsEveryTwoGroupsAlike) {
  // 9 groups: one wire each. 7 groups: 8 ports for 6 others, so neighbours get two.
  for (const int groups : {9, 7, 8}) {
    const Topology topology = build_topology(dragonfly(2, 4, 2, groups, 4));
    std::map<std::pair<int, int>, int> between;
    for (const TopologyLink& link : topology.links) {
      if (link.kind != TopologyLinkKind::fabric) continue;
      ++between[{topology.nodes[static_cast<std::size_t>(link.from)].group,
                 topology.nodes[static_cast<std::size_t>(link.to)].group}];
    }
    for (int a = 0; a < groups; ++a) {
      for (int b = 0; b < groups; ++b) {
        const int count = between[{a, b}];
        if (a == b) {
          EXPECT_EQ(count, 4 * 3);
        }
        if (a != b) {
          EXPECT_TRUE(count == 1 || (groups < 9 && count == 2)) << a << " " << b;
        }
      }
    }
    for (const int id : switches(topology)) {
      EXPECT_LE(degree(topology, id, TopologyLinkKind::fabric), 3 + 2);
    }
  }
}

TEST(SlimFly, AnyTwoSwitchesAreAtMostTwoWiresApart) {
  for (const int q : {3, 4, 5, 7, 8, 9, 11, 13, 16, 25, 27}) {
    const Topology topology = build_topology(slim_fly(q, 1, 1));
    ASSERT_EQ(topology.gpus, 2 * q * q) << q;
    for (const int id : switches(topology)) {
      std::set<int> near{id};
      std::set<int> within_two{id};
      for (const int link : links_from(topology, id)) {
        const int other = topology.links[static_cast<std::size_t>(link)].to;
        if (other >= topology.first_switch) near.insert(other);
      }
      EXPECT_EQ(near.size(), static_cast<std::size_t>(slim_fly_degree(q)) + 1) << q;
      for (const int neighbour : near) {
        for (const int link : links_from(topology, neighbour)) {
          within_two.insert(topology.links[static_cast<std::size_t>(link)].to);
        }
      }
      const auto first = within_two.lower_bound(topology.first_switch);
      EXPECT_EQ(std::distance(first, within_two.end()), 2 * q * q) << q;
    }
  }
}

TEST(Torus, EverySwitchHasTwoNeighboursADimension) {
  const Topology flat = build_topology(torus({4, 5}, 4));
  for (const int id : switches(flat)) EXPECT_EQ(degree(flat, id, TopologyLinkKind::fabric), 4);
  const Topology solid = build_topology(torus({3, 4, 2}, 2));  // a dimension of 2 has one wire
  for (const int id : switches(solid)) EXPECT_EQ(degree(solid, id, TopologyLinkKind::fabric), 5);
  const int first = flat.first_switch;
  EXPECT_EQ(wires(flat, first, first + 3), 1);      // around the first dimension
  EXPECT_EQ(wires(flat, first, first + 4 * 4), 1);  // around the second
  EXPECT_EQ(wires(flat, first, first + 4 + 1), 0);
}

TEST(NodeShape, SeveralNvswitchesShareTheBandwidth) {
  FatTreeShape shape = fat_tree(2, 8, 8);
  shape.node.nvswitches = 4;
  const Topology topology = build_topology(shape);
  EXPECT_EQ(degree(topology, 0, TopologyLinkKind::nvlink), 4);
  EXPECT_EQ(topology.links[static_cast<std::size_t>(links_from(topology, 0)[0])].capacity,
            nvlink_speed.capacity / 4);
}

}  // namespace
}  // namespace reckon

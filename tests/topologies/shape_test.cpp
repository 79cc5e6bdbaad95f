// Numbers that no network can have, and the shapes of known clusters.
#include "topologies/shape.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/topologies/networks.hpp"

namespace reckon {
namespace {

TEST(Shape, TheSmallNetworksHaveNoProblems) {
  for (const TopologyShape& shape : small_networks()) {
    EXPECT_EQ(shape_problems(shape), std::vector<std::string>{}) << shape.index();
    EXPECT_GE(most_nodes(shape) * node_shape(shape).gpus, gpus(shape));
  }
}

TEST(Shape, TooManyNodesAreTold) {
  FatTreeShape shape = fat_tree(2, 8, 8);
  ++shape.nodes;
  EXPECT_EQ(shape_problems(shape),
            std::vector<std::string>{"the fabric has ports for 4 nodes at most"});
  EXPECT_EQ(build_topology(shape), Topology{});
}

TEST(Shape, EveryWrongNumberIsTold) {
  FatTreeShape tree = fat_tree(2, 8, 8);
  tree.radix = 1;
  tree.layers = 4;
  tree.planes = 2;
  tree.node.nic.capacity = {std::numeric_limits<double>::infinity()};
  EXPECT_EQ(shape_problems(tree).size(), 6u);  // oversubscription and speeds by layer as well
  DragonflyShape flies = dragonfly(2, 4, 2, 9, 4);
  flies.groups = 10;
  EXPECT_EQ(shape_problems(flies).size(), 1u);
  SlimFlyShape fly = slim_fly(5, 4, 4);
  fly.q = 6;
  EXPECT_EQ(shape_problems(fly).size(), 1u);
  EXPECT_EQ(fabric_counts(fly), FabricCounts{});
  TorusShape ring = torus({4, 4}, 4);
  ring.sizes = {4};
  EXPECT_EQ(shape_problems(ring).size(), 1u);
}

TEST(Shape, ExtremeNumbersOverflowNothing) {
  for (const int number : {std::numeric_limits<int>::min(), -1, 0, 1, 2, 3, 4096, 1 << 20,
                           std::numeric_limits<int>::max()}) {
    const NodeShape node{number, number, nvlink_speed, nic_speed};
    FatTreeShape tree = fat_tree(3, 8, 8);
    FatTreeShape tall = tree;
    tall.layers = number;
    EXPECT_EQ(shape_problems(tall).empty(), number == 3);
    tree.nodes = tree.radix = tree.oversubscription = tree.planes = number;
    tree.node = node;
    const DragonflyShape flies{number, node,   number,       number,
                               number, number, fabric_speed, fabric_speed};
    const SlimFlyShape fly{number, node, number, number, fabric_speed};
    const TorusShape solid{number, node, {number, number, number}, number, fabric_speed};
    for (const TopologyShape& shape :
         {TopologyShape(tree), TopologyShape(flies), TopologyShape(fly), TopologyShape(solid)}) {
      if (number != 1 && number != 2 && number != 3) {
        EXPECT_FALSE(shape_problems(shape).empty());
      }
      const Topology topology = build_topology(shape);
      EXPECT_EQ(topology.gpus > 0, shape_problems(shape).empty());
    }
  }
}

// "Insights into DeepSeek-V3", Table 5: 2.8 us behind one leaf, 3.7 us across leaves.
TEST(Shape, OfACluster) {
  ClusterSpec cluster;
  cluster.nodes = 256;
  cluster.nvlink = {"nvlink", {200e9}, {160e9}, {3.33e-6}, ""};
  cluster.nic = {"infiniband", {50e9}, {40e9}, {2.8e-6}, ""};
  cluster.fabric = {FabricKind::multi_plane_fat_tree, 8, 64, 2, {0.45e-6}, ""};
  const FatTreeShape shape = shape_of(cluster);
  EXPECT_EQ(shape_problems(shape), std::vector<std::string>{});
  EXPECT_EQ(fabric_counts(shape), (FabricCounts{2048, 96, 2048}));
  const Topology topology = build_topology(shape);
  const auto latency = [&](int to) {
    return latency_of(topology, *find_route(topology, {}, {0, to})).value;
  };
  EXPECT_NEAR(latency(1), 3.33e-6, 1e-12);
  EXPECT_NEAR(latency(8 * 31), 2.8e-6, 1e-12);
  EXPECT_NEAR(latency(8 * 32), 3.7e-6, 1e-12);
}

}  // namespace
}  // namespace reckon

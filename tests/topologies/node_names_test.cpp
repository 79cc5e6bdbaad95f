#include "topologies/node_names.hpp"

#include <gtest/gtest.h>

#include "tests/topologies/networks.hpp"

namespace reckon {
namespace {

std::string last_name(const TopologyShape& shape) {
  const Topology topology = build_topology(shape);
  return node_name(topology, static_cast<int>(topology.nodes.size()) - 1);
}

TEST(NodeNames, SayWhereAPartIs) {
  EXPECT_EQ(last_name(fat_tree(2, 8, 8)), "spine3");
  EXPECT_EQ(last_name(multi_plane_tree(32, 8, 8, 8)), "p7.spine3");
  EXPECT_EQ(last_name(fat_tree(3, 8, 8)), "core3.3");
  EXPECT_EQ(last_name(dragonfly(2, 4, 2, 9, 4)), "g8.switch3");
  EXPECT_EQ(last_name(slim_fly(5, 4, 8)), "g1.switch24");
  EXPECT_EQ(last_name(torus({3, 4, 2}, 2)), "sw2.3.1");
  const Topology tree = build_topology(fat_tree(3, 8, 8));
  EXPECT_EQ(node_name(tree, 5), "gpu5");
  EXPECT_EQ(node_name(tree, tree.gpus + 1), "nvswitch1");
  EXPECT_EQ(node_name(tree, tree.first_switch + 5), "pod1.leaf1");
  EXPECT_EQ(layer_name(fat_tree(3, 8, 8), 2), "spine");
  EXPECT_EQ(layer_name(torus({4, 4}, 4), 1), "switch");
}

TEST(NodeNames, EachPartHasItsOwnAndIsFoundByIt) {
  for (const TopologyShape& shape : small_networks()) {
    const Topology topology = build_topology(shape);
    const NodeNames names(topology);
    for (int id = 0; id < static_cast<int>(topology.nodes.size()); ++id) {
      const std::string name = node_name(topology, id);
      EXPECT_EQ(names.find(name), id) << name;
      EXPECT_EQ(name.find('-'), std::string::npos) << "a dash parts the ends of a wire";
    }
  }
}

TEST(NodeNames, NumbersWorkTooAndMistakesAreHelped) {
  const Topology topology = build_topology(fat_tree(2, 8, 8));
  const NodeNames names(topology);
  EXPECT_EQ(names.find("3"), 3);
  EXPECT_EQ(names.find("-1"), std::nullopt);
  EXPECT_EQ(names.find("1000"), std::nullopt);
  EXPECT_EQ(names.find(""), std::nullopt);
  EXPECT_EQ(names.unknown("spin3"),
            "\"spin3\" is no part of this network; did you mean \"spine3\"?");
  EXPECT_EQ(names.unknown("1000"),
            "\"1000\" is no part of this network, whose parts are called like \"gpu0\" or numbered "
            "from 0 to 47");
}

}  // namespace
}  // namespace reckon

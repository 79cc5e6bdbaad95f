// How many switches and wires: closed forms against the published table and against graphs.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/topologies/networks.hpp"

namespace reckon {
namespace {

// The shapes behind Table 3 of "Insights into DeepSeek-V3", 64-port switches throughout. Its
// dragonfly has 511 groups, not the 513 that its ports allow; its Slim Fly has q = 28.
std::vector<TopologyShape> table_shapes() {
  return {fat_tree(2, 64, 8), multi_plane_tree(2048, 64, 8, 8), fat_tree(3, 64, 8),
          slim_fly(28, 21, 8), dragonfly(16, 32, 16, 511, 8)};
}

TEST(FabricCounts, EqualThePublishedTable) {
  std::ifstream file(std::string(RECKON_DATA_DIR) + "/topologies/prices/switch_table.json");
  const nlohmann::json fabrics = nlohmann::json::parse(file).at("fabrics");
  const std::vector<TopologyShape> shapes = table_shapes();
  ASSERT_EQ(fabrics.size(), shapes.size());
  for (std::size_t at = 0; at < shapes.size(); ++at) {
    const FabricCounts counts = fabric_counts(shapes[at]);
    EXPECT_EQ(counts.endpoints, fabrics[at].at("endpoints")) << fabrics[at];
    EXPECT_EQ(counts.switches, fabrics[at].at("switches")) << fabrics[at];
    EXPECT_EQ(counts.links, fabrics[at].at("links")) << fabrics[at];
    EXPECT_EQ(most_nodes(shapes[at]) * 8, counts.endpoints) << fabrics[at];
  }
}

TEST(FabricCounts, AreThoseOfTheGraph) {
  std::vector<TopologyShape> shapes = small_networks();
  for (int nodes = 1; nodes < 16; ++nodes) {
    FatTreeShape shape = fat_tree(3, 8, 8);
    shape.nodes = nodes;
    shapes.push_back(shape);
  }
  for (int groups = 1; groups <= 13; ++groups) shapes.push_back(dragonfly(1, 4, 3, groups, 1));
  for (const TopologyShape& shape : shapes) {
    const Topology topology = build_topology(shape);
    ASSERT_GT(topology.gpus, 0);
    EXPECT_EQ(count_fabric(topology), fabric_counts(shape)) << "shape " << shape.index();
  }
}

TEST(FabricCounts, AreThoseOfTheGraphsOfTheTableThatCanBeBuilt) {
  const std::vector<TopologyShape> shapes = table_shapes();
  for (const std::size_t at : {0u, 1u, 2u}) {
    EXPECT_EQ(count_fabric(build_topology(shapes[at])), fabric_counts(shapes[at])) << at;
  }
}

// k^2 / 2 endpoints on 3 k / 2 switches; k^3 / 4 on 5 k^2 / 4.
TEST(FabricCounts, FollowTheFormulasOfFullFatTrees) {
  for (const int k : {4, 8, 16, 32, 64}) {
    EXPECT_EQ(fabric_counts(fat_tree(2, k, 1)), (FabricCounts{k * k / 2, 3 * k / 2, k * k / 2}));
    EXPECT_EQ(fabric_counts(fat_tree(3, k, 1)),
              (FabricCounts{k * k * k / 4, 5 * k * k / 4, k * k * k / 2}));
  }
}

// 64 leaves of 48 ports down and 16 up, under 16 spines.
TEST(FabricCounts, AnOversubscribedTreeHasFewerSpines) {
  EXPECT_EQ(fabric_counts(fat_tree(2, 64, 8, 3)), (FabricCounts{3072, 80, 1024}));
}

// One pod of three layers: 4 leaves with 32 ports up each need 2 spines; one leaf none. Two pods
// have all 32 each, which cores join.
TEST(FabricCounts, ASinglePodHasNoMoreSpinesThanItsLeavesNeed) {
  FatTreeShape shape = fat_tree(3, 64, 8);
  const auto of_nodes = [&shape](int nodes) {
    shape.nodes = nodes;
    EXPECT_EQ(count_fabric(build_topology(shape)), fabric_counts(shape)) << nodes;
    return fabric_counts(shape);
  };
  EXPECT_EQ(of_nodes(4), (FabricCounts{32, 1, 0}));
  EXPECT_EQ(of_nodes(5), (FabricCounts{40, 2 + 1, 64}));
  EXPECT_EQ(of_nodes(16), (FabricCounts{128, 4 + 2, 128}));
  EXPECT_EQ(of_nodes(128), (FabricCounts{1024, 32 + 16, 1024}));
  EXPECT_EQ(of_nodes(129), (FabricCounts{1032, 33 + 64 + 32, 33 * 32 + 64 * 32}));
}

// NVIDIA DGX SuperPOD H100 reference architecture (RA-11333-001), table 3: 32 leaves and 16 spines
// for 1024 GPUs, 64 and 32 for 2048.
TEST(FabricCounts, AreThoseOfTheSuperPod) {
  EXPECT_EQ(fabric_counts(rail_tree(128, 64, 8)).switches, 32 + 16);
  EXPECT_EQ(fabric_counts(rail_tree(256, 64, 8)).switches, 64 + 32);
}

// The formulas give numbers for q = 28, but 28 is no prime power: no such graph is known.
TEST(FabricCounts, ThePublishedSlimFlyCannotBeBuilt) {
  const std::vector<std::string> problems = shape_problems(slim_fly(28, 21, 8));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0], "no Slim Fly is known whose q is not a prime power");
  EXPECT_EQ(build_topology(slim_fly(28, 21, 8)), Topology{});
}

}  // namespace
}  // namespace reckon

// topology/1: what it means, and what is refused where.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "planner/spec/problems.hpp"
#include "topologies/topology_spec.hpp"

namespace reckon {
namespace {

const std::string speed = R"({"bandwidth_gigabytes_per_s": 50, "latency_us": 1})";

std::string document(const std::string& node, const std::string& rest) {
  return "{\"schema\": \"topology/1\", \"name\": \"n\",\n\"node\": " + node + ",\n" + rest + "}";
}
std::string server() { return "{\"nvlink\": " + speed + ", \"nic\": " + speed + "}"; }
std::string tree(const std::string& more = "") {
  return "\"fat_tree\": {\"radix\": 16, \"fabric\": [" + speed + "]" + more + "}";
}

// "/pointer: message" of every problem.
std::vector<std::string> problems_of(const std::string& text) {
  std::vector<std::string> found;
  try {
    read_topology(text, "t.json");
  } catch (const InputError& error) {
    for (const Problem& problem : error.problems) {
      EXPECT_GT(problem.line, 0);
      EXPECT_EQ(problem.file, "t.json");
      found.push_back(problem.pointer + ": " + problem.message);
    }
  }
  return found;
}

TEST(TopologyJson, WithoutANumberOfNodesTheFabricIsFull) {
  const TopologySpec spec = read_topology(document(server(), tree()), "t.json");
  const TopologyShape shape = shape_of(spec);
  EXPECT_EQ(gpus(shape), 128);  // 16^2 / 2
  const auto& fat_tree = std::get<FatTreeShape>(shape);
  EXPECT_EQ(fat_tree.node.nic, (LinkSpeed{{50e9}, {1e-6}}));
  EXPECT_EQ(fat_tree.nodes, 16);
}

TEST(TopologyJson, AnNvl72RackIsANodeOf72) {
  const std::string rack = R"({"type": "nvl72", "nvlink": )" + speed + R"(, "nic": )" + speed + "}";
  const TopologySpec spec = read_topology(document(rack, "\"nodes\": 1, " + tree()), "t.json");
  EXPECT_EQ(node_shape(shape_of(spec)).gpus, 72);
  const std::string odd =
      R"({"type": "nvl72", "gpus": 8, "nvlink": )" + speed + R"(, "nic": )" + speed + "}";
  EXPECT_EQ(problems_of(document(odd, tree())),
            std::vector<std::string>{
                "/node/gpus: an NVL72 rack has 72 GPUs; leave gpus out, or the type"});
}

TEST(TopologyJson, TheOtherFamilies) {
  const std::string dragonfly =
      R"("dragonfly": {"endpoints_per_switch": 2, "switches_per_group": 4,
          "global_ports_per_switch": 2, "groups": 9, "local": )" +
      speed + R"(, "global": )" + speed + "}";
  EXPECT_EQ(gpus(shape_of(read_topology(document(server(), dragonfly), "t"))), 72);
  const std::string fly =
      R"("slim_fly": {"q": 5, "endpoints_per_switch": 4, "fabric": )" + speed + "}";
  EXPECT_EQ(gpus(shape_of(read_topology(document(server(), fly), "t"))), 200);
  const std::string torus =
      R"("torus": {"sizes": [4, 4], "endpoints_per_switch": 2, "fabric": )" + speed + "}";
  EXPECT_EQ(gpus(shape_of(read_topology(document(server(), torus), "t"))), 32);
}

// Table 3 of the paper has such a one.
TEST(TopologyJson, ASlimFlyOfWhichNoGraphIsKnownCanBeRead) {
  const std::string fly =
      R"("slim_fly": {"q": 28, "endpoints_per_switch": 21, "fabric": )" + speed + "}";
  const TopologyShape shape = shape_of(read_topology(document(server(), fly), "t"));
  EXPECT_EQ(fabric_counts(shape), (FabricCounts{32928, 1568, 32928}));
  EXPECT_FALSE(shape_problems(shape).empty());
}

TEST(TopologyJson, OneShapeIsNeeded) {
  const std::string node = document(server(), "\"nodes\": 1");
  EXPECT_EQ(problems_of(node), std::vector<std::string>{
                                   ": no shape; give one of fat_tree, dragonfly, slim_fly, torus"});
  const std::string torus =
      R"("torus": {"sizes": [4, 4], "endpoints_per_switch": 2, "fabric": )" + speed + "}";
  EXPECT_EQ(problems_of(document(server(), tree() + ", " + torus)),
            std::vector<std::string>{"/torus: a second shape beside /fat_tree; give one"});
}

TEST(TopologyJson, EveryProblemIsNamedWithItsPlace) {
  const std::string text = document("{\"nic\": " + speed + "}", tree(R"(, "layer": 3)"));
  EXPECT_EQ(problems_of(text),
            std::vector<std::string>{"/fat_tree/layer: unknown field; did you mean \"layers\"?"});
  const std::string wrong =
      document(R"({"gpus": 0, "nic": {"bandwidth_gigabytes_per_s": -1, "latency_us": 1}})",
               tree(R"(, "layers": 5, "wiring": "rails")"));
  EXPECT_EQ(problems_of(wrong),
            (std::vector<std::string>{
                "/node/gpus: must be at least 1, got 0",
                "/node/nic/bandwidth_gigabytes_per_s: must be greater than 0, got -1",
                "/fat_tree/layers: must be at most 3, got 5",
                "/fat_tree/wiring: unknown name \"rails\"; did you mean \"rail\"? (one of: packed, "
                "rail, multi_plane)"}));
}

TEST(TopologyJson, NumbersThatMakeNoNetwork) {
  EXPECT_EQ(problems_of(document("{\"nic\": " + speed + "}", tree())),
            std::vector<std::string>{"/node: nvlink is missing; a node of several GPUs needs it"});
  EXPECT_EQ(problems_of(document(server(), tree(R"(, "layers": 3)"))),
            std::vector<std::string>{"/fat_tree: fabric needs one speed for each layer of switches "
                                     "but the first"});
  EXPECT_EQ(problems_of(document(server(), tree(R"(, "wiring": "multi_plane", "planes": 3)"))),
            std::vector<std::string>{"/fat_tree: planes must divide node.gpus"});
  EXPECT_EQ(problems_of(document(server(), "\"nodes\": 17, " + tree())),
            std::vector<std::string>{"/nodes: the fabric has ports for 16 nodes at most"});
}

// 4,096^3 / 4 endpoints are more than can be numbered.
TEST(TopologyJson, AFabricOfTooManyPortsNeedsItsNodes) {
  const std::string monster =
      "\"fat_tree\": {\"radix\": 4096, \"layers\": 3, \"fabric\": [" + speed + ", " + speed + "]}";
  EXPECT_EQ(problems_of(document(server(), monster)),
            std::vector<std::string>{"/nodes: missing; the fabric has ports for 2147483648 nodes, "
                                     "of which 1048576 can be given at most"});
  const TopologySpec spec =
      read_topology(document(server(), "\"nodes\": 1000, " + monster), "t.json");
  EXPECT_EQ(gpus(shape_of(spec)), 8000);
}

TEST(TopologyJson, WhatIsWrittenReadsAsTheSame) {
  TopologySpec spec = read_topology(document(server(), tree()), "t.json");
  spec.failures = {{"gpu0-leaf0"}, {"leaf1"}, {0}, 3, 9};
  spec.nodes = 4;
  EXPECT_EQ(read_topology(write_topology(spec), "again.json"), spec);
}

}  // namespace
}  // namespace reckon

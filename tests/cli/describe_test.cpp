// `reckon network describe` as its user has it.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/cli/run_reckon.hpp"
#include "tests/reports/golden.hpp"

namespace reckon {
namespace {

using Json = nlohmann::json;

Outcome describe(const Folder& folder, const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"network", "describe"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return folder.run(arguments);
}

Json described(std::vector<std::string> more) {
  more.insert(more.end(), {"--json", "-"});
  const Outcome outcome = describe(Folder(), more);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return Json::parse(outcome.out, nullptr, false);
}

Folder& with_tree(Folder& folder, const Changes& changes) {
  folder.write("t.json", changed("topologies/examples/ft2-2048.json", changes));
  return folder;
}

// Table 3 of "Insights into DeepSeek-V3" (ISCA 2025): counts exactly; costs are published in
// millions of dollars and thousands an endpoint, to two or three digits.
TEST(Describe, ThePapersTable) {
  const Json table = Json::parse(read_source_file("topologies/prices/switch_table.json"));
  const std::array<const char*, 5> names{"ft2-2048", "mpft-16384", "ft3-65536", "slim-fly-32928",
                                         "dragonfly-261632"};
  std::string text;
  for (std::size_t row = 0; row < names.size(); ++row) {
    const Json report = described({names[row]});
    const Json& published = table["fabrics"][row];
    EXPECT_EQ(report["endpoints"], published["endpoints"]) << names[row];
    EXPECT_EQ(report["switches"], published["switches"]) << names[row];
    EXPECT_EQ(report["links"], published["links"]) << names[row];
    EXPECT_NEAR(report["cost"]["total_usd"].get<double>() /
                    (published["cost_million_usd"].get<double>() * 1e6),
                1, 0.02)
        << names[row];
    EXPECT_NEAR(report["cost"]["per_endpoint_usd"].get<double>() /
                    (published["cost_per_endpoint_thousand_usd"].get<double>() * 1e3),
                1, 0.025)
        << names[row];
    text += describe(Folder(), {names[row], "--width", "100"}).out + "\n";
  }
  expect_golden(text, "tests/golden/topology/table_3.txt");
}

TEST(Describe, AClusterWithItsRouteAndFailures) {
  const Folder folder;
  const Outcome outcome = describe(
      folder, {"h800-2048-mpft", "--fail", "plane:3", "--fail", "link:gpu0-p0.leaf0", "--route",
               "0,1023", "--svg", "n.svg", "--dot", "n.dot", "--json", "n.json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  expect_golden(outcome.out, "tests/golden/topology/h800_failed.txt");
  EXPECT_EQ(folder.read("n.svg").find("<svg "), 0u);
  EXPECT_NE(folder.read("n.svg").find("p3.spine1"), std::string::npos);
  EXPECT_NE(folder.read("n.dot").find("graph network {"), std::string::npos);
  const Json report = Json::parse(folder.read("n.json"));
  EXPECT_EQ(report["planes"], 8);
  // 256 NICs and 256 wires of plane 3, and one NIC; 7/8 of the NICs but for that one are left.
  EXPECT_EQ(report["failures"]["wires"], 513);
  EXPECT_EQ(report["failures"]["unreachable_by_routing"]["pairs"], 0);
  EXPECT_NEAR(report["bisection"]["after_failures_gigabytes_per_s"], (1024 - 128 - 1) * 40.0, 1e-6);
  // GPU 0 has lost its NIC: another one of its node sends.
  EXPECT_EQ(report["routes"][0]["hops"][0]["kind"], "nvlink");
}

// Two nodes of one GPU under one leaf, one of them unplugged.
TEST(Describe, APartitionIsAResultAndNoError) {
  Folder folder;
  with_tree(folder, {{"/nodes", 64},
                     {"/node/gpus", 1},
                     {"/failures", {{"links", {"gpu1-leaf0"}}, {"switches", {"leaf1"}}}}});
  const Outcome outcome = describe(folder, {"t.json", "--route", "0,1", "--route", "0,2"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("34 that no wire joins, of 31, 1, 1,"), std::string::npos)
      << outcome.out;
  // 31 GPUs are left together: 64 * 63 - 31 * 30.
  EXPECT_NE(outcome.out.find("3,102 of 4,032 pairs have no way: 0 to 1, 0 to 32,"),
            std::string::npos);
  EXPECT_NE(outcome.out.find("Route from GPU 0 to GPU 1  none past what has failed"),
            std::string::npos);
  EXPECT_NE(outcome.out.find("Route from GPU 0 to GPU 2  2 wires"), std::string::npos);
}

TEST(Describe, RandomFailuresFollowTheSeed) {
  const auto wires = [](const std::string& seed) {
    return described({"torus-8x8", "--fail", "links:5", "--seed", seed})["failures"]["first_wires"];
  };
  EXPECT_EQ(wires("3"), wires("3"));
  EXPECT_NE(wires("3"), wires("4"));
  EXPECT_EQ(wires("3").size(), 5u);
}

// 2 and 3 of the flags are 5, as if asked for at once; 4 of the file come on top.
TEST(Describe, RandomFailuresAddUp) {
  const auto failures = [](std::vector<std::string> more) {
    return described(std::move(more))["failures"];
  };
  EXPECT_EQ(failures({"torus-8x8", "--fail", "links:2", "--fail", "links:3"})["first_wires"],
            failures({"torus-8x8", "--fail", "links:5"})["first_wires"]);
  Folder folder;
  with_tree(folder, {{"/failures", {{"random_links", 4}}}});
  const Outcome outcome =
      describe(folder, {"t.json", "--fail", "links:2", "--fail", "links:3", "--json", "-"});
  EXPECT_EQ(Json::parse(outcome.out)["failures"]["wires"], 4 + 5);
}

// Hundreds of names, good and bad, take no longer than one.
TEST(Describe, ManyNamesAreSoonFound) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::string> arguments{"dragonfly-261632"};
  for (int group = 0; group < 200; ++group) {
    arguments.insert(arguments.end(), {"--fail", "switch:g" + std::to_string(group) + ".switch0",
                                       "--fail", "switch:g" + std::to_string(group) + ".swich0"});
  }
  expect_failure(describe(Folder(), arguments), 2, {"did you mean", "(200 problems)"});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took.count(), 15);  // under one; an index for each name takes tens
}

TEST(Describe, ProblemsOfAFileHaveTheirPlace) {
  Folder folder;
  with_tree(folder, {{"/fat_tree/radix", 1}, {"/node/nvlnk", 1}});
  expect_failure(describe(folder, {"t.json"}), 2,
                 {"t.json:", "/node/nvlnk: unknown field; did you mean \"nvlink\"?",
                  "/fat_tree/radix: must be at least 2, got 1", "(2 problems)"});
  with_tree(folder, {{"/nodes", 257}});
  expect_failure(describe(folder, {"t.json"}), 2,
                 {"/nodes: the fabric has ports for 256 nodes at most"});
  with_tree(folder, {{"/failures", {{"links", {"gpu0-leaf1", "gpu0-leaf99"}}, {"planes", {0}}}}});
  expect_failure(describe(folder, {"t.json"}), 2,
                 {"/failures/links/0: no wire joins \"gpu0\" and \"leaf1\"",
                  "/failures/links/1: \"leaf99\" is no part of this network; did you mean",
                  "/failures/planes/0: this network has no planes", "(3 problems)"});
  folder.write("m.json", R"({"schema": "model/1"})");
  expect_failure(
      describe(folder, {"m.json"}), 2,
      {"m.json:1:12: /schema: expected \"cluster/1\" or \"topology/1\", got \"model/1\""});
  folder.write("m.json", R"({"name": "x"})");
  expect_failure(describe(folder, {"m.json"}), 2,
                 {"/schema: missing; expected \"cluster/1\" or \"topology/1\""});
  folder.write("m.json", R"({"schema": "topology/2"})");
  expect_failure(
      describe(folder, {"m.json"}), 2,
      {"m.json:1:12: /schema: expected \"cluster/1\" or \"topology/1\", got \"topology/2\""});
  folder.write("m.json", R"({"schema": 1})");
  expect_failure(describe(folder, {"m.json"}), 2, {"m.json:1:12: /schema: expected string, got 1"});
  folder.write("m.json", "[1]");
  expect_failure(describe(folder, {"m.json"}), 2, {"m.json:1:1: expected object, got an array"});
  folder.write("c.json",
               changed("topologies/clusters/h800-2048-mpft.json", {{"/fabric/layers", 4}}));
  expect_failure(describe(folder, {"c.json"}), 2,
                 {"c.json:", "/fabric: layers is 4: must be from 2 to 3"});
  folder.write("c.json", changed("topologies/clusters/h800-2048-mpft.json", {{"/nodes", 4096}}));
  expect_failure(describe(folder, {"c.json"}), 2,
                 {"c.json:", "/nodes: the fabric has ports for 2048 nodes at most"});
  expect_failure(describe(folder, {"gone.json"}), 2, {"gone.json: no such file"});
}

// What a cluster has lost is lost here too; ECMP takes other ways than the destination's number.
TEST(Describe, FaultsOfTheClusterAndRouting) {
  const Folder folder;
  folder.write("c.json", changed("topologies/clusters/h800-2048-mpft.json",
                                 {{"/faults", {{{"kind", "failed_plane"}, {"plane", 3}}}}}));
  const Outcome broken = describe(folder, {"./c.json"});
  EXPECT_EQ(broken.code, 0) << broken.err;
  EXPECT_NE(broken.out.find("256 GPUs without a wire to the fabric"), std::string::npos);
  const auto way = [&folder](const std::string& choice) {
    const Outcome outcome = describe(folder, {"h800-2048-mpft", "--route", "0,1024", "--route",
                                              "8,1032", "--route", "16,1040", "--routing", choice});
    return outcome.out.substr(outcome.out.find("Route from"));
  };
  EXPECT_NE(way("d_mod_k"), way("ecmp"));
}

TEST(Describe, ProblemsOfTheFlags) {
  const Folder folder;
  expect_failure(
      describe(folder, {"h800-2048-mft"}), 2,
      {"no such cluster or topology; did you mean \"h800-2048-mpft\"? Shipped:", "torus-8x8"});
  expect_failure(
      describe(folder, {"torus-8x8", "--fail", "plane:1", "--fail", "spine:3", "--fail",
                        "links:many", "--fail", "link:gpu0", "--route", "0,256", "--route", "a,b"}),
      2,
      {"--fail: this network has no planes",
       "--fail: \"spine:3\" is none of plane:N, switch:NAME, link:A-B and links:N",
       "--fail: \"links:many\" is none of",
       "--fail: \"gpu0\" names no wire; give the parts at its ends as \"A-B\"",
       "--route: \"0,256\" names no two GPUs; give \"A,B\" from 0 to 255",
       "--route: \"a,b\" names no two GPUs", "(6 problems)"});
  expect_failure(describe(folder, {"slim-fly-32928", "--fail", "links:1", "--route", "0,1"}), 2,
                 {"--fail: this network is only counted", "--route: this network is only counted"});
  expect_failure(describe(folder, {"slim-fly-32928", "--svg", "x.svg"}), 2,
                 {"--svg: this network is only counted: there is nothing to draw"});
  expect_failure(describe(folder, {}), 2,
                 {"describe: give the name of one cluster or topology, or its file"});
  expect_failure(describe(folder, {"torus-8x8", "--bytes", "1", "--nodes", "2"}), 2,
                 {"--bytes: does not belong to network describe", "--nodes: does not belong"});
  expect_failure(describe(folder, {"torus-8x8", "--seed", "x"}), 2,
                 {"--seed: \"x\" is no number from 0 to"});
  expect_failure(describe(folder, {"torus-8x8", "--fail", ""}), 2, {"--fail: the value is empty"});
  expect_failure(describe(folder, {"torus-8x8", "--fail", "--json"}), 2,
                 {"--fail: has no value; --json is an option"});
  expect_failure(describe(folder, {"torus-8x8", "--json", "a", "--svg", "a"}), 2,
                 {"--svg: a is what --json names; give another file"});
  expect_failure(folder.run({"network", "collective", "reduce", "--fail", "plane:1"}), 2,
                 {"--fail: does not belong to network collective"});
  EXPECT_TRUE(folder.names().empty());
}

// Numbers that would take all memory or for ever.
TEST(Describe, AMonsterIsCountedAndNotBuilt) {
  Folder folder;
  with_tree(folder,
            {{"/nodes", 1 << 20},
             {"/node/gpus", 1},
             {"/fat_tree/layers", 3},
             {"/fat_tree/radix", 4096},
             {"/fat_tree/fabric/1", {{"bandwidth_gigabytes_per_s", 50}, {"latency_us", 1}}}});
  const Outcome outcome = describe(folder, {"t.json", "--json", "t2.json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("Too large to be built here: counted only."), std::string::npos);
  EXPECT_EQ(Json::parse(folder.read("t2.json"))["endpoints"], 1 << 20);
}

}  // namespace
}  // namespace reckon

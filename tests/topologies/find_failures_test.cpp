#include "topologies/find_failures.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/topologies/networks.hpp"
#include "topologies/node_names.hpp"

namespace reckon {
namespace {

// "/pointer: message" of every problem.
std::vector<std::string> problems_of(const Topology& topology, const FailureSpec& spec) {
  std::vector<FailureProblem> problems;
  find_failures(topology, spec, problems);
  std::vector<std::string> texts;
  for (const FailureProblem& one : problems) texts.push_back(one.pointer + ": " + one.message);
  return texts;
}

Failures found(const Topology& topology, const FailureSpec& spec) {
  std::vector<FailureProblem> problems;
  Failures failures = find_failures(topology, spec, problems);
  EXPECT_TRUE(problems.empty());
  return failures;
}

TEST(FindFailures, AWireIsNamedByItsEndsInEitherOrder) {
  const Topology topology = build_topology(fat_tree(2, 8, 8));
  const Failures one = found(topology, {{"leaf1-spine2"}, {}, {}, 0, 1});
  ASSERT_EQ(one.links.size(), 1u);
  const Failures other = found(topology, {{"spine2-leaf1"}, {}, {}, 0, 1});
  ASSERT_EQ(other.links.size(), 1u);
  EXPECT_EQ(one.links[0] / 2, other.links[0] / 2);
}

// 2 leaves with 4 wires up each under 1 spine: all four between the two fail.
TEST(FindFailures, AllWiresBetweenTwoPartsFail) {
  FatTreeShape shape = fat_tree(2, 8, 8);
  shape.nodes = 1;
  EXPECT_EQ(found(build_topology(shape), {{"leaf0-spine0"}, {}, {}, 0, 1}).links.size(), 4u);
}

TEST(FindFailures, PlanesSwitchesAndRandomWires) {
  const Topology topology = build_topology(multi_plane_tree(32, 8, 8, 8));
  EXPECT_EQ(found(topology, {{}, {}, {3}, 0, 1}).nodes.size(), 12u);  // 8 leaves, 4 spines
  const Failures one = found(topology, {{}, {"p2.leaf1"}, {}, 0, 1});
  ASSERT_EQ(one.nodes.size(), 1u);
  EXPECT_EQ(node_name(topology, one.nodes[0]), "p2.leaf1");
  const Failures drawn = found(topology, {{}, {}, {}, 5, 7});
  EXPECT_EQ(drawn.links.size(), 5u);
  EXPECT_EQ(drawn, found(topology, {{}, {}, {}, 5, 7}));
  EXPECT_NE(drawn, found(topology, {{}, {}, {}, 5, 8}));
}

std::size_t failed_wires(const Topology& topology, const Failures& failures) {
  std::size_t failed = 0;
  for (const TopologyLink& link : without(topology, failures).links) {
    if (link.failed && link.from < link.to) ++failed;
  }
  return failed;
}

// Of 32 wires between switches: 3 of a file, 4 of flags, and those that are named.
TEST(FindFailures, RandomWiresAreOthersThanThoseThatHaveFailed) {
  const Topology topology = build_topology(fat_tree(2, 8, 8));
  std::vector<FailureProblem> problems;
  FailureFinder finder(topology);
  const FailureSpec file{{}, {}, {}, 3, 1};
  const FailureSpec flags{{"leaf0-spine0"}, {"leaf1"}, {}, 4, 1};
  finder.add_named(file, problems);
  finder.add_named(flags, problems);
  finder.add_random(file, problems);
  finder.add_random(flags, problems);
  const Failures failures = std::move(finder).failures();
  EXPECT_TRUE(problems.empty());
  // A leaf has 4 wires up and 4 down.
  EXPECT_EQ(failed_wires(topology, failures), 3u + 4u + 1u + 8u);
  EXPECT_EQ(failed_wires(topology, found(topology, {{}, {"leaf1"}, {}, 28, 1})), 28u + 8u);
  EXPECT_EQ(problems_of(topology, {{}, {"leaf1"}, {}, 29, 1}),
            std::vector<std::string>{
                "/random_links: there are only 28 wires between switches left to fail"});
}

// A guess at what was meant looks at every name there is.
TEST(FindFailures, OnlyTheFirstUnknownNamesAreGuessedAt) {
  const Topology topology = build_topology(fat_tree(2, 8, 8));
  const std::vector<std::string> texts =
      problems_of(topology, {{}, std::vector<std::string>(20, "spin3"), {}, 0, 1});
  ASSERT_EQ(texts.size(), 20u);
  EXPECT_EQ(texts[0],
            "/switches/0: \"spin3\" is no part of this network; did you mean \"spine3\"?");
  EXPECT_EQ(texts[7],
            "/switches/7: \"spin3\" is no part of this network; did you mean \"spine3\"?");
  EXPECT_EQ(texts[8], "/switches/8: \"spin3\" is no part of this network");
}

TEST(FindFailures, WhatIsNotThereIsNamed) {
  const Topology topology = build_topology(multi_plane_tree(32, 8, 8, 8));
  EXPECT_EQ(
      problems_of(topology, {{"gpu0-p1.leaf0", "gpu0", "gpu0-p0.leaff0"}, {"gpu3"}, {8}, 9999, 1}),
      (std::vector<std::string>{
          "/links/0: no wire joins \"gpu0\" and \"p1.leaf0\"",
          "/links/1: \"gpu0\" names no wire; give the parts at its ends as \"A-B\"",
          "/links/2: \"p0.leaff0\" is no part of this network; did you mean \"p0.leaf0\"?",
          "/switches/0: \"gpu3\" is a GPU, not a switch",
          "/planes/0: there is no plane 8; they are numbered from 0 to 7",
          "/random_links: there are only 256 wires between switches left to fail"}));
  EXPECT_EQ(problems_of(build_topology(fat_tree(2, 8, 8)), {{}, {}, {0}, 0, 1}),
            std::vector<std::string>{"/planes/0: this network has no planes"});
}

}  // namespace
}  // namespace reckon

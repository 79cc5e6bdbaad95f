#include "sim/flows/flow_classes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "sim/flows/flow_simulator.hpp"

namespace reckon {
namespace {

struct Scenario {
  std::vector<FlowLink> links;
  FlowSet flows;
};

// Every rank to every other over its own two links.
Scenario all_to_all(int ranks, double bytes) {
  Scenario s;
  s.links.assign(2 * static_cast<std::size_t>(ranks), {4, 0.5});
  for (int from = 0; from < ranks; ++from) {
    for (int to = 0; to < ranks; ++to) {
      const std::vector<int> path{from, ranks + to};
      if (from != to) s.flows.add(path, bytes);
    }
  }
  return s;
}

TEST(FlowClasses, AUniformAllToAllIsOneClass) {
  const Scenario s = all_to_all(16, 8);
  const auto classes = fold(s.links, s.flows);
  ASSERT_TRUE(classes);
  EXPECT_EQ(classes->flows.size(), 1u);
  EXPECT_EQ(classes->links.size(), 1u);
  EXPECT_EQ(classes->weights, (std::vector<int>{15}));
  EXPECT_EQ(classes->delays, (std::vector<double>{1}));
}

// Flows into it, flows out of its rank, and all others.
TEST(FlowClasses, ASlowLinkSplitsThem) {
  Scenario s = all_to_all(16, 8);
  s.links[16].capacity = 1;  // into rank 0
  const auto classes = fold(s.links, s.flows);
  ASSERT_TRUE(classes);
  EXPECT_EQ(classes->flows.size(), 3u);  // into rank 0, out of rank 0, between the others
  EXPECT_EQ(classes->links.size(), 4u);  // out and in of rank 0, out and in of the others
  const FlowResult result = simulate_flows(s.links, s.flows);
  EXPECT_NEAR(result.finish[15], 1 + 15 * 8 / 1.0, 1e-12);  // rank 1 to rank 0
  // Rank 1 has left 4 - 1/15 for 14 others; into each of them go 4/15 at most, which is less.
  EXPECT_NEAR(result.finish[0], 1 + 8 / (4 / 15.0), 1e-12);
}

// A class of flows may be on one link of its path alone and share the other.
TEST(FlowClasses, FlowsThatMeetWeighAsMany) {
  std::vector<FlowLink> links(9, {10, 0.25});
  FlowSet flows;
  for (int i = 0; i < 8; ++i) {
    const std::vector<int> path{i, 8};
    flows.add(path, 5);
  }
  const auto classes = fold(links, flows);
  ASSERT_TRUE(classes);
  EXPECT_EQ(classes->flows.size(), 1u);
  EXPECT_EQ(classes->weights, (std::vector<int>{1, 8}));
  EXPECT_NEAR(simulate_flows(links, flows).finish[3], 0.5 + 8 * 5 / 10.0, 1e-12);
}

TEST(FlowClasses, FlowsThatWaitForDifferentOnesDiffer) {
  std::vector<FlowLink> links(4, {10, 0});
  FlowSet flows;
  for (int i = 0; i < 4; ++i) {
    const std::vector<int> path{i};
    flows.add(path, 5);
  }
  for (int i = 0; i < 4; ++i) {
    const std::vector<int> path{i}, after{(i + 1) % 4};
    flows.add(path, 7, 0, after);
  }
  const auto classes = fold(links, flows);
  ASSERT_TRUE(classes);
  EXPECT_EQ(classes->flows.size(), 2u);
  EXPECT_EQ(classes->class_of, (std::vector<int>{0, 0, 0, 0, 1, 1, 1, 1}));
  EXPECT_NEAR(simulate_flows(links, flows).makespan, 1.2, 1e-12);
}

TEST(FlowClasses, FlowsOfManySizesAreNotFolded) {
  Scenario s;
  s.links.assign(4, {10, 0});
  for (int i = 0; i < 100; ++i) {
    const std::vector<int> path{i % 4};
    s.flows.add(path, 1 + i);
  }
  EXPECT_FALSE(fold(s.links, s.flows));
}

// Copies of a scenario that share nothing, link by link and flow by flow in a random order, are one
// copy.
TEST(FlowClasses, CopiesEndAsTheOriginal) {
  int folded = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    constexpr int links = 6, copies = 12;
    constexpr unsigned flows = 10;
    Scenario one, many;
    for (int l = 0; l < links; ++l) {
      one.links.push_back(
          {1 + static_cast<double>(random() % 4), static_cast<double>(random() % 2) / 8});
    }
    for (int copy = 0; copy < copies; ++copy) {
      many.links.insert(many.links.end(), one.links.begin(), one.links.end());
    }
    for (unsigned f = 0; f < flows; ++f) {
      std::vector<int> path;
      for (int l = 0; l < links; ++l) {
        if (random() % 2 == 0) path.push_back(l);
      }
      std::vector<int> after;
      if (f > 0 && random() % 3 == 0) after.push_back(static_cast<int>(random() % f));
      one.flows.add(path, static_cast<double>(random() % 4), static_cast<double>(random() % 2),
                    after, static_cast<int>(1 + random() % 2));
    }
    std::vector<int> order(std::size_t{flows} * copies);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    std::vector<int> place(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      place[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
    }
    for (const int entry : order) {
      const int copy = entry / static_cast<int>(flows);
      const auto f = static_cast<std::size_t>(entry) % flows;
      std::vector<int> path, after;
      for (const int link : one.flows.path(f)) path.push_back(copy * links + link);
      for (const int before : one.flows.after(f)) {
        after.push_back(
            place[static_cast<std::size_t>(copy) * flows + static_cast<std::size_t>(before)]);
      }
      many.flows.add(path, one.flows.bytes(f), one.flows.start(f), after,
                     one.flows.multiplicity(f));
    }
    if (fold(many.links, many.flows)) ++folded;
    const std::vector<double> expected = simulate_flows(one.links, one.flows).finish;
    const std::vector<double> together = simulate_flows(many.links, many.flows).finish;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const double end = expected[static_cast<std::size_t>(order[i]) % flows];
      ASSERT_NEAR(together[i], end, 1e-12 * (1 + end)) << "seed " << seed << " flow " << order[i];
    }
  }
  EXPECT_GT(folded, 100);
}

}  // namespace
}  // namespace reckon

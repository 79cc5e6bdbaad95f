// The order in which flows are given says nothing: their ends are the same to the bit.
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

// Few sizes and starts, so that much happens at the same time.
Scenario random_scenario(std::mt19937& random) {
  Scenario s;
  const std::size_t links = 2 + random() % 20;
  for (std::size_t l = 0; l < links; ++l) {
    s.links.push_back(
        {1 + static_cast<double>(random() % 3) / 3, static_cast<double>(random() % 2) / 10});
  }
  const std::size_t flows = 1 + random() % 120;
  const std::size_t links_a_path = 1 + random() % 4;
  for (std::size_t f = 0; f < flows; ++f) {
    std::vector<int> path;
    for (std::size_t i = 0; i < links_a_path; ++i) {
      const int link = static_cast<int>(random() % links);
      if (std::find(path.begin(), path.end(), link) == path.end()) path.push_back(link);
    }
    std::vector<int> after;
    if (f > 0 && random() % 4 == 0) after.push_back(static_cast<int>(random() % f));
    s.flows.add(path, static_cast<double>(1 + random() % 5) / 7,
                static_cast<double>(random() % 3) / 3, after, static_cast<int>(1 + random() % 3));
  }
  return s;
}

// Flow `order[i]` of the scenario becomes flow i.
FlowSet in_order(const FlowSet& flows, const std::vector<int>& order) {
  std::vector<int> place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    place[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  }
  FlowSet changed;
  for (const int flow : order) {
    const auto f = static_cast<std::size_t>(flow);
    std::vector<int> after;
    for (const int before : flows.after(f))
      after.push_back(place[static_cast<std::size_t>(before)]);
    changed.add(flows.path(f), flows.bytes(f), flows.start(f), after, flows.multiplicity(f));
  }
  return changed;
}

void expect_same_ends(const Scenario& s, std::mt19937& random, unsigned seed) {
  std::vector<int> order(s.flows.size());
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  const std::vector<double> as_given = simulate_flows(s.links, s.flows).finish;
  const std::vector<double> shuffled = simulate_flows(s.links, in_order(s.flows, order)).finish;
  for (std::size_t i = 0; i < order.size(); ++i) {
    ASSERT_EQ(shuffled[i], as_given[static_cast<std::size_t>(order[i])])
        << "seed " << seed << " flow " << order[i];
  }
}

TEST(FlowOrder, DoesNotMatter) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    const Scenario s = random_scenario(random);
    expect_same_ends(s, random, seed);
  }
}

TEST(FlowOrder, DoesNotMatterInAnAllToAllOfMixedSizes) {
  constexpr int ranks = 24;
  for (unsigned seed = 0; seed < 5; ++seed) {
    std::mt19937 random(seed);
    Scenario s;
    s.links.assign(std::size_t{2} * ranks, {50e9, 1e-6});
    for (int from = 0; from < ranks; ++from) {
      for (int to = 0; to < ranks; ++to) {
        const std::vector<int> path{from, ranks + to};
        if (from != to) s.flows.add(path, 1e5 + 1e3 * static_cast<double>(random() % 2000));
      }
    }
    expect_same_ends(s, random, seed);
  }
}

}  // namespace
}  // namespace reckon

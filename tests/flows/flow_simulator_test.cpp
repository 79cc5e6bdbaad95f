#include "sim/flows/flow_simulator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace reckon {
namespace {

// The same semantics, written for reading: every event works out all rates from nothing.
std::vector<double> naive(const std::vector<FlowLink>& links, const FlowSet& flows) {
  constexpr double never = std::numeric_limits<double>::infinity();
  const std::size_t count = flows.size();
  std::vector<double> finish(count, never), left(count), begin(count, never);
  for (std::size_t f = 0; f < count; ++f) left[f] = flows.bytes(f);
  double now = 0;
  while (true) {
    for (std::size_t f = 0; f < count; ++f) {
      if (begin[f] < never) continue;
      double ready = flows.start(f);
      for (const int before : flows.after(f)) {
        ready = std::max(ready, finish[static_cast<std::size_t>(before)]);
      }
      if (ready == never) continue;
      for (const int link : flows.path(f)) ready += links[static_cast<std::size_t>(link)].latency;
      begin[f] = ready;
      if (left[f] == 0 || flows.path(f).empty()) finish[f] = ready;
    }
    std::vector<double> rate(count, -1), capacity;
    for (const FlowLink& link : links) capacity.push_back(link.capacity);
    const auto is_active = [&](std::size_t f) { return begin[f] <= now && finish[f] == never; };
    while (true) {
      double least = never;
      std::size_t full = 0;
      for (std::size_t l = 0; l < links.size(); ++l) {
        double users = 0;
        for (std::size_t f = 0; f < count; ++f) {
          const auto path = flows.path(f);
          if (!is_active(f) || rate[f] >= 0) continue;
          if (std::find(path.begin(), path.end(), static_cast<int>(l)) != path.end()) {
            users += flows.multiplicity(f);
          }
        }
        if (users > 0 && capacity[l] / users < least) {
          least = capacity[l] / users;
          full = l;
        }
      }
      if (least == never) break;
      for (std::size_t f = 0; f < count; ++f) {
        const auto path = flows.path(f);
        if (!is_active(f) || rate[f] >= 0 ||
            std::find(path.begin(), path.end(), static_cast<int>(full)) == path.end()) {
          continue;
        }
        rate[f] = least;
        for (const int link : path) {
          capacity[static_cast<std::size_t>(link)] -= least * flows.multiplicity(f);
        }
      }
    }
    double next = never;
    for (std::size_t f = 0; f < count; ++f) {
      if (is_active(f)) next = std::min(next, now + left[f] / rate[f]);
      if (begin[f] > now) next = std::min(next, begin[f]);
    }
    if (next == never) return finish;
    for (std::size_t f = 0; f < count; ++f) {
      if (!is_active(f)) continue;
      left[f] -= rate[f] * (next - now);
      if (left[f] <= 1e-9 * flows.bytes(f)) finish[f] = next;
    }
    now = next;
  }
}

struct Scenario {
  std::vector<FlowLink> links;
  FlowSet flows;
};

Scenario random_scenario(unsigned seed) {
  std::mt19937 random(seed);
  const auto share = [&random] { return static_cast<double>(random()) / 4294967295.0; };
  Scenario s;
  const std::size_t links = 1 + random() % 8;
  for (std::size_t l = 0; l < links; ++l) s.links.push_back({1 + 9 * share(), share() / 10});
  const std::size_t flows = 1 + random() % 20;
  for (std::size_t f = 0; f < flows; ++f) {
    std::vector<int> path;
    for (std::size_t l = 0; l < links; ++l) {
      if (random() % 3 == 0) path.push_back(static_cast<int>(l));
    }
    std::vector<int> after;
    if (f > 0 && random() % 3 == 0) after.push_back(static_cast<int>(random() % f));
    const double bytes = random() % 10 == 0 ? 0 : std::round(1 + 20 * share());
    s.flows.add(path, bytes, random() % 2 == 0 ? 0 : 5 * share(), after,
                static_cast<int>(1 + random() % 3));
  }
  return s;
}

// Many links that hardly differ, so that their order changes all the time; two of them on a path,
// or three.
Scenario crowded_scenario(unsigned seed) {
  std::mt19937 random(seed);
  Scenario s;
  constexpr unsigned links = 18;
  for (unsigned l = 0; l < links; ++l) {
    s.links.push_back({10 + static_cast<double>(random() % 1000) / 1000, 0.001});
  }
  for (int f = 0; f < 90; ++f) {
    const auto first = static_cast<int>(random() % 6);
    std::vector<int> path{first, static_cast<int>(6 + random() % 6)};
    if (seed % 2 == 0) path.push_back(static_cast<int>(12 + random() % 6));
    s.flows.add(path, 1 + static_cast<double>(random() % 1000), static_cast<double>(random() % 30));
  }
  return s;
}

void expect_like_naive(const Scenario& s, unsigned seed) {
  ASSERT_TRUE(flow_problems(s.links, s.flows).empty());
  const FlowResult result = simulate_flows(s.links, s.flows);
  const std::vector<double> expected = naive(s.links, s.flows);
  for (std::size_t f = 0; f < expected.size(); ++f) {
    ASSERT_NEAR(result.finish[f], expected[f], 1e-8 * (1 + expected[f]))
        << "seed " << seed << " flow " << f;
  }
}

TEST(FlowSimulator, AgreesWithTheNaiveOneInACrowd) {
  for (unsigned seed = 0; seed < 20; ++seed) expect_like_naive(crowded_scenario(seed), seed);
}

TEST(FlowSimulator, AgreesWithTheNaiveOne) {
  for (unsigned seed = 0; seed < 400; ++seed) expect_like_naive(random_scenario(seed), seed);
}

// Twice the capacity and half of the latency: half of the time. Twice the bytes at twice the
// capacity: the same, but for starts.
TEST(FlowSimulator, TimeScales) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    const Scenario s = random_scenario(seed);
    Scenario fast;
    for (const FlowLink& link : s.links)
      fast.links.push_back({2 * link.capacity, link.latency / 2});
    for (std::size_t f = 0; f < s.flows.size(); ++f) {
      fast.flows.add(s.flows.path(f), s.flows.bytes(f), s.flows.start(f) / 2, s.flows.after(f),
                     s.flows.multiplicity(f));
    }
    const FlowResult one = simulate_flows(s.links, s.flows);
    const FlowResult half = simulate_flows(fast.links, fast.flows);
    for (std::size_t f = 0; f < s.flows.size(); ++f) {
      ASSERT_NEAR(half.finish[f], one.finish[f] / 2, 1e-9) << seed;
    }
  }
}

// Three flows of a class are three entries.
TEST(FlowSimulator, AClassIsItsFlows) {
  const std::vector<FlowLink> links{{10, 0.5}, {4, 0.25}};
  FlowSet merged, apart;
  const std::vector<int> both{0, 1}, first{0};
  merged.add(both, 8, 0, {}, 3);
  merged.add(first, 12);
  for (int i = 0; i < 3; ++i) apart.add(both, 8);
  apart.add(first, 12);
  const FlowResult a = simulate_flows(links, merged);
  const FlowResult b = simulate_flows(links, apart);
  EXPECT_DOUBLE_EQ(a.finish[0], b.finish[2]);
  EXPECT_DOUBLE_EQ(a.finish[1], b.finish[3]);
  EXPECT_DOUBLE_EQ(a.finish[0], 0.75 + 8 / (4.0 / 3));
}

TEST(FlowSimulator, FlowsOverNothingEndWhenTheyAreReady) {
  const std::vector<FlowLink> links{{10, 0.5}};
  FlowSet flows;
  const std::vector<int> path{0}, nowhere, first{0}, second{1};
  flows.add(path, 10, 1);
  flows.add(nowhere, 99, 0, first);
  flows.add(path, 0, 0, second);
  const FlowResult result = simulate_flows(links, flows);
  EXPECT_DOUBLE_EQ(result.finish[0], 1 + 0.5 + 1);
  EXPECT_DOUBLE_EQ(result.finish[1], 2.5);
  EXPECT_DOUBLE_EQ(result.finish[2], 3.0);
  EXPECT_DOUBLE_EQ(result.makespan, 3.0);
}

// A uniform all-to-all on a star begins and ends at once: two solves, whatever its size.
TEST(FlowSimulator, AUniformAllToAllIsTwoEvents) {
  constexpr int ranks = 100, link_count = 2 * ranks;
  std::vector<FlowLink> links(link_count, {50e9, 2e-6});
  FlowSet flows;
  for (int from = 0; from < ranks; ++from) {
    for (int to = 0; to < ranks; ++to) {
      const std::vector<int> path{from, ranks + to};
      if (from != to) flows.add(path, 1e6);
    }
  }
  const FlowResult result = simulate_flows(links, flows);
  EXPECT_NEAR(result.makespan, 4e-6 + 99 * 1e6 / 50e9, 1e-12);
  EXPECT_EQ(result.solves, 2);
}

// One flow after the other: the rates are still those of the first round (stability_test.cpp has
// ten million events).
TEST(FlowSimulator, StaysExactOverManyEvents) {
  const std::vector<FlowLink> links{{3, 0}, {7, 0}};
  FlowSet flows;
  const std::vector<int> both{0, 1}, second{1};
  int last_both = flows.add(both, 1), last_second = flows.add(second, 1);
  constexpr int rounds = 20000;
  for (int i = 1; i < rounds; ++i) {
    const std::vector<int> after_both{last_both}, after_second{last_second};
    last_both = flows.add(both, 1, 0, after_both);
    last_second = flows.add(second, 1, 0, after_second);
  }
  const FlowResult result = simulate_flows(links, flows);
  EXPECT_NEAR(result.finish[static_cast<std::size_t>(last_both)] / (rounds / 3.0), 1, 1e-11);
  EXPECT_NEAR(result.finish[static_cast<std::size_t>(last_second)] / (rounds / 4.0), 1, 1e-11);
}

TEST(FlowSimulator, IsTheSameEveryTime) {
  const Scenario s = random_scenario(7);
  EXPECT_EQ(simulate_flows(s.links, s.flows).finish, simulate_flows(s.links, s.flows).finish);
}

std::string problem_of(const std::vector<FlowLink>& links, const FlowSet& flows) {
  const std::vector<FlowProblem> problems = flow_problems(links, flows);
  return problems.empty() ? "" : problems[0].message;
}

TEST(FlowProblems, AreNamed) {
  const std::vector<FlowLink> links{{10, 0.5}};
  const std::vector<int> path{0}, missing{1}, twice{0, 0}, itself{0}, next{1}, nobody{5};
  FlowSet good, over_nothing, over_twice, cycle, waits, huge, none;
  good.add(path, 1);
  over_nothing.add(missing, 1);
  over_twice.add(twice, 1);
  cycle.add(path, 1, 0, next);
  cycle.add(path, 1, 0, itself);
  waits.add(path, 1, 0, nobody);
  huge.add(path, 1e19);
  none.add(path, 1, 0, {}, 0);
  EXPECT_EQ(problem_of(links, good), "");
  EXPECT_NE(problem_of(links, over_nothing).find("does not exist"), std::string::npos);
  EXPECT_NE(problem_of(links, over_twice).find("twice"), std::string::npos);
  EXPECT_EQ(flow_problems(links, cycle).size(), 2u);
  EXPECT_NE(problem_of(links, cycle).find("waits for itself"), std::string::npos);
  EXPECT_NE(problem_of(links, waits).find("does not exist"), std::string::npos);
  EXPECT_NE(problem_of(links, huge).find("2^63"), std::string::npos);
  EXPECT_NE(problem_of(links, none).find("no flow"), std::string::npos);
  EXPECT_NE(problem_of({{0, 0}}, good).find("capacity"), std::string::npos);
  EXPECT_NE(problem_of({{1e-300, 0}}, good).find("capacity"), std::string::npos);
  EXPECT_NE(problem_of({{1, -1}}, good).find("latency"), std::string::npos);
}

// Whatever flow_problems() lets pass ends, and no sooner than its head arrives.
TEST(FlowSimulator, ExtremesEndNoSoonerThanTheyCan) {
  int simulated = 0;
  for (unsigned seed = 0; seed < 20000; ++seed) {
    std::mt19937 random(seed);
    const auto power = [&random](double from, double to) {
      return std::pow(10, from + (to - from) * static_cast<double>(random()) / 4294967295.0);
    };
    Scenario s;
    const std::size_t links = 1 + random() % 4;
    const double least = random() % 2 == 0 ? -200 : -3;
    for (std::size_t l = 0; l < links; ++l) {
      s.links.push_back(
          {power(least, random() % 2 == 0 ? 308 : 12), random() % 2 == 0 ? 0 : power(-20, 15)});
    }
    const std::size_t count = 1 + random() % 8;
    for (std::size_t f = 0; f < count; ++f) {
      std::vector<int> path, after;
      double slowest = std::numeric_limits<double>::infinity();
      for (std::size_t l = 0; l < links; ++l) {
        if (random() % 2 == 0) continue;
        path.push_back(static_cast<int>(l));
        slowest = std::min(slowest, s.links[l].capacity);
      }
      if (f > 0 && random() % 4 == 0) after.push_back(static_cast<int>(random() % f));
      const double bytes = std::min(0x1p63, power(-9, 14) * slowest);
      s.flows.add(path, bytes, random() % 2 == 0 ? 0 : power(-20, 15), after);
    }
    if (!flow_problems(s.links, s.flows).empty()) continue;
    ++simulated;
    const FlowResult result = simulate_flows(s.links, s.flows);
    for (std::size_t f = 0; f < count; ++f) {
      double head = s.flows.start(f);
      for (const int before : s.flows.after(f)) {
        head = std::max(head, result.finish[static_cast<std::size_t>(before)]);
      }
      for (const int link : s.flows.path(f))
        head += s.links[static_cast<std::size_t>(link)].latency;
      ASSERT_TRUE(std::isfinite(result.finish[f])) << seed;
      ASSERT_GE(result.finish[f], head * (1 - 1e-11)) << "seed " << seed << " flow " << f;
    }
  }
  EXPECT_GT(simulated, 10000);
}

// They were summed to infinity, and the flow ended at 0.
TEST(FlowProblems, TimesThatOverflowAreRefused) {
  const std::vector<int> path{0, 1}, one{1};
  FlowSet now, late, slow;
  now.add(path, 1);
  late.add(one, 1, 1.7e308);
  slow.add(one, 2e15);
  const std::vector<FlowProblem> latencies =
      flow_problems(std::vector<FlowLink>{{1, 1e308}, {1, 1e308}}, now);
  ASSERT_EQ(latencies.size(), 2u);
  EXPECT_EQ(latencies[1].link, 1);
  EXPECT_EQ(latencies[1].place, "/lat");
  const std::vector<FlowLink> good{{1, 0}, {1, 1e15}};
  EXPECT_EQ(flow_problems(good, now).size(), 0u);
  EXPECT_EQ(flow_problems(good, late)[0].place, "/start");
  EXPECT_EQ(flow_problems(good, slow)[0].place, "/bytes");
  EXPECT_DOUBLE_EQ(simulate_flows(good, now).finish[0], 1e15 + 1);
}

TEST(FlowProblems, BoundsAreNamed) {
  const std::vector<int> path{0};
  FlowSet most, more, long_path;
  most.add(path, 9223372036854775807.0);
  more.add(path, 9223372036854777856.0);
  const std::vector<FlowLink> links(200000, {1e9, 0});
  EXPECT_EQ(problem_of(links, most), "");
  ASSERT_EQ(flow_problems(links, more).size(), 1u);
  EXPECT_EQ(flow_problems(links, more)[0].place, "/bytes");
  EXPECT_NE(problem_of({{1e-250, 0}}, most).find("below 1e-200"), std::string::npos);
  std::vector<int> all(links.size());
  for (std::size_t link = 0; link < all.size(); ++link) all[link] = static_cast<int>(link);
  long_path.add(all, 1);
  EXPECT_EQ(problem_of(links, long_path), "goes over 200000 links; the most is 1024");
}

// The others wait for nothing but the cycle.
TEST(FlowProblems, OnlyMembersOfACycleWaitForThemselves) {
  const std::vector<FlowLink> links{{10, 0.5}};
  const std::vector<int> path{0}, zero{0}, four_first{4, 3};
  FlowSet alone, three;
  alone.add(path, 1, 0, zero);
  alone.add(path, 1, 0, zero);
  const std::vector<FlowProblem> itself = flow_problems(links, alone);
  ASSERT_EQ(itself.size(), 1u);
  EXPECT_EQ(itself[0].flow, 0);
  EXPECT_EQ(itself[0].place, "/after/0");
  EXPECT_EQ(itself[0].message, "waits for itself");
  const std::vector<int> one{1}, two{2};
  three.add(path, 1, 0, one);         // behind
  three.add(path, 1, 0, four_first);  // 4 is no trouble
  three.add(path, 1, 0, one);
  three.add(path, 1, 0, two);
  three.add(path, 1);
  const std::vector<FlowProblem> cycle = flow_problems(links, three);
  ASSERT_EQ(cycle.size(), 3u);
  EXPECT_EQ(cycle[0].flow, 1);
  EXPECT_EQ(cycle[0].place, "/after/1");
  EXPECT_EQ(cycle[0].message, "waits for itself, by way of flows 3, 2");
  EXPECT_EQ(cycle[2].flow, 3);
}

}  // namespace
}  // namespace reckon

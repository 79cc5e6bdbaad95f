#include "sim/experts/expert_traffic.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <numeric>

#include "sim/cost_model.hpp"
#include "sim/experts/expert_loads.hpp"
#include "topologies/random.hpp"

namespace reckon {
namespace {

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

ExpertTraffic traffic_of(const TokenRouting& routing, const ExpertLoads& loads,
                         const ExpertPlacement& placement, double capacity_factor = 0) {
  const std::vector<double> tokens(static_cast<std::size_t>(placement.ranks), 4096.0);
  return expert_traffic(routing, loads, placement, tokens, capacity_factor);
}

// DeepSeek-V3: 256 experts in 8 groups, 8 of a token in 4 groups; 64 ranks on 8 nodes.
TEST(ExpertTraffic, IsTheClosedFormForBalancedLoads) {
  for (const int groups_per_token : {1, 2, 3, 4, 8}) {
    const TokenRouting routing{256, 8, 8, groups_per_token, 0};
    const ExpertTraffic traffic =
        traffic_of(routing, balanced_loads(256), contiguous_placement({64, 8, 8, 0}, 256));
    const double experts = 32.0 * groups_per_token;
    EXPECT_NEAR(nodes_per_token(traffic), expected_distinct(experts, groups_per_token, 8), 1e-9);
    EXPECT_NEAR(gpus_per_token(traffic), expected_distinct(experts, 8 * groups_per_token, 8), 1e-9);
    EXPECT_NEAR(sum(traffic.expert_copies), 8, 1e-9);
  }
}

TEST(ExpertTraffic, IsTokenSpreadOfTheCostModel) {
  ModelSpec model;
  model.moe.emplace();
  model.moe->experts = 256;
  model.moe->experts_per_token = 8;
  model.moe->groups = 8;
  model.moe->groups_per_token = 4;
  Plan plan;
  plan.parallelism.expert_parallel = 64;
  const TokenSpread spread = token_spread(model, plan, {64, 8, 8});
  const ExpertTraffic traffic =
      traffic_of({256, 8, 8, 4, 0}, balanced_loads(256), contiguous_placement({64, 8, 8, 0}, 256));
  EXPECT_NEAR(nodes_per_token(traffic), spread.nodes, 1e-9);
  EXPECT_NEAR(gpus_per_token(traffic), spread.gpus, 1e-9);
}

// DeepSeek's router takes 3.97 of 4 groups (reference moe_alltoall).
TEST(ExpertTraffic, TakesAsManyGroupsAsToldTo) {
  const ExpertTraffic traffic = traffic_of({256, 8, 8, 4, 3.97}, balanced_loads(256),
                                           contiguous_placement({64, 8, 8, 0}, 256));
  EXPECT_NEAR(nodes_per_token(traffic), 3.97, 1e-6);
  EXPECT_NEAR(sum(traffic.expert_copies), 8, 1e-9);
}

// Weights 1, 2, 3, 4 and two of four experts: every pair by hand, with the weights that the fit
// found; and the loads that were asked for.
TEST(RoutingOdds, AreThoseOfEveryPair) {
  const ExpertLoads loads{0.1, 0.2, 0.3, 0.4};
  const RoutingOdds odds = routing_odds({4, 2, 1, 1, 0}, loads);
  const std::vector<double> chosen = inclusion(odds);
  for (std::size_t e = 0; e < 4; ++e) EXPECT_NEAR(chosen[e], 2 * loads[e], 1e-9);
  double all = 0, without_0_and_half_of_1 = 0;
  for (std::size_t a = 0; a < 4; ++a) {
    for (std::size_t b = a + 1; b < 4; ++b) {
      const double chance = odds.weights[a] * odds.weights[b];
      all += chance;
      const double miss = a == 0 ? 0 : a == 1 ? 0.5 : 1;
      without_0_and_half_of_1 += chance * miss;
    }
  }
  const std::vector<double> there{1, 0.5, 0, 0};
  EXPECT_NEAR(miss_probability(odds, there), without_0_and_half_of_1 / all, 1e-12);
}

// Counted on drawn tokens: groups first, with their own chance, then experts one after the other.
TEST(RoutingOdds, AreWhatDrawnTokensDo) {
  constexpr int experts = 12, groups = 4, draws = 400000;
  const ExpertLoads loads = dirichlet_loads(experts, 3, 5);
  const RoutingOdds odds = routing_odds({experts, 3, groups, 2, 0}, loads);
  // Rejection: 2 groups and 3 of their 6 experts, evenly, kept with the chance of their weights.
  int kept = 0, missed = 0;
  std::uint64_t counter = 0;
  const auto uniform = [&counter] {
    return static_cast<double>(mix(11, counter++) >> 11) * 0x1.0p-53;
  };
  while (kept < draws) {
    const int a = static_cast<int>(uniform() * groups);
    const int b = (a + 1 + static_cast<int>(uniform() * (groups - 1))) % groups;
    bool chosen[experts] = {};
    double weight = 1;
    for (int n = 0; n < 3;) {
      const int at = static_cast<int>(uniform() * 6);
      const int e = at < 3 ? 3 * a + at : 3 * b + at - 3;
      if (chosen[e]) continue;
      chosen[e] = true;
      weight *= odds.weights[static_cast<std::size_t>(e)];
      ++n;
    }
    if (uniform() > weight) continue;  // the largest weight is 1
    ++kept;
    missed += !chosen[0] && !chosen[4] && !chosen[5] ? 1 : 0;
  }
  std::vector<double> there(experts, 0);
  there[0] = there[4] = there[5] = 1;
  EXPECT_NEAR(static_cast<double>(missed) / draws, miss_probability(odds, there), 0.004);
}

TEST(ExpertTraffic, SaysWhatNoRouterDoes) {
  EXPECT_TRUE(routing_problems({256, 8, 8, 4, 3.97}).empty());
  EXPECT_EQ(routing_problems({256, 8, 7, 9, 0}).size(), 2u);
  EXPECT_EQ(routing_problems({16, 8, 8, 3, 0}).size(), 1u);
  EXPECT_EQ(routing_problems({256, 8, 8, 4, 4}).size(), 1u);
  EXPECT_EQ(routing_problems({0, 8, 8, 4, 0}).size(), 1u);
}

TEST(RoutingOdds, NeedExpertsWithALoad) {
  const ExpertLoads loads{0.5, 0, 0, 0.5, 0, 0};
  EXPECT_TRUE(can_route({6, 2, 2, 2, 0}, loads));
  EXPECT_FALSE(can_route({6, 2, 2, 1, 0}, loads));
  EXPECT_FALSE(can_route({6, 3, 1, 1, 0}, loads));
  const std::vector<double> chosen = inclusion(routing_odds({6, 1, 2, 2, 0}, loads));
  EXPECT_NEAR(chosen[0], 0.5, 1e-9);
  EXPECT_EQ(chosen[1], 0);
}

// A fit by experts alone ran away from these: 1.047 x the mean with 4 groups, 7.81 with 2.
TEST(RoutingOdds, HoldWhereGroupsAreLimited) {
  ExpertLoads loads = balanced_loads(256);
  for (std::size_t e = 0; e < 32; ++e) loads[e] *= 1.0001;
  loads = normalised(loads);
  for (const int limit : {1, 2, 4, 8}) {
    const RoutingOdds odds = routing_odds({256, 8, 8, limit, 0}, loads);
    EXPECT_LE(odds.residual, 1e-9);
    EXPECT_NEAR(max_violation(inclusion(odds)), max_violation(loads), 1e-9);
  }
}

TEST(RoutingOdds, TakeAnyNumberOfGroups) {
  for (const double groups : {1.01, 1.5, 2.5, 3.97, 3.999}) {
    for (const double concentration : {1e9, 20.0, 5.0}) {
      const TokenRouting routing{256, 8, 8, 4, groups};
      const ExpertLoads loads = dirichlet_loads(256, concentration, 3);
      const RoutingOdds odds = routing_odds(routing, loads);
      EXPECT_LE(odds.residual, 1e-9) << groups << " groups, concentration " << concentration;
      const ExpertTraffic traffic =
          traffic_of(routing, loads, contiguous_placement({64, 8, 8, 0}, 256));
      EXPECT_NEAR(nodes_per_token(traffic), groups, 1e-7);
    }
  }
}

// One group with all loads, or one expert with more than all tokens: no choice gives them. What
// comes near them is found, and how far it is.
TEST(RoutingOdds, SayHowFarTheyAreFromLoadsThatNoChoiceGives) {
  ExpertLoads loads(256, 1e-3);
  for (std::size_t e = 0; e < 32; ++e) loads[e] = 1;
  for (const int limit : {2, 4}) {
    const RoutingOdds odds = routing_odds({256, 8, 8, limit, 0}, normalised(loads));
    EXPECT_LE(odds.residual, 0.1);  // 32 experts take all, 8 of a token: almost
  }
  for (std::size_t e = 0; e < 28; ++e) loads[e] = 1e-3;  // 4 experts cannot be 8 of a token
  const RoutingOdds odds = routing_odds({256, 8, 8, 4, 0}, normalised(loads));
  EXPECT_GT(odds.residual, 10);
  const std::vector<double> found = inclusion(odds);
  EXPECT_NEAR(sum(found), 8, 1e-6);
  EXPECT_GT(found[30], 0.9);
  EXPECT_LE(found[30], 1);
}

// More choices than doubles have an exponent for: C(4096, 2048) is 1e1231.
TEST(RoutingOdds, HoldForAnyNumberOfChoices) {
  const RoutingOdds even = routing_odds({4096, 2048, 1, 1, 0}, balanced_loads(4096));
  EXPECT_LE(even.residual, 1e-9);
  EXPECT_NEAR(inclusion(even).front(), 0.5, 1e-9);
  const RoutingOdds skewed = routing_odds({512, 128, 1, 1, 0}, dirichlet_loads(512, 0.05, 1));
  EXPECT_NEAR(sum(inclusion(skewed)), 128, 1e-6);
  const RoutingOdds groups = routing_odds({256, 8, 256, 128, 0}, dirichlet_loads(256, 1, 1));
  EXPECT_LE(groups.residual, 1e-9);
  const RoutingOdds unlimited = routing_odds({65536, 8, 65536, 65536, 0}, balanced_loads(65536));
  EXPECT_LE(unlimited.residual, 1e-9);
}

struct Case {
  TokenRouting routing;
  ExpertLoads loads;
  ExpertPlacement placement;
};
Case any_case() {
  const int nodes = *rc::gen::element(1, 2, 4, 8);
  const int ranks_per_node = *rc::gen::element(1, 2, 8);
  const int experts = nodes * ranks_per_node * *rc::gen::element(2, 4);
  const int groups = *rc::gen::element(1, nodes);
  const int groups_per_token = *rc::gen::inRange(1, groups + 1);
  const int chosen = 1 + *rc::gen::inRange(0, std::min(8, experts / groups * groups_per_token / 2));
  const double concentration = *rc::gen::element(0.5, 2.0, 50.0);
  const ExpertLoads loads =
      dirichlet_loads(experts, concentration, *rc::gen::arbitrary<std::uint64_t>());
  const PlacementRequest request{nodes * ranks_per_node, ranks_per_node, groups,
                                 nodes * ranks_per_node * *rc::gen::inRange(0, 2)};
  return {
      {experts, chosen, groups, groups_per_token, 0}, loads, balanced_placement(request, loads)};
}

RC_GTEST_PROP(ExpertTraffic, ConservesTokens, ()) {
  const Case given = any_case();
  const double factor = *rc::gen::element(0.0, 0.5, 1.0, 2.0);
  const ExpertTraffic traffic = traffic_of(given.routing, given.loads, given.placement, factor);
  const double k = given.routing.experts_per_token;
  RC_ASSERT(std::abs(sum(traffic.expert_copies) - k * (1 - traffic.dropped)) < 1e-6 * k);
  RC_ASSERT(gpus_per_token(traffic) <= sum(traffic.expert_copies) + 1e-9);
  RC_ASSERT(nodes_per_token(traffic) <= gpus_per_token(traffic) + 1e-9);
  RC_ASSERT(nodes_per_token(traffic) <= given.routing.groups_per_token + 1e-9 ||
            given.routing.groups != static_cast<int>(traffic.node_copies.size()));
  RC_ASSERT(factor > 0 || nodes_per_token(traffic) >= 1 - 1e-9);
  // What is sent arrives: rows and columns of the matrix have one sum.
  const std::vector<double> matrix = traffic_matrix(traffic, CopyRule::per_expert, 2);
  RC_ASSERT(std::abs(sum(matrix) / (2 * sum(traffic.tokens) * sum(traffic.expert_copies)) - 1) <
            1e-9);
}

RC_GTEST_PROP(RoutingOdds, GiveEveryExpertItsLoad, ()) {
  const int experts = *rc::gen::inRange(8, 200);
  const int chosen = *rc::gen::inRange(1, 5);
  const ExpertLoads loads = dirichlet_loads(experts, 20, *rc::gen::arbitrary<std::uint64_t>());
  const std::vector<double> found = inclusion(routing_odds({experts, chosen, 1, 1, 0}, loads));
  for (std::size_t e = 0; e < found.size(); ++e) {
    const double wanted = chosen * loads[e];
    RC_ASSERT(wanted > 0.999 || std::abs(found[e] / wanted - 1) < 1e-6);
  }
}

// Any weights have loads, and from these loads come their chances again.
RC_GTEST_PROP(RoutingOdds, AreFoundAgainFromTheirLoads, ()) {
  const int group_size = *rc::gen::element(4, 8, 32);
  const int limit = *rc::gen::element(1, 2, 4, 7);
  const int chosen = *rc::gen::inRange(1, std::min(group_size * limit / 2, 24) + 1);
  RoutingOdds odds{{8 * group_size, chosen, 8, limit, 0}, {}, 1, 0};
  const double spread = *rc::gen::element(0.01, 1.0, 3.0);
  const std::uint64_t seed = *rc::gen::arbitrary<std::uint64_t>();
  for (int e = 0; e < odds.routing.experts; ++e) {
    const double uniform =
        static_cast<double>(mix(seed, static_cast<std::uint64_t>(e)) >> 11) * 0x1.0p-53;
    odds.weights.push_back(std::exp(-spread * uniform));
  }
  const std::vector<double> wanted = inclusion(odds);
  RC_ASSERT(std::abs(sum(wanted) / chosen - 1) < 1e-12);
  const RoutingOdds again = routing_odds(odds.routing, normalised(wanted));
  RC_ASSERT(again.residual < 1e-9);
  const std::vector<double> found = inclusion(again);
  const double mean = static_cast<double>(chosen) / odds.routing.experts;
  for (std::size_t e = 0; e < found.size(); ++e) {
    RC_ASSERT(std::abs(found[e] - wanted[e]) < 1e-9 * mean);
  }
}

// What one GPU gets of the same loads is more, the more they are uneven.
TEST(ExpertTraffic, SkewLoadsTheBusiestGpu) {
  double before = 0;
  for (const double concentration : {4000.0, 100.0, 20.0, 5.0, 1.0}) {
    const ExpertLoads loads = dirichlet_loads(256, concentration, 3);
    const ExpertTraffic traffic =
        traffic_of({256, 8, 8, 4, 0}, loads, contiguous_placement({64, 8, 8, 0}, 256));
    const double busiest =
        *std::max_element(traffic.expert_copies.begin(), traffic.expert_copies.end());
    EXPECT_GT(busiest, before);
    before = busiest;
  }
}

}  // namespace
}  // namespace reckon

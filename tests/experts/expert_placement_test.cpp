#include "sim/experts/expert_placement.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

#include "sim/experts/expert_loads.hpp"

namespace reckon {
namespace {

// The interface example of deepseek-ai/EPLB's README: 12 experts in 4 groups, 16 replicas on 2
// nodes of 4 GPUs. Its own result for this layer: experts by slot 5 6 5 7 | 8 4 3 4 | 10 9 10 2 |
// 0 1 11 1, in the order of GPUs of two slots.
TEST(ExpertPlacement, AsTheExampleOfEplb) {
  const ExpertLoads loads = normalised({90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86});
  const ExpertPlacement placement = balanced_placement({8, 4, 4, 4}, loads);
  const ExpertPlacement published{8, 4, 2, {5, 6, 5, 7, 8, 4, 3, 4, 10, 9, 10, 2, 0, 1, 11, 1}};
  EXPECT_NEAR(balance_of(placement, loads).gpu, balance_of(published, loads).gpu, 1e-12);
  EXPECT_NEAR(balance_of(placement, loads).node, balance_of(published, loads).node, 1e-12);
  EXPECT_EQ(replicas_of(placement, 12), replicas_of(published, 12));
}

// The table of the reference, made by another packer, means of 20 draws: Dirichlet loads of 256
// experts on 32 GPUs.
TEST(ExpertPlacement, BalancesAsTheReferenceExpects) {
  struct Row {
    double concentration, unbalanced, packed, with_32;
  };
  for (const Row& row :
       {Row{2, 1.586, 1.012, 1.009}, Row{1, 1.817, 1.017, 1.005}, Row{0.5, 2.483, 1.158, 1.002}}) {
    double unbalanced = 0, packed = 0, with_32 = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const ExpertLoads loads = dirichlet_loads(256, row.concentration, seed);
      unbalanced += balance_of(contiguous_placement({32, 32, 1, 0}, 256), loads).gpu / 20;
      packed += balance_of(balanced_placement({32, 32, 1, 0}, loads), loads).gpu / 20;
      with_32 += balance_of(balanced_placement({32, 32, 1, 32}, loads), loads).gpu / 20;
    }
    EXPECT_NEAR(unbalanced / row.unbalanced, 1, 0.12);
    EXPECT_NEAR(packed / row.packed, 1, 0.06);
    EXPECT_NEAR(with_32 / row.with_32, 1, 0.02);
  }
}

TEST(ExpertPlacement, SaysWhatDoesNotFit) {
  EXPECT_TRUE(placement_problems({64, 8, 8, 0}, 256).empty());
  EXPECT_EQ(placement_problems({0, 8, 8, 0}, 256).size(), 1u);
  EXPECT_EQ(placement_problems({60, 8, 7, 0}, 256).size(), 3u);
  EXPECT_TRUE(placement_problems({144, 8, 1, 32}, 256).empty());
}

struct Case {
  PlacementRequest request;
  ExpertLoads loads;
};
Case any_case() {
  const int ranks_per_node = *rc::gen::element(1, 2, 4, 8);
  const int nodes = *rc::gen::inRange(1, 9);
  const int groups = *rc::gen::element(1, nodes, 2 * nodes);
  const int ranks = nodes * ranks_per_node;
  const int experts = ranks * groups * *rc::gen::inRange(1, 4);
  const int redundant = ranks * *rc::gen::inRange(0, 4);
  const double concentration = *rc::gen::element(0.05, 0.5, 5.0, 1000.0);
  return {{ranks, ranks_per_node, groups, redundant},
          dirichlet_loads(experts, concentration, *rc::gen::arbitrary<std::uint64_t>())};
}

RC_GTEST_PROP(ExpertPlacement, EveryExpertHasASlotAndAllItsLoad, ()) {
  const Case given = any_case();
  const int experts = static_cast<int>(given.loads.size());
  const ExpertPlacement placement = balanced_placement(given.request, given.loads);
  RC_ASSERT(static_cast<int>(placement.slot_expert.size()) ==
            experts + given.request.redundant_experts);
  const std::vector<int> replicas = replicas_of(placement, experts);
  RC_ASSERT(*std::min_element(replicas.begin(), replicas.end()) >= 1);
  const std::vector<double> by_rank = rank_loads(placement, given.loads);
  RC_ASSERT(std::abs(std::accumulate(by_rank.begin(), by_rank.end(), 0.0) - 1) < 1e-12);
}

RC_GTEST_PROP(ExpertPlacement, IsNeverWorseThanWithout, ()) {
  const Case given = any_case();
  const PlacementRequest without{given.request.ranks, given.request.ranks_per_node,
                                 given.request.groups, 0};
  const double plain =
      balance_of(contiguous_placement(without, static_cast<int>(given.loads.size())), given.loads)
          .gpu;
  const double packed = balance_of(balanced_placement(without, given.loads), given.loads).gpu;
  const double balanced =
      balance_of(balanced_placement(given.request, given.loads), given.loads).gpu;
  RC_ASSERT(packed <= plain * (1 + 1e-12));
  RC_ASSERT(balanced <= plain * (1 + 1e-12));
  RC_ASSERT(balanced >= 1 - 1e-12);
}

}  // namespace
}  // namespace reckon

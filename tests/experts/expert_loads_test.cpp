#include "sim/experts/expert_loads.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

namespace reckon {
namespace {

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

TEST(ExpertLoads, BalancedLoadsAreEven) {
  const ExpertLoads loads = balanced_loads(8);
  EXPECT_EQ(loads, ExpertLoads(8, 0.125));
  EXPECT_EQ(max_violation(loads), 0);
  EXPECT_NEAR(gini(loads), 0, 1e-15);
}

// Of 0, 0, 0, 1 the Gini coefficient is (n - 1) / n.
TEST(ExpertLoads, MeasuresOfOneHotExpert) {
  const ExpertLoads loads{0, 0, 1, 0};
  EXPECT_EQ(max_violation(loads), 3);
  EXPECT_NEAR(gini(loads), 0.75, 1e-15);
}

// The table of the reference (means over draws of another generator): concentration, MaxVio, Gini
// of 256 experts. The mean of 40 draws lies within 15 %.
TEST(ExpertLoads, DirichletSpreadsAsTheReferenceSays) {
  struct Row {
    double concentration, max_violation, gini;
  };
  for (const Row& row : {Row{2000, 0.065, 0.013}, Row{100, 0.307, 0.056}, Row{10, 1.129, 0.174},
                         Row{5, 1.707, 0.246}, Row{1, 5.342, 0.501}, Row{0.5, 8.501, 0.633}}) {
    double violation = 0, unevenness = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      const ExpertLoads loads = dirichlet_loads(256, row.concentration, seed);
      violation += max_violation(loads) / 40;
      unevenness += gini(loads) / 40;
    }
    EXPECT_NEAR(violation / row.max_violation, 1, 0.15) << row.concentration;
    EXPECT_NEAR(unevenness / row.gini, 1, 0.06) << row.concentration;
  }
}

TEST(ExpertLoads, TheSeedDecidesTheDraw) {
  EXPECT_EQ(dirichlet_loads(64, 0.5, 7), dirichlet_loads(64, 0.5, 7));
  EXPECT_NE(dirichlet_loads(64, 0.5, 7), dirichlet_loads(64, 0.5, 8));
}

RC_GTEST_PROP(ExpertLoads, DrawsAreFractions, ()) {
  const int experts = *rc::gen::inRange(1, 300);
  const double concentration = *rc::gen::element(1e-3, 0.1, 1.0, 30.0, 1e6);
  const ExpertLoads loads =
      dirichlet_loads(experts, concentration, *rc::gen::arbitrary<std::uint64_t>());
  RC_ASSERT(std::abs(sum(loads) - 1) < 1e-12);
  RC_ASSERT(*std::min_element(loads.begin(), loads.end()) >= 0);
}

// Four experts with shares 0.4, 0.3, 0.2, 0.1 and room for 1.2 x 0.25 each: the first loses 0.1.
TEST(ExpertLoads, CapacityDropsWhatIsAboveIt) {
  const ExpertLoads loads{0.4, 0.3, 0.2, 0.1};
  const std::vector<double> kept = kept_shares(loads, 1.2);
  EXPECT_NEAR(kept[0], 0.75, 1e-12);
  EXPECT_EQ(kept[3], 1);
  EXPECT_NEAR(dropped_share(loads, kept), 0.1, 1e-12);
  EXPECT_EQ(dropped_share(loads, kept_shares(loads, 0)), 0);
}

RC_GTEST_PROP(ExpertLoads, MoreCapacityDropsNoMore, ()) {
  const ExpertLoads loads = dirichlet_loads(64, 1, *rc::gen::arbitrary<std::uint64_t>());
  const double factor = *rc::gen::inRange(1, 60) / 10.0;
  const double less = dropped_share(loads, kept_shares(loads, factor + 0.1));
  const double more = dropped_share(loads, kept_shares(loads, factor));
  RC_ASSERT(less <= more);
  // Never more experts can be full than fit: what is kept is at most the room of all.
  RC_ASSERT(1 - more <= factor + 1e-12);
}

}  // namespace
}  // namespace reckon

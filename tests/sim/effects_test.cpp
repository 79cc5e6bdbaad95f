// The noise table and its windows: standard normal numbers that depend on the seed alone.
#include "sim/effects.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>

namespace reckon {
namespace {

double value(const NoiseTable& table, std::size_t i) {
  return std::ldexp(static_cast<double>(table.at(0, i)), -NoiseTable::fraction_bits);
}

// 65,536 draws: standard errors of mean 0.004, of variance 0.006 (excess kurtosis of twelve uniform
// numbers -0.1), of the third moment 0.015.
TEST(NoiseTable, IsStandardNormal) {
  const NoiseTable table(1);
  double sum = 0;
  double squares = 0;
  double cubes = 0;
  std::size_t within_one = 0;
  for (std::size_t i = 0; i < NoiseTable::size; ++i) {
    const double x = value(table, i);
    ASSERT_LE(std::abs(x), 6);
    sum += x;
    squares += x * x;
    cubes += x * x * x;
    within_one += std::abs(x) < 1 ? 1 : 0;
  }
  const auto n = static_cast<double>(NoiseTable::size);
  EXPECT_NEAR(sum / n, 0, 0.016);
  EXPECT_NEAR(squares / n, 1, 0.025);
  EXPECT_NEAR(cubes / n, 0, 0.06);
  EXPECT_NEAR(static_cast<double>(within_one) / n, 0.6827, 0.01);
}

TEST(NoiseTable, DependsOnTheSeedAlone) {
  const NoiseTable one(1);
  const NoiseTable again(1);
  const NoiseTable two(2);
  std::size_t equal = 0;
  for (std::size_t i = 0; i < NoiseTable::size; ++i) {
    ASSERT_EQ(one.at(0, i), again.at(0, i));
    equal += one.at(0, i) == two.at(0, i) ? 1 : 0;
  }
  EXPECT_LT(equal, 20U);  // 65,536 values hit each other by chance
  // They are part of every prediction with effects, so they must not differ by machine. Computed
  // apart from this code, in Python.
  EXPECT_EQ(one.at(0, 0), 30870);
  EXPECT_EQ(one.at(0, 1), -7424);
  EXPECT_EQ(one.at(0, 2), -70682);
  EXPECT_EQ(one.at(0, 12345), 11807);
  EXPECT_EQ(one.at(0, 65535), 80953);
}

TEST(NoiseTable, NeighboursAreIndependent) {
  const NoiseTable table(7);
  double product = 0;
  for (std::size_t i = 0; i < NoiseTable::size; ++i)
    product += value(table, i) * value(table, i + 1);
  EXPECT_NEAR(product / static_cast<double>(NoiseTable::size), 0, 0.016);
}

TEST(NoiseTable, WindowsWrapAround) {
  const NoiseTable table(1);
  EXPECT_EQ(table.at(NoiseTable::size - 1, 1), table.at(0, 0));
  EXPECT_EQ(table.at(5, 7), table.at(7, 5));
}

// 62 layers x 120 micro-batches spread over the table: as many distinct starts as 7,440 balls
// leave boxes occupied, 65,536 (1 - exp(-7440/65536)) = 7,034.
TEST(NoiseTable, WindowsAreSpread) {
  std::set<std::size_t> starts;
  for (std::uint64_t layer = 0; layer < 62; ++layer) {
    for (std::uint64_t micro_batch = 0; micro_batch < 120; ++micro_batch) {
      const std::size_t start = NoiseTable::window(1, layer, micro_batch);
      ASSERT_LT(start, NoiseTable::size);
      starts.insert(start);
    }
  }
  EXPECT_NEAR(static_cast<double>(starts.size()), 7034, 80);
  EXPECT_NE(NoiseTable::window(1, 2, 3), NoiseTable::window(1, 3, 2));
  EXPECT_NE(NoiseTable::window(1, 2, 3), NoiseTable::window(2, 2, 3));
}

TEST(EffectSwitches, OnlyRoutingAndJitterAreDrawn) {
  EXPECT_FALSE(no_effects.draws());
  EXPECT_TRUE(all_effects.draws());
  EffectSwitches some;
  some.clock = some.pipeline_sends = true;
  EXPECT_FALSE(some.draws());
  some.jitter = true;
  EXPECT_TRUE(some.draws());
}

}  // namespace
}  // namespace reckon

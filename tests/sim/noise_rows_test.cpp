#include "sim/noise_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace reckon {
namespace {

constexpr EffectSwitches routing_only{.routing = true};
constexpr EffectSwitches jitter_only{.jitter = true};
constexpr double unit = 1.0 / (1 << NoiseRows::fraction_bits);

Effects effects(double routing, double jitter, std::int64_t seed = 1) {
  Effects made;
  made.routing_relative_deviation = routing;
  made.jitter_relative_deviation = jitter;
  made.seed = seed;
  return made;
}

std::vector<std::int32_t> copy(const std::int32_t* row, std::size_t lanes) {
  return {row, row + lanes};
}

// Routing moves rows, it makes none. The mean that is taken off is rounded to 2^-16, so a group of
// 64 may be off by 63 units in all, one thousandth of one rank's rows.
TEST(NoiseRows, RoutingSumsToZeroInEachGroup) {
  constexpr std::size_t groups = 2;
  constexpr std::size_t group = 64;
  NoiseRows noise(effects(0.08, 0), routing_only, groups * group, group, 8, 6, 10);
  for (int layer = 0; layer < 6; ++layer) {
    for (int micro_batch = 0; micro_batch < 10; ++micro_batch) {
      const std::int32_t* row = noise.routing(layer, micro_batch);
      for (std::size_t first = 0; first < groups * group; first += group) {
        std::int64_t sum = 0;
        for (std::size_t i = 0; i < group; ++i) sum += row[first + i];
        EXPECT_LT(std::abs(sum), static_cast<std::int64_t>(group));
      }
    }
  }
}

// 62 x 120 x 64 draws of deviation s; taking off each group's mean leaves s sqrt(1 - 1/64).
TEST(NoiseRows, RoutingHasTheStatedDeviation) {
  constexpr double s = 0.0799;
  NoiseRows noise(effects(s, 0), routing_only, 64, 64, 8, 62, 120);
  double squares = 0;
  for (int layer = 0; layer < 62; ++layer) {
    for (int micro_batch = 0; micro_batch < 120; ++micro_batch) {
      for (const std::int32_t x : copy(noise.routing(layer, micro_batch), 64)) {
        squares += x * unit * x * unit;
      }
    }
  }
  EXPECT_NEAR(std::sqrt(squares / (62 * 120 * 64)), s * std::sqrt(1 - 1.0 / 64), 0.02 * s);
}

TEST(NoiseRows, RoutingOfOneRankIsBalanced) {
  NoiseRows noise(effects(0.08, 0), routing_only, 4, 1, 1, 2, 3);
  EXPECT_TRUE(noise.has_routing());
  EXPECT_EQ(copy(noise.routing(1, 2), 4), std::vector<std::int32_t>(4, 0));
  EXPECT_EQ(copy(noise.busiest_node(1, 2), 4), std::vector<std::int32_t>(4, 0));
}

// A node's rows are the mean of its GPUs'; its slowest NIC is what the group waits for.
TEST(NoiseRows, BusiestNodeIsTheLargestMeanOfANode) {
  constexpr std::size_t lanes = 32;
  constexpr std::size_t group = 16;
  constexpr std::size_t node = 4;
  NoiseRows noise(effects(0.08, 0), routing_only, lanes, group, node, 3, 4);
  for (int layer = 0; layer < 3; ++layer) {
    for (int micro_batch = 0; micro_batch < 4; ++micro_batch) {
      const auto row = copy(noise.routing(layer, micro_batch), lanes);
      const auto busiest = copy(noise.busiest_node(layer, micro_batch), lanes / group);
      for (std::size_t g = 0; g < lanes / group; ++g) {
        std::int64_t largest = 0;
        for (std::size_t n = 0; n < group / node; ++n) {
          std::int64_t sum = 0;
          for (std::size_t i = 0; i < node; ++i) sum += row[g * group + n * node + i];
          largest = std::max(largest, sum / static_cast<std::int64_t>(node));
        }
        EXPECT_EQ(busiest[g], largest);
      }
    }
  }
}

TEST(NoiseRows, RowsAreReproducibleInAnyOrder) {
  NoiseRows one(effects(0.08, 0.02), all_effects, 64, 64, 8, 6, 10);
  NoiseRows two(effects(0.08, 0.02), all_effects, 64, 64, 8, 6, 10);
  const auto first = copy(one.routing(0, 0), 64);
  one.routing(5, 9);
  two.routing(5, 9);
  EXPECT_EQ(copy(two.routing(0, 0), 64), first);
  EXPECT_EQ(copy(one.routing(0, 0), 64), first);
  EXPECT_EQ(copy(one.jitter(3, 1000), 64), copy(two.jitter(3, 1000), 64));
}

TEST(NoiseRows, RowsDifferBySeedLayerAndMicroBatch) {
  NoiseRows one(effects(0.08, 0.02, 1), all_effects, 64, 64, 8, 6, 10);
  NoiseRows two(effects(0.08, 0.02, 2), all_effects, 64, 64, 8, 6, 10);
  const auto row = copy(one.routing(2, 3), 64);
  EXPECT_NE(row, copy(two.routing(2, 3), 64));
  EXPECT_NE(row, copy(one.routing(3, 3), 64));
  EXPECT_NE(row, copy(one.routing(2, 4), 64));
  const auto jitter = copy(one.jitter(2, 3), 64);
  EXPECT_NE(jitter, copy(two.jitter(2, 3), 64));
  EXPECT_NE(jitter, copy(one.jitter(3, 3), 64));
  EXPECT_NE(jitter, copy(one.jitter(2, 4), 64));
}

// The lanes of a folded run are the first lanes of an unfolded one.
TEST(NoiseRows, TheFirstGroupDoesNotDependOnHowManyThereAre) {
  NoiseRows folded(effects(0.08, 0.02), all_effects, 64, 64, 8, 6, 10);
  NoiseRows unfolded(effects(0.08, 0.02), all_effects, 128, 64, 8, 6, 10);
  EXPECT_EQ(copy(folded.routing(4, 7), 64), copy(unfolded.routing(4, 7), 64));
  EXPECT_EQ(copy(folded.busiest_node(4, 7), 1), copy(unfolded.busiest_node(4, 7), 1));
  EXPECT_EQ(copy(folded.jitter(4, 7), 64), copy(unfolded.jitter(4, 7), 64));
}

// 16 ranks x 2000 parts x 64 lanes of deviation s around 0 (the shift to fixed point rounds down,
// half a unit of 2^-16 on average).
TEST(NoiseRows, JitterHasTheStatedDeviation) {
  constexpr double s = 0.0193;
  const NoiseRows noise(effects(0, s), jitter_only, 64, 64, 8, 1, 1);
  double sum = 0;
  double squares = 0;
  for (std::size_t rank = 0; rank < 16; ++rank) {
    for (std::size_t part = 0; part < 2000; ++part) {
      for (const std::int32_t x : copy(noise.jitter(rank, part), 64)) {
        sum += x * unit;
        squares += x * unit * x * unit;
      }
    }
  }
  const double n = 16 * 2000 * 64;
  EXPECT_NEAR(sum / n, 0, 0.01 * s);
  EXPECT_NEAR(std::sqrt(squares / n), s, 0.02 * s);
}

// However wide the distribution: no part and no row count falls below a fifth of the balanced one,
// but for the group's mean that routing takes off.
TEST(NoiseRows, DeviationsEndBeforeNothingIsLeft) {
  const NoiseRows noise(effects(0, 0.9), jitter_only, 64, 64, 8, 1, 1);
  std::int32_t least = 0;
  for (std::size_t part = 0; part < 500; ++part) {
    for (const std::int32_t x : copy(noise.jitter(0, part), 64)) least = std::min(least, x);
  }
  EXPECT_EQ(least, -(4 << NoiseRows::fraction_bits) / 5);
}

TEST(NoiseRows, SwitchesAndZeroSizesTurnNoiseOff) {
  const NoiseRows off(effects(0.08, 0.02), no_effects, 4, 4, 4, 1, 1);
  EXPECT_FALSE(off.has_routing());
  EXPECT_FALSE(off.has_jitter());
  const NoiseRows zero(effects(0, 0), all_effects, 4, 4, 4, 1, 1);
  EXPECT_FALSE(zero.has_routing());
  EXPECT_FALSE(zero.has_jitter());
  const NoiseRows routed(effects(0.08, 0.02), routing_only, 4, 4, 4, 1, 1);
  EXPECT_TRUE(routed.has_routing());
  EXPECT_FALSE(routed.has_jitter());
}

}  // namespace
}  // namespace reckon

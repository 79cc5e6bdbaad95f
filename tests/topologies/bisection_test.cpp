#include "topologies/bisection.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/topologies/networks.hpp"

namespace reckon {
namespace {

// In NICs: how many of them at full speed.
double nics_across(const Topology& topology) {
  return bisection_bandwidth(topology, halves(topology)) / nic_speed.capacity;
}

TEST(Bisection, ANonBlockingFatTreeCarriesAllThatItsNicsDo) {
  for (const FatTreeShape& shape :
       {fat_tree(2, 8, 8), fat_tree(2, 8, 1), fat_tree(3, 8, 8), fat_tree(2, 32, 8),
        rail_tree(16, 32, 8), multi_plane_tree(32, 8, 8, 8)}) {
    const Topology topology = build_topology(shape);
    EXPECT_DOUBLE_EQ(nics_across(topology), topology.gpus / 2.0);
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      EXPECT_DOUBLE_EQ(
          bisection_bandwidth(topology, random_halves(topology, seed)) / nic_speed.capacity,
          topology.gpus / 2.0);
    }
  }
}

TEST(Bisection, OversubscriptionDividesIt) {
  const Topology topology = build_topology(fat_tree(2, 8, 1, 3));  // 8 leaves of 6 down, 2 up
  ASSERT_EQ(topology.gpus, 48);
  EXPECT_DOUBLE_EQ(nics_across(topology), 8);
}

TEST(Bisection, SlowUpperLayersLimitIt) {
  FatTreeShape shape = fat_tree(3, 8, 8);
  shape.fabric[1].capacity = shape.fabric[1].capacity / 4;
  EXPECT_DOUBLE_EQ(nics_across(build_topology(shape)), 64.0 / 4);
}

// 8 rings around the cut dimension, each cut at two places.
TEST(Bisection, OfATorusIsTwoWiresARing) {
  EXPECT_DOUBLE_EQ(nics_across(build_topology(torus({8, 8}, 4))), 16);
  EXPECT_DOUBLE_EQ(nics_across(build_topology(torus({4, 4, 8}, 4))), 32);
}

TEST(Bisection, ASingleNodeIsCutThroughItsNvlink) {
  FatTreeShape shape = fat_tree(2, 8, 8);
  shape.nodes = 1;
  // 4 GPUs over NVLink, and their NICs (two leaves of 4: 4 wires up).
  EXPECT_DOUBLE_EQ(bisection_bandwidth(build_topology(shape), halves(build_topology(shape))).value,
                   4 * 400e9 + 4 * 50e9);
}

TEST(Bisection, FailuresTakeFromIt) {
  const Topology whole = build_topology(fat_tree(2, 8, 8));
  const int last = static_cast<int>(whole.nodes.size()) - 1;  // one of four spines
  EXPECT_DOUBLE_EQ(nics_across(without(whole, {{}, {last}})), 16.0 * 3 / 4);
}

TEST(Bisection, SlimFlyAndDragonflyAreNearFull) {
  const Topology fly = build_topology(slim_fly(5, 4, 4));
  EXPECT_GT(nics_across(fly), 0.7 * fly.gpus / 2);
  const Topology dragon = build_topology(dragonfly(2, 4, 2, 9, 2));
  EXPECT_GT(nics_across(dragon), 0.5 * dragon.gpus / 2);
}

TEST(Bisection, AFewThousandNodesTakeAMoment) {
  const Topology topology = build_topology(fat_tree(2, 64, 8));
  ASSERT_EQ(topology.gpus, 2048);
  EXPECT_DOUBLE_EQ(nics_across(topology), 1024);
}

// Wires of a tenth of a byte/s, or of parts of one: what they carry is not rounded away.
TEST(Bisection, SlowWiresCount) {
  for (const double rate : {0.1, 1.5, 1e-30}) {
    FatTreeShape shape = fat_tree(2, 8, 8);
    shape.node.nvlink.capacity = shape.node.nic.capacity = shape.fabric[0].capacity = {rate};
    const Topology topology = build_topology(shape);
    EXPECT_NEAR(bisection_bandwidth(topology, halves(topology)).value / rate, 16, 1e-9) << rate;
  }
  FatTreeShape mixed = fat_tree(2, 8, 8);
  mixed.fabric[0].capacity = {0.25};  // beside NICs of 50 GB/s
  const Topology topology = build_topology(mixed);
  EXPECT_NEAR(bisection_bandwidth(topology, halves(topology)).value, 16 * 0.25, 1e-9);
}

TEST(RandomHalves, AreReproducibleAndHoldWholeNodes) {
  const Topology topology = build_topology(fat_tree(3, 8, 8));
  const GpuHalves drawn = random_halves(topology, 4);
  EXPECT_EQ(drawn, random_halves(topology, 4));
  EXPECT_NE(drawn, random_halves(topology, 5));
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), false), 64);
  for (std::size_t gpu = 0; gpu < drawn.size(); ++gpu) EXPECT_EQ(drawn[gpu], drawn[gpu / 8 * 8]);
}

}  // namespace
}  // namespace reckon

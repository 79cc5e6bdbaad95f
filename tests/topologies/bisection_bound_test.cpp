// The bound against the maximum flow.
#include <gtest/gtest.h>

#include "tests/topologies/networks.hpp"
#include "topologies/bisection.hpp"

namespace reckon {
namespace {

double bound_over_flow(const Topology& topology, const GpuHalves& cut) {
  return bisection_bound(topology, cut) / bisection_bandwidth(topology, cut);
}

TEST(BisectionBound, IsTheMaximumFlowOfAWholeFatTree) {
  for (const TopologyShape& shape : small_networks()) {
    if (!std::holds_alternative<FatTreeShape>(shape)) continue;
    const Topology topology = build_topology(shape);
    EXPECT_NEAR(bound_over_flow(topology, halves(topology)), 1, 1e-9);
  }
  FatTreeShape slow = fat_tree(3, 8, 8);
  slow.fabric[1].capacity = slow.fabric[1].capacity / 4;
  const Topology topology = build_topology(slow);
  EXPECT_NEAR(bound_over_flow(topology, halves(topology)), 1, 1e-9);
}

TEST(BisectionBound, IsNeverBelowTheMaximumFlow) {
  for (const TopologyShape& shape : small_networks()) {
    const Topology whole = build_topology(shape);
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      Failures failures = random_link_failures(
          whole, TopologyLinkKind::fabric, static_cast<int>(seed * whole.links.size() / 60), seed);
      if (seed % 2 == 1) failures.nodes = {whole.first_switch, whole.first_switch + 2};
      const Topology broken = without(whole, failures);
      const GpuHalves cut = seed < 3 ? halves(whole) : random_halves(whole, seed);
      EXPECT_GE(bisection_bound(broken, cut).value,
                bisection_bandwidth(broken, cut).value * (1 - 1e-9))
          << "shape " << shape.index() << ", seed " << seed;
    }
  }
}

// Two rings' worth of wires for each of 8: the cut, not the NICs.
TEST(BisectionBound, OfATorusIsItsCut) {
  const Topology topology = build_topology(torus({8, 8}, 4));
  EXPECT_DOUBLE_EQ(bisection_bound(topology, halves(topology)) / nic_speed.capacity, 16);
  EXPECT_NEAR(bound_over_flow(topology, halves(topology)), 1, 1e-9);
}

}  // namespace
}  // namespace reckon

#include "sim/flows/flow_collectives.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

#include "topologies/generate.hpp"

namespace reckon {
namespace {

constexpr double nic = 50e9;
constexpr double nvlink = 200e9;

// Nodes of 4 GPUs behind one leaf, without latencies.
Topology nodes_of_4(int nodes) {
  FatTreeShape shape;
  shape.nodes = nodes;
  shape.node = {4, 1, {{nvlink}, {}}, {{nic}, {}}};
  shape.fabric = {{{nic}, {}}};
  return build_topology(shape);
}

std::vector<int> first_gpus(int count) {
  std::vector<int> gpus(static_cast<std::size_t>(count));
  std::iota(gpus.begin(), gpus.end(), 0);
  return gpus;
}

double time_of(const Topology& topology, FlowOperation operation, int gpus, double bytes) {
  return simulate_transfers(topology, {},
                            collective_transfers(operation, first_gpus(gpus), {bytes}))
      .makespan;
}

// 8 GPUs, 4 to a node. All-to-all: half of a rank's bytes cross its NIC. Gather: what the 4 GPUs of
// the other node send meets on the root's NIC, 1/8 each; the others reach it over NVLink. Scatter
// is a gather backwards. In a ring only the last GPU of a node crosses a NIC.
TEST(FlowCollectives, TakeWhatTheirBusiestLinkNeeds) {
  const Topology topology = nodes_of_4(2);
  constexpr double bytes = 8e9;
  EXPECT_NEAR(time_of(topology, FlowOperation::all_to_all, 8, bytes), bytes / 2 / nic, 1e-9);
  EXPECT_NEAR(time_of(topology, FlowOperation::gather, 8, bytes), bytes / 2 / nic, 1e-9);
  EXPECT_NEAR(time_of(topology, FlowOperation::scatter, 8, bytes), bytes / 2 / nic, 1e-9);
  EXPECT_NEAR(time_of(topology, FlowOperation::send_recv, 8, bytes), bytes / nic, 1e-9);
  EXPECT_NEAR(time_of(topology, FlowOperation::all_to_all, 4, bytes), bytes * 3 / 4 / nvlink, 1e-9);
  EXPECT_NEAR(time_of(topology, FlowOperation::send_recv, 4, bytes), bytes / nvlink, 1e-9);
}

TEST(FlowCollectives, CountBandwidthAsNcclTestsDo) {
  EXPECT_EQ(bus_factor(FlowOperation::all_to_all, 8), 7.0 / 8);
  EXPECT_EQ(bus_factor(FlowOperation::gather, 8), 7.0 / 8);
  EXPECT_EQ(bus_factor(FlowOperation::send_recv, 8), 1);
}

TEST(FlowCollectives, AnEvenMatrixIsAnAllToAll) {
  const std::vector<int> gpus = first_gpus(8);
  const std::vector<RoutedTransfer> even =
      collective_transfers(FlowOperation::all_to_all, gpus, {8e6});
  const std::vector<RoutedTransfer> matrix =
      all_to_all_v(gpus, matrix_by_shares(std::vector<double>(8, 0.125), {8e6}));
  ASSERT_EQ(even.size(), 56u);
  ASSERT_EQ(matrix.size(), even.size());
  for (std::size_t i = 0; i < even.size(); ++i) {
    EXPECT_EQ(matrix[i].gpus, even[i].gpus);
    EXPECT_EQ(matrix[i].bytes, even[i].bytes);
  }
}

TEST(FlowCollectives, SayWhatLimitsThem) {
  const Topology topology = nodes_of_4(2);
  const RoutedTimes times = simulate_transfers(
      topology, {}, collective_transfers(FlowOperation::gather, first_gpus(8), {8e9}));
  EXPECT_NEAR(times.utilisation, 1, 1e-9);
  EXPECT_EQ(link_text(topology, times.busiest_link), "NIC of GPU 0, inwards");
  Failures failures;
  failures.nodes = {5};
  const RoutedTimes broken =
      simulate_transfers(without(topology, failures), {},
                         collective_transfers(FlowOperation::gather, first_gpus(8), {8e9}));
  ASSERT_EQ(broken.unreachable.size(), 1u);
  EXPECT_EQ(broken.unreachable.front(), (GpuPair{5, 0}));
}

// Whatever the matrix: no time below the bytes of a GPU's NIC over its bandwidth, and a GPU with
// more to send does not make it shorter.
RC_GTEST_PROP(FlowCollectives, TakeAtLeastWhatEveryNicNeeds, ()) {
  const Topology topology = nodes_of_4(3);
  const std::vector<int> gpus = first_gpus(12);
  std::vector<double> matrix;
  for (int i = 0; i < 144; ++i) matrix.push_back(*rc::gen::inRange(0, 1000000));
  const double time = simulate_transfers(topology, {}, all_to_all_v(gpus, matrix)).makespan;
  for (std::size_t gpu = 0; gpu < 12; ++gpu) {
    double out = 0, in = 0;
    for (std::size_t other = 0; other < 12; ++other) {
      if (other / 4 == gpu / 4) continue;
      out += matrix[gpu * 12 + other];
      in += matrix[other * 12 + gpu];
    }
    RC_ASSERT(time >= std::max(out, in) / nic * (1 - 1e-9));
  }
}

}  // namespace
}  // namespace reckon

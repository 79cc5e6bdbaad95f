// Expert dispatch and combine against what DeepEP's authors and others measured: H800 (DeepEP's
// README) and H100 (aiconfigurator). One set of constants for both, from rows that stand in
// topologies/transports/deepep.json and are left out here.
//
// Known and not tested:
// - normal kernels as of 2025-02-24 and 2025-04-21 (README @ebfe47e, @e0eaaf9): of one queue pair,
//   and figures that the authors took back the next day;
// - DeepEP V2 on SM90 (README @dd758ca: 90 and 81 GB/s on 16 GPUs, 61 on 32): other kernels, which
//   take 6 and 12 SMs, with constants of their own;
// - Hybrid-EP on H100 (branch hybrid-ep @94a9f8f): NVIDIA's kernels, 8 experts on each GPU; and its
//   GB200, B200 and H20 rows, for whose GPUs there is no cluster here.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "planner/catalog.hpp"
#include "planner/spec/expert_transport_json.hpp"
#include "sim/experts/expert_loads.hpp"
#include "sim/experts/transport_mode.hpp"
#include "topologies/generate.hpp"

namespace reckon {
namespace {

// What both tables measure: 8 of 256 experts of hidden 7168, FP8 out and BF16 back.
struct Setting {
  std::string cluster;
  int nodes = 1;
  double tokens = 4096;
  int groups_per_token = 0;  // 0: as many as there are nodes
  int sms = 0;
  bool low_latency = false;
  bool is_combine = false;
  int experts = 256;
  bool has_nvlink = true;
};

// Each GPU by itself behind its NIC.
FatTreeShape without_nvlink(FatTreeShape shape) {
  shape.nodes *= shape.node.gpus;
  shape.node.gpus = 1;
  shape.planes = 1;
  return shape;
}

ExpertTransferTimes predict(const Setting& s) {
  const std::string file = std::string(RECKON_DATA_DIR) + "/topologies/transports/deepep.json";
  static const ExpertTransport transport = read_expert_transport(read_text_file(file), file);
  const int startup_nodes = s.has_nvlink ? s.nodes : std::max(s.nodes, 2);
  TransportUse use{s.is_combine, s.low_latency, startup_nodes, s.sms, 7168, Dtype::fp8_block};
  if (s.is_combine) use.dtype = Dtype::bf16;
  ClusterSpec cluster =
      at_transport_rates(load_cluster(RECKON_DATA_DIR, s.cluster), transport, use);
  cluster.nodes = s.nodes;
  const Topology topology =
      build_topology(s.has_nvlink ? shape_of(cluster) : without_nvlink(shape_of(cluster)));
  std::vector<int> gpus(static_cast<std::size_t>(topology.gpus));
  std::iota(gpus.begin(), gpus.end(), 0);
  const int limit = s.groups_per_token > 0 ? s.groups_per_token : s.nodes;
  const TokenRouting routing{s.experts, 8, s.nodes, limit, 0};
  const std::vector<double> tokens(gpus.size(), s.tokens);
  const ExpertTraffic traffic =
      expert_traffic(routing, balanced_loads(s.experts),
                     contiguous_placement({topology.gpus, 8, s.nodes, 0}, s.experts), tokens);
  return expert_transfer_by_flows(topology, gpus, traffic, transfer_mode(transport, use));
}

struct Errors {
  std::vector<double> relative;

  void add(double predicted, double measured) { relative.push_back(predicted / measured - 1); }
  double median() const {
    std::vector<double> sizes;
    for (const double error : relative) sizes.push_back(std::abs(error));
    std::sort(sizes.begin(), sizes.end());
    const std::size_t middle = sizes.size() / 2;
    return sizes.size() % 2 == 1 ? sizes[middle] : (sizes[middle - 1] + sizes[middle]) / 2;
  }
  double bias() const {
    std::vector<double> sorted = relative;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

void report(const std::string& what, const Errors& errors) {
  ::testing::Test::RecordProperty(what, std::to_string(errors.median()));
  std::printf("%-44s %4zu rows, median error %.1f %%, bias %+.1f %%\n", what.c_str(),
              errors.relative.size(), 100 * errors.median(), 100 * errors.bias());
}

std::vector<std::vector<double>> rows_of(const std::string& name) {
  std::ifstream file(std::string(RECKON_SOURCE_DIR) + "/tests/validation/data/" + name);
  std::vector<std::vector<double>> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    std::string cell;
    rows.emplace_back();
    while (std::getline(cells, cell, ',')) rows.back().push_back(std::stod(cell));
  }
  return rows;
}

// deepseek-ai/DeepEP README @3b1045d (2025-04-22): 4,096 tokens, at most 4 nodes of a token,
// logical GB/s. The row of one node gave the NVLink share. 16 GPUs are bound by NVLink. All are too
// fast, by 4 to 10 %: H100's NICs reached 0.955 of nominal, H800's less.
TEST(DeepEp, NormalKernelsOnH800) {
  struct Row {
    int nodes;
    double dispatch, combine;
  };
  Errors errors;
  for (const Row& row : {Row{2, 43, 43}, Row{4, 58, 57}, Row{8, 51, 50}}) {
    Setting setting{"h800-2048-mpft", row.nodes, 4096, std::min(row.nodes, 4)};
    const double dispatch = predict(setting).rdma.value / 1e9;
    setting.is_combine = true;
    const double combine = predict(setting).rdma.value / 1e9;
    std::printf("%d nodes: %.1f of %.0f, %.1f of %.0f\n", row.nodes, dispatch, row.dispatch,
                combine, row.combine);
    errors.add(dispatch, row.dispatch);
    errors.add(combine, row.combine);
  }
  report("H800 normal", errors);
  EXPECT_LE(errors.median(), 0.10);
}

// DeepEP README @d8dd185 (2025-06-05): 128 tokens, NVLink within the node, us. Worst: dispatch in
// one node and on two, 15 and 14 % too short, and combine on 16 nodes, 13 %.
TEST(DeepEp, LowLatencyKernelsOnH800) {
  struct Row {
    int nodes;
    double dispatch, combine;
  };
  Errors errors;
  for (const Row& row : {Row{1, 77, 114}, Row{2, 118, 195}, Row{4, 155, 273}, Row{8, 173, 314},
                         Row{16, 192, 369}, Row{32, 194, 360}}) {
    Setting setting{"h800-2048-mpft", row.nodes, 128};
    setting.low_latency = true;
    const double dispatch = predict(setting).time * 1e6;
    setting.is_combine = true;
    const double combine = predict(setting).time * 1e6;
    std::printf("%d nodes: %.0f of %.0f, %.0f of %.0f\n", row.nodes, dispatch, row.dispatch,
                combine, row.combine);
    errors.add(dispatch, row.dispatch);
    errors.add(combine, row.combine);
  }
  report("H800 low latency", errors);
  EXPECT_LE(errors.median(), 0.10);
}

// The same kernels before they used NVLink: README @ebfe47e (2025-02-24), all copies over the NIC,
// those within a node too.
TEST(DeepEp, LowLatencyKernelsWithoutNvlinkOnH800) {
  struct Row {
    int nodes;
    double dispatch, combine;
  };
  Errors errors;
  for (const Row& row : {Row{1, 163, 318}, Row{2, 173, 329}, Row{4, 182, 350}, Row{8, 186, 353},
                         Row{16, 192, 369}, Row{32, 194, 360}}) {
    Setting setting{"h800-2048-mpft", row.nodes, 128};
    setting.low_latency = true;
    setting.has_nvlink = false;
    const double dispatch = predict(setting).time * 1e6;
    setting.is_combine = true;
    const double combine = predict(setting).time * 1e6;
    std::printf("%d nodes: %.0f of %.0f, %.0f of %.0f\n", row.nodes, dispatch, row.dispatch,
                combine, row.combine);
    errors.add(dispatch, row.dispatch);
    errors.add(combine, row.combine);
  }
  report("H800 low latency without NVLink", errors);
  EXPECT_LE(errors.median(), 0.05);
}

// Classes of rows that miss 10 %, all below 1,024 tokens and all too short: 1 node, dispatch 16 %
// (this table has 37 us for one token in a node, deepep_intranode.csv, which gave the startup, 27)
// and combine 11 %; 2 nodes 11 and 15 %; 4 nodes, combine 12 %. With few tokens a kernel fills its
// pipeline of chunks, which costs up to 40 us beyond the startup and is not modelled.
//
// Rows that gave a constant: one token, 2 nodes with 8 SMs, the largest on 4 nodes.
bool gave_a_constant(int nodes, double tokens, int sms) {
  return tokens <= 1 || (nodes == 2 && sms == 8) || (nodes == 4 && tokens >= 131072 && sms == 20);
}

TEST(DeepEp, NormalKernelsOnH100) {
  Errors all, large;
  std::vector<Errors> by_class(12);
  const std::vector<std::string> names{"1 node", "2 nodes", "4 nodes"};
  for (const std::vector<double>& row : rows_of("deepep_h100_normal.csv")) {
    Setting setting{"h100-1024-dgx", static_cast<int>(row[0]), row[1], 0, static_cast<int>(row[2])};
    if (gave_a_constant(setting.nodes, setting.tokens, setting.sms)) continue;
    const std::size_t nodes = setting.nodes == 1 ? 0 : setting.nodes == 2 ? 1 : 2;
    const std::size_t size = setting.tokens >= 1024 ? 1 : 0;
    for (const bool is_combine : {false, true}) {
      setting.is_combine = is_combine;
      const double predicted = predict(setting).time * 1e6;
      const double measured = row[is_combine ? 4 : 3];
      all.add(predicted, measured);
      if (size == 1) large.add(predicted, measured);
      by_class[4 * nodes + 2 * size + (is_combine ? 1 : 0)].add(predicted, measured);
    }
  }
  for (std::size_t i = 0; i < by_class.size(); ++i) {
    report("H100 " + names[i / 4] + (i / 2 % 2 == 1 ? ", from 1,024 tokens" : ", fewer tokens") +
               (i % 2 == 1 ? ", combine" : ", dispatch"),
           by_class[i]);
    // Short transfers miss 10 % in some classes, as said above.
    EXPECT_LE(by_class[i].median(), i / 2 % 2 == 1 ? 0.10 : 0.18);
  }
  report("H100 from 1,024 tokens", large);
  report("H100 normal", all);
  EXPECT_LE(large.median(), 0.05);
  EXPECT_GE(all.relative.size(), 400u);
  EXPECT_LE(all.median(), 0.10);
}

TEST(DeepEp, LowLatencyKernelsOnH100) {
  Errors errors;
  std::vector<Errors> by_nodes(9);
  for (const std::vector<double>& row : rows_of("deepep_h100_low_latency.csv")) {
    Setting setting{"h100-1024-dgx", static_cast<int>(row[0]), row[1]};
    if (setting.tokens <= 2 || setting.tokens >= 2048) continue;  // gave constants
    setting.low_latency = true;
    setting.experts = static_cast<int>(row[2]);
    for (const bool is_combine : {false, true}) {
      setting.is_combine = is_combine;
      const double predicted = predict(setting).time * 1e6;
      errors.add(predicted, row[is_combine ? 4 : 3]);
      by_nodes[static_cast<std::size_t>(setting.nodes)].add(predicted, row[is_combine ? 4 : 3]);
    }
  }
  for (const std::size_t nodes : {1u, 2u, 4u, 8u}) {
    report("H100 low latency, nodes: " + std::to_string(nodes), by_nodes[nodes]);
  }
  report("H100 low latency", errors);
  EXPECT_GE(errors.relative.size(), 100u);
  EXPECT_LE(errors.median(), 0.10);
}

}  // namespace
}  // namespace reckon

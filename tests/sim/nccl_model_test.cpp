// NCCL's cost model against sums done by hand, against what NCCL's own code gave elsewhere, and
// against nccl-tests on one node.
#include "sim/nccl_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "planner/catalog.hpp"
#include "planner/spec/nccl_tuning_json.hpp"

namespace reckon {
namespace {

using Algorithm = NcclAlgorithm;
using Operation = NcclOperation;
using Protocol = NcclProtocol;

constexpr double us = 1e-6;
constexpr double gb_per_s = 1e9;
constexpr double mib = 1048576;
constexpr std::array<Operation, 5> operations{Operation::broadcast, Operation::reduce,
                                              Operation::all_gather, Operation::reduce_scatter,
                                              Operation::all_reduce};

std::string tuning_text() {
  return read_text_file(std::string(RECKON_DATA_DIR) + "/topologies/nccl/nccl-2.30.7.json");
}
const NcclTuning& tuning() {
  static const NcclTuning shipped = read_nccl_tuning(tuning_text(), "nccl-2.30.7.json");
  return shipped;
}
const NcclNode& node(const std::string& name) { return *find_nccl_node(tuning(), name); }

NcclChoice choose(const std::string& name, int nodes, Operation operation, double bytes) {
  return nccl_choice(tuning(), node(name), nodes, operation, {bytes});
}
std::optional<NcclChoice> candidate(const std::string& name, int nodes, Operation operation,
                                    double bytes, Algorithm algorithm, Protocol protocol) {
  for (const NcclChoice& found : nccl_candidates(tuning(), node(name), nodes, operation, {bytes})) {
    if (found.algorithm == algorithm && found.protocol == protocol) return found;
  }
  return std::nullopt;
}

void expect_cost(const std::optional<NcclChoice>& found, double latency_us,
                 double peak_busbw_gb_per_s) {
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->latency.value / us, latency_us, 1e-9);
  EXPECT_NEAR(found->peak_busbw.value / gb_per_s, peak_busbw_gb_per_s, 1e-9);
}

std::string words(const NcclChoice& choice) {
  return std::string(enum_name(choice.algorithm)) + " " + std::string(enum_name(choice.protocol));
}

// --- by hand
// ---------------------------------------------------------------------------------------

// H100, one node, n = 8, 12 channels x 30 = 360 GB/s.
// LL: min(141, 360/2) = 141 GB/s, 6.6 + 14 x 0.6 = 15 us.
// LL128: min(0.92 x 360, 12 x 36.7 = 440.4) = 331.2 GB/s, 14 + 14 x 1.9 = 40.6 us.
// Simple: 360 GB/s, 8.4 + 14 x 3.4 = 56 us.
TEST(NcclModel, RingAllReduceOnOneNode) {
  const auto ring = [](Protocol protocol) {
    return candidate("h100", 1, Operation::all_reduce, 1e6, Algorithm::ring, protocol);
  };
  expect_cost(ring(Protocol::ll), 15.0, 141.0);
  expect_cost(ring(Protocol::ll128), 40.6, 331.2);
  expect_cost(ring(Protocol::simple), 56.0, 360.0);
}

// The same with 1 MB: all-reduce's busbw is 2 x 7/8 algbw, so algbw at most 141 / 1.75 = 80.571 and
// the transfer 1e6 / 80.571e9 = 12.411 us; 27.411 us in all, algbw 36.481, busbw 63.842 GB/s.
TEST(NcclModel, TimeIsLatencyAndTransfer) {
  const auto ring = candidate("h100", 1, Operation::all_reduce, 1e6, Algorithm::ring, Protocol::ll);
  ASSERT_TRUE(ring);
  EXPECT_NEAR(ring->transfer.value / us, 12.411348, 1e-6);
  EXPECT_NEAR(ring->time.value / us, 27.411348, 1e-6);
  EXPECT_NEAR(ring->algbw.value / gb_per_s, 36.481241, 1e-6);
  EXPECT_NEAR(ring->busbw.value / gb_per_s, 63.842173, 1e-6);
}

// H800, 4 nodes, n = 32, 8 channels x 22 = 176 GB/s; 62 ring steps, 6 of them between nodes.
// LL: min(20.4, 88) GB/s; a step in a node takes max(0.6, 1.0) us: 6.6 + 56 x 1 + 6 x 2.7 = 78.8.
// LL128: min(0.92 x 176 = 161.92, 8 x 36.7); 14 + 56 x max(1.9, 1) + 6 x 4 = 144.4.
// Simple: 8.4 + 56 x max(3.4, 3 x 1) + 6 x 14 = 282.8; x 1.4 from 64 B a channel and rank on, that
// is 64 x 16 x 32 = 32768 B.
TEST(NcclModel, RingAllReduceOnSeveralNodes) {
  const auto ring = [](Protocol protocol, double bytes) {
    return candidate("h800", 4, Operation::all_reduce, bytes, Algorithm::ring, protocol);
  };
  expect_cost(ring(Protocol::ll, mib), 78.8, 20.4);
  expect_cost(ring(Protocol::ll128, mib), 144.4, 161.92);
  expect_cost(ring(Protocol::simple, 32767), 282.8, 176.0);
  expect_cost(ring(Protocol::simple, 32768), 1.4 * 282.8, 176.0);
}

// A100 nodes have AMD processors: LL min(19.0, 96) GB/s, steps of at least 2 us (Simple: 6).
// 3 nodes, n = 24: 23 steps, 2 of them between nodes. LL: 6.6 + 21 x 2 + 2 x 2.7 = 54;
// Simple: 8 x 24 = 192 GB/s, 8.4 + 21 x 6 + 2 x 14 = 162.4, and no factor: that is all_reduce's.
TEST(NcclModel, RingAllGatherAndReduceScatter) {
  for (const Operation operation : {Operation::all_gather, Operation::reduce_scatter}) {
    const auto ring = [operation](Protocol protocol) {
      return candidate("a100", 3, operation, 64 * mib, Algorithm::ring, protocol);
    };
    expect_cost(ring(Protocol::ll), 54.0, 19.0);
    expect_cost(ring(Protocol::simple), 162.4, 192.0);
  }
}

// One node has the same ring in all channels, which NCCL counts as one step; several have not.
// H100, 1 node: LL 6.6 + 0.6, LL128 14 + 1.9, Simple 8.4 + 3.4.
// 2 nodes, n = 16: LL 6.6 + 16 x 2.7 = 49.8, Simple 8.4 + 16 x 14 = 232.4; algbw = busbw = 384.
TEST(NcclModel, BroadcastAndReduceRunAlongTheRing) {
  for (const Operation operation : {Operation::broadcast, Operation::reduce}) {
    const auto ring = [operation](int nodes, Protocol protocol) {
      return candidate("h100", nodes, operation, mib, Algorithm::ring, protocol);
    };
    expect_cost(ring(1, Protocol::ll), 7.2, 141.0);
    expect_cost(ring(1, Protocol::ll128), 15.9, 331.2);
    expect_cost(ring(1, Protocol::simple), 11.8, 360.0);
    expect_cost(ring(2, Protocol::ll), 49.8, 39.0);
    expect_cost(ring(2, Protocol::simple), 232.4, 384.0);
  }
}

// A tree's algbw is half of its bandwidth B, so that the busbw is B (n - 1)/n.
// H100, one node: B = min(0.92 x 360 = 331.2, 12 x 38.7 = 464.4) = 331.2.
// LL: min(331.2/3.8 = 87.158, 141), 6.8 + 2 x 7 x 0.6 = 15.2. LL128: min(331.2 x 7/9 = 257.6,
// 440.4), 14 + 14 x 1.25 = 31.5. Simple: 8.4 + 14 x 4 = 64.4.
// 32 bytes lie before the first octave of the correction.
TEST(NcclModel, TreeOnOneNode) {
  const auto tree = [](Protocol protocol) {
    return candidate("h100", 1, Operation::all_reduce, 32, Algorithm::tree, protocol);
  };
  expect_cost(tree(Protocol::ll), 15.2, 331.2 / 3.8 * 7 / 8);
  expect_cost(tree(Protocol::ll128), 31.5, 257.6 * 7 / 8);
  expect_cost(tree(Protocol::simple), 64.4, 331.2 * 7 / 8);
}

// H800, 16 nodes, n = 128, pattern TREE: x 0.85.
// B = min(0.92 x 176 = 161.92, 8 x 36 = 288) = 161.92. LL: min(161.92/3.8 = 42.611, 20.4) = 20.4.
// LL128: min(161.92 x 120/128 = 151.8, 8 x 29 = 232). 4 levels of the tree:
// LL 6.8 + 2 (7 x 0.6 + 4 x 5) = 55.2; LL128 14 + 2 (7 x 1.25 + 4 x 8.5) = 99.5;
// Simple 8.4 + 2 (7 x 4 + 4 x 14) = 176.4.
TEST(NcclModel, TreeOnSeveralNodes) {
  const auto tree = [](int nodes, Protocol protocol) {
    return candidate("h800", nodes, Operation::all_reduce, 32, Algorithm::tree, protocol);
  };
  expect_cost(tree(16, Protocol::ll), 55.2, 20.4 * 0.85 * 127 / 128);
  expect_cost(tree(16, Protocol::ll128), 99.5, 151.8 * 0.85 * 127 / 128);
  expect_cost(tree(16, Protocol::simple), 176.4, 161.92 * 0.85 * 127 / 128);
  // 31 nodes have as many levels as 16, 32 one more: 2 x 5 us.
  EXPECT_NEAR(tree(31, Protocol::ll)->latency.value / us, 55.2, 1e-9);
  EXPECT_NEAR(tree(32, Protocol::ll)->latency.value / us, 65.2, 1e-9);
}

// H800 whose rings have 22 inside and 10 between nodes: 8 x 22 = 176 on two nodes, 80 on three.
TEST(NcclModel, FromThreeNodesOnTheBandwidthBetweenThemCounts) {
  NcclNode narrow = node("h800");
  narrow.more_nodes.ring.between_nodes = {10 * gb_per_s};
  const auto peak = [&narrow](int nodes) {
    const auto all = nccl_candidates(tuning(), narrow, nodes, Operation::broadcast, {mib});
    return all.back().peak_busbw.value / gb_per_s;
  };
  EXPECT_NEAR(peak(2), 176.0, 1e-9);
  EXPECT_NEAR(peak(3), 80.0, 1e-9);
}

// B200: the limits of a channel are 42.8 on two nodes and 24 on more.
// 2 nodes: min(0.92 x 8 x 96 = 706.56, 8 x 42.8 = 342.4) = 342.4.
// 3 nodes: min(0.92 x 8 x 48 = 353.28, 8 x 24 = 192) = 192.
TEST(NcclModel, TreesAreLimitedByChannel) {
  const auto tree = [](int nodes) {
    return candidate("b200", nodes, Operation::all_reduce, 32, Algorithm::tree, Protocol::simple);
  };
  expect_cost(tree(2), 8.4 + 2 * (28 + 14), 342.4 * 0.85 * 15 / 16);
  expect_cost(tree(3), 8.4 + 2 * (28 + 14), 192.0 * 0.85 * 23 / 24);
}

// Simple's factors: 0.9 at 64 B (octave 0), 0.5 at 1 MiB (octave 14), 0.9 at 256 MiB (octave 22);
// octave 23 is beyond NCCL's limit for trees.
TEST(NcclModel, TreesAreCorrectedByOctave) {
  const auto peak = [](double bytes) {
    return candidate("h100", 1, Operation::all_reduce, bytes, Algorithm::tree, Protocol::simple)
               ->peak_busbw.value /
           gb_per_s;
  };
  const double plain = 331.2 * 7 / 8;
  EXPECT_NEAR(peak(63), plain, 1e-9);
  EXPECT_NEAR(peak(64), 0.9 * plain, 1e-9);
  EXPECT_NEAR(peak(mib), 0.5 * plain, 1e-9);
  EXPECT_NEAR(peak(2 * mib - 1), 0.5 * plain, 1e-9);
  EXPECT_NEAR(peak(2 * mib), 0.6 * plain, 1e-9);
  EXPECT_NEAR(peak(512 * mib - 1), 0.9 * plain, 1e-9);
  EXPECT_NEAR(peak(512 * mib), plain, 1e-9);
}

// NVLS, a channel: H100 40 x 0.85 x 7/8 x 2 = 59.5, at most 60: 8 x 59.5 = 476 GB/s.
// H800 15 x 0.85 x 7/8 x 2 = 22.3125: 178.5. B200 80 x 0.74 x 7/8 x 2 = 103.6, at most 90: 720.
// all_gather on H100: 40 x 0.85 x 7/8 x 7/8 = 26.03125, 208.25 GB/s which NCCL takes for algbw.
TEST(NcclModel, NvlsOnOneNode) {
  const auto nvls = [](const std::string& name, Operation operation) {
    return candidate(name, 1, operation, mib, Algorithm::nvls, Protocol::simple);
  };
  expect_cost(nvls("h100", Operation::all_reduce), 25.0, 476.0);
  expect_cost(nvls("h800", Operation::all_reduce), 25.0, 178.5);
  expect_cost(nvls("b200", Operation::all_reduce), 25.0, 720.0);
  expect_cost(nvls("h100", Operation::all_gather), 25.0, 208.25 * 7 / 8);
  EXPECT_FALSE(nvls("a100", Operation::all_reduce));
  EXPECT_FALSE(nvls("h100", Operation::broadcast));
}

// NVLSTree, a channel: H800 17.5 x 0.85 x 7/8 x 2 = 26.03125 of 40 (80 on two nodes): 208.25 GB/s.
// H100: 59.5, but 57.7 on two nodes at most, 45.5 on more; 25 + 2 x levels x 20.9 us.
TEST(NcclModel, NvlsTreeOnSeveralNodes) {
  const auto tree = [](const std::string& name, int nodes) {
    return candidate(name, nodes, Operation::all_reduce, 1024 * mib, Algorithm::nvls_tree,
                     Protocol::simple);
  };
  expect_cost(tree("h800", 2), 66.8, 208.25);
  expect_cost(tree("h800", 256), 25 + 16 * 20.9, 208.25);
  expect_cost(tree("h100", 2), 66.8, 8 * 57.7);
  expect_cost(tree("h100", 5), 108.6, 8 * 45.5);
  EXPECT_FALSE(tree("h100", 1));
}

// Blackwell on x86 alone: 1 MiB is octave 14, 0.5. 8 x 48 x 0.74 x 7/8 x 2 = 497.28, at most
// 8 x 48 between 3 nodes.
TEST(NcclModel, NvlsTreeIsCorrectedOnBlackwell) {
  const auto peak = [](const NcclNode& given) {
    const auto all = nccl_candidates(tuning(), given, 3, Operation::all_reduce, {mib});
    EXPECT_EQ(all.back().algorithm, Algorithm::nvls_tree);
    return all.back().peak_busbw.value / gb_per_s;
  };
  EXPECT_NEAR(peak(node("b200")), 0.5 * 384, 1e-9);
  NcclNode grace = node("b200");
  grace.cpu = CpuVendor::other;
  EXPECT_NEAR(peak(grace), 384, 1e-9);
  EXPECT_NEAR(peak(node("h100")), 8 * 45.5, 1e-9);
}

// The NIC's own latency: once a step, twice for Simple. H100, 2 nodes, all_reduce on a ring: 2 of
// 30 steps are between nodes; a tree of 2 goes up and down once. 1024 bytes are no plateau.
TEST(NcclModel, NicLatencyAddsToStepsBetweenNodes) {
  NcclNode slow = node("h100");
  slow.nic_latency = {10 * us};
  const auto before = nccl_candidates(tuning(), node("h100"), 2, Operation::all_reduce, {1024});
  const auto after = nccl_candidates(tuning(), slow, 2, Operation::all_reduce, {1024});
  ASSERT_EQ(before.size(), 7u);
  const std::array<double, 7> expected{20, 20, 40, 20, 20, 40, 40};
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_NEAR((after[i].latency - before[i].latency).value / us, expected[i], 1e-9)
        << words(before[i]);
  }
}

// --- which combinations there are
// ----------------------------------------------------------------

TEST(NcclModel, CandidatesComeInNcclsOrder) {
  const auto list = [](const std::string& name, int nodes, Operation operation) {
    std::string all;
    for (const NcclChoice& found : nccl_candidates(tuning(), node(name), nodes, operation, {mib})) {
      all += words(found) + ", ";
    }
    return all;
  };
  const std::string tree = "tree ll, tree ll128, tree simple, ";
  const std::string ring = "ring ll, ring ll128, ring simple, ";
  EXPECT_EQ(list("h800", 1, Operation::all_reduce), tree + ring + "nvls simple, ");
  EXPECT_EQ(list("h800", 2, Operation::all_reduce), tree + ring + "nvls_tree simple, ");
  EXPECT_EQ(list("h800", 1, Operation::all_gather), ring + "nvls simple, ");
  EXPECT_EQ(list("h800", 2, Operation::reduce_scatter), ring);
  EXPECT_EQ(list("h800", 1, Operation::reduce), ring);
  EXPECT_EQ(list("a800", 1, Operation::all_reduce), tree + ring);
}

TEST(NcclModel, EveryNodeTypeIsThereAndOthersAreNot) {
  for (const char* name : {"h800", "h100", "a100", "a800", "b200", "b200-800g"}) {
    ASSERT_NE(find_nccl_node(tuning(), name), nullptr) << name;
    EXPECT_EQ(node(name).gpus, 8);
  }
  EXPECT_EQ(find_nccl_node(tuning(), "mi300x"), nullptr);
}

// 8x H200 on NCCL 2.27.7 (stas00/ml-engineering network/benchmarks/README.md): "RING/LL up to
// 1 MiB then NVLS/SIMPLE from 2 MiB". H200 nodes are H100 nodes to NCCL.
TEST(NcclModel, SwitchesToNvlsWhereNcclDid) {
  for (double bytes = 1024; bytes <= mib; bytes *= 2) {
    EXPECT_EQ(words(choose("h100", 1, Operation::all_reduce, bytes)), "ring ll") << bytes;
  }
  for (double bytes = 2 * mib; bytes <= 16384 * mib; bytes *= 2) {
    EXPECT_EQ(words(choose("h100", 1, Operation::all_reduce, bytes)), "nvls simple") << bytes;
  }
}

// --- laws
// ------------------------------------------------------------------------------------------

template <class Check>
void for_each_case(const Check& check) {
  for (const NcclNode& given : tuning().nodes) {
    for (const Operation operation : operations) {
      for (const int nodes : {1, 2, 3, 4, 7, 8, 16, 31, 64, 100, 256}) {
        check(given, operation, nodes);
      }
    }
  }
}

// Within an octave more bytes never take less time. From one octave to the next they may: the
// correction of trees jumps, and NCCL's own model falls there (by 8 % for LL128 from 256 MiB on).
TEST(NcclModel, MoreBytesNeverTakeLessTimeWithinAnOctave) {
  for_each_case([](const NcclNode& given, Operation operation, int nodes) {
    for (double octave = 1; octave < 1e12; octave *= 2) {
      Seconds before{};
      for (const double part : {1.0, 1.25, 1.5, 1.75, 1.999}) {
        const Seconds now = nccl_choice(tuning(), given, nodes, operation, {octave * part}).time;
        EXPECT_GE(now, before) << given.name << " " << nodes << " " << octave * part;
        before = now;
      }
    }
  });
}

// The steepest jump is from 0.4 to 0.5, less than what twice the bytes cost.
TEST(NcclModel, TwiceTheBytesNeverTakeLessTime) {
  for_each_case([](const NcclNode& given, Operation operation, int nodes) {
    for (double bytes = 1; bytes < 1e12; bytes *= 2) {
      const auto once = nccl_candidates(tuning(), given, nodes, operation, {bytes});
      const auto twice = nccl_candidates(tuning(), given, nodes, operation, {2 * bytes});
      for (std::size_t i = 0; i < once.size(); ++i) {
        EXPECT_GE(twice[i].time, once[i].time) << given.name << " " << nodes << words(once[i]);
      }
    }
  });
}

// Each channel's ring can carry no more than it has; NVLS' busbw counts what the switch saves.
TEST(NcclModel, BusbwStaysBelowThePeak) {
  for_each_case([](const NcclNode& given, Operation operation, int nodes) {
    const NcclGraph& ring = nodes == 1 ? given.one_node.ring : given.more_nodes.ring;
    const BytesPerSecond all = ring.channels * ring.within_node;
    for (double bytes = 1; bytes < 1e14; bytes *= 2) {
      for (const NcclChoice& found : nccl_candidates(tuning(), given, nodes, operation, {bytes})) {
        EXPECT_LT(found.busbw, found.peak_busbw) << given.name << " " << words(found);
        EXPECT_EQ(found.time, found.latency + found.transfer);
        if (found.algorithm == Algorithm::ring) {
          EXPECT_LE(found.peak_busbw.value, all.value * (1 + 1e-12));
        }
      }
    }
    const NcclChoice large = nccl_choice(tuning(), given, nodes, operation, {1e14});
    EXPECT_GT(large.busbw.value, 0.99 * large.peak_busbw.value);
  });
}

TEST(NcclModel, NoBytesTakeTheLatency) {
  for_each_case([](const NcclNode& given, Operation operation, int nodes) {
    const NcclChoice none = nccl_choice(tuning(), given, nodes, operation, {0});
    EXPECT_EQ(none.time, none.latency);
    EXPECT_EQ(none.busbw.value, 0);
  });
}

// From two nodes on, more nodes never make it faster. From one to two they may: NCCL's search finds
// other graphs there (H800: rings of 176 for 160 GB/s), and a tree of NVLS may beat NVLS.
TEST(NcclModel, MoreNodesNeverTakeLessTime) {
  for (const NcclNode& given : tuning().nodes) {
    for (const Operation operation : operations) {
      for (double bytes = 1; bytes < 1e12; bytes *= 4) {
        Seconds before{};
        for (int nodes = 2; nodes <= 256; ++nodes) {
          const Seconds now = nccl_choice(tuning(), given, nodes, operation, {bytes}).time;
          EXPECT_GE(now.value, before.value * (1 - 1e-12))
              << given.name << " " << enum_name(operation) << " " << nodes << " " << bytes;
          before = now;
        }
      }
    }
  }
}

// --- measured
// --------------------------------------------------------------------------------------

using Points = std::vector<std::pair<double, double>>;  // bytes, microseconds

struct Agreement {
  double median = 0;   // of |predicted / measured - 1|
  double least = 1e9;  // of predicted / measured
  double most = 0;
};
Agreement agreement(const std::string& name, const Points& points) {
  std::vector<double> errors;
  Agreement result;
  for (const auto& [bytes, time_us] : points) {
    const double predicted = choose(name, 1, Operation::all_reduce, bytes).time.value / us;
    const double ratio = predicted / time_us;
    errors.push_back(std::abs(ratio - 1));
    result.least = std::min(result.least, ratio);
    result.most = std::max(result.most, ratio);
  }
  std::sort(errors.begin(), errors.end());
  result.median = errors[errors.size() / 2];
  return result;
}

// all_reduce on 8x H100 SXM, NCCL 2.29.2, nccl-tests, out of place: ai-dynamo/aiconfigurator commit
// 095f58a5, systems/data/h100_sxm/comm/nccl/2.29.2/nccl_perf.parquet, Apache-2.0 (elements there,
// bytes here).
const Points h100_points{
    {512, 15.59},         {1024, 15.6},       {2048, 15.68},       {4096, 16.02},
    {8192, 15.96},        {16384, 18.98},     {32768, 18.44},      {65536, 18.68},
    {131072, 19.0},       {262144, 19.15},    {524288, 20.13},     {1048576, 25.4},
    {2097152, 38.18},     {4194304, 50.49},   {8388608, 78.91},    {16777216, 121.91},
    {33554432, 199.8},    {67108864, 324.53}, {134217728, 578.74}, {268435456, 1092.1},
    {536870912, 2111.06},
};

// The same for 8x A100 SXM, NCCL 2.27.3.
const Points a100_points{
    {512, 22.57},        {1024, 21.77},     {2048, 21.53},       {4096, 21.43},
    {8192, 21.27},       {16384, 22.55},    {32768, 25.96},      {65536, 28.06},
    {131072, 27.41},     {262144, 27.5},    {524288, 30.08},     {1048576, 38.85},
    {2097152, 53.7},     {4194304, 77.31},  {8388608, 128.0},    {16777216, 216.5},
    {33554432, 367.0},   {67108864, 595.3}, {134217728, 1169.1}, {268435456, 2182.5},
    {536870912, 4225.9},
};

// Nothing is fitted here, so the tolerances say how far NCCL's own expectation is from the clock,
// with a little room. It is meant to rank, not to predict: NVLS ramps up more slowly than latency +
// bytes / bandwidth (8 to 32 MiB take 0.71 of the measured time), and LL's steps above 16 KiB take
// longer than its 0.6 us (0.80 to 0.87).
TEST(NcclModel, NearMeasuredTimesOfEightH100) {
  const Agreement found = agreement("h100", h100_points);
  EXPECT_LT(found.median, 0.11);
  EXPECT_GT(found.least, 0.70);
  EXPECT_LT(found.most, 1.11);
}

// NCCL has one latency a step for all generations: measured LL steps of A100 take about 1.1 us, not
// 0.6. From 1 MiB on the bandwidth counts, and the error is half of that below.
TEST(NcclModel, NearMeasuredTimesOfEightA100) {
  const Agreement found = agreement("a100", a100_points);
  EXPECT_LT(found.median, 0.21);
  EXPECT_GT(found.least, 0.57);
  EXPECT_LT(found.most, 1.07);
  const Points large(a100_points.begin() + 11, a100_points.end());
  EXPECT_LT(agreement("a100", large).median, 0.10);
}

// Large all-reduces elsewhere, busbw in GB/s: stas00/ml-engineering network/README.md and
// network/benchmarks/README.md. 8x H200 NVLS 480 and ring 367.2 at 16 GiB; 8x B200 838 and 682.2 at
// 8 GiB (AWS; NCCL's table limits Blackwell's NVLS to 8 x 90 GB/s, hence 16 %); 4 nodes of 8x H200
// over EFA, ring 364.87 at 4 GiB.
TEST(NcclModel, NearMeasuredBandwidthOfLargeAllReduces) {
  const auto busbw = [](const std::string& name, int nodes, double gibs, Algorithm algorithm) {
    return candidate(name, nodes, Operation::all_reduce, gibs * gib, algorithm, Protocol::simple)
               ->busbw.value /
           gb_per_s;
  };
  EXPECT_NEAR(busbw("h100", 1, 16, Algorithm::nvls) / 480.0, 1, 0.02);
  EXPECT_NEAR(busbw("h100", 1, 16, Algorithm::ring) / 367.2, 1, 0.03);
  EXPECT_NEAR(busbw("b200", 1, 8, Algorithm::nvls) / 838.0, 1, 0.16);
  EXPECT_NEAR(busbw("b200", 1, 8, Algorithm::ring) / 682.2, 1, 0.07);
  EXPECT_NEAR(busbw("h100", 4, 4, Algorithm::ring) / 364.87, 1, 0.05);
}

// --- the document
// ----------------------------------------------------------------------------------

TEST(NcclTuningJson, WritesWhatItRead) {
  const std::string written = write_nccl_tuning(tuning());
  EXPECT_EQ(read_nccl_tuning(written, "written.json").version, "2.30.7");
  EXPECT_EQ(write_nccl_tuning(read_nccl_tuning(written, "written.json")), written);
}

// The shipped text with one piece of it changed; the problems that reading it finds.
std::string problems_with(const std::string& from, const std::string& to) {
  std::string text = tuning_text();
  const std::size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  text.replace(place, from.size(), to);
  try {
    read_nccl_tuning(text, "x.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "none";
}

TEST(NcclTuningJson, RefusesTablesWithGaps) {
  EXPECT_EQ(problems_with("\"version\": \"2.30.7\"", "\"version\": \"2.31\""), "none");
  const std::string generation =
      problems_with("\"generation\": \"ampere\"", "\"generation\": \"hopper\"");
  EXPECT_NE(generation.find("/generations: no row of ampere"), std::string::npos) << generation;
  EXPECT_NE(generation.find("/generations/1: a second row of hopper"), std::string::npos);
  const std::string cpu = problems_with("\"vendor\": \"other\"", "\"vendor\": \"amd\"");
  EXPECT_NE(cpu.find("/cpus: no row of other"), std::string::npos) << cpu;
  const std::string octaves =
      problems_with("\"nvls_tree_octaves\": 24", "\"nvls_tree_octaves\": 25");
  EXPECT_NE(octaves.find("/tree_correction/simple: needs a factor for each of 25 octaves"),
            std::string::npos)
      << octaves;
  const std::string name = problems_with("\"name\": \"h100\"", "\"name\": \"h800\"");
  EXPECT_NE(name.find("/nodes/1/name: a second node of this name"), std::string::npos) << name;
  const std::string channels = problems_with("\"channels\": 8", "\"channels\": 0");
  EXPECT_NE(channels.find("/nodes/0/one_node/tree/channels: must be at least 1"), std::string::npos)
      << channels;
}

}  // namespace
}  // namespace reckon

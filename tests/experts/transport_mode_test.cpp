#include "sim/experts/transport_mode.hpp"

#include <gtest/gtest.h>

#include <string>

#include "planner/catalog.hpp"
#include "planner/spec/expert_transport_json.hpp"
#include "sim/experts/expert_loads.hpp"

namespace reckon {
namespace {

std::string data_file(const std::string& name) {
  return std::string(RECKON_DATA_DIR) + "/topologies/" + name;
}
ExpertTransport deepep() {
  const std::string file = data_file("transports/deepep.json");
  return read_expert_transport(read_text_file(file), file);
}

TEST(TransportMode, IsWhatTheLibraryReaches) {
  const ExpertTransport transport = deepep();
  const TransportUse two_nodes{false, false, 2, 10, 7168, Dtype::fp8_block};
  const TransferMode mode = transfer_mode(transport, two_nodes);
  EXPECT_EQ(mode.copies, CopyRule::per_node);
  EXPECT_EQ(mode.bytes_per_copy.value, 7392);  // 7168 and 56 scales
  EXPECT_EQ(mode.sm_rate.value, 10 * transport.dispatch.one_sm_between_nodes.value);
  EXPECT_EQ(mode.startup, transport.dispatch.startup_two_nodes);
  TransportUse eight_nodes = two_nodes;
  eight_nodes.nodes = 8;
  EXPECT_EQ(transfer_mode(transport, eight_nodes).startup,
            mode.startup + transport.dispatch.startup_per_doubling * 2.0);
}

// 7168 + 56 x 4 + 16 bytes out; back no header.
TEST(TransportMode, LowLatencyMessagesAreAsDeepEpHasThem) {
  TransportUse use{false, true, 1, 0, 7168, Dtype::fp8_block};
  EXPECT_EQ(transfer_mode(deepep(), use).bytes_per_copy.value, 7408);
  EXPECT_EQ(transfer_mode(deepep(), use).copies, CopyRule::per_expert);
  use.is_combine = true;
  use.dtype = Dtype::bf16;
  EXPECT_EQ(transfer_mode(deepep(), use).bytes_per_copy.value, 14336);
}

TEST(TransportMode, ScalesTheClusterByShares) {
  const ClusterSpec cluster = load_cluster(RECKON_DATA_DIR, "h800-2048-mpft");
  const ClusterSpec reached =
      at_transport_rates(cluster, deepep(), {false, false, 8, 0, 7168, Dtype::fp8_block});
  EXPECT_NEAR(reached.nic.achieved.value, 47.75e9, 1);
  EXPECT_NEAR(reached.nvlink.achieved.value, 134e9, 1);
}

TEST(ExpertInputs, ShippedFilesSurviveWriting) {
  const ExpertTransport transport = deepep();
  EXPECT_FALSE(transport.source.empty());
  EXPECT_EQ(read_expert_transport(write_expert_transport(transport), "again"), transport);
  const std::string file = data_file("expert_loads/measured.json");
  const ExpertLoadsFile loads = read_expert_loads(read_text_file(file), file);
  EXPECT_EQ(read_expert_loads(write_expert_loads(loads), "again"), loads);
  for (const RecordedLoads& one : loads.loads) EXPECT_FALSE(one.source.empty()) << one.name;
}

// Each entry is as uneven as its source says.
TEST(ExpertInputs, ShippedLoadsSpreadAsMeasured) {
  struct Row {
    std::string name;
    int experts;
    bool is_gini;
    double least, most;
  };
  const std::string file = data_file("expert_loads/measured.json");
  const ExpertLoadsFile loads = read_expert_loads(read_text_file(file), file);
  const std::vector<Row> rows{{"loss-free", 256, false, 0.035, 0.05},
                              {"aux-loss", 64, false, 0.45, 0.75},
                              {"real-text-resilient", 256, true, 0.105, 0.15},
                              {"real-text-concentrated", 256, true, 0.23, 0.27},
                              {"single-domain", 256, false, 7, 11}};
  ASSERT_EQ(loads.loads.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(loads.loads[i].name, rows[i].name);
    double mean = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const ExpertLoads drawn =
          dirichlet_loads(rows[i].experts, loads.loads[i].concentration, seed);
      mean += (rows[i].is_gini ? gini(drawn) : max_violation(drawn)) / 20;
    }
    EXPECT_GE(mean, rows[i].least) << rows[i].name;
    EXPECT_LE(mean, rows[i].most) << rows[i].name;
  }
}

TEST(ExpertInputs, NameWhatIsWrong) {
  try {
    read_expert_loads(R"({"schema": "expert_loads/1", "loads": [{"name": "a"},
      {"name": "a", "shares": [1, 2], "concentration": 3}]})",
                      "f.json");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems.size(), 3u);
    EXPECT_EQ(error.problems.front().pointer, "/loads/0");
  }
}

}  // namespace
}  // namespace reckon

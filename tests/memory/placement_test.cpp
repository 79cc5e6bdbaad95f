// Where the ranks of a group sit: global ranks count tensor, context, data, pipeline parallel, the
// first fastest, and fill nodes of 8.
#include "planner/spec/placement.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/sim/cases.hpp"

namespace reckon {
namespace {

using Kind = ScheduleKind;

// Counted rank by rank: {0, stride, 2 stride, ...}.
GroupShape counted(int ranks, int stride) {
  std::multiset<int> nodes;
  for (int rank = 0; rank < ranks; ++rank) nodes.insert(rank * stride / 8);
  const int distinct = static_cast<int>(std::set<int>(nodes.begin(), nodes.end()).size());
  return {ranks, static_cast<int>(nodes.count(0)), distinct};
}

TEST(Placement, GroupShapeIsWhatCountingGives) {
  const ClusterSpec cluster = test::round_cluster(256);
  for (const int ranks : {1, 2, 4, 8, 16, 64, 128}) {
    for (const int stride : {1, 2, 4, 8, 16}) {
      EXPECT_EQ(group_shape(cluster, ranks, stride), counted(ranks, stride))
          << ranks << " ranks, " << stride << " apart";
    }
  }
}

// DeepSeek-V3: PP 16 x DP 128, EP 64, both directions of DualPipe.
TEST(Placement, GroupsOfDeepSeekV3) {
  const test::Case v3 = test::shipped_case("deepseek-v3-2048-h800");
  EXPECT_EQ(tensor_group(v3.cluster, v3.plan), (GroupShape{1, 1, 1}));
  EXPECT_EQ(context_group(v3.cluster, v3.plan), (GroupShape{1, 1, 1}));
  EXPECT_EQ(expert_group(v3.cluster, v3.plan), (GroupShape{64, 8, 8})) << "report, section 3.2";
  // 128 replicas x 2 copies of a stage; an expert has 128 / 64 = 2 replicas, 64 GPUs apart, x 2.
  EXPECT_EQ(dense_gradient_group(v3.cluster, v3.plan), (GroupShape{256, 8, 32}));
  EXPECT_EQ(expert_gradient_group(v3.cluster, v3.plan), (GroupShape{4, 1, 4}));
  EXPECT_FALSE(pipeline_neighbours_share_node(v3.cluster, v3.plan));
}

// TP 4 x CP 2 fill a node; DP 4 are 8 apart; EP 4 are 2 context ranks x 2 data ranks.
TEST(Placement, TensorParallelIsInnermost) {
  const ClusterSpec cluster = test::round_cluster(4);
  Plan plan;
  plan.parallelism.tensor_parallel = 4;
  plan.parallelism.context_parallel = 2;
  plan.parallelism.data_parallel = 4;
  plan.parallelism.expert_parallel = 4;
  EXPECT_EQ(tensor_group(cluster, plan), (GroupShape{4, 4, 1}));
  EXPECT_EQ(context_group(cluster, plan), (GroupShape{2, 2, 1}));
  EXPECT_EQ(expert_group(cluster, plan), (GroupShape{4, 2, 2}));
  EXPECT_EQ(dense_gradient_group(cluster, plan), (GroupShape{8, 2, 4}));
  EXPECT_EQ(expert_gradient_group(cluster, plan), (GroupShape{2, 1, 2}));
}

TEST(Placement, PipelineNeighboursShareANodeWhenAllFitsInOne) {
  const ClusterSpec cluster = test::round_cluster(2);
  Plan plan;
  plan.parallelism.pipeline_parallel = 2;
  plan.parallelism.data_parallel = 4;
  EXPECT_TRUE(pipeline_neighbours_share_node(cluster, plan));
  plan.parallelism.data_parallel = 8;
  EXPECT_FALSE(pipeline_neighbours_share_node(cluster, plan));
}

TEST(Placement, DualPipeHoldsEachStageTwice) {
  for (const auto& [kind, name] : EnumNames<Kind>::table) {
    EXPECT_EQ(stage_copies(kind), kind == Kind::dual_pipe ? 2 : 1) << name;
  }
}

}  // namespace
}  // namespace reckon

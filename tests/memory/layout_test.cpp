#include "planner/spec/layout.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "tests/sim/cases.hpp"

namespace reckon {
namespace {

using Kind = ScheduleKind;

std::vector<int> layer_counts(const ModelSpec& model, const Plan& plan) {
  std::vector<int> counts;
  for (const StageLayers& stage : stage_layers(model, plan)) counts.push_back(stage.layers);
  return counts;
}

TEST(Layout, SpreadsLayersEvenlyEarlierStagesTakeTheRest) {
  const ModelSpec model = test::small_dense_model(10);
  Plan plan;
  plan.parallelism.pipeline_parallel = 4;
  EXPECT_EQ(layer_counts(model, plan), (std::vector<int>{3, 3, 2, 2}));
  plan.schedule = Kind::dual_pipe;
  EXPECT_EQ(layer_counts(model, plan), (std::vector<int>{3, 3, 2, 2}))
      << "a rank holds two of them";
  plan.schedule = Kind::dual_pipe_v;
  EXPECT_EQ(layer_counts(model, plan), (std::vector<int>{2, 2, 1, 1, 1, 1, 1, 1}));
  plan.schedule = Kind::interleaved_one_forward_one_backward;
  plan.parallelism.chunks_per_rank = 2;
  EXPECT_EQ(layer_counts(model, plan), (std::vector<int>{2, 2, 1, 1, 1, 1, 1, 1}));
}

TEST(Layout, EveryLayerIsOnOneStage) {
  const ModelSpec model = test::small_dense_model(13);
  Plan plan;
  for (int ranks = 1; ranks <= 13; ++ranks) {
    plan.parallelism.pipeline_parallel = ranks;
    int next = 0;
    for (const StageLayers& stage : stage_layers(model, plan)) {
      EXPECT_EQ(stage.first_layer, next);
      next += stage.layers;
    }
    EXPECT_EQ(next, 13);
  }
}

TEST(Layout, TakesThePlansOwn) {
  const ModelSpec model = test::small_dense_model(10);
  Plan plan;
  plan.parallelism.pipeline_parallel = 3;
  plan.layout.layers_per_stage = {0, 9, 1};
  const std::vector<StageLayers> stages = stage_layers(model, plan);
  EXPECT_EQ(stages[0], (StageLayers{0, 0, 0, true, false}));
  EXPECT_EQ(stages[1], (StageLayers{0, 9, 0, false, false}));
  EXPECT_EQ(stages[2], (StageLayers{9, 1, 0, false, true}));
}

TEST(Layout, OneStageHasEmbeddingAndHead) {
  const std::vector<StageLayers> stages = stage_layers(test::small_dense_model(2), {});
  EXPECT_EQ(stages, (std::vector<StageLayers>{{0, 2, 0, true, true}}));
}

// DeepSeek-V3 as shipped: 15 x 4 + 1, with the MTP module and the head on the last stage.
TEST(Layout, DeepSeekV3) {
  const test::Case v3 = test::shipped_case("deepseek-v3-2048-h800");
  const std::vector<StageLayers> stages = stage_layers(v3.model, v3.plan);
  ASSERT_EQ(stages.size(), 16U);
  EXPECT_EQ(stages[0], (StageLayers{0, 4, 0, true, false}));
  EXPECT_EQ(stages[14], (StageLayers{56, 4, 0, false, false}));
  EXPECT_EQ(stages[15], (StageLayers{60, 1, 1, false, true}));
}

TEST(Layout, MtpLayersCanHaveAStageOfTheirOwn) {
  const test::Case v3 = test::shipped_case("deepseek-v3-2048-h800");
  Plan plan = v3.plan;
  plan.layout.mtp_stage = 3;
  const std::vector<StageLayers> stages = stage_layers(v3.model, plan);
  EXPECT_EQ(stages[3], (StageLayers{12, 4, 1, false, false}));
  EXPECT_EQ(stages[15], (StageLayers{60, 1, 0, false, true}));
}

}  // namespace
}  // namespace reckon

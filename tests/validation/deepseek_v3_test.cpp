// The prediction against what DeepSeek published: "Insights into DeepSeek-V3" (ISCA'25,
// arXiv:2505.09343) Table 4, column MPFT; DeepSeek-V3 Technical Report (arXiv:2412.19437) Table 1;
// deepseek-ai/profile-data @4496024 for the chunk pair. Tolerances are those that the project set
// itself before the model existed: kernels are known to a few per cent, the parts of a step are
// sums of hundreds of them, and the sustained state of the cluster is not documented.
//
// Figures that are met must stay met. Those that are missed are held in a narrow window around
// today's error, so that a change of the model shows here and is judged; no tolerance was widened
// for them.
#include <gtest/gtest.h>

#include <cmath>

#include "reports/published.hpp"
#include "tests/validation/v3_inputs.hpp"

namespace reckon {
namespace {

double bare_error(const char* id) {
  const PublishedFigure& f = test::published(id);
  return error_of(f, f.bare);
}
double error_with_effects(const char* id) {
  const PublishedFigure& f = test::published(id);
  return error_of(f, f.with_effects.value());
}

TEST(DeepSeekV3, ChunkPairIsMet) { EXPECT_LE(std::abs(bare_error("chunk_pair")), 0.05); }

TEST(DeepSeekV3, BareFiguresThatAreMet) {
  EXPECT_LE(std::abs(bare_error("forward")), 0.12);
  EXPECT_LE(std::abs(bare_error("overlapped_pair")), 0.12);
  EXPECT_LE(std::abs(bare_error("step")), 0.10);
  EXPECT_LE(std::abs(bare_error("mfu_causal")), 0.045);
  EXPECT_LE(std::abs(bare_error("mfu_full")), 0.045);
  EXPECT_LE(std::abs(bare_error("gpu_hours_per_trillion_tokens")), 0.10);
  EXPECT_LE(std::abs(bare_error("run_gpu_hours")), 0.10);
}

TEST(DeepSeekV3, FiguresWithEffectsThatAreMet) {
  EXPECT_LE(std::abs(error_with_effects("backward")), 0.08);
  EXPECT_LE(std::abs(error_with_effects("overlapped_pair")), 0.08);
  EXPECT_LE(std::abs(error_with_effects("step")), 0.05);
  EXPECT_LE(std::abs(error_with_effects("mfu_causal")), 0.02);
  EXPECT_LE(std::abs(error_with_effects("gpu_hours_per_trillion_tokens")), 0.05);
  EXPECT_LE(std::abs(error_with_effects("run_gpu_hours")), 0.05);
}

// Allowed 12 %. Cause: 8 of the 20 lone backwards of a rank contain their weight gradients, for
// which the step publishes 41.7 ms and the profile's kernels give 25 ms (1W below); with the
// published weight gradients the line would be within 6 %.
TEST(DeepSeekV3, BareBackwardIsKnownToMiss) {
  EXPECT_NEAR(bare_error("backward"), -0.125, 0.005);
  EXPECT_NEAR(bare_error("backward_weight"), -0.373, 0.015);
}

// Allowed 2 points, missed by 0.2. With the clock derate that H100 shows against short runs of the
// same library (0.891 for 0.964) it would be met; the smaller loss is what can be shown for kernels
// like H800's own.
TEST(DeepSeekV3, FullMfuWithEffectsIsKnownToMiss) {
  EXPECT_NEAR(error_with_effects("mfu_full"), 0.0221, 0.001);
}

// Allowed 8 %. Cause: every dispatch and combine waits for the slowest of 64 ranks, and a forward
// that runs alone hides none of it; nor does it hide the clock derate. Published 1F shows neither.
TEST(DeepSeekV3, ForwardWithEffectsIsKnownToMiss) {
  EXPECT_NEAR(error_with_effects("forward"), 0.111, 0.01);
}

// 2.06 s published; schedule arithmetic with the published op times and equal stages gives 0.65 to
// 0.98 s. Ours is more, since the end ranks' pairs (heads, MTP) are longer and the others wait for
// them. No tolerance was promised; a tenth is what the layout, which is assumed, moves it by.
TEST(DeepSeekV3, BubbleIsMostlyTheWaitForTheEndRanks) {
  const PublishedFigure& bubble = test::published("bubble");
  EXPECT_GT(bubble.bare, 0.98);
  EXPECT_GT(bubble.with_effects.value(), bubble.bare);
  EXPECT_NEAR(bubble.with_effects.value() / bubble.published, 1, 0.1);
}

TEST(DeepSeekV3, EveryRankFits) {
  const Report& report = test::v3_prediction().report;
  ASSERT_EQ(report.memory.size(), 16u);
  for (const RankMemory& rank : report.memory) {
    EXPECT_LT(total(rank).value, report.memory_limit.value) << rank.pipeline_rank;
    EXPECT_EQ(rank.chunks_in_flight, 17) << rank.pipeline_rank;  // PP + 1: V3 report, Table 2
  }
}

// Each effect's line adds up to the step with all of them.
TEST(DeepSeekV3, EffectsAddUp) {
  const Report& report = test::v3_prediction().report;
  ASSERT_EQ(report.effects.size(), 5u);
  Seconds sum = report.bare.step;
  for (const EffectShare& effect : report.effects) {
    EXPECT_GE(effect.added.value, 0) << effect.name;
    EXPECT_FALSE(effect.source.empty()) << effect.name;
    sum += effect.added;
  }
  EXPECT_NEAR(sum.value, report.with_effects.step.value, 1e-9);
}

}  // namespace
}  // namespace reckon

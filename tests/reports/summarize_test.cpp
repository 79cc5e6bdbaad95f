#include "reports/summarize.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "planner/spec/parameters.hpp"
#include "tests/reports/small_trace.hpp"

namespace reckon {
namespace {

ModelSpec small_model() {
  ModelSpec model;
  model.layers = 2;
  model.hidden = 64;
  model.intermediate = 256;
  model.vocabulary = 1000;
  model.attention.heads = 2;
  model.attention.head_dim = 32;
  return model;
}

Plan small_plan() {
  Plan plan;
  plan.batch = {6, 1, 128};
  return plan;
}

StepSummary summary_of(const StepTrace& trace) {
  return summarize(trace, small_schedule(), small_model(), small_plan(), 6, {1e12}, {});
}

TEST(Summarize, SortsTheOpsOfARankIntoClasses) {
  const RankTime rank = summary_of(small_trace()).ranks[0];
  EXPECT_DOUBLE_EQ(rank.forward.value, 10e-6);
  EXPECT_DOUBLE_EQ(rank.overlapped_pair.value, 30e-6);  // 20 to 50, counted once
  EXPECT_DOUBLE_EQ(rank.backward.value, 20e-6);
  EXPECT_DOUBLE_EQ(rank.backward_weight.value, 5e-6);
  // Reductions count after the last backward (85), the optimizer and the gather overlap: 85 to 100.
  EXPECT_DOUBLE_EQ(rank.optimizer.value, 15e-6);
  EXPECT_DOUBLE_EQ(rank.bubble.value, 20e-6);
  EXPECT_EQ(rank.forwards, 1);
  EXPECT_EQ(rank.backwards, 1);
  EXPECT_EQ(rank.backward_weights, 1);
  EXPECT_EQ(rank.pairs, 1);
}

TEST(Summarize, TheClassesAddUpToTheStep) {
  const StepSummary summary = summary_of(small_trace());
  for (const RankTime& rank : {summary.mean, summary.ranks[0], summary.ranks[1]}) {
    const Seconds sum = rank.forward + rank.backward + rank.backward_weight + rank.overlapped_pair +
                        rank.optimizer + rank.bubble;
    EXPECT_NEAR(sum.value, summary.step.value, 1e-17);
  }
  EXPECT_DOUBLE_EQ(summary.step.value, 100e-6);
  EXPECT_EQ(summary.mean.pipeline_rank, -1);
  EXPECT_DOUBLE_EQ(summary.mean.forward.value, 10e-6);
  EXPECT_DOUBLE_EQ(summary.mean.backward.value, 19e-6);
  EXPECT_EQ(summary.mean.pairs, 1);  // of rank 0
}

TEST(Summarize, WeighsReplicasByTheirMultiplicity) {
  StepTrace trace = small_trace();
  RankTrace slow = trace.ranks[0];
  slow.data_rank = 3;
  slow.multiplicity = 1;
  slow.ops[0].end = 14 * us;  // 10 us three times, 14 us once
  trace.ranks.push_back(slow);
  const StepSummary summary = summary_of(trace);
  ASSERT_EQ(summary.ranks.size(), 2U);
  EXPECT_DOUBLE_EQ(summary.ranks[0].forward.value, 11e-6);
  EXPECT_EQ(summary.ranks[0].forwards, 1);
  EXPECT_DOUBLE_EQ(summary.mean.forward.value, 10.5e-6);  // ranks count alike
}

TEST(Summarize, ExposedCommunicationIsTimeInOpsWithoutAKernel) {
  // Kernels ran 60 us, 5 of them in the optimizer; classes last 65.
  EXPECT_DOUBLE_EQ(summary_of(small_trace()).ranks[0].exposed_communication.value, 10e-6);
}

TEST(Summarize, RecordingPartsChangesNoNumber) {
  EXPECT_EQ(summary_of(small_trace_with_parts()), summary_of(small_trace()));
}

TEST(Summarize, CountsFlopsOnce) {
  const StepSummary summary = summarize(small_trace(), small_schedule(), small_model(),
                                        small_plan(), 6, {1e12}, Flops{1e6});
  const double tokens = 6 * 128;
  const double flops =
      model_flops_per_token(small_model(), 128, AttentionCounting::causal).value * tokens;
  EXPECT_DOUBLE_EQ(summary.mfu_causal, flops / (6 * 1e12 * 100e-6));
  EXPECT_DOUBLE_EQ(summary.hfu_causal, (flops + 1e6 * tokens) / (6 * 1e12 * 100e-6));
  EXPECT_GT(summary.mfu_full, summary.mfu_causal);
  EXPECT_DOUBLE_EQ(summary.tokens_per_second_per_gpu, tokens / 100e-6 / 6);
  EXPECT_DOUBLE_EQ(summary.gpu_hours_per_trillion_tokens, 1e12 / tokens * 100e-6 * 6 / 3600);
}

TEST(Summarize, AnEmptyTraceGivesZerosAndNoNan) {
  const StepSummary summary = summary_of(StepTrace{});
  EXPECT_EQ(summary.mfu_causal, 0.0);
  EXPECT_EQ(summary.gpu_hours_per_trillion_tokens, 0.0);
  EXPECT_TRUE(summary.ranks.empty());
}

TEST(Summarize, RefusesATraceOfAnotherSchedule) {
  StepTrace trace = small_trace();
  trace.ranks[0].ops.pop_back();
  EXPECT_THROW(summary_of(trace), std::invalid_argument);
  trace = small_trace();
  trace.ranks[1].pipeline_rank = 2;
  EXPECT_THROW(summary_of(trace), std::invalid_argument);
}

TEST(LaneShares, AreMeansOverTracedRanksLargestFirst) {
  EXPECT_TRUE(lane_shares(small_trace()).empty());
  const std::vector<LaneShare> shares = lane_shares(small_trace_with_parts());
  ASSERT_EQ(shares.size(), 6U);
  EXPECT_EQ(shares[0].name, "mlp_forward");
  EXPECT_EQ(shares[0].lane, "compute");
  EXPECT_DOUBLE_EQ(shares[0].time.value, 24e-6);  // 4 + 20, on the one rank traced so
  EXPECT_EQ(shares[3].name, "dispatch_forward");
  EXPECT_EQ(shares[3].lane, "communication");
  EXPECT_DOUBLE_EQ(shares[3].time.value, 12e-6);
}

}  // namespace
}  // namespace reckon

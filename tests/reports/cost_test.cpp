#include "reports/cost.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <vector>

#include "reports/waterfall.hpp"
#include "tests/reports/example_report.hpp"

namespace reckon {
namespace {

Phase ramp(int from, double tokens) {
  Phase phase;
  phase.name = "pre-training";
  phase.tokens = 10 * tokens;
  phase.ramp_from_batch_size = from;
  phase.ramp_tokens = tokens;
  return phase;
}

double tokens_of(const std::vector<RampPart>& parts) {
  double sum = 0;
  for (const RampPart& part : parts) sum += part.tokens;
  return sum;
}

TEST(RampParts, FollowTheLineInWholeMultiples) {
  // From 100 to 300 over 1,000 tokens: the line is at 150 after 250 tokens, at 250 after 750.
  EXPECT_EQ(ramp_parts(ramp(100, 1000), 300, 100),
            (std::vector<RampPart>{{100, 250}, {200, 500}, {300, 250}}));
}

TEST(RampParts, AddUpExactly) {
  for (const double tokens : {469e9, 1e12 + 7, 12345.0, 1000.25}) {
    for (const int quantum : {1, 37, 128, 256, 5000}) {
      const std::vector<RampPart> parts = ramp_parts(ramp(3072, tokens), 15360, quantum);
      EXPECT_EQ(tokens_of(parts), tokens) << quantum;
      for (std::size_t index = 0; index < parts.size(); ++index) {
        EXPECT_EQ(parts[index].batch % quantum, 0);
        EXPECT_GT(parts[index].tokens, 0);
        if (index > 0) {
          EXPECT_GT(parts[index].batch, parts[index - 1].batch);
        }
      }
    }
  }
}

TEST(RampParts, DeepSeekV3HasFortyNineBatches) {
  const std::vector<RampPart> parts = ramp_parts(ramp(3072, 469e9), 15360, 256);
  ASSERT_EQ(parts.size(), 49U);
  EXPECT_EQ(parts.front().batch, 3072);
  EXPECT_EQ(parts.back().batch, 15360);
}

TEST(RampParts, NoRampNoParts) {
  EXPECT_TRUE(ramp_parts(Phase{}, 100, 1).empty());
  EXPECT_EQ(ramp_parts(ramp(300, 50), 100, 1), (std::vector<RampPart>{{100, 50}}));
}

TEST(StepAt, LiesOnTheLineThroughTheNearestPoints) {
  const std::vector<StepPoint> points{{10, {3.0}}, {20, {5.0}}, {40, {11.0}}};
  EXPECT_DOUBLE_EQ(step_at(points, 20).value, 5.0);
  EXPECT_DOUBLE_EQ(step_at(points, 15).value, 4.0);
  EXPECT_DOUBLE_EQ(step_at(points, 30).value, 8.0);
  EXPECT_DOUBLE_EQ(step_at(points, 5).value, 2.0);
  EXPECT_DOUBLE_EQ(step_at(points, 50).value, 14.0);
  EXPECT_DOUBLE_EQ(step_at({{10, {3.0}}}, 5).value, 1.5);
}

TEST(PlanOfPhase, ShrinksDataParallelAsContextParallelGrows) {
  Plan plan;
  plan.parallelism.data_parallel = 128;
  plan.batch = {15360, 1, 4096};
  Phase phase;
  EXPECT_EQ(plan_of_phase(plan, phase), plan);
  phase.global_batch_size = 1920;
  phase.sequence_length = 32768;
  phase.context_parallel = 8;
  const Plan changed = plan_of_phase(plan, phase);
  EXPECT_EQ(changed.parallelism.data_parallel, 16);
  EXPECT_EQ(changed.parallelism.context_parallel, 8);
  EXPECT_EQ(micro_batches(changed), 120);
  EXPECT_EQ(tokens_per_rank(changed), 4096);
}

TEST(PricePhase, MultipliesAndAddsUp) {
  Phase phase;
  phase.name = "one";
  const PhaseCost cost = price_phase(phase, {{1000, 10, {360}}, {500, 20, {36}}}, 100, {2.0});
  EXPECT_DOUBLE_EQ(cost.tokens, 1500);
  EXPECT_DOUBLE_EQ(cost.steps, 30);
  EXPECT_DOUBLE_EQ(cost.duration.value, 4320);
  EXPECT_DOUBLE_EQ(cost.gpu_hours, 120);
  EXPECT_DOUBLE_EQ(cost.usd.value, 240);
  EXPECT_EQ(cost.provenance, Provenance::modelled);
}

TEST(PriceRun, TheDeepSeekRunTakesItsPublishedTotalFromAllPhases) {
  const RunCost run = example_report().run;
  ASSERT_EQ(run.phases.size(), 4U);
  EXPECT_DOUBLE_EQ(run.published_gpu_hours, 2788000);
  EXPECT_DOUBLE_EQ(covered_gpu_hours(run.phases, 2),
                   run.phases[1].gpu_hours + run.phases[2].gpu_hours);
  EXPECT_EQ(covered_gpu_hours(run.phases, 1), 0);
  EXPECT_DOUBLE_EQ(run.phases[0].tokens, 14.8e12);
  EXPECT_EQ(run.provenance, Provenance::modelled);
  EXPECT_EQ(run.phases[3].provenance, Provenance::published);
  double sum = 0;
  for (const PhaseCost& phase : run.phases) sum += phase.gpu_hours;
  EXPECT_DOUBLE_EQ(run.gpu_hours, sum);
}

TEST(PriceRun, OnePhaseWithoutAFigureVoidsThePublishedTotal) {
  Plan plan = example_report().plan;
  plan.phases[3].published.reset();
  const RunCost run = price_run(plan, 2048, {{2.0}, ""}, [](const Plan&) { return Seconds{20.0}; });
  EXPECT_EQ(run.published_gpu_hours, 0);
}

TEST(PriceRun, APhaseThatCannotRunSaysSo) {
  const Plan plan = example_report().plan;
  const RunCost run =
      price_run(plan, 2048, {{2.0}, ""}, [](const Plan& asked) -> std::optional<Seconds> {
        if (asked.batch.sequence_length > 4096) return std::nullopt;
        return Seconds{20.0};
      });
  EXPECT_EQ(run.phases[1].gpu_hours, 0);
  EXPECT_EQ(run.phases[1].provenance, Provenance::assumed);
  EXPECT_NE(run.phases[1].note.find("cannot run"), std::string::npos);
  EXPECT_EQ(run.provenance, Provenance::assumed);
}

TEST(PriceRun, ARampCostsMoreThanTheFullBatch) {
  Plan plan = example_report().plan;
  plan.phases.resize(1);
  const auto step_of = [](const Plan& asked) -> std::optional<Seconds> {
    return Seconds{2.0 + asked.batch.global_batch_size / 1000.0};
  };
  const double ramped = price_run(plan, 2048, {}, step_of).gpu_hours;
  // By hand: one step costs 2 s of fill and drain on top of its share; there are
  // sum(tokens / batch) more steps.
  double steps = 0;
  for (const RampPart& part : ramp_parts(plan.phases[0], 15360, 256)) {
    steps += part.tokens / (part.batch * 4096.0) - part.tokens / (15360 * 4096.0);
  }
  plan.phases[0].ramp_from_batch_size = 0;
  const double flat = price_run(plan, 2048, {}, step_of).gpu_hours;
  EXPECT_NEAR(ramped - flat, steps * 2.0 * 2048 / 3600, 1e-6 * flat);
}

double sum_of_gpu_hours(const Report& report) {
  double sum = 0;
  for (const WaterfallLine& line : report.waterfall) sum += line.gpu_hours;
  return sum;
}

TEST(Waterfall, AddsUpToTheRunToTheLastBit) {
  for (const Report& report : {example_report(), example_report_bare()}) {
    EXPECT_EQ(sum_of_gpu_hours(report), report.run.gpu_hours);
    Usd usd;
    for (const WaterfallLine& line : report.waterfall) usd += line.usd;
    EXPECT_EQ(usd.value, report.run.usd.value);
  }
}

TEST(Waterfall, NamesEveryCause) {
  const Report report = example_report();
  ASSERT_EQ(report.waterfall.size(), 13U);
  EXPECT_EQ(report.waterfall[0].id, "ideal");
  EXPECT_EQ(report.waterfall[6].id, "effect:routing imbalance");
  EXPECT_EQ(report.waterfall[10].id, "batch_ramp");
  EXPECT_EQ(report.waterfall[12].id, "post_training");
  EXPECT_NEAR(report.waterfall[12].gpu_hours, 5000, 1e-6);
  // Ideal: 14.8 T tokens x 250.4 GFLOP at 989.4 TFLOP/s.
  EXPECT_NEAR(report.waterfall[0].gpu_hours, 14.8e12 * 250.4e9 / 989.4e12 / 3600, 1);
}

TEST(Waterfall, SaysWhenEffectsDoNotAddUp) {
  Report report = example_report();
  report.effects.pop_back();
  const std::vector<WaterfallLine> lines = waterfall(report);
  EXPECT_EQ(lines[9].id, "effects_together");
}

TEST(Waterfall, IsEmptyWithoutARun) { EXPECT_TRUE(small_report().waterfall.empty()); }

}  // namespace
}  // namespace reckon

#include "reports/published.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/reports/example_report.hpp"

namespace reckon {
namespace {

const PublishedFigure& figure(const Report& report, const std::string& id) {
  for (const PublishedFigure& one : report.published) {
    if (one.id == id) return one;
  }
  throw std::out_of_range(id);
}

TEST(PublishedFigures, HaveTheIssuesTolerances) {
  const Report report = example_report();
  EXPECT_EQ(report.published.size(), 13U);
  EXPECT_EQ(figure(report, "chunk_pair").tolerance_bare, 0.05);
  EXPECT_FALSE(figure(report, "chunk_pair").with_effects.has_value());
  for (const char* id : {"forward", "backward", "overlapped_pair"}) {
    EXPECT_EQ(figure(report, id).tolerance_bare, 0.12);
    EXPECT_EQ(figure(report, id).tolerance_with_effects, 0.08);
  }
  for (const char* id : {"step", "gpu_hours_per_trillion_tokens", "run_gpu_hours", "run_usd"}) {
    EXPECT_EQ(figure(report, id).tolerance_bare, 0.10);
    EXPECT_EQ(figure(report, id).tolerance_with_effects, 0.05);
  }
  for (const char* id : {"mfu_causal", "mfu_full"}) {
    EXPECT_EQ(figure(report, id).tolerance_bare, 0.045);
    EXPECT_EQ(figure(report, id).tolerance_with_effects, 0.02);
    EXPECT_TRUE(figure(report, id).tolerance_is_absolute);
  }
  for (const char* id : {"backward_weight", "bubble", "optimizer"}) {
    EXPECT_FALSE(is_within_tolerance(figure(report, id)).has_value());
  }
  EXPECT_DOUBLE_EQ(figure(report, "run_usd").published, 5576000);
}

TEST(PublishedFigures, ErrorsAreRelativeOrInPoints) {
  PublishedFigure step{.published = 20,
                       .bare = 18,
                       .with_effects = 19.5,
                       .tolerance_bare = 0.1001,
                       .tolerance_with_effects = 0.02};
  EXPECT_DOUBLE_EQ(error_of(step, 18), -0.1);
  EXPECT_EQ(is_within_tolerance(step), false);  // 2.5 % with effects
  step.with_effects = 19.7;
  EXPECT_EQ(is_within_tolerance(step), true);
  step.bare = 17.9;
  EXPECT_EQ(is_within_tolerance(step), false);
  PublishedFigure mfu{.published = 0.39, .tolerance_is_absolute = true};
  EXPECT_DOUBLE_EQ(error_of(mfu, 0.41), 0.41 - 0.39);
}

TEST(PublishedFigures, WithoutEffectsThereIsNoSecondColumn) {
  const Report report = example_report_bare();
  EXPECT_EQ(report.published.size(), 13U);
  for (const PublishedFigure& one : report.published) {
    EXPECT_FALSE(one.with_effects.has_value()) << one.id;
    EXPECT_EQ(one.tolerance_with_effects, 0) << one.id;
  }
}

TEST(PublishedFigures, NothingPublishedNoRows) { EXPECT_TRUE(small_report().published.empty()); }

TEST(PublishedFigures, RemarksSayWhatADifferenceIsMadeOf) {
  const Report report = example_report();
  EXPECT_NE(figure(report, "bubble").remark.find("stage imbalance"), std::string::npos);
  EXPECT_NE(figure(report, "bubble").remark.find("host stalls"), std::string::npos);
  // 0.48 s over 11.5 ops a rank.
  EXPECT_NE(figure(report, "backward_weight").remark.find("41.7 ms an op (11.5 ops a rank)"),
            std::string::npos);
  EXPECT_NE(figure(report, "step").remark.find("bubble -0.49 s, 1W -0.17 s"), std::string::npos);
}

TEST(PublishedFigures, ATotalAloneHasNoTolerance) {
  Report report = example_report();
  report.plan.published.reset();
  report.published = published_figures(report);
  ASSERT_EQ(report.published.size(), 2U);
  EXPECT_FALSE(is_within_tolerance(report.published[0]).has_value());
  EXPECT_NE(report.published[0].remark.find("restarts"), std::string::npos);
}

TEST(FormulaBubble, IsThePapersWithTheTablesOpTimes) {
  // v3_training.json, derived_checks: F 57.6, B_input 84.1, W 41.7, F&B 139.0 ms give 0.977 s.
  StepSummary summary;
  for (const double ops : {23.0, 16.0}) {
    RankTime rank;
    rank.forwards = rank.backwards = static_cast<int>(ops);
    rank.backward_weights = static_cast<int>(ops) - 8;
    rank.pairs = 100;
    rank.forward = {0.0576 * ops};
    rank.backward = {0.0841 * ops + 0.0417 * 8};
    rank.backward_weight = {0.0417 * (ops - 8)};
    rank.overlapped_pair = {13.90};
    summary.ranks.push_back(rank);
  }
  ScheduleShape shape{ScheduleKind::dual_pipe, 16, 16, 120};
  EXPECT_NEAR(formula_bubble(summary, shape)->value, 7 * (0.139 + 0.1258 - 3 * 0.0417), 1e-9);
  EXPECT_NEAR(formula_bubble(summary, shape)->value, 0.977, 0.002);
  shape = {ScheduleKind::dual_pipe_v, 8, 16, 120};
  EXPECT_NEAR(formula_bubble(summary, shape)->value, 0.977, 0.002);
  shape = {ScheduleKind::zb_h1, 16, 16, 120};
  EXPECT_NEAR(formula_bubble(summary, shape)->value, 15 * (0.0576 + 0.1258 - 2 * 0.0417), 1e-9);
}

TEST(FormulaBubble, IsEmptyWithoutTheOpsOfTheFormula) {
  EXPECT_FALSE(formula_bubble(StepSummary{}, {ScheduleKind::gpipe, 4, 4, 8}).has_value());
  StepSummary summary;
  RankTime rank{.forward = {2.0}, .backward = {4.0}};
  rank.forwards = rank.backwards = 2;
  summary.ranks = {rank};
  EXPECT_FALSE(formula_bubble(summary, {ScheduleKind::dual_pipe, 4, 4, 8}).has_value());
  const ScheduleShape shape{ScheduleKind::one_forward_one_backward, 4, 4, 8};
  EXPECT_DOUBLE_EQ(formula_bubble(summary, shape)->value, 3 * (1.0 + 2.0));
}

}  // namespace
}  // namespace reckon

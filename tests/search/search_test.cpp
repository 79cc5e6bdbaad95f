// The best-first search against going through all plans by hand.
#include "planner/search/search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "planner/spec/units.hpp"
#include "tests/search/searches.hpp"

namespace reckon {
namespace {

using test::SearchCase;

// Some thousand plans.
SearchCase medium_case(bool moe) {
  SearchCase given = test::small_search(moe);
  test::fix(given, {"tp=1,2", "cp=1", "mbs=1,2", "recompute=none,full", "layout=even,last-1"});
  if (moe) test::fix(given, {"ep=1,4", "precision=bf16", "pp=2,4", "overlap=none,both"});
  return given;
}

SearchResult by_hand(const SearchCase& given, const SearchOptions& options) {
  const SearchProblem problem = given.problem();
  const test::Found found = test::enumerated(given);
  const Workers workers = one_worker();
  std::vector<std::uint64_t> numbers;
  for (const Candidate& candidate : found.kept) numbers.push_back(candidate.number);
  const std::vector<Score> scores = plan_scorer(problem, workers)(numbers);
  SearchResult result;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const Inputs in = inputs_of(problem, numbers[i]);
    ScoredPlan plan;
    plan.candidate = found.kept[i];
    plan.candidate.memory_bytes = scores[i].memory_bytes;
    plan.step = scores[i].step;
    plan.run_s = run_seconds(given.limits, in.plan, to_seconds(scores[i].step));
    plan.gpu_hours = plan.candidate.gpus * plan.run_s / 3600;
    const double left = given.inputs.device.gpu.memory.value - scores[i].memory_bytes;
    plan.headroom_gib = static_cast<int>(left / gib);
    add_to_top(result.top, options.top, plan);
    add_to_front(result.front, plan);
  }
  std::erase_if(result.front, [&](const ScoredPlan& plan) {
    return plan.gpu_hours > options.front_within * result.front.front().gpu_hours;
  });
  return result;
}

TEST(Search, FindsWhatSimulatingEveryPlanFinds) {
  for (const bool moe : {false, true}) {
    const SearchCase given = medium_case(moe);
    const SearchOptions options{5, 2, 32, 1'000'000};
    const SearchResult found = test::searched(given, options, 1);
    const SearchResult expected = by_hand(given, options);
    ASSERT_GT(found.counts.kept, 1000U);
    EXPECT_TRUE(found.complete);
    EXPECT_EQ(found.top, expected.top);
    EXPECT_EQ(found.front, expected.front);
    EXPECT_LT(found.simulated, found.counts.kept);
  }
}

TEST(Search, IsTheSameOnAnyNumberOfThreadsAndInAnyBatch) {
  const SearchCase given = medium_case(true);
  const SearchResult one = test::searched(given, {}, 1);
  for (const std::size_t count : {2U, 5U}) {
    const SearchResult many = test::searched(given, {}, count);
    EXPECT_EQ(many.counts, one.counts);
    EXPECT_EQ(many.top, one.top);
    EXPECT_EQ(many.front, one.front);
    EXPECT_EQ(many.simulated, one.simulated);
  }
  const SearchResult crowded = test::searched(given, {10, 2, 7, 50}, 2);
  EXPECT_EQ(crowded.top, one.top);
  EXPECT_EQ(crowded.front, one.front);
}

TEST(Search, ShardsTogetherFindWhatTheWholeFinds) {
  SearchCase given = medium_case(true);
  given.space.gpus = {8, 16};
  const SearchResult whole = test::searched(given, {}, 1);
  std::vector<SearchResult> shards;
  for (int index = 0; index < 3; ++index) {
    given.shard = {index, 3};
    shards.push_back(test::searched(given, {}, 1));
    EXPECT_LT(shards.back().counts.space, whole.counts.space);
  }
  const SearchResult together = merged(shards, {});
  EXPECT_EQ(together.counts, whole.counts);
  EXPECT_EQ(together.top, whole.top);
  EXPECT_EQ(together.front, whole.front);
  EXPECT_TRUE(together.complete);
}

TEST(Search, KeepsWhatItHasWhenStopped) {
  const SearchCase given = medium_case(false);
  const SearchProblem problem = given.problem();
  const Workers workers = one_worker();
  const SearchResult stopped =
      search(problem, search_costs(given.inputs), plan_scorer(problem, workers), {}, workers,
             [](const SearchProgress& progress) { return progress.simulated < 30; });
  EXPECT_FALSE(stopped.complete);
  EXPECT_FALSE(stopped.top.empty());
  EXPECT_GE(stopped.top.front().run_s, test::searched(given, {}, 1).top.front().run_s);
}

TEST(Search, NamesThePlanNearestToALimitThatNoneKeeps) {
  SearchCase given = medium_case(false);
  const SearchResult free = test::searched(given, {}, 1);
  given.limits.most_days = free.top.front().run_s / 86400 * 0.999;
  const SearchResult late = test::searched(given, {}, 1);
  ASSERT_TRUE(late.top.empty());
  ASSERT_TRUE(late.nearest.has_value());
  EXPECT_EQ(late.nearest->reason, PruneReason::days);
  given.limits.most_days = 0;
  given.limits.most_usd = 1e-9;
  const SearchResult dear = test::searched(given, {}, 1);
  ASSERT_TRUE(dear.nearest.has_value());
  EXPECT_EQ(dear.nearest->reason, PruneReason::budget);
  EXPECT_EQ(dear.counts.at(PruneReason::budget) + dear.counts.at(PruneReason::memory),
            dear.counts.legal);
  given.limits.most_usd = 0;
  given.limits.memory_margin = 0.9999;
  const SearchResult full = test::searched(given, {}, 1);
  ASSERT_TRUE(full.nearest.has_value());
  EXPECT_EQ(full.nearest->reason, PruneReason::memory);
  for (const Candidate& candidate : test::enumerated(medium_case(false)).kept) {
    EXPECT_GE(candidate.memory_bytes, full.nearest->candidate.memory_bytes);
  }
}

// --- the space

TEST(SearchSpace, NumbersEveryPlanOnce) {
  const SearchSpace space = medium_case(true).space;
  for (std::uint64_t number = 0; number < size_of(space); number += 7) {
    EXPECT_EQ(number_of(space, choice_of(space, number)), number);
  }
}

TEST(SearchSpace, FixesKeepTheValuesTheyName) {
  SearchSpace space = test::small_search(true).space;
  EXPECT_TRUE(fix_axis(space, Axis::schedule, {"dual_pipe", "interleaved/3"}).empty());
  EXPECT_EQ(space.schedule,
            (std::vector<PipelineRule>{{ScheduleKind::interleaved_one_forward_one_backward, 3},
                                       {ScheduleKind::dual_pipe, 1}}));
  EXPECT_TRUE(fix_axis(space, Axis::pipeline_parallel, {"3"}).empty()) << "whatever divides";
  EXPECT_EQ(space.pipeline_parallel, std::vector<int>{3});
  const std::vector<std::string> problems = fix_axis(space, Axis::recompute, {"nrom"});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems.front().find("recompute=nrom"), std::string::npos);
  EXPECT_NE(problems.front().find("norm+swiglu"), std::string::npos);
}

TEST(SearchSpace, LayoutsTakeLayersFromTheEnds) {
  ModelSpec model = test::small_search(false).inputs.model;
  model.layers = 61;
  std::vector<int> v3(16, 4);
  v3.back() = 1;
  EXPECT_EQ(layers_by_rule(model, 16, {0, 2}), v3) << "DeepSeek-V3's";
  EXPECT_EQ(layers_by_rule(model, 4, {1, 1}), (std::vector<int>{15, 16, 16, 14}));
  EXPECT_TRUE(layers_by_rule(model, 16, {}).empty()) << "even";
  EXPECT_TRUE(layers_by_rule(model, 40, {0, 3}).empty()) << "fewer than none";
}

}  // namespace
}  // namespace reckon

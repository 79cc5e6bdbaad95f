// What the tables of a search say of a plan against the simulator and the memory model.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "planner/feasible.hpp"
#include "planner/schedules/build_schedule.hpp"
#include "planner/schedules/in_flight.hpp"
#include "planner/search/held_moments.hpp"
#include "tests/search/searches.hpp"

namespace reckon {
namespace {

using test::SearchCase;

// How far a bound is below what it bounds.
struct Slack {
  std::vector<double> shares;
  double share(double quantile) {
    std::sort(shares.begin(), shares.end());
    return shares[static_cast<std::size_t>(quantile * static_cast<double>(shares.size() - 1))];
  }
};

std::string text_of(const SearchSpace& space, std::uint64_t number) {
  const Choice choice = choice_of(space, number);
  std::string text;
  for (const auto& [axis, name] : EnumNames<Axis>::table) {
    text += std::string(name) + "=" +
            value_text(space, axis, choice[static_cast<std::size_t>(axis)]) + " ";
  }
  return text;
}

// Bound and memory of `count` plans drawn among those that fit.
Slack check(const SearchCase& given, std::size_t count, std::uint64_t seed) {
  test::Found found = test::enumerated(given);
  std::mt19937_64 random(seed);
  std::shuffle(found.kept.begin(), found.kept.end(), random);
  found.kept.resize(std::min(count, found.kept.size()));
  const SearchProblem problem = given.problem();
  std::vector<std::uint64_t> numbers;
  for (const Candidate& candidate : found.kept) numbers.push_back(candidate.number);
  const Workers workers = one_worker();
  const std::vector<Score> scores = plan_scorer(problem, workers)(numbers);
  Slack slack;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const Candidate& candidate = found.kept[i];
    const Inputs in = inputs_of(problem, candidate.number);
    const double run_s = run_seconds(given.limits, in.plan, to_seconds(scores[i].step));
    EXPECT_LE(candidate.least_s, run_s) << text_of(given.space, candidate.number);
    EXPECT_NEAR(candidate.memory_bytes / scores[i].memory_bytes, 1, 1e-9)
        << text_of(given.space, candidate.number);
    slack.shares.push_back(1 - candidate.least_s / run_s);
  }
  return slack;
}

void print(const char* what, Slack slack) {
  std::printf(
      "%s: %zu plans, bound below the simulation by %.3f %% (median), %.3f %% (p90), "
      "%.3f %% (most)\n",
      what, slack.shares.size(), 100 * slack.share(0.5), 100 * slack.share(0.9),
      100 * slack.share(1));
}

TEST(SearchBounds, HoldForSmallDenseModels) {
  const SearchCase given = test::small_search(false);
  Slack slack = check(given, 400, 1);
  print("small dense", slack);
  EXPECT_LT(slack.share(0.5), 0.05);
}

TEST(SearchBounds, HoldForSmallModelsWithExperts) {
  const SearchCase given = test::small_search(true);
  Slack slack = check(given, 600, 2);
  print("small moe", slack);
  EXPECT_LT(slack.share(0.5), 0.1);
}

TEST(SearchBounds, HoldForZeroTwoAndThree) {
  for (const bool moe : {false, true}) {
    SearchCase given = test::small_search(moe);
    test::fix(given, {"zero=2,3"});
    Slack slack = check(given, 400, 4);
    print(moe ? "ZeRO-2 and 3, small moe" : "ZeRO-2 and 3, small dense", slack);
    EXPECT_LT(slack.share(0.5), 0.1);
  }
}

TEST(SearchBounds, HoldForExpertTensorParallel) {
  SearchCase given = test::small_search(true);
  test::fix(given, {"tp=2,4", "etp=1,2"});
  Slack slack = check(given, 400, 5);
  print("expert tensor parallel", slack);
  EXPECT_LT(slack.share(0.5), 0.1);
}

TEST(SearchBounds, HoldForRecomputedModules) {
  SearchCase given = test::small_search(true);
  test::fix(given, {"recompute=mlp,experts,mlp+experts,norm+mlp+experts"});
  Slack slack = check(given, 300, 6);
  print("recomputed modules", slack);
  EXPECT_LT(slack.share(0.5), 0.1);
}

TEST(SearchBounds, HoldForBlackwellPrecisions) {
  SearchCase given = test::small_search(true);
  given.inputs.device.gpu.fp8_peak = given.inputs.device.gpu.bf16_peak * 2;
  given.inputs.device.gpu.fp4_peak = given.inputs.device.gpu.bf16_peak * 4;
  const Inputs& in = given.inputs;
  given.space = whole_space(in.model, in.cluster, in.device, in.plan.batch);
  test::fix(given, {"precision=mxfp8,nvfp4", "cp=1,2", "mbs=1,2"});
  Slack slack = check(given, 300, 7);
  print("mxfp8, nvfp4", slack);
  EXPECT_LT(slack.share(0.5), 0.1);
}

TEST(SearchBounds, HoldForDeepSeekV3) {
  SearchCase given = test::shipped_search("deepseek-v3", "h800-2048-mpft", 15360, 4096);
  test::fix(given, {"tp=1,2", "cp=1,2", "ep=8,64", "pp=4,16", "mbs=1,2", "precision=fp8"});
  Slack slack = check(given, 120, 3);
  print("DeepSeek-V3", slack);
  EXPECT_LT(slack.share(0.5), 0.02);
}

// --- legality

bool has_whole_backward(ScheduleKind kind) {
  return kind == ScheduleKind::gpipe || kind == ScheduleKind::one_forward_one_backward ||
         kind == ScheduleKind::interleaved_one_forward_one_backward;
}

// Whether an axis of the plan says nothing, or says the even layout in other words; or ZeRO-2 and 3
// where a schedule has no place for their exchanges.
bool has_another_name(const SearchCase& given, const Plan& plan) {
  const Parallelism& p = plan.parallelism;
  const bool alone =
      p.data_parallel * p.context_parallel == 1 && plan.schedule != ScheduleKind::dual_pipe;
  if (p.sequence_parallel && p.tensor_parallel == 1) return true;
  if (p.expert_tensor_parallel == p.tensor_parallel) return true;
  if (p.zero_stage >= 2 && (plan.overlap.gradient_reduction || !has_whole_backward(plan.schedule)))
    return true;
  if (p.zero_stage == 3 && plan.overlap.parameter_gather) return true;
  if (alone && (p.zero_stage > 0 || plan.overlap.gradient_reduction)) return true;
  if (plan.overlap.parameter_gather && p.zero_stage == 0) return true;
  std::set<std::vector<int>> layouts;
  for (const LayoutRule& rule : given.space.layout) {
    Plan other = plan;
    other.layout.layers_per_stage = layers_by_rule(given.inputs.model, stages(plan), rule);
    std::vector<int> layers;
    for (const StageLayers& s : stage_layers(given.inputs.model, other)) layers.push_back(s.layers);
    layouts.insert(layers);
  }
  return layouts.size() < given.space.layout.size();
}

// Every plan of a small space: kept or refused by memory if and only if feasible() finds nothing.
void check_legality(SearchCase given, std::uint64_t stride) {
  given.inputs.device.gpu.memory = Bytes{1e18};
  const test::Found found = test::enumerated(given);
  std::set<std::uint64_t> legal;
  for (const Candidate& candidate : found.kept) legal.insert(candidate.number);
  EXPECT_EQ(legal.size(), found.counts.legal);
  std::uint64_t pruned = 0;
  for (const std::uint64_t count : found.counts.pruned) pruned += count;
  EXPECT_EQ(pruned + found.counts.legal, size_of(given.space));
  const SearchProblem problem = given.problem();
  std::uint64_t other_names = 0;
  for (std::uint64_t number = 0; number < size_of(given.space); number += stride) {
    const Inputs in = inputs_of(problem, number);
    const bool can_run = problems_of(in).empty();
    const bool is_legal = legal.count(number) > 0;
    EXPECT_TRUE(can_run || !is_legal) << text_of(given.space, number);
    if (!can_run || is_legal) continue;
    ++other_names;
    EXPECT_TRUE(has_another_name(given, in.plan)) << text_of(given.space, number);
  }
  EXPECT_GT(other_names, 0U);
}

TEST(SearchLegality, IsThatOfFeasible) {
  check_legality(test::small_search(false), 397);
  check_legality(test::small_search(true), 7993);
}

// --- moments

TEST(HeldMoments, HoldTheWorstMomentOfEverySchedule) {
  std::mt19937 random(7);
  for (const auto& [kind, name] : EnumNames<ScheduleKind>::table) {
    for (const int ranks : {2, 4, 6}) {
      for (const int rounds : {2, 3, 7, 12}) {
        int stages = ranks;
        if (kind == ScheduleKind::interleaved_one_forward_one_backward) stages = 3 * ranks;
        if (kind == ScheduleKind::dual_pipe_v || kind == ScheduleKind::zb_v) stages = 2 * ranks;
        const ScheduleShape shape{kind, ranks, stages, ranks * rounds};
        if (!shape_problems(shape).empty()) continue;
        HeldMomentsCache cache;
        const std::vector<HeldMoments>& moments = cache.of(shape);
        const Schedule schedule = build_schedule(shape);
        for (int rank = 0; rank < ranks; ++rank) {
          const HeldMoments& held = moments[static_cast<std::size_t>(rank)];
          const auto count = static_cast<std::size_t>(held.stages);
          ChunkWeights weights;
          for (std::size_t i = 0; i < count; ++i) {
            weights.live.push_back(static_cast<double>(random() % 9 + 1));
            weights.queued.push_back(static_cast<double>(random() % 9 + 1));
          }
          const ChunksInFlight worst = worst_moment(schedule, rank, weights);
          double expected = 0;
          for (std::size_t i = 0; i < count; ++i) {
            expected += worst.live[i] * weights.live[i] + worst.queued[i] * weights.queued[i];
          }
          double most = 0;
          for (std::size_t moment = 0; moment < held.moments(); ++moment) {
            double bytes = 0;
            for (std::size_t i = 0; i < count; ++i) {
              bytes += held.live[moment * count + i] * weights.live[i] +
                       held.queued[moment * count + i] * weights.queued[i];
            }
            most = std::max(most, bytes);
          }
          EXPECT_EQ(most, expected) << name << " PP " << ranks << " n " << shape.micro_batches;
        }
      }
    }
  }
}

}  // namespace
}  // namespace reckon

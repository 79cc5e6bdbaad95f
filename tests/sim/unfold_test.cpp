// Folding is exact: simulating every data-parallel rank gives each the trace of its class.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "sim/simulate.hpp"
#include "tests/sim/cases.hpp"

namespace reckon {
namespace {

using test::Case;
using Kind = ScheduleKind;

bool is_tail(OpKind kind) {
  return kind == OpKind::reduce_gradients || kind == OpKind::optimizer_step ||
         kind == OpKind::gather_parameters;
}

// Without effects every lane of a pipeline rank is that rank's folded trace.
void expect_same_on_every_rank(const Case& given, const EffectSwitches& effects) {
  const StepTrace folded = test::run(given, effects);
  const StepTrace unfolded = test::run_unfolded(given, effects);
  const auto replicas = static_cast<std::size_t>(given.plan.parallelism.data_parallel);
  EXPECT_EQ(unfolded.step_end, folded.step_end);
  ASSERT_EQ(unfolded.ranks.size(), folded.ranks.size() * replicas);
  for (std::size_t i = 0; i < unfolded.ranks.size(); ++i) {
    const RankTrace& one = unfolded.ranks[i];
    const RankTrace& all = folded.ranks[i / replicas];
    ASSERT_EQ(one.pipeline_rank, all.pipeline_rank);
    ASSERT_EQ(one.data_rank, static_cast<int>(i % replicas));
    ASSERT_EQ(one.ops, all.ops);
    ASSERT_EQ(one.compute_busy, all.compute_busy);
    ASSERT_EQ(one.communication_busy, all.communication_busy);
    ASSERT_EQ(one.multiplicity * static_cast<int>(replicas), all.multiplicity);
  }
}

TEST(Unfold, DeepSeekV3WithoutEffects) {
  expect_same_on_every_rank(test::shipped_case("deepseek-v3-2048-h800"), no_effects);
}

// Clock and sends are the same on every rank.
TEST(Unfold, DeepSeekV3WithEffectsThatDoNotDifferByRank) {
  expect_same_on_every_rank(test::shipped_case("deepseek-v3-2048-h800"),
                            {.clock = true, .pipeline_sends = true});
}

TEST(Unfold, SmallTensorParallelPlan) {
  Case given =
      test::small_case(test::small_dense_model(4), Kind::one_forward_one_backward, 2, 4, 6);
  given.plan.parallelism.tensor_parallel = 2;
  given.cluster = test::round_cluster(2);
  expect_same_on_every_rank(given, no_effects);
  expect_same_on_every_rank(given, {.clock = true, .pipeline_sends = true});
}

// With routing and jitter the folded run simulates one expert-parallel group of 64; the unfolded
// one both. Groups meet in the tail only, so the first one's ops are the folded run's.
TEST(Unfold, TheFirstExpertGroupIsTheFoldedRun) {
  const Case given = test::shipped_case("deepseek-v3-2048-h800");
  const Schedule schedule = test::schedule_of(given.plan);
  const StepTrace folded = test::run(given, all_effects);
  const StepTrace unfolded = test::run_unfolded(given, all_effects);
  ASSERT_EQ(folded.ranks.size(), 16U * 64);
  ASSERT_EQ(unfolded.ranks.size(), 16U * 128);
  EXPECT_GE(unfolded.step_end, folded.step_end) << "the step waits for the slower group";
  for (std::size_t rank = 0; rank < 16; ++rank) {
    const std::vector<Op>& ops = schedule.ops_by_rank[rank];
    for (std::size_t lane = 0; lane < 64; ++lane) {
      const RankTrace& one = folded.ranks[rank * 64 + lane];
      const RankTrace& same = unfolded.ranks[rank * 128 + lane];
      for (std::size_t op = 0; op < ops.size(); ++op) {
        if (is_tail(ops[op].kind)) continue;
        ASSERT_EQ(one.ops[op], same.ops[op]) << to_text(ops[op]);
      }
    }
  }
}

// Context parallelism spreads an expert-parallel group over fewer data ranks; where neither number
// divides the other, groups overlap the borders of data ranks and are simulated as one.
TEST(Unfold, ExpertGroupsAcrossContextParallelRanks) {
  struct Sizes {
    int data, context, expert;
  };
  for (const Sizes& sizes : {Sizes{4, 2, 4}, Sizes{2, 4, 2}, Sizes{3, 2, 6}, Sizes{5, 4, 10}}) {
    ModelSpec model = test::small_moe_model(2);
    model.moe->experts = 60;
    model.moe->groups = model.moe->groups_per_token = 1;
    Case given = test::small_case(model, Kind::one_forward_one_backward, 1, sizes.data, 2);
    given.plan.parallelism.context_parallel = sizes.context;
    given.plan.parallelism.expert_parallel = sizes.expert;
    given.cluster.gpus_per_node = 1;
    given.cluster.nodes = sizes.data * sizes.context;
    expect_same_on_every_rank(given, no_effects);
    given.plan.effects.jitter_relative_deviation = 0.02;
    given.plan.effects.routing_relative_deviation = 0.08;
    const StepTrace trace = test::run_unfolded(given, all_effects);
    EXPECT_EQ(trace.ranks.size(), static_cast<std::size_t>(sizes.data));
  }
}

// Same inputs, same bytes out; another seed, another step.
TEST(Unfold, EffectsAreReproducibleAndSeeded) {
  Case given = test::shipped_case("deepseek-v3-2048-h800");
  const StepTrace one = test::run_with_parts(given, all_effects);
  const StepTrace again = test::run_with_parts(given, all_effects);
  EXPECT_TRUE(one == again);
  given.plan.effects.seed = 2;
  const StepTrace other = test::run_with_parts(given, all_effects);
  EXPECT_NE(one.step_end, other.step_end);
  EXPECT_NEAR(static_cast<double>(other.step_end) / static_cast<double>(one.step_end), 1, 0.01);
}

}  // namespace
}  // namespace reckon

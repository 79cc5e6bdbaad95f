// What a folded step takes does not grow with the number of GPUs. Counted, not timed.
#include <gtest/gtest.h>

#include <cstddef>

#include "sim/simulate.hpp"
#include "tests/sim/cases.hpp"

namespace reckon {
namespace {

// DeepSeek-V3's step with so many pipelines of 16 GPUs, 120 sequences each.
test::Case v3(int pipelines) {
  test::Case given = test::shipped_case("deepseek-v3-2048-h800");
  given.plan.parallelism.data_parallel = pipelines;
  given.plan.batch.global_batch_size = 120 * pipelines;
  given.cluster.nodes = 2 * pipelines;
  return given;
}

SimulationSize size_of(const test::Case& given, const EffectSwitches& effects, bool unfold) {
  return simulation_size(test::inputs_of(given), test::schedule_of(given.plan),
                         {effects, unfold, false});
}

std::size_t ops_of(const StepTrace& trace) {
  std::size_t ops = 0;
  for (const RankTrace& rank : trace.ranks) ops += rank.ops.size();
  return ops;
}

TEST(Growth, AFoldedStepIsAsMuchWorkOnAnyNumberOfGpus) {
  for (const EffectSwitches& effects : {no_effects, all_effects}) {
    const test::Case narrow = v3(64);
    const SimulationSize expected = size_of(narrow, effects, false);
    const StepTrace trace = test::run(narrow, effects);
    ASSERT_GT(expected.part_runs, 0);
    for (const int pipelines : {128, 1024, 8192}) {  // 2,048 to 131,072 GPUs
      const test::Case wide = v3(pipelines);
      const SimulationSize size = size_of(wide, effects, false);
      EXPECT_EQ(size.part_runs, expected.part_runs) << pipelines;
      EXPECT_EQ(size.bytes, expected.bytes) << pipelines;
      const StepTrace of_wide = test::run(wide, effects);
      EXPECT_EQ(of_wide.ranks.size(), trace.ranks.size()) << pipelines;
      EXPECT_EQ(ops_of(of_wide), ops_of(trace)) << pipelines;
    }
  }
}

// So that the counts above are seen to count something.
TEST(Growth, AnUnfoldedStepGrowsWithTheNumberOfGpus) {
  const double narrow = size_of(v3(64), no_effects, true).part_runs;
  EXPECT_EQ(size_of(v3(1024), no_effects, true).part_runs, 16 * narrow);
}

}  // namespace
}  // namespace reckon

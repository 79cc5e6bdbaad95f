// simulate() as a whole: small plans by hand, each effect on its own, and what else it answers.
#include "sim/simulate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "planner/catalog.hpp"
#include "planner/spec/parameters.hpp"
#include "sim/timed_program.hpp"
#include "tests/sim/cases.hpp"

namespace reckon {
namespace {

using test::Case;
using test::inputs_of;
using test::run;
using Kind = ScheduleKind;

Case v3() { return test::shipped_case("deepseek-v3-2048-h800"); }

SimTime part_time(const Case& given, PartKind kind, int layer, bool clock = false) {
  EffectSwitches effects;
  effects.clock = clock;
  Seconds sum;
  for (const KernelWork& kernel : work_of(given.model, given.plan, kind, layer).kernels) {
    sum += kernel_time(given.device, kernel, context_of(inputs_of(given), effects, false));
  }
  return to_sim_time(sum);
}

// Forward and backward of the whole dense model on one rank: the sum of its parts.
SimTime one_pass(const Case& given, bool clock = false) {
  SimTime sum = 0;
  for (const PartKind kind :
       {PartKind::embedding_forward, PartKind::head_forward, PartKind::head_backward_input,
        PartKind::head_backward_weight, PartKind::embedding_backward_weight}) {
    sum += part_time(given, kind, 0, clock);
  }
  for (int layer = 0; layer < given.model.layers; ++layer) {
    for (const PartKind kind :
         {PartKind::attention_forward, PartKind::mlp_forward, PartKind::mlp_backward_input,
          PartKind::mlp_backward_weight, PartKind::attention_backward_input,
          PartKind::attention_backward_weight}) {
      sum += part_time(given, kind, layer, clock);
    }
  }
  return sum;
}

// One GPU, 3 micro-batches: everything in series, then the optimizer; nobody to talk to.
TEST(Simulate, OneGpuRunsEverythingInSeries) {
  const Case given =
      test::small_case(test::small_dense_model(3), Kind::one_forward_one_backward, 1, 1, 3);
  const StepTrace trace = run(given, no_effects);
  const SimTime optimizer = to_sim_time(optimizer_time(inputs_of(given), {0}));
  EXPECT_EQ(trace.step_end, 3 * one_pass(given) + optimizer);
  ASSERT_EQ(trace.ranks.size(), 1U);
  EXPECT_EQ(trace.ranks[0].compute_busy, trace.step_end);
  EXPECT_EQ(trace.ranks[0].communication_busy, 0);
  EXPECT_EQ(trace.origin, TraceOrigin::predicted);
}

// Two ranks and one micro-batch: the activation and the gradient cross once each, one after the
// other, so the effect adds exactly two sends.
TEST(Simulate, PipelineSendsAddTheirTime) {
  const Case given =
      test::small_case(test::small_dense_model(4), Kind::one_forward_one_backward, 2, 1, 1);
  const SimTime send = to_sim_time(pipeline_send_time(given.cluster, given.model, given.plan));
  EXPECT_GT(send, 0);
  const StepTrace bare = run(given, no_effects);
  const StepTrace with = run(given, {.pipeline_sends = true});
  EXPECT_EQ(with.step_end, bare.step_end + 2 * send);
  EXPECT_EQ(bare.ranks[0].communication_busy, with.ranks[0].communication_busy - send);
}

// The clock derate slows tensor-core kernels and nothing else.
TEST(Simulate, ClockSlowsTensorCoresAlone) {
  Case given =
      test::small_case(test::small_dense_model(3), Kind::one_forward_one_backward, 1, 1, 1);
  given.device.sustained.bf16_rate_factor = 0.8;
  const StepTrace bare = run(given, no_effects);
  const StepTrace slow = run(given, {.clock = true});
  EXPECT_EQ(slow.step_end - bare.step_end, one_pass(given, true) - one_pass(given));
  EXPECT_GT(slow.step_end, bare.step_end);
  given.device.sustained.bf16_rate_factor = 1;
  EXPECT_EQ(run(given, {.clock = true}), run(given, no_effects));
}

// Effects of size zero change nothing, though lanes are told apart for them.
TEST(Simulate, EffectsOfNoSizeChangeNothing) {
  Case given = test::small_case(test::small_moe_model(4), Kind::dual_pipe, 2, 4, 4);
  given.plan.parallelism.expert_parallel = 4;
  given.device.sustained = {};
  const StepTrace bare = run(given, no_effects);
  const StepTrace with = run(given, {.clock = true, .routing = true, .jitter = true});
  EXPECT_EQ(with.step_end, bare.step_end);
  EXPECT_EQ(with.ranks.size(), 4 * bare.ranks.size());
  EXPECT_EQ(with.ranks[0].ops, bare.ranks[0].ops);
}

// Real node spread: 3.97 nodes a token in place of 3.629 makes each transfer longer by the bytes.
TEST(Simulate, RoutingTakesTheRealNodeSpread) {
  Case given = v3();
  given.plan.effects.routing_relative_deviation = 0;
  const StepTrace real = run(given, {.routing = true});
  given.plan.expert_communication.distinct_nodes_per_token = 0;
  const StepTrace formula = run(given, {.routing = true});
  EXPECT_EQ(formula.step_end, run(given, no_effects).step_end);
  const auto transfers = [](const StepTrace& trace) {
    return to_seconds(trace.ranks[0].communication_busy).value;
  };
  // Beside what crosses the network, transfers have a startup, a layout kernel or a cast: the rest
  // grows by 3.97 / 3.629 = 1.094.
  const double ratio = transfers(real) / transfers(formula);
  EXPECT_GT(ratio, 1.05);
  EXPECT_LT(ratio, 3.97 / 3.629);
}

// --- which ranks are told apart

TEST(Simulate, FoldsWhatNoInputDistinguishes) {
  const Case given = v3();
  const StepTrace bare = run(given, no_effects);
  ASSERT_EQ(bare.ranks.size(), 16U);
  EXPECT_EQ(bare.ranks[0].multiplicity, 128);
  const StepTrace with = run(given, all_effects);
  ASSERT_EQ(with.ranks.size(), 16U * 64) << "one expert-parallel group";
  EXPECT_EQ(with.ranks[0].multiplicity, 2);
  int gpus = 0;
  for (const RankTrace& rank : with.ranks) gpus += rank.multiplicity;
  EXPECT_EQ(gpus, 2048);
}

TEST(Simulate, DenseModelsHaveSixteenReplicasWithJitter) {
  Case given =
      test::small_case(test::small_dense_model(4), Kind::one_forward_one_backward, 2, 32, 2);
  given.plan.effects.jitter_relative_deviation = 0.02;
  const StepTrace trace = run(given, all_effects);
  EXPECT_EQ(trace.ranks.size(), 2U * 16);
  EXPECT_EQ(trace.ranks[0].multiplicity, 2);
}

TEST(Simulate, PartsAreRecordedOnRequest) {
  const Case given = test::small_case(test::small_moe_model(4), Kind::zb_h1, 2, 2, 3);
  const StepTrace without = run(given, no_effects);
  const StepTrace with = test::run_with_parts(given, no_effects);
  EXPECT_EQ(with.step_end, without.step_end);
  for (std::size_t rank = 0; rank < with.ranks.size(); ++rank) {
    EXPECT_TRUE(without.ranks[rank].parts.empty());
    EXPECT_FALSE(with.ranks[rank].parts.empty());
    EXPECT_EQ(with.ranks[rank].ops, without.ranks[rank].ops);
  }
}

// --- the other answers

TEST(ChunkPair, IsZeroWithoutPairs) {
  const Case given =
      test::small_case(test::small_moe_model(4), Kind::one_forward_one_backward, 2, 2, 2);
  EXPECT_EQ(chunk_pair_time(inputs_of(given), test::schedule_of(given.plan)).value, 0);
}

// The sum over kernels, with the optimizer, is what the compute lanes were busy with; the transfers
// are what the communication lanes carried, without the tail.
TEST(WorkShares, AddUpToTheBusyTimeOfTheLanes) {
  for (const std::string& plan : shipped_names(RECKON_DATA_DIR, DocumentKind::plan)) {
    const Case given = test::shipped_case(plan);
    const Schedule schedule = test::schedule_of(given.plan);
    const StepTrace trace = simulate(inputs_of(given), schedule, {});
    double compute = 0;
    double communication = 0;
    for (const WorkShare& share : work_shares(inputs_of(given), schedule)) {
      (share.lane == Lane::compute ? compute : communication) += share.time.value;
      EXPECT_GE(share.time.value, share.outside.value) << share.name;
      EXPECT_EQ(share.extrapolated.has_value(), share.outside.value > 0) << share.name;
    }
    double busy = 0;
    double carried = 0;
    for (const RankTrace& rank : trace.ranks) {
      busy += to_seconds(rank.compute_busy).value;
      carried += to_seconds(rank.communication_busy).value;
      const auto stages = stages_of_rank(schedule.shape, rank.pipeline_rank);
      compute +=
          optimizer_time(inputs_of(given), stages).value / static_cast<double>(trace.ranks.size());
      for (const int stage : stages) {
        communication += (gradient_reduction(inputs_of(given), stage).time +
                          parameter_gather(inputs_of(given), stage).time)
                             .value /
                         static_cast<double>(trace.ranks.size());
      }
    }
    const auto ranks = static_cast<double>(trace.ranks.size());
    EXPECT_NEAR(compute / (busy / ranks), 1, 1e-8) << plan;
    EXPECT_NEAR(communication / (carried / ranks), 1, 1e-8) << plan;
  }
}

// Nothing is recomputed and no MTP module trained: no FLOPs beyond the model's. Full recomputation
// repeats the forward of the layers: a third of the model FLOPs without the head's 2 h V.
TEST(ExtraFlops, OfRecomputation) {
  Case given = test::small_case(test::small_dense_model(3), Kind::gpipe, 1, 1, 1);
  EXPECT_EQ(extra_flops_per_token(inputs_of(given)).value, 0);
  given.plan.recompute.full = true;
  const double model =
      model_flops_per_token(given.model, 512, AttentionCounting::causal, false).value;
  EXPECT_NEAR(extra_flops_per_token(inputs_of(given)).value, model / 3 - 2.0 * 512 * 4096, 1);
}

// V3: recomputing the up-projections costs 2 x (1536 x 24576 + 512 x 32768) a layer and token; 62
// layers with the MTP module's; the module itself adds its training FLOPs.
TEST(ExtraFlops, OfDeepSeekV3) {
  const Case given = v3();
  const double again = 62 * 2.0 * (1536.0 * 24576 + 512.0 * 32768);
  const double mtp =
      model_flops_per_token(given.model, 4096, AttentionCounting::causal, true).value -
      model_flops_per_token(given.model, 4096, AttentionCounting::causal, false).value;
  EXPECT_NEAR(extra_flops_per_token(inputs_of(given)).value, again + mtp, 1e-6 * again);
}

// Inputs that a search may try: no overlap, no sends, one rank, one micro-batch, no ZeRO.
TEST(Simulate, EdgesOfThePlanSpace) {
  for (const auto& [kind, name] : EnumNames<Kind>::table) {
    const int ranks = kind == Kind::dual_pipe ? 2 : 1;
    Case given = test::small_case(test::small_moe_model(4), kind, ranks, 2, 2 * ranks);
    given.plan.parallelism.zero_stage = 0;
    given.plan.expert_communication.overlap_in_pairs = false;
    const StepTrace trace = run(given, all_effects);
    EXPECT_GT(trace.step_end, 0) << name;
  }
}

}  // namespace
}  // namespace reckon

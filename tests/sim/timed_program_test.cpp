// Programs with durations: the floors of every part of DeepSeek-V3, and the step's tail by hand.
#include "sim/timed_program.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "planner/spec/work.hpp"
#include "tests/sim/cases.hpp"

namespace reckon {
namespace {

using test::Case;
using test::inputs_of;

Case v3() { return test::shipped_case("deepseek-v3-2048-h800"); }

Program v3_pair(const Case& given, Sends sends) {
  const std::vector<StageLayers> stages = stage_layers(given.model, given.plan);
  return pair_program(given.model, given.plan, stages[5], stages[10], sends);
}

// Without overlap a pair is a forward and then a backward.
TEST(PairProgram, InSeriesWithoutOverlap) {
  Case given = v3();
  given.plan.expert_communication.overlap_in_pairs = false;
  const std::vector<StageLayers> stages = stage_layers(given.model, given.plan);
  const Program pair = v3_pair(given, {});
  const Program forward = chunk_program(given.model, given.plan, stages[5], OpKind::forward, {});
  const Program backward = chunk_program(given.model, given.plan, stages[10], OpKind::backward, {});
  ASSERT_EQ(pair.parts.size(), forward.parts.size() + backward.parts.size());
  EXPECT_FALSE(pair.overlapped);
  EXPECT_EQ(pair.parts[forward.parts.size()].after, static_cast<int>(forward.parts.size()) - 1);
  ProgramTimer timer(inputs_of(given), no_effects);
  const int f = timer.chunk(OpKind::forward, 5, {});
  const int b = timer.chunk(OpKind::backward, 10, {});
  const int fb = timer.pair(5, 10, {});
  const auto span = [&timer](int program) {
    return program_span(timer.programs()[static_cast<std::size_t>(program)]);
  };
  EXPECT_EQ(span(fb), span(f) + span(b));
}

TEST(ProgramSpan, IsTheLongerLane) {
  TimedProgram program;
  const auto add = [&program](SimTime time, Lane lane, int after) {
    TimedPart part;
    part.fixed = time;
    part.lane = lane;
    part.after = static_cast<std::int16_t>(after);
    program.parts.push_back(part);
  };
  EXPECT_EQ(program_span(program), 0);
  add(10, Lane::compute, -1);       // 0-10
  add(30, Lane::communication, 0);  // 10-40
  add(15, Lane::compute, 0);        // 10-25
  EXPECT_EQ(program_span(program), 40);
  add(20, Lane::compute, 1);        // 40-60
  add(5, Lane::communication, -1);  // 40-45
  EXPECT_EQ(program_span(program), 60);
}

// --- durations

// Every part of a V3 pair takes at least its FLOPs at the peak of 112 SMs, its bytes at HBM speed,
// and what it puts on the NIC at 50 GB/s.
TEST(ProgramTimer, NoPartIsFasterThanTheHardware) {
  const Case given = v3();
  ProgramTimer timer(inputs_of(given), no_effects);
  const int id = timer.pair(5, 10, {});
  const TimedProgram& program = timer.programs()[static_cast<std::size_t>(id)];
  for (const TimedPart& part : program.parts) {
    const PartWork work = work_of(given.model, given.plan, part.kind, part.layer);
    double flops_time = 0;
    double bytes_time = 0;
    for (const KernelWork& kernel : work.kernels) {
      const bool fp8 = kernel.dtype == Dtype::fp8_block;
      flops_time += kernel.flops.value / ((fp8 ? 1978.9e12 : 989.4e12) * 112 / 132);
      bytes_time += kernel.bytes.value / 3350e9;
    }
    const double nic_time =
        work.experts.tokens * work.experts.bytes_per_copy.value * 3.629 * 7 / 8 / 50e9;
    const double time = to_seconds(part.fixed).value;
    EXPECT_GE(time, flops_time) << enum_name(part.kind);
    EXPECT_GE(time, bytes_time) << enum_name(part.kind);
    EXPECT_GE(time, nic_time) << enum_name(part.kind);
    EXPECT_GE(part.routed, 0) << enum_name(part.kind);
    EXPECT_LE(part.routed, part.fixed) << enum_name(part.kind);
    EXPECT_EQ(part.expert_transfer, part.lane == Lane::communication);
  }
}

TEST(ProgramTimer, EqualProgramsAreBuiltOnce) {
  const Case given = v3();
  ProgramTimer timer(inputs_of(given), all_effects);
  const int one = timer.chunk(OpKind::forward, 3, {});
  EXPECT_EQ(timer.chunk(OpKind::forward, 3, {}), one);
  EXPECT_NE(timer.chunk(OpKind::forward, 4, {}), one);
  EXPECT_NE(timer.chunk(OpKind::backward, 3, {}), one);
  EXPECT_NE(timer.chunk(OpKind::forward, 3, {.activation = true}), one);
  EXPECT_NE(timer.pair(3, 12, {}), timer.pair(12, 3, {}));
  EXPECT_EQ(timer.programs().size(), 6U);
}

// Communication takes 20 of 132 SMs in overlapped pairs and none elsewhere; the clock derate is an
// effect.
TEST(ProgramTimer, ContextOfAPart) {
  const Case given = v3();
  EXPECT_EQ(context_of(inputs_of(given), no_effects, false).sms, 132);
  EXPECT_EQ(context_of(inputs_of(given), no_effects, true).sms, 112);
  EXPECT_FALSE(context_of(inputs_of(given), no_effects, true).sustained);
  EXPECT_TRUE(context_of(inputs_of(given), all_effects, true).sustained);
}

// A pair of dense layers has no communication to lend SMs to, whatever it sends on.
TEST(ProgramTimer, DensePairsKeepTheirSms) {
  const Case given = test::small_case(test::small_dense_model(4), ScheduleKind::dual_pipe, 2, 1, 4);
  const std::vector<StageLayers> stages = stage_layers(given.model, given.plan);
  EXPECT_FALSE(lends_sms(pair_program(given.model, given.plan, stages[0], stages[1],
                                      {.activation = true, .gradient = true})));
  EXPECT_TRUE(lends_sms(v3_pair(v3(), {})));
}

// --- the tail

// One dense layer of h = 512 on one stage, in FP32 gradients, over 8 replicas in a node:
//   attention 4 h^2 = 1,048,576; MLP 3 x 512 x 1024 = 1,572,864; 2 norms 1,024
//   embedding 4096 x 512 = 2,097,152; head the same; final norm 512
// in all 6,817,280 parameters. Reduce-scatter: 7/8 x 4 bytes each at 160 GB/s + 7 x 2 us; gather of
// BF16 half of it. Without ZeRO an all-reduce and no gather.
TEST(StepTail, ExchangesOfASmallDenseModel) {
  Case given =
      test::small_case(test::small_dense_model(1), ScheduleKind::one_forward_one_backward, 1, 8, 1);
  constexpr double parameters = 1048576 + 1572864 + 1024 + 2 * 2097152 + 512;
  constexpr double wire = parameters * 4 * 7 / 8 / 160e9;
  EXPECT_NEAR(gradient_reduction(inputs_of(given), 0).time.value, wire + 14e-6, 1e-12);
  EXPECT_NEAR(parameter_gather(inputs_of(given), 0).time.value, wire / 2 + 14e-6, 1e-12);
  given.plan.parallelism.zero_stage = 0;
  EXPECT_NEAR(gradient_reduction(inputs_of(given), 0).time.value, 2 * (wire + 14e-6), 1e-12);
  EXPECT_EQ(parameter_gather(inputs_of(given), 0).time.value, 0);
}

// AdamW on a shard of 1/8: reads gradient, master and both moments (4 x 4 bytes), writes the last
// three and the BF16 weight (3 x 4 + 2) = 30 bytes a parameter, at 3/4 of 4 TB/s, + 1 us.
TEST(StepTail, OptimizerStreamsItsShard) {
  Case given =
      test::small_case(test::small_dense_model(1), ScheduleKind::one_forward_one_backward, 1, 8, 1);
  constexpr double parameters = 1048576 + 1572864 + 1024 + 2 * 2097152 + 512;
  EXPECT_NEAR(optimizer_time(inputs_of(given), {0}).value, parameters / 8 * 30 / 3e12 + 1e-6,
              1e-12);
  given.plan.parallelism.zero_stage = 0;
  EXPECT_NEAR(optimizer_time(inputs_of(given), {0}).value, parameters * 30 / 3e12 + 1e-6, 1e-12);
}

// 16 experts of 3 x 512 x 256 over EP 4: 4 of them on a rank, replicated on 8 / 4 = 2 ranks, which
// are 4 apart: the same node.
TEST(StepTail, ExpertsAreExchangedOverTheirReplicas) {
  Case given =
      test::small_case(test::small_moe_model(2), ScheduleKind::one_forward_one_backward, 2, 8, 2);
  given.plan.parallelism.expert_parallel = 4;
  constexpr double experts = 4.0 * 3 * 512 * 256;
  // Stage 1 is layer 1: attention, shared expert, router 16 x 512, norms, head and final norm.
  constexpr double dense = 1048576 + 3 * 512 * 256 + 16 * 512 + 1024 + 2097152 + 512;
  EXPECT_NEAR(gradient_reduction(inputs_of(given), 1).time.value,
              dense * 4 * 7 / 8 / 160e9 + 7 * 2e-6 + experts * 4 / 2 / 160e9 + 2e-6, 1e-12);
}

}  // namespace
}  // namespace reckon

// Bytes of each pipeline rank: small models by hand, DeepSeek-V3 against its recipe, and what each
// switch of a plan may and may not change.
#include "planner/spec/memory.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "planner/catalog.hpp"
#include "planner/predict.hpp"
#include "planner/spec/parameters.hpp"
#include "tests/sim/cases.hpp"

namespace reckon {
namespace {

using test::Case;
using Kind = ScheduleKind;

Case v3() { return test::shipped_case("deepseek-v3-2048-h800"); }

std::vector<RankMemory> memory(const Case& given) {
  return memory_of({given.model, given.cluster, given.device, given.plan}, schedule_of(given.plan));
}

// --- parameters

// Stages together hold the model, its MTP modules, and a tied head's second copy.
TEST(StageParameters, AddUpToTheModel) {
  for (const std::string& name : shipped_names(RECKON_DATA_DIR, DocumentKind::model)) {
    const ModelSpec model = load_model(RECKON_DATA_DIR, name);
    for (const int ranks : {1, 4}) {
      Plan plan;
      plan.parallelism.pipeline_parallel = ranks;
      plan.parallelism.expert_parallel = model.moe ? 8 : 1;
      double held = 0;
      for (int stage = 0; stage < ranks; ++stage) {
        const StageParameters p = stage_parameters(model, plan, stage);
        held += p.dense() + p.experts * plan.parallelism.expert_parallel;
      }
      const ParameterCount count = count_parameters(model);
      const double tied = model.tied_embeddings && ranks > 1
                              ? static_cast<double>(model.hidden) * model.vocabulary
                              : 0;
      EXPECT_DOUBLE_EQ(held, count.total + count.mtp_unique + tied) << name << ", " << ranks;
    }
  }
}

// DualPipe's ranks hold every stage twice; other schedules once, in all ranks of an expert group
// together.
TEST(StageParameters, RanksHoldTheModelAsOftenAsTheScheduleSays) {
  for (const auto& [kind, name] : EnumNames<Kind>::table) {
    Case given = test::small_case(test::small_moe_model(8), kind, 2, 4, 4);
    given.plan.parallelism.expert_parallel = 4;
    const ParameterCount count = count_parameters(given.model);
    const double experts = 7 * layer_parameters(given.model, true).experts;
    double held = 0;
    for (const RankMemory& rank : memory(given)) held += rank.parameters;
    const double copies = kind == Kind::dual_pipe ? 2 : 1;
    EXPECT_DOUBLE_EQ(held, copies * (count.total - experts + experts / 4)) << name;
  }
}

// Tensor parallelism shares matrices, embedding and head; norms and routers are on every rank.
TEST(StageParameters, TensorParallelSharesMatrices) {
  const ModelSpec model = test::small_moe_model(4);
  Plan plan;
  const StageParameters whole = stage_parameters(model, plan, 0);
  plan.parallelism.tensor_parallel = 4;
  const StageParameters share = stage_parameters(model, plan, 0);
  EXPECT_DOUBLE_EQ(share.linear * 4, whole.linear);
  EXPECT_DOUBLE_EQ(share.experts * 4, whole.experts);
  const double replicated = 4 * 2 * 512 + 3 * 16 * 512 + 512;
  const double shared = 2.0 * 4096 * 512;
  EXPECT_DOUBLE_EQ(whole.other, shared + replicated);
  EXPECT_DOUBLE_EQ(share.other, shared / 4 + replicated);
}

// --- a small dense model by hand

// Two ranks, one layer each, BF16, 512 tokens, 8 heads of 64, h 512, MLP 1024.
Case small_dense() {
  return test::small_case(test::small_dense_model(2), Kind::one_forward_one_backward, 2, 4, 4);
}
constexpr double tokens = 512;
constexpr double stage_weights = 4 * 512 * 512 + 3 * 512 * 1024 + 2 * 512 + 4096 * 512;

// Kept for the backward, a token: attention 2 B x (input of the norm 512 + its output 512 + query,
// key, value 1536 + output 512) + 4 B x 8 log-sum-exps; MLP 2 B x (input 512 + normed 512 + gate
// and up 2048 + product 1024).
constexpr double live_per_token = 2 * (512 + 512 + 1536 + 512) + 4 * 8 + 2 * (512 + 512 + 3072);
// Kept for a delayed weight gradient, a token, 2 B each: inputs of qkv 512, out 512, gate and up
// 512, down 1024; gradients of their outputs 1536, 512, 2048, 512.
constexpr double queued_per_token = 2 * (512 + 512 + 512 + 1024 + 1536 + 512 + 2048 + 512);

TEST(Memory, SmallDenseModelByHand) {
  const Case given = small_dense();
  EXPECT_DOUBLE_EQ(live_layer_bytes(given.model, given.plan, 0).value, live_per_token * tokens);
  EXPECT_DOUBLE_EQ(queued_layer_bytes(given.model, given.plan, 0).value, queued_per_token * tokens);
  const std::vector<RankMemory> ranks = memory(given);
  ASSERT_EQ(ranks.size(), 2U);
  const RankMemory& first = ranks[0];
  EXPECT_DOUBLE_EQ(first.parameters, stage_weights);
  EXPECT_DOUBLE_EQ(first.weights.value, 2 * stage_weights);
  EXPECT_DOUBLE_EQ(first.gradients.value, 4 * stage_weights);
  EXPECT_DOUBLE_EQ(first.master_weights.value, 4 * stage_weights / 4) << "ZeRO-1 over 4 replicas";
  EXPECT_DOUBLE_EQ(first.moments.value, 8 * stage_weights / 4);
  EXPECT_EQ(first.chunks_in_flight, 2) << "1F1B: rank 0 of 2";
  EXPECT_DOUBLE_EQ(first.activations.value, 2 * live_per_token * tokens);
  EXPECT_EQ(first.logits.value, 0);
  EXPECT_DOUBLE_EQ(first.communication.value, 4 * 2 * 512 * tokens) << "4 activations in BF16";
  // Gate, up and their gradients are larger than query, key, value and theirs.
  EXPECT_DOUBLE_EQ(first.workspace.value, 1e9 + 2 * 2 * 2048 * tokens);
  EXPECT_DOUBLE_EQ(total(first).value, first.weights.value + first.gradients.value +
                                           first.master_weights.value + first.moments.value +
                                           first.activations.value + first.communication.value +
                                           first.workspace.value);
  const RankMemory& last = ranks[1];
  EXPECT_DOUBLE_EQ(last.parameters, stage_weights + 512) << "the final norm";
  EXPECT_EQ(last.chunks_in_flight, 1);
  EXPECT_DOUBLE_EQ(last.logits.value, tokens * 4096 * 6) << "BF16 logits, FP32 softmax";
}

// Experts, a token goes to 2 of 16: 2 rows a token. Kept a row: its input 512, gate and up 512,
// product 256; a token: the norm's input and output, shared gate and up 512 and product 256, and
// FP32 scores of 16 experts.
TEST(Memory, SmallMoeLayerByHand) {
  Case given = test::small_case(test::small_moe_model(2), Kind::gpipe, 1, 4, 1);
  given.plan.parallelism.expert_parallel = 4;
  constexpr double attention = 2 * (512 + 512 + 1536 + 512) + 4 * 8;
  constexpr double mlp = 2 * (512 + 512 + 512 + 256) + 4 * 16;
  constexpr double rows = 2 * 2 * (512 + 512 + 256);
  EXPECT_DOUBLE_EQ(live_layer_bytes(given.model, given.plan, 1).value,
                   (attention + mlp + rows) * tokens);
  // Dispatched and combined rows in BF16, one pipeline rank: nothing else to receive.
  EXPECT_DOUBLE_EQ(memory(given)[0].communication.value, 2 * tokens * 512 * (2 + 2));
}

// A quarter of every width but the residual's, which sequence parallelism shares too.
TEST(Memory, TensorAndSequenceParallelShareActivations) {
  Case given = small_dense();
  given.plan.parallelism.tensor_parallel = 4;
  constexpr double shared = 2 * (1536 + 512) + 4 * 8 + 2 * 3072;
  constexpr double residual = 2 * (512 + 512) + 2 * (512 + 512);
  EXPECT_DOUBLE_EQ(live_layer_bytes(given.model, given.plan, 0).value,
                   (shared / 4 + residual) * tokens);
  given.plan.parallelism.sequence_parallel = true;
  EXPECT_DOUBLE_EQ(live_layer_bytes(given.model, given.plan, 0).value,
                   (shared + residual) / 4 * tokens);
  given.plan.parallelism = {};
  given.plan.parallelism.context_parallel = 2;
  EXPECT_DOUBLE_EQ(live_layer_bytes(given.model, given.plan, 0).value, live_per_token * tokens / 2);
}

// --- what each switch changes

void expect_shrinks(const char* what, bool should, Bytes before, Bytes after) {
  if (should) {
    EXPECT_LT(after.value, before.value) << what;
  } else {
    EXPECT_EQ(after.value, before.value) << what;
  }
}

// ZeRO-1 shards master weights and moments, 2 the gradients too, 3 the weights (arXiv:1910.02054).
TEST(Memory, ZeroStagesShrinkWhatTheyShardAndNothingElse) {
  for (const bool moe : {false, true}) {
    Case given = test::small_case(moe ? test::small_moe_model(4) : test::small_dense_model(4),
                                  Kind::zb_h1, 2, 8, 4);
    given.plan.parallelism.expert_parallel = moe ? 4 : 1;
    given.plan.parallelism.zero_stage = 0;
    std::vector<RankMemory> before = memory(given);
    for (int stage = 1; stage <= 3; ++stage) {
      given.plan.parallelism.zero_stage = stage;
      const std::vector<RankMemory> after = memory(given);
      for (std::size_t rank = 0; rank < after.size(); ++rank) {
        const RankMemory& a = before[rank];
        const RankMemory& b = after[rank];
        expect_shrinks("master weights", stage == 1, a.master_weights, b.master_weights);
        expect_shrinks("moments", stage == 1, a.moments, b.moments);
        expect_shrinks("gradients", stage == 2, a.gradients, b.gradients);
        expect_shrinks("weights", stage == 3, a.weights, b.weights);
        if (stage == 3) {
          EXPECT_GT(b.workspace.value, a.workspace.value) << "layers gathered";
        } else {
          expect_shrinks("workspace", false, a.workspace, b.workspace);
        }
        expect_shrinks("activations", false, a.activations, b.activations);
        expect_shrinks("logits", false, a.logits, b.logits);
        expect_shrinks("communication", false, a.communication, b.communication);
        EXPECT_EQ(b.parameters, a.parameters);
      }
      before = after;
    }
  }
}

// Dense parts are sharded over all replicas (8), experts over those of their group (8 / 4).
TEST(Memory, ShardsAreAsManyAsReplicas) {
  Case given = test::small_case(test::small_moe_model(4), Kind::gpipe, 1, 8, 1);
  given.plan.parallelism.expert_parallel = 4;
  const StageParameters p = stage_parameters(given.model, given.plan, 0);
  EXPECT_DOUBLE_EQ(memory(given)[0].master_weights.value, 4 * (p.dense() / 8 + p.experts / 2));
  given.plan.parallelism.zero_stage = 2;
  EXPECT_DOUBLE_EQ(memory(given)[0].gradients.value, 4 * (p.dense() / 8 + p.experts / 2));
}

TEST(Memory, ActivationsAreProportionalToTheChunksHeld) {
  const Case given = small_dense();
  for (const int live : {0, 1, 3, 7}) {
    for (const int queued : {0, 2}) {
      const std::vector<HeldChunks> held(2, HeldChunks{{live}, {queued}});
      for (const RankMemory& m : memory_of_ranks(given.model, given.plan, held, {0})) {
        EXPECT_DOUBLE_EQ(m.activations.value,
                         (live * live_per_token + queued * queued_per_token) * tokens);
        EXPECT_EQ(m.chunks_in_flight, live);
      }
    }
  }
}

// GPipe holds all micro-batches, 1F1B as many as ranks are behind, whatever their number.
TEST(Memory, SchedulesHoldWhatTheirPapersSay) {
  const auto in_flight = [](Kind kind, int micro_batches) {
    const Case given = test::small_case(test::small_dense_model(8), kind, 4, 1, micro_batches);
    std::vector<int> chunks;
    for (const RankMemory& m : memory(given)) chunks.push_back(m.chunks_in_flight);
    return chunks;
  };
  EXPECT_EQ(in_flight(Kind::gpipe, 12), (std::vector<int>{12, 12, 12, 12}));
  EXPECT_EQ(in_flight(Kind::one_forward_one_backward, 12), (std::vector<int>{4, 3, 2, 1}));
  EXPECT_EQ(in_flight(Kind::one_forward_one_backward, 24), (std::vector<int>{4, 3, 2, 1}));
}

TEST(Memory, EachRecomputationLowersWhatIsKept) {
  const Case given = v3();
  const auto live = [&given](const Recompute& recompute) {
    Plan plan = given.plan;
    plan.recompute = recompute;
    return live_layer_bytes(given.model, plan, 20).value;
  };
  Recompute none;
  for (bool Recompute::*flag :
       {&Recompute::norm, &Recompute::mla_up_projection, &Recompute::swiglu, &Recompute::full}) {
    Recompute one = none;
    one.*flag = true;
    EXPECT_LT(live(one), live(none));
    Recompute all{.full = false, .norm = true, .mla_up_projection = true, .swiglu = true};
    all.*flag = false;
    if (flag == &Recompute::full) continue;
    EXPECT_GT(live(all), live(given.plan.recompute));
  }
  // Norms recomputed: their outputs, 7168 FP8 elements before attention and before the MLP, a
  // token.
  EXPECT_DOUBLE_EQ(live({}) - live({.norm = true}), 4096 * 2 * 7168 * (1 + 4.0 / 128));
  // Up-projections: query and key heads of 192, value heads of 128, in BF16.
  EXPECT_DOUBLE_EQ(live({}) - live({.mla_up_projection = true}),
                   4096 * 2.0 * 128 * (192 + 192 + 128));
  // SwiGLU: products of the shared expert and of 8 routed rows.
  EXPECT_DOUBLE_EQ(live({}) - live({.swiglu = true}), 4096 * 9 * 2048 * (1 + 4.0 / 128));
  // Whole layers: their input in BF16 is all there is.
  EXPECT_DOUBLE_EQ(live({.full = true}), 4096 * 2 * 7168);
}

TEST(Memory, LogitsAreWhereTheHeadIs) {
  for (const auto& [kind, name] : EnumNames<Kind>::table) {
    const Case given = test::small_case(test::small_dense_model(8), kind, 4, 1, 8);
    const ScheduleShape shape = schedule_shape(given.plan);
    for (const RankMemory& m : memory(given)) {
      bool has_head = false;
      for (const int stage : stages_of_rank(shape, m.pipeline_rank)) {
        has_head = has_head || stage == shape.stages - 1;
      }
      EXPECT_EQ(m.logits.value, has_head ? tokens * 4096 * 6 : 0) << name << m.pipeline_rank;
    }
  }
}

// --- DeepSeek-V3

// Report, section 3.3: weights of linear layers in FP8 (1 byte, one FP32 scale for a 128 x 128
// block), gradients FP32 (4), master FP32 and two BF16 moments (4 + 4 = 8 bytes, sharded over 128
// replicas x 2 copies; experts over 2 x 2).
TEST(Memory, DeepSeekV3Recipe) {
  const Case given = v3();
  const ScheduleShape shape = schedule_shape(given.plan);
  for (const RankMemory& m : memory(given)) {
    StageParameters held;
    for (const int stage : stages_of_rank(shape, m.pipeline_rank)) {
      const StageParameters p = stage_parameters(given.model, given.plan, stage);
      held.linear += p.linear;
      held.other += p.other;
      held.experts += p.experts;
    }
    EXPECT_NEAR(m.weights.value,
                (held.linear + held.experts) * (1 + 4.0 / (128 * 128)) + held.other * 2, 1);
    EXPECT_NEAR(m.gradients.value, 4 * m.parameters, 1);
    EXPECT_NEAR(m.master_weights.value, 4 * (held.dense() / 256 + held.experts / 4), 1);
    EXPECT_NEAR(m.moments.value, m.master_weights.value, 1);
  }
}

// It ran on H800s of 84.94 GB without tensor parallelism and with no more recomputation than this,
// so every rank must fit, and none by a wide margin either: activations of PP + 1 chunks.
TEST(Memory, DeepSeekV3Fits) {
  const Case given = v3();
  for (const RankMemory& m : memory(given)) {
    EXPECT_LT(total(m).value, 84.943e9) << "rank " << m.pipeline_rank;
    EXPECT_GT(total(m).value, 50e9) << "rank " << m.pipeline_rank;
    EXPECT_LE(m.chunks_in_flight, 17) << "report, table 2";
    EXPECT_EQ(m.logits.value > 0, m.pipeline_rank == 0 || m.pipeline_rank == 15);
  }
  EXPECT_TRUE(memory_problems({given.model, given.cluster, given.device, given.plan}, memory(given))
                  .empty());
}

// Without the published recipe it would not: BF16 weights and caches, nothing recomputed.
TEST(Memory, DeepSeekV3DoesNotFitInPlainBf16) {
  Case given = v3();
  given.plan.precision = {};
  given.plan.recompute = {};
  const std::vector<PlanProblem> problems =
      memory_problems({given.model, given.cluster, given.device, given.plan}, memory(given));
  ASSERT_EQ(problems.size(), 2U);  // ranks with the same need are one problem
  EXPECT_EQ(problems[1].pointer, "/parallelism");
  EXPECT_NE(problems[1].message.find("pipeline ranks 1-14 each need "), std::string::npos);
}

}  // namespace
}  // namespace reckon

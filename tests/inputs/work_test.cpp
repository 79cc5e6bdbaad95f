// The FLOPs and bytes of all parts together against the parameter count: what a layer is made of
// must add up to what the model costs.
#include "planner/spec/work.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "planner/catalog.hpp"
#include "planner/spec/parameters.hpp"

namespace reckon {
namespace {

using Parts = std::vector<PartKind>;

const Parts forward_parts{PartKind::attention_forward, PartKind::mlp_forward};
const Parts backward_input_parts{PartKind::attention_backward_input, PartKind::mlp_backward_input};
const Parts backward_weight_parts{PartKind::attention_backward_weight,
                                  PartKind::mlp_backward_weight};

ModelSpec shipped(const std::string& name) { return load_model(RECKON_DATA_DIR, name); }
std::vector<std::string> all_models() {
  return shipped_names(RECKON_DATA_DIR, DocumentKind::model);
}

// One rank, one sequence, and as many tokens that every expert's rows fill its 128-row tiles
// exactly.
Plan plain_plan(const ModelSpec& model) {
  Plan plan;
  plan.batch.sequence_length = model.moe ? 128 * model.moe->experts : 4096;
  return plan;
}

double sum_of(const PartWork& work, KernelFamily family, GemmRole role) {
  double flops = 0;
  for (const KernelWork& kernel : work.kernels) {
    if (kernel.family == family && kernel.role == role) flops += kernel.flops.value;
  }
  return flops;
}

// Of `parts` of layers [first, last) of the model.
double sum_of(const ModelSpec& model, const Plan& plan, const Parts& parts, KernelFamily family,
              GemmRole role, int first, int last) {
  double flops = 0;
  for (int layer = first; layer < last; ++layer) {
    for (const PartKind part : parts) {
      flops += sum_of(work_of(model, plan, part, layer), family, role);
    }
  }
  return flops;
}

double total_of(const ModelSpec& model, const Plan& plan, const Parts& parts, int layer) {
  double flops = 0;
  for (const PartKind part : parts) flops += total_flops(work_of(model, plan, part, layer)).value;
  return flops;
}

// QK^T and PV of the causal half, one layer.
double core_of(const ModelSpec& model, const Plan& plan, int layer = 0) {
  const AttentionSpec& a = model.attention;
  const double keys = keys_per_query(model, layer, plan.batch.sequence_length);
  return 2.0 * a.heads * (qk_head_dim(a) + v_head_dim(a)) * keys * tokens_per_rank(plan);
}

double cores_of(const ModelSpec& model, const Plan& plan) {
  double sum = 0;
  for (int layer = 0; layer < model.layers; ++layer) sum += core_of(model, plan, layer);
  return sum;
}

// An indexer's scores of all earlier tokens, one layer.
double index_scores_of(const ModelSpec& model, const Plan& plan) {
  if (!model.attention.indexer) return 0;
  const IndexerSpec& indexer = *model.attention.indexer;
  return 2.0 * indexer.heads * indexer.head_dim * plan.batch.sequence_length / 2 *
         tokens_per_rank(plan);
}

// An indexer's projections, one layer: from the compressed queries and the hidden state.
double index_projections_of(const ModelSpec& model, const Plan& plan) {
  if (!model.attention.indexer) return 0;
  const IndexerSpec& i = *model.attention.indexer;
  const double parameters =
      static_cast<double>(model.attention.q_lora_rank) * i.heads * i.head_dim +
      static_cast<double>(model.hidden) * (i.head_dim + i.heads);
  return 2 * parameters * tokens_per_rank(plan);
}

TEST(Work, ForwardIsTwoFlopsForEachMatmulParameterAndToken) {
  for (const std::string& name : all_models()) {
    const ModelSpec model = shipped(name);
    const Plan plan = plain_plan(model);
    const double tokens = tokens_per_rank(plan);
    double flops = total_flops(work_of(model, plan, PartKind::head_forward, 0)).value;
    for (int layer = 0; layer < model.layers; ++layer) {
      flops += total_of(model, plan, forward_parts, layer);
    }
    const double matmul = 2 * count_parameters(model).matmul_per_token * tokens;
    EXPECT_DOUBLE_EQ(flops,
                     matmul + cores_of(model, plan) + model.layers * index_scores_of(model, plan))
        << name;
    // A training step is three times its forward.
    const double a_token =
        model_flops_per_token(model, plan.batch.sequence_length, AttentionCounting::causal).value;
    EXPECT_DOUBLE_EQ(3 * flops, a_token * tokens) << name;
  }
}

TEST(Work, BackwardHasTheForwardsGemmsOnceForInputsAndOnceForWeights) {
  for (const std::string& name : all_models()) {
    const ModelSpec model = shipped(name);
    const Plan plan = plain_plan(model);
    Parts backward = backward_input_parts;
    backward.insert(backward.end(), backward_weight_parts.begin(), backward_weight_parts.end());
    const auto gemms = [&](const Parts& parts, GemmRole role) {
      return sum_of(model, plan, parts, KernelFamily::gemm, role, 0, model.layers);
    };
    const double forward = gemms(forward_parts, GemmRole::output);
    // An indexer's inputs are detached: its projections have no input gradients.
    const double detached = model.layers * index_projections_of(model, plan);
    EXPECT_DOUBLE_EQ(gemms(backward, GemmRole::input_gradient), forward - detached) << name;
    EXPECT_DOUBLE_EQ(gemms(backward, GemmRole::weight_gradient), forward) << name;
    EXPECT_EQ(gemms(backward, GemmRole::output), 0.0) << name << " recomputes unasked";
    EXPECT_EQ(gemms(backward_weight_parts, GemmRole::input_gradient), 0.0) << name;
    const double head = total_flops(work_of(model, plan, PartKind::head_forward, 0)).value;
    EXPECT_EQ(total_flops(work_of(model, plan, PartKind::head_backward_input, 0)).value, head);
    EXPECT_EQ(total_flops(work_of(model, plan, PartKind::head_backward_weight, 0)).value, head);
  }
}

TEST(Work, AttentionBackwardDoesTheScoresAgain) {
  for (const std::string& name : all_models()) {
    const ModelSpec model = shipped(name);
    const Plan plan = plain_plan(model);
    const double backward = sum_of(work_of(model, plan, PartKind::attention_backward_input, 0),
                                   KernelFamily::attention_core, GemmRole::input_gradient);
    // QK^T, dP = dO V^T, dV, dQ, dK: three products of the query size, two of the value size.
    const double qk = qk_head_dim(model.attention);
    const double v = v_head_dim(model.attention);
    EXPECT_DOUBLE_EQ(backward, core_of(model, plan) * (3 * qk + 2 * v) / (qk + v)) << name;
  }
}

TEST(Work, AWindowShortensTheCoreAlone) {
  const ModelSpec model = shipped("gpt-oss-20b");  // layers 0, 2, ... see 128 tokens
  Plan plan;
  plan.batch.sequence_length = 4096;
  const auto core = [&](int layer) {
    return sum_of(work_of(model, plan, PartKind::attention_forward, layer),
                  KernelFamily::attention_core, GemmRole::output);
  };
  // 64 heads x 64 for scores and as much for values, 2 FLOPs, 4096 queries of 126 or 2048 keys
  EXPECT_EQ(core(0), 2.0 * 64 * 128 * 4096 * 126);
  EXPECT_EQ(core(1), 2.0 * 64 * 128 * 4096 * 2048);
  EXPECT_EQ(sum_of(work_of(model, plan, PartKind::attention_forward, 0), KernelFamily::gemm,
                   GemmRole::output),
            sum_of(work_of(model, plan, PartKind::attention_forward, 1), KernelFamily::gemm,
                   GemmRole::output));
}

TEST(Work, AnIndexerScoresAllAndTheCoreSeesTheBest) {
  const ModelSpec model = shipped("deepseek-v3.2");
  Plan plan;
  plan.batch.sequence_length = 32768;
  const auto of = [&](const char* name, PartKind part, KernelFamily family, GemmRole role) {
    return sum_of(work_of(shipped(name), plan, part, 10), family, role);
  };
  const auto more = [&](PartKind part, GemmRole role) {
    return of("deepseek-v3.2", part, KernelFamily::gemm, role) -
           of("deepseek-v3", part, KernelFamily::gemm, role);
  };
  const double projections = 2.0 * 32768 * (1536 * 8192 + 7168 * 192);
  const double scores = 2.0 * 32768 * 16384 * 8192;
  EXPECT_EQ(more(PartKind::attention_forward, GemmRole::output), projections + scores);
  EXPECT_EQ(more(PartKind::attention_backward_input, GemmRole::input_gradient), scores);
  EXPECT_EQ(more(PartKind::attention_backward_input, GemmRole::weight_gradient), scores);
  EXPECT_EQ(more(PartKind::attention_backward_weight, GemmRole::weight_gradient), projections);
  // 1984 keys in place of 16384 (hf_test.cpp)
  EXPECT_EQ(of("deepseek-v3.2", PartKind::attention_forward, KernelFamily::attention_core,
               GemmRole::output),
            2.0 * 128 * 320 * 32768 * 1984);
  EXPECT_EQ(core_of(model, plan, 10), 2.0 * 128 * 320 * 32768 * 1984);
}

TEST(Work, AnMtpModuleIsAProjectionALayerAndAHead) {
  const ModelSpec model = shipped("deepseek-v3");
  const Plan plan = plain_plan(model);
  const double flops =
      total_of(model, plan, forward_parts, model.layers) +
      total_flops(work_of(model, plan, PartKind::head_forward, model.layers)).value;
  const double matmul = 2 * count_parameters(model).mtp_matmul_per_token * tokens_per_rank(plan);
  EXPECT_DOUBLE_EQ(flops, matmul + core_of(model, plan));
  Parts backward = backward_input_parts;
  backward.insert(backward.end(), backward_weight_parts.begin(), backward_weight_parts.end());
  const auto gemms = [&](const Parts& parts, GemmRole role) {
    return sum_of(model, plan, parts, KernelFamily::gemm, role, model.layers, model.layers + 1);
  };
  const double forward = gemms(forward_parts, GemmRole::output);
  EXPECT_DOUBLE_EQ(gemms(backward, GemmRole::input_gradient), forward);
  EXPECT_DOUBLE_EQ(gemms(backward, GemmRole::weight_gradient), forward);
}

TEST(Work, TensorParallelRanksShareEveryGemm) {
  for (const std::string name : {"llama-3-70b", "llama-3-405b", "gpt-3-175b", "qwen3-32b"}) {
    const ModelSpec model = shipped(name);
    Plan plan = plain_plan(model);
    Parts parts = forward_parts;
    for (const Parts& more : {backward_input_parts, backward_weight_parts,
                              Parts{PartKind::head_forward, PartKind::head_backward_input,
                                    PartKind::head_backward_weight}}) {
      parts.insert(parts.end(), more.begin(), more.end());
    }
    const double alone = total_of(model, plan, parts, 0);
    plan.parallelism.tensor_parallel = 8;
    EXPECT_DOUBLE_EQ(8 * total_of(model, plan, parts, 0), alone) << name;
  }
}

TEST(Work, TensorParallelRanksShareExpertsToo) {
  for (const std::string name : {"mixtral-8x7b", "deepseek-v3", "qwen3-235b-a22b"}) {
    const ModelSpec model = shipped(name);
    Plan plan = plain_plan(model);
    const Parts parts{PartKind::mlp_forward, PartKind::mlp_backward_input,
                      PartKind::mlp_backward_weight};
    const double alone = total_of(model, plan, parts, model.layers - 1);
    plan.parallelism.tensor_parallel = 4;
    EXPECT_DOUBLE_EQ(4 * total_of(model, plan, parts, model.layers - 1), alone) << name;
  }
}

TEST(Work, ContextParallelRanksShareTokensAndScores) {
  const ModelSpec model = shipped("llama-3-70b");
  Plan plan = plain_plan(model);
  const double alone = total_of(model, plan, forward_parts, 0);
  plan.parallelism.context_parallel = 4;
  EXPECT_DOUBLE_EQ(4 * total_of(model, plan, forward_parts, 0), alone);
}

TEST(Work, BalancedExpertsCostTheSameHoweverTheyAreSpread) {
  const ModelSpec model = shipped("deepseek-v3");
  Plan plan = plain_plan(model);
  const double alone = total_of(model, plan, forward_parts, 10);
  EXPECT_EQ(routed_rows(model, plan), 8 * tokens_per_rank(plan));
  plan.parallelism.expert_parallel = 64;
  EXPECT_DOUBLE_EQ(total_of(model, plan, forward_parts, 10), alone);
}

TEST(Work, ExpertRowsArePaddedToWholeTiles) {
  const ModelSpec model = shipped("deepseek-v3");
  Plan plan = plain_plan(model);
  plan.batch.sequence_length = 4096;
  plan.parallelism.expert_parallel = 64;  // 4 experts, 32768 rows: 8192 each
  const auto rows_each = [&] {
    for (const KernelWork& k : work_of(model, plan, PartKind::mlp_forward, 10).kernels) {
      if (k.family == KernelFamily::gemm && k.routed) return k.m;
    }
    return 0.0;
  };
  EXPECT_EQ(rows_each(), 8192.0);
  plan.batch.sequence_length = 4000;  // 8000 each, the next multiple of 128 is 8064
  EXPECT_EQ(rows_each(), 8064.0);
}

TEST(Work, GemmBytesFollowTheDtype) {
  const ModelSpec model = shipped("llama-3-8b");
  Plan plan = plain_plan(model);
  const auto down = [&](PartKind part) {  // 4096 tokens x 4096 out x 14336 in
    return work_of(model, plan, part, 0);
  };
  const auto last_gemm = [](const PartWork& work) {
    KernelWork last;
    for (const KernelWork& k : work.kernels) {
      if (k.family == KernelFamily::gemm) last = k;
    }
    return last;
  };
  const double operands = 4096.0 * 14336 + 4096.0 * 14336;
  const double result = 4096.0 * 4096;
  EXPECT_DOUBLE_EQ(last_gemm(down(PartKind::mlp_forward)).bytes.value, 2 * operands + 2 * result);
  // A weight gradient is 4096 x 14336 FP32 numbers that are read, added to and written.
  EXPECT_DOUBLE_EQ(last_gemm(down(PartKind::mlp_backward_weight)).bytes.value,
                   2 * (result + operands / 2) + 8 * operands / 2);
  plan.precision.linear = Dtype::fp8_block;
  const KernelWork fp8 = last_gemm(down(PartKind::mlp_forward));
  EXPECT_EQ(fp8.dtype, Dtype::fp8_block);
  EXPECT_DOUBLE_EQ(fp8.bytes.value, 1.03125 * operands + 2 * result);
}

TEST(Work, BytesOfAnElementIncludeItsScale) {
  EXPECT_EQ(bytes_per_element(Dtype::fp32), 4.0);
  EXPECT_EQ(bytes_per_element(Dtype::bf16), 2.0);
  EXPECT_EQ(bytes_per_element(Dtype::fp8_block), 1.0 + 4.0 / 128);
  EXPECT_EQ(bytes_per_element(Dtype::e5m6), 1.5 + 4.0 / 128);
}

TEST(Work, PrecisionChangesNoFlopsAndOnlyFp8IsQuantised) {
  const ModelSpec model = shipped("deepseek-v3");
  Plan plan = plain_plan(model);
  const auto quantises = [&] {
    double bytes = 0;
    for (const PartKind part : {PartKind::attention_forward, PartKind::mlp_forward,
                                PartKind::combine_backward, PartKind::attention_backward_input,
                                PartKind::mlp_backward_input, PartKind::mlp_backward_weight}) {
      for (const KernelWork& k : work_of(model, plan, part, 10).kernels) {
        if (k.family == KernelFamily::quantise) bytes += k.bytes.value;
      }
    }
    return bytes;
  };
  const double flops = total_of(model, plan, forward_parts, 10);
  EXPECT_EQ(quantises(), 0.0);
  plan.precision.linear = Dtype::fp8_block;
  EXPECT_EQ(total_of(model, plan, forward_parts, 10), flops);
  EXPECT_GT(quantises(), 0.0);
}

TEST(Work, ADispatchedTokenOfDeepSeekV3) {
  const ModelSpec model = shipped("deepseek-v3");
  const Plan plan = load_plan(RECKON_DATA_DIR, "deepseek-v3-2048-h800");
  const auto transfer = [&](PartKind part) { return work_of(model, plan, part, 10).experts; };
  // FP8: 7168 bytes and 56 FP32 scales. BF16: 2 x 7168.
  EXPECT_EQ(transfer(PartKind::dispatch_forward).bytes_per_copy, Bytes{7392});
  EXPECT_EQ(transfer(PartKind::combine_forward).bytes_per_copy, Bytes{14336});
  EXPECT_EQ(transfer(PartKind::combine_backward).bytes_per_copy, Bytes{7392});
  EXPECT_EQ(transfer(PartKind::dispatch_backward).bytes_per_copy, Bytes{14336});
  EXPECT_EQ(transfer(PartKind::dispatch_forward).tokens, 4096.0);
  EXPECT_FALSE(transfer(PartKind::dispatch_forward).layout_known);
  EXPECT_TRUE(transfer(PartKind::combine_backward).layout_known);
  EXPECT_TRUE(transfer(PartKind::dispatch_backward).is_combine);
  EXPECT_EQ(work_of(model, plain_plan(model), PartKind::dispatch_forward, 10).experts.tokens, 0.0)
      << "one rank has no one to send to";
}

double recomputed(const ModelSpec& model, const Plan& plan, KernelFamily family) {
  double flops = 0;
  for (const PartKind part : backward_input_parts) {
    for (const KernelWork& k : work_of(model, plan, part, model.layers - 1).kernels) {
      if (k.recompute && k.family == family) flops += k.flops.value;
    }
  }
  return flops;
}

TEST(Work, RecomputesWhatIsAskedForAndMarksIt) {
  const ModelSpec model = shipped("deepseek-v3");
  const AttentionSpec& a = model.attention;
  Plan plan = plain_plan(model);
  EXPECT_EQ(recomputed(model, plan, KernelFamily::gemm), 0.0);
  plan.recompute.mla_up_projection = true;
  const double up = 2.0 * tokens_per_rank(plan) * a.heads *
                    (static_cast<double>(a.q_lora_rank) * qk_head_dim(a) +
                     static_cast<double>(a.kv_lora_rank) * (a.qk_nope_head_dim + a.v_head_dim));
  EXPECT_DOUBLE_EQ(recomputed(model, plan, KernelFamily::gemm), up);
  EXPECT_EQ(recomputed(model, plan, KernelFamily::attention_core), 0.0);
  plan.recompute.attention_core = true;
  EXPECT_DOUBLE_EQ(recomputed(model, plan, KernelFamily::attention_core), core_of(model, plan));
}

TEST(Work, FullRecomputeRunsTheForwardAgain) {
  const ModelSpec model = shipped("gpt-3-175b");
  Plan plan = plain_plan(model);
  plan.batch.sequence_length = 2048;
  plan.recompute.full = true;
  EXPECT_DOUBLE_EQ(recomputed(model, plan, KernelFamily::gemm) +
                       recomputed(model, plan, KernelFamily::attention_core),
                   total_of(model, plan, forward_parts, 0));
}

TEST(Work, TensorParallelPartsGatherAndReduceTheirTokens) {
  const ModelSpec model = shipped("llama-3-70b");
  Plan plan = plain_plan(model);
  const auto transfers = [&] { return work_of(model, plan, PartKind::mlp_forward, 0).transfers; };
  EXPECT_TRUE(transfers().empty());
  plan.parallelism.tensor_parallel = 8;
  ASSERT_EQ(transfers().size(), 1u);
  EXPECT_EQ(transfers()[0].kind, TransferKind::all_reduce);
  EXPECT_EQ(transfers()[0].bytes, Bytes{2.0 * 4096 * 8192});
  plan.parallelism.sequence_parallel = true;
  ASSERT_EQ(transfers().size(), 2u);
  EXPECT_EQ(transfers()[0].kind, TransferKind::all_gather);
  EXPECT_EQ(transfers()[1].kind, TransferKind::reduce_scatter);
  EXPECT_EQ(transfers()[1].bytes, Bytes{2.0 * 4096 * 8192});
}

}  // namespace
}  // namespace reckon

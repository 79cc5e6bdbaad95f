// Megatron-LM's arguments out of all that carries them, and what is refused.
#include "planner/import/megatron.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "planner/catalog.hpp"
#include "planner/import/megatron_arguments.hpp"
#include "planner/spec/parameters.hpp"
#include "planner/spec/spec_json.hpp"
#include "tests/import/import_files.hpp"

namespace reckon {
namespace {

MegatronImport imported(const std::string& file, const MegatronOptions& options = {}) {
  return import_megatron(import_data("megatron/" + file), file, options);
}

// A small model and plan, and then what a test adds.
const std::string small =
    "--num-layers 8 --hidden-size 64 --num-attention-heads 4 --vocab-size 1000 "
    "--max-position-embeddings 128 --micro-batch-size 1 --seq-length 128 --bf16 ";

MegatronImport with(const std::string& more, int gpus = 8) {
  return import_megatron(small + more, "args", {.gpus = gpus});
}
std::string refused(const std::string& more, int gpus = 8) {
  return problems_of([&] { with(more, gpus); });
}

TEST(Megatron, DeepSeekV3FromAScript) {
  const MegatronImport result = imported("deepseek_v3.sh", {.cluster = "h100-1024-dgx"});
  ModelSpec expected = load_model(RECKON_DATA_DIR, "deepseek-v3");
  expected.name = result.model.name;
  expected.source = result.model.source;
  expected.published = {};
  EXPECT_EQ(write_model(result.model), write_model(expected));

  const Plan& plan = result.plan;
  EXPECT_EQ(plan.model, "deepseek_v3");
  EXPECT_EQ(plan.cluster, "h100-1024-dgx");
  const Parallelism& p = plan.parallelism;
  EXPECT_EQ(p.tensor_parallel, 2);
  EXPECT_EQ(p.pipeline_parallel, 8);
  EXPECT_EQ(p.chunks_per_rank, 4);
  EXPECT_EQ(p.data_parallel, 64) << "128 nodes x 8 / (2 x 8)";
  EXPECT_EQ(p.expert_parallel, 64);
  EXPECT_EQ(p.zero_stage, 1);
  EXPECT_TRUE(p.sequence_parallel);
  EXPECT_EQ(plan.schedule, ScheduleKind::interleaved_one_forward_one_backward);
  EXPECT_EQ(plan.batch, (Batch{16384, 1, 4096}));
  // "Et*3|(tt|)*29m|L": 3 layers, 29 times 2, and a last stage with the loss alone.
  std::vector<int> layers(32, 2);
  layers[0] = 3;
  layers[30] = layers[31] = 0;
  EXPECT_EQ(plan.layout.layers_per_stage, layers);
  EXPECT_EQ(plan.layout.mtp_stage, 30);
  EXPECT_TRUE(plan.recompute.norm);
  EXPECT_TRUE(plan.recompute.mla_up_projection);
  EXPECT_FALSE(plan.recompute.attention_core);
  EXPECT_TRUE(plan.overlap.gradient_reduction);
  EXPECT_TRUE(plan.overlap.parameter_gather);
  ASSERT_EQ(plan.phases.size(), 1U);
  EXPECT_EQ(plan.phases[0].tokens, 2.4e12);
}

TEST(Megatron, ThreeCarriersOneMeaning) {
  const MegatronImport script = imported("deepseek_v3.sh");
  const MegatronImport yaml = imported("deepseek_v3.yaml", {.gpus = 1024});
  const MegatronImport log = imported("deepseek_v3.log");
  EXPECT_EQ(script.report.carrier, "script");
  EXPECT_EQ(yaml.report.carrier, "yaml");
  EXPECT_EQ(log.report.carrier, "log");
  EXPECT_EQ(write_model(yaml.model), write_model(script.model));
  EXPECT_EQ(write_model(log.model), write_model(script.model));
  EXPECT_EQ(write_plan(yaml.plan), write_plan(script.plan));
  EXPECT_EQ(write_plan(log.plan), write_plan(script.plan));
}

TEST(Megatron, EveryArgumentIsAccountedFor) {
  for (const std::string file : {"deepseek_v3.sh", "deepseek_v3.yaml", "deepseek_v3.log"}) {
    const MegatronArguments arguments = parse_megatron(import_data("megatron/" + file), file);
    ASSERT_GT(arguments.list.size(), 40U);
    const ImportReport report = imported(file, {.gpus = 1024}).report;
    for (const MegatronArgument& argument : arguments.list) {
      const auto is_it = [&](const auto& row) { return row.key == argument.name; };
      EXPECT_TRUE(std::any_of(report.interpreted.begin(), report.interpreted.end(), is_it) ||
                  std::any_of(report.ignored.begin(), report.ignored.end(), is_it))
          << file << " " << argument.name;
    }
    for (const Ignored& row : report.ignored) EXPECT_FALSE(row.reason.empty()) << row.key;
  }
}

TEST(Megatron, DefaultsAreMegatrons) {
  const MegatronImport result = with("");
  const ModelSpec& model = result.model;
  EXPECT_EQ(model.intermediate, 256);
  EXPECT_EQ(model.activation, Activation::gelu);
  EXPECT_EQ(model.norm, Norm::layernorm);
  EXPECT_EQ(model.positions, Positions::learned);
  EXPECT_EQ(model.learned_positions, 128);
  EXPECT_TRUE(model.tied_embeddings);
  EXPECT_TRUE(model.mlp_bias);
  EXPECT_TRUE(model.attention.bias_qkv);
  EXPECT_EQ(model.attention.kind, AttentionKind::mha);
  EXPECT_EQ(model.attention.head_dim, 16);
  EXPECT_EQ(model.vocabulary, 1024) << "1000 padded to a multiple of 128";
  EXPECT_EQ(with("--tensor-model-parallel-size 4").model.vocabulary, 1024);
  EXPECT_EQ(with("--tensor-model-parallel-size 4 --vocab-size 1025").model.vocabulary, 1536);
  EXPECT_FALSE(model.moe.has_value());
  EXPECT_EQ(result.plan.parallelism.data_parallel, 8);
  EXPECT_EQ(result.plan.batch.global_batch_size, 8) << "one micro-batch a replica";
  EXPECT_EQ(result.plan.schedule, ScheduleKind::one_forward_one_backward);
  EXPECT_TRUE(result.plan.phases.empty());
  // int(4 x 64 x 2 / 3 / 64) x 64
  EXPECT_EQ(with("--swiglu").model.intermediate, 128);
}

TEST(Megatron, TheVocabularyCanBeTheTokenizers) {
  const auto vocabulary = [](const std::string& words, int given) {
    std::string text = small + words;
    text.erase(text.find("--vocab-size 1000 "), 18);
    return import_megatron(text, "args", {.gpus = 8, .vocabulary = given}).model.vocabulary;
  };
  EXPECT_EQ(vocabulary("--tokenizer-type GPT2BPETokenizer", 0), 50304);
  EXPECT_EQ(vocabulary("--tokenizer-type HuggingFaceTokenizer", 200), 256);
  EXPECT_EQ(problems_of([&] { vocabulary("--tokenizer-type HuggingFaceTokenizer", 0); }),
            "args: --vocab-size: missing, and \"HuggingFaceTokenizer\" does not tell it; give "
            "--vocabulary COUNT");
}

TEST(Megatron, Experts) {
  const auto moe = [](const std::string& more) {
    return with("--num-experts 16 --moe-ffn-hidden-size 32 " + more).model.moe.value();
  };
  EXPECT_EQ(moe("").experts_per_token, 2);
  EXPECT_EQ(moe("").layer_interval, 1);
  EXPECT_EQ(moe("--moe-layer-freq 2").layer_interval, 2);
  EXPECT_EQ(moe("--moe-layer-freq 2").layer_offset, 0);
  EXPECT_EQ(moe("--moe-layer-freq [0,1]*4").layer_offset, 1);
  EXPECT_EQ(moe("--moe-layer-freq '([0]*2+[1]*6)'").first_dense_layers, 2);
  EXPECT_EQ(moe("--moe-shared-expert-intermediate-size 64").shared_experts, 2);
  const std::string experts = "--num-experts 16 --moe-ffn-hidden-size 32 ";
  EXPECT_EQ(refused(experts + "--moe-shared-expert-intermediate-size 40"),
            "args:1: --moe-shared-expert-intermediate-size: reckon knows shared experts of the "
            "routed ones' width, 32, alone");
  EXPECT_EQ(refused(experts + "--moe-layer-freq [1]*7"),
            "args:1: --moe-layer-freq: 7 entries for 8 layers");
  EXPECT_EQ(refused(experts + "--moe-layer-freq [1,1,0,0,0,0,0,1]"),
            "args:1: --moe-layer-freq: reckon knows experts in one layer of every N behind leading "
            "dense ones alone");
  EXPECT_EQ(refused(experts + "--moe-layer-freq [1]*x"),
            "args:1: --moe-layer-freq: \"[1]*x\" is no list expression; give one like "
            "[0]*3+[1]*58");
}

TEST(Megatron, StagesOfThePipeline) {
  const auto plan = [](const std::string& more) {
    return with("--pipeline-model-parallel-size 2 " + more).plan;
  };
  EXPECT_EQ(plan("--num-layers-per-virtual-pipeline-stage 2").parallelism.chunks_per_rank, 2);
  EXPECT_EQ(plan("--num-virtual-stages-per-pipeline-rank 4").parallelism.chunks_per_rank, 4);
  EXPECT_EQ(plan("--num-virtual-stages-per-pipeline-rank 4").schedule,
            ScheduleKind::interleaved_one_forward_one_backward);
  EXPECT_EQ(plan("--decoder-first-pipeline-num-layers 3").layout.layers_per_stage,
            (std::vector<int>{3, 5}));
  EXPECT_EQ(plan("--decoder-last-pipeline-num-layers 2 --num-virtual-stages-per-pipeline-rank 2")
                .layout.layers_per_stage,
            (std::vector<int>{3, 1, 3, 1}));
  EXPECT_EQ(plan("--pipeline-model-parallel-layout 'Ett|(ttt|)tt|tL'").parallelism.chunks_per_rank,
            2);
  EXPECT_NE(refused("--pipeline-model-parallel-size 2 --pipeline-model-parallel-layout 'Ett|tL'")
                .find("3 layers and 0 MTP layers, for a model of 8 and 0"),
            std::string::npos);
  EXPECT_NE(refused("--pipeline-model-parallel-size 2 --pipeline-model-parallel-layout 'Et|t|L'")
                .find("3 stages do not divide among 2 pipeline ranks"),
            std::string::npos);
  EXPECT_NE(refused("--pipeline-model-parallel-size 2 --pipeline-model-parallel-layout 'E(t'")
                .find("a ( without its )"),
            std::string::npos);
  EXPECT_NE(refused("--pipeline-model-parallel-size 2 --num-layers-per-virtual-pipeline-stage 3")
                .find("3 layers do not divide the 8"),
            std::string::npos);
  EXPECT_NE(refused("--pipeline-model-parallel-size 4 --decoder-first-pipeline-num-layers 4")
                .find("do not divide among the other stages"),
            std::string::npos);
}

TEST(Megatron, ShardsOfTheState) {
  const auto stage = [](const std::string& more) { return with(more).plan.parallelism.zero_stage; };
  EXPECT_EQ(stage(""), 0);
  EXPECT_EQ(stage("--use-distributed-optimizer"), 1);
  EXPECT_EQ(stage("--use-megatron-fsdp"), 3);
  EXPECT_EQ(stage("--use-megatron-fsdp --data-parallel-sharding-strategy optim_grads"), 2);
  EXPECT_NE(refused("--use-megatron-fsdp --data-parallel-sharding-strategy all").find("unknown"),
            std::string::npos);
}

TEST(Megatron, Recompute) {
  const auto recompute = [](const std::string& more) { return with(more).plan.recompute; };
  Recompute core;
  core.attention_core = true;
  Recompute full;
  full.full = true;
  EXPECT_EQ(recompute(""), Recompute{});
  EXPECT_EQ(recompute("--recompute-activations"), core);
  EXPECT_EQ(recompute("--recompute-granularity selective"), core);
  EXPECT_EQ(recompute("--recompute-granularity full --recompute-method uniform "
                      "--recompute-num-layers 1"),
            full);
  EXPECT_EQ(recompute("--recompute-granularity full --recompute-method block "
                      "--recompute-num-layers 8"),
            full);
  full.full_layers = 7;
  EXPECT_EQ(recompute("--recompute-granularity full --recompute-method block "
                      "--recompute-num-layers 7"),
            full);
}

TEST(Megatron, Precision) {
  const Precision fp8 = with("--fp8-format e4m3 --fp8-recipe blockwise").plan.precision;
  EXPECT_EQ(fp8.linear, Dtype::fp8_block);
  EXPECT_EQ(fp8.parameter_gather, Dtype::bf16);
  EXPECT_EQ(with("--fp8-format e4m3 --fp8-recipe blockwise --fp8-param-gather")
                .plan.precision.parameter_gather,
            Dtype::fp8_block);
  EXPECT_EQ(with("--grad-reduce-in-bf16").plan.precision.gradients, Dtype::bf16);
  const Precision aware = with(
                              "--use-precision-aware-optimizer --main-grads-dtype bf16 "
                              "--exp-avg-dtype bf16 --exp-avg-sq-dtype bf16")
                              .plan.precision;
  EXPECT_EQ(aware.moments, Dtype::bf16);
  EXPECT_EQ(aware.gradients, Dtype::bf16);
  EXPECT_EQ(aware.master_weights, Dtype::fp32);
}

TEST(Megatron, ExpertsMayBeSplitOtherwise) {
  const std::string experts = "--num-experts 16 --tensor-model-parallel-size 2 ";
  EXPECT_EQ(with(experts + "--expert-tensor-parallel-size 2").plan.parallelism.tensor_parallel, 2);
  EXPECT_EQ(
      with(experts + "--expert-tensor-parallel-size 1").plan.parallelism.expert_tensor_parallel, 1);
  EXPECT_NE(refused(experts + "--expert-model-parallel-size 2").find("the default, allgather"),
            std::string::npos);
  EXPECT_TRUE(with("--tp-comm-overlap").plan.overlap.tensor_parallel);
}

TEST(Megatron, FsdpHasDtypesOfItsOwn) {
  const std::string fsdp = "--use-megatron-fsdp --megatron-fsdp-main-grads-dtype bf16 ";
  EXPECT_EQ(with(fsdp + "--megatron-fsdp-grad-comm-dtype bf16").plan.precision.gradients,
            Dtype::bf16);
  EXPECT_NE(refused(fsdp + "--megatron-fsdp-grad-comm-dtype fp32").find("as they are kept"),
            std::string::npos);
}

TEST(Megatron, LengthOfTheRun) {
  EXPECT_EQ(with("--train-iters 500").plan.phases.at(0).steps, 500.0);
  const Phase ramp = with("--train-samples 1000 --rampup-batch-size 16 8 400").plan.phases.at(0);
  EXPECT_EQ(ramp.tokens, 128000.0);
  EXPECT_EQ(ramp.ramp_from_batch_size, 16);
  EXPECT_EQ(ramp.ramp_tokens, 51200.0);
}

TEST(Megatron, TheWorldDivides) {
  EXPECT_EQ(refused("--tensor-model-parallel-size 2", 7),
            "args: --world-size: 7 GPUs do not divide into replicas of 2 (tensor x pipeline x "
            "context parallel)");
  EXPECT_EQ(refused("", 0),
            "args: --world-size: nothing tells how many GPUs there are; give --gpus COUNT");
}

TEST(Megatron, AllProblemsAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(problems_of([] {
              import_megatron(
                  "--num-layers eight\n--hidden-size 64\n--num-attention-heads 4\n"
                  "--vocab-size 8\n--micro-batch-size 1\n--seq-length ${SEQ}\n"
                  "--moe-expert-capacity-factor 1.0\n--num-layer 3\n--bf16 yes\n",
                  "a.sh", {.gpus = 1});
            }),
            "a.sh: --max-position-embeddings: missing; learned positions need it\n"
            "a.sh:1: --num-layers: expected an integer of at least 1, got \"eight\"\n"
            "a.sh:6: --seq-length: expected an integer of at least 1, got \"${SEQ}\", a variable "
            "that the file does not set\n"
            "a.sh:7: --moe-expert-capacity-factor: reckon cannot express this: dropped tokens\n"
            "a.sh:8: --num-layer: unknown argument; it may change time or memory; did you mean "
            "\"--num-layers\"?\n"
            "a.sh:9: --bf16: takes no value, got \"yes\"\n"
            "a.sh:9: --bf16: missing; reckon knows no training in FP32");
}

TEST(Megatron, TheLastWordOnAnArgumentCounts) {
  const MegatronImport result = with("--num-layers 12");
  EXPECT_EQ(result.model.layers, 12);
  EXPECT_EQ(result.report.ignored[0], (Ignored{"num_layers", "8", "given again later"}));
}

TEST(Megatron, BytesThatAreNoText) {
  EXPECT_EQ(problems_of([] { import_megatron("--num-layers \xff", "a.sh", {}); }),
            "a.sh: holds bytes that are no UTF-8; give a text file");
}

TEST(Megatron, ZerosOfADumpAreOff) {
  const std::string dump = "--- arguments ---\n  new_size ..... 0\n  new_flag ..... 7\n";
  const std::string problems = problems_of([&] { import_megatron(dump, "t.log", {}); });
  EXPECT_EQ(problems.find("--new-size"), std::string::npos);
  EXPECT_NE(problems.find("t.log:3: --new-flag: unknown argument"), std::string::npos);
  EXPECT_NE(refused("--new-size 0").find("--new-size: unknown argument"), std::string::npos);
}

TEST(Megatron, NothingToRead) {
  EXPECT_EQ(problems_of([] { import_megatron("echo hello\n", "a.sh", {}); }).find("a.sh: no argum"),
            0U);
}

}  // namespace
}  // namespace reckon

// Every rule of feasible(), broken alone and all together.
#include "planner/feasible.hpp"

#include <gtest/gtest.h>

#include <climits>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "planner/catalog.hpp"
#include "planner/schedules/build_schedule.hpp"
#include "planner/spec/layout.hpp"

namespace reckon {
namespace {

struct Inputs {
  ModelSpec model;
  ClusterSpec cluster;
  Plan plan;
};

Inputs shipped(const std::string& plan_name) {
  Inputs inputs;
  inputs.plan = load_plan(RECKON_DATA_DIR, plan_name);
  inputs.model = load_model(RECKON_DATA_DIR, inputs.plan.model);
  inputs.cluster = load_cluster(RECKON_DATA_DIR, inputs.plan.cluster);
  return inputs;
}

// "document pointer: message", a line a problem, after `change` to the inputs of a shipped plan.
std::vector<std::string> problems_after(const std::string& plan_name,
                                        const std::function<void(Inputs&)>& change) {
  Inputs inputs = shipped(plan_name);
  change(inputs);
  std::vector<std::string> lines;
  for (const PlanProblem& p : feasible(inputs.model, inputs.cluster, inputs.plan)) {
    lines.push_back(std::string(enum_name(p.document)) + " " + p.pointer + ": " + p.message);
  }
  return lines;
}

using Lines = std::vector<std::string>;

const std::string v3 = "deepseek-v3-2048-h800";
const std::string llama = "llama-3-70b-1024-h100";

Lines after_v3(const std::function<void(Inputs&)>& change) { return problems_after(v3, change); }
Lines after_llama(const std::function<void(Inputs&)>& change) {
  return problems_after(llama, change);
}

TEST(Feasible, AShippedPlanIs) {
  EXPECT_EQ(after_v3([](Inputs&) {}), Lines{});
  EXPECT_EQ(after_llama([](Inputs&) {}), Lines{});
}

// Too many stages to look at each, but not to be told.
TEST(Feasible, AListedLayoutHasNoMoreStagesThanLayers) {
  EXPECT_EQ(after_v3([](Inputs& in) { in.model.layers = 5; }),
            Lines{"plan /layout/layers_per_stage: 16 stages for 5 layers; take at most one stage "
                  "a layer"});
}

TEST(Feasible, TheGpusOfThePlanAreThoseOfTheCluster) {
  EXPECT_EQ(
      after_v3([](Inputs& in) { in.cluster.nodes = 128; }),
      Lines{"plan /parallelism/data_parallel: 1 x 16 x 1 x 128 = 2048 GPUs (tensor x pipeline "
            "x context x data parallel) but the cluster has 1024: lower data_parallel to 64 "
            "or take another cluster"});
  EXPECT_EQ(
      after_v3([](Inputs& in) { in.cluster.nodes = 512; }),
      Lines{"plan /parallelism/data_parallel: 1 x 16 x 1 x 128 = 2048 GPUs (tensor x pipeline "
            "x context x data parallel) but the cluster has 4096: raise data_parallel to 256 "
            "or take another cluster"});
  EXPECT_EQ(
      after_v3([](Inputs& in) { in.cluster.nodes = 255; }),
      Lines{"plan /parallelism/data_parallel: 1 x 16 x 1 x 128 = 2048 GPUs (tensor x pipeline "
            "x context x data parallel) but the cluster has 2040: one replica takes 16, which "
            "does not divide 2040; change tensor_parallel, pipeline_parallel or "
            "context_parallel"});
}

TEST(Feasible, TheBatchDivides) {
  EXPECT_EQ(after_v3([](Inputs& in) { in.plan.batch.global_batch_size = 15361; }),
            Lines{"plan /batch/global_batch_size: 15361 sequences do not divide into rounds of "
                  "micro_batch_size x data_parallel: 1 x 128 = 128; take 15360 or 15488"});
  EXPECT_EQ(after_llama([](Inputs& in) { in.plan.batch.global_batch_size = 7; }),
            Lines{"plan /batch/global_batch_size: 7 sequences do not divide into rounds of "
                  "micro_batch_size x data_parallel: 1 x 32 = 32; take 32"});
}

TEST(Feasible, TensorParallelRanksShareEvenly) {
  // 16 ranks copy the 8 KV heads; 128 GPUs of a replica still divide the cluster.
  EXPECT_EQ(after_llama([](Inputs& in) {
              in.plan.parallelism.tensor_parallel = 16;
              in.plan.parallelism.data_parallel = 16;
            }),
            Lines{});
  EXPECT_EQ(
      after_llama([](Inputs& in) {
        in.model.attention.heads = 60;
        in.model.attention.kv_heads = 12;
        in.model.intermediate = 28676;
        in.model.vocabulary = 128257;
      }),
      (Lines{"plan /parallelism/tensor_parallel: 8 ranks do not divide the 60 attention heads; "
             "take a divisor of 60",
             "plan /parallelism/tensor_parallel: 8 ranks can neither share nor copy the 12 KV "
             "heads evenly; take a divisor or a multiple of 12",
             "plan /parallelism/tensor_parallel: 8 ranks do not divide the 28676 columns of a "
             "dense MLP (intermediate); take a divisor of 28676",
             "plan /parallelism/tensor_parallel: 8 ranks do not divide the 128257 vocabulary "
             "entries; take a divisor of 128257"}));
  EXPECT_EQ(after_llama([](Inputs& in) { in.plan.batch.sequence_length = 8188; }),
            Lines{"plan /parallelism/sequence_parallel: 8 tensor parallel ranks do not divide the "
                  "8188 tokens of a micro-batch; switch sequence_parallel off"});
}

TEST(Feasible, ExpertsDivide) {
  EXPECT_EQ(
      after_v3([](Inputs& in) { in.plan.parallelism.expert_parallel = 48; }),
      (Lines{"plan /parallelism/expert_parallel: 48 ranks do not divide the 256 experts; take "
             "a divisor of 256",
             "plan /parallelism/expert_parallel: 48 ranks do not divide data_parallel x "
             "context_parallel: 128 x 1 = 128; take a divisor of 128"}));
  EXPECT_EQ(after_v3([](Inputs& in) { in.plan.parallelism.expert_parallel = 256; }),
            Lines{"plan /parallelism/expert_parallel: 256 ranks do not divide data_parallel x "
                  "context_parallel: 128 x 1 = 128; take a divisor of 128"});
  EXPECT_EQ(after_llama([](Inputs& in) { in.plan.parallelism.expert_parallel = 2; }),
            Lines{"plan /parallelism/expert_parallel: 2 ranks for the experts of a model without "
                  "experts; set it to 1"});
}

TEST(Feasible, TheLayoutAddsUp) {
  EXPECT_EQ(
      after_v3([](Inputs& in) {
        in.plan.layout.layers_per_stage = {60, 2};
      }),
      (Lines{"plan /layout/layers_per_stage: 2 stages listed but the schedule has 16; list one "
             "number a stage, or leave the layout out",
             "plan /layout/layers_per_stage: the stages hold 62 layers but the model has 61"}));
  EXPECT_EQ(after_v3([](Inputs& in) {
              in.plan.layout.layers_per_stage[3] = 0;
              in.plan.layout.layers_per_stage[4] = 8;
            }),
            Lines{"plan /layout/layers_per_stage/3: 0 layers; only the stages of the embedding, of "
                  "the head and of MTP layers can do without one"});
  EXPECT_EQ(after_v3([](Inputs& in) {
              in.plan.layout.layers_per_stage[3] = 0;
              in.plan.layout.layers_per_stage[4] = 8;
              in.plan.layout.mtp_stage = 3;
            }),
            Lines{})
      << "an MTP layer is a layer";
  EXPECT_EQ(after_v3([](Inputs& in) { in.plan.layout.mtp_stage = 16; }),
            Lines{"plan /layout/mtp_stage: there are stages 0 to 15"});
  EXPECT_EQ(after_v3([](Inputs& in) {
              in.plan.layout.layers_per_stage.front() = 5;
              in.plan.layout.layers_per_stage.back() = 0;
            }),
            Lines{});
  EXPECT_EQ(after_llama([](Inputs& in) { in.model.layers = 19; }),
            Lines{"plan /parallelism/pipeline_parallel: 20 stages for 19 layers; take at most one "
                  "stage a layer"});
}

TEST(Feasible, TheScheduleHasItsRules) {
  EXPECT_EQ(after_v3([](Inputs& in) {
              in.plan.batch.global_batch_size = 23 * 128;
              in.plan.phases.clear();
            }),
            (Lines{"plan /schedule: dual_pipe: micro_batches is 23; give an even number, half of "
                   "them for each direction (23 micro-batches = 2944 sequences / (micro_batch_size "
                   "1 x data_parallel 128))",
                   "plan /schedule: dual_pipe: micro_batches is 23; give at least twice the 16 "
                   "pipeline ranks: 32 or more (23 micro-batches = 2944 sequences / "
                   "(micro_batch_size 1 x data_parallel 128))"}));
  EXPECT_EQ(
      after_llama([](Inputs& in) { in.plan.batch.global_batch_size = 32 * 6; }),
      Lines{"plan /schedule: interleaved_one_forward_one_backward: micro_batches is 6; give a "
            "multiple of the 4 pipeline ranks (6 micro-batches = 192 sequences / "
            "(micro_batch_size 1 x data_parallel 32))"});
  EXPECT_EQ(
      after_llama([](Inputs& in) { in.plan.schedule = ScheduleKind::one_forward_one_backward; }),
      Lines{
          "plan /parallelism/chunks_per_rank: 5 chunks a rank, which one_forward_one_backward does "
          "not have; set it to 1, or the schedule to interleaved_one_forward_one_backward"});
  const Lines odd = after_v3([](Inputs& in) {
    in.cluster.nodes = 15 * 16;
    in.plan.parallelism.pipeline_parallel = 15;
    in.plan.layout = {};
    in.plan.phases.clear();
  });
  ASSERT_EQ(odd.size(), 1u);
  EXPECT_TRUE(odd[0].starts_with("plan /schedule: dual_pipe: pipeline_ranks is 15; give an even"));
}

TEST(Feasible, ContextParallelRanksShareTheSequence) {
  EXPECT_EQ(after_v3([](Inputs& in) {
              in.plan.parallelism.context_parallel = 2;
              in.plan.parallelism.data_parallel = 64;
              in.plan.batch.sequence_length = 4095;
              in.plan.phases.clear();
            }),
            Lines{"plan /batch/sequence_length: 4095 tokens do not divide over 2 context parallel "
                  "ranks; take a multiple of 2"});
}

TEST(Feasible, LearnedPositionsAreEnough) {
  EXPECT_EQ(problems_after("gpt-3-175b-1024-a100",
                           [](Inputs& in) { in.plan.batch.sequence_length = 4096; }),
            Lines{"plan /batch/sequence_length: 4096 tokens but the model has learned 2048 "
                  "positions; take at most that many"});
  EXPECT_EQ(problems_after("gpt-3-175b-1024-a100",
                           [](Inputs& in) {
                             in.model.learned_positions = 0;
                             in.plan.batch.sequence_length = 1;
                           }),
            Lines{"model /learned_positions: missing; learned positions need it"});
}

TEST(Feasible, RoutingStaysWithinTheExperts) {
  EXPECT_EQ(after_v3([](Inputs& in) {
              in.model.moe->experts_per_token = 300;
              in.model.moe->groups_per_token = 9;
            }),
            (Lines{"model /moe/experts_per_token: a token cannot go to 300 of 256 experts",
                   "model /moe/groups_per_token: a token cannot go to 9 of 8 groups"}));
  EXPECT_EQ(after_v3([](Inputs& in) {
              in.model.moe->groups_per_token = 1;
              in.model.moe->experts_per_token = 33;
            }),
            Lines{"model /moe/experts_per_token: 1 groups hold 32 experts, fewer than the 33 of a "
                  "token; raise groups_per_token"});
  EXPECT_EQ(after_v3([](Inputs& in) { in.model.moe->groups = 7; }),
            Lines{"model /moe/groups: 7 groups do not divide the 256 experts"});
  EXPECT_EQ(after_v3([](Inputs& in) { in.model.moe->first_dense_layers = 61; }),
            Lines{"model /moe/first_dense_layers: 61 dense layers leave none of the 61 layers with "
                  "experts; give fewer, or drop moe"});
}

TEST(Feasible, LayersWithExpertsAreThere) {
  EXPECT_EQ(after_v3([](Inputs& in) {
              in.model.moe->layer_interval = 2;
              in.model.moe->layer_offset = 2;
            }),
            Lines{"model /moe/layer_offset: no layer has index 2 modulo 2; take 0 to 1"});
}

TEST(Feasible, AttentionHasItsSizes) {
  EXPECT_EQ(
      after_v3([](Inputs& in) { in.model.attention = {.kind = AttentionKind::mla, .heads = 128}; }),
      (Lines{"model /attention/kv_lora_rank: missing; mla needs it",
             "model /attention/qk_nope_head_dim: missing; mla needs it",
             "model /attention/v_head_dim: missing; mla needs it"}));
  EXPECT_EQ(after_llama([](Inputs& in) { in.model.attention.head_dim = 0; }),
            Lines{"model /attention/head_dim: missing; gqa needs it"});
  EXPECT_EQ(after_llama([](Inputs& in) { in.model.attention.kind = AttentionKind::mha; }),
            Lines{"model /attention/kv_heads: 8 KV heads for 64 heads; drop kv_heads, or set kind "
                  "to gqa"});
  EXPECT_EQ(after_llama([](Inputs& in) { in.model.attention.kv_heads = 24; }),
            Lines{"model /attention/kv_heads: 24 KV heads do not divide the 64 heads"});
  EXPECT_EQ(after_llama([](Inputs& in) {
              in.model.attention.qk_norm = in.model.attention.qk_norm_all_heads = true;
            }),
            Lines{"model /attention/qk_norm_all_heads: stands beside qk_norm; drop one of them"});
}

TEST(Feasible, GemmsReadBf16OrFp8) {
  EXPECT_EQ(after_v3([](Inputs& in) { in.plan.precision.linear = Dtype::e5m6; }),
            Lines{"plan /precision/linear: no GEMM reads e5m6; take bf16, fp8_block, "
                  "fp8_tensor, mxfp8 or nvfp4"});
}

TEST(Feasible, PhasesKeepTheRules) {
  EXPECT_EQ(
      after_v3([](Inputs& in) {
        in.plan.phases[1].context_parallel = 24;
        in.plan.phases[2].global_batch_size = 481;
        in.plan.phases[3].given_gpu_hours = 0;
      }),
      (Lines{"plan /phases/1/context_parallel: 24 ranks do not divide the plan's data_parallel "
             "x context_parallel, 128; take a divisor of it",
             "plan /phases/2/global_batch_size: 481 sequences do not divide into rounds of "
             "micro_batch_size x data_parallel: 1 x 4 = 4; take 480 or 484",
             "plan /phases/3: nothing to run; give tokens, steps or given_gpu_hours"}));
  EXPECT_EQ(after_v3([](Inputs& in) {
              in.plan.phases[0].ramp_from_batch_size = 16000;
              in.plan.phases[0].ramp_tokens = 0;
              in.plan.phases[1].sequence_length = 32770;
            }),
            (Lines{"plan /phases/0/ramp_from_batch_size: the ramp starts at 16000 sequences, above "
                   "the batch of 15360",
                   "plan /phases/0/ramp_tokens: a ramp needs both ramp_from_batch_size and "
                   "ramp_tokens",
                   "plan /phases/1/sequence_length: 32770 tokens do not divide over 8 context "
                   "parallel ranks; take a multiple of 8"}));
  const Lines few = after_v3([](Inputs& in) { in.plan.phases[2].global_batch_size = 40; });
  ASSERT_EQ(few.size(), 1u);
  EXPECT_TRUE(few[0].starts_with("plan /phases/2: dual_pipe: micro_batches is 10; give at least"))
      << few[0];
}

TEST(Feasible, APhaseShrinksDataParallelAsContextParallelGrows) {
  const Plan plan = shipped(v3).plan;
  const Plan own = in_phase(plan, plan.phases[2]);
  EXPECT_EQ(own.parallelism.context_parallel, 32);
  EXPECT_EQ(own.parallelism.data_parallel, 4);
  EXPECT_EQ(own.batch.global_batch_size, 480);
  EXPECT_EQ(own.batch.sequence_length, 131072);
  EXPECT_EQ(in_phase(plan, plan.phases[0]), plan);
}

TEST(Feasible, TheDeviceComputesWhatThePlanAsksFor) {
  Inputs in = shipped(v3);
  DeviceProfile device;
  device.name = "a100";
  device.gpu.sms = 20;
  const auto problems = feasible(in.model, in.cluster, device, in.plan);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].pointer, "/precision/linear");
  EXPECT_EQ(problems[0].message,
            "fp8_block, but a100 has no FP8 tensor cores; take bf16 or another cluster");
  EXPECT_EQ(problems[1].pointer, "/expert_communication/sms");
  device.gpu.sms = 132;
  device.gpu.fp8_peak = FlopsPerSecond{1979e12};
  EXPECT_TRUE(feasible(in.model, in.cluster, device, in.plan).empty());
}

TEST(Feasible, EverythingAtOnce) {
  const Lines lines = after_v3([](Inputs& in) {
    in.model.moe->groups_per_token = 9;
    in.plan.parallelism.data_parallel = 100;
    in.plan.parallelism.tensor_parallel = 3;
    in.plan.parallelism.chunks_per_rank = 2;
    in.plan.layout.layers_per_stage.pop_back();
    in.plan.phases[3].given_gpu_hours = 0;
  });
  const std::vector<std::string> pointers{
      "model /moe/groups_per_token:",
      "plan /parallelism/data_parallel:",
      "plan /parallelism/tensor_parallel:",  // heads
      "plan /parallelism/expert_tensor_parallel:",
      "plan /parallelism/tensor_parallel:",  // vocabulary
      "plan /parallelism/expert_parallel:",  // 64 and 100
      "plan /parallelism/chunks_per_rank:",
      "plan /batch/global_batch_size:",
      "plan /layout/layers_per_stage:",  // 15 of 16
      "plan /layout/layers_per_stage:",  // 60 of 61
      "plan /phases/1/context_parallel:",
      "plan /phases/2/context_parallel:",
      "plan /phases/3:",
  };
  ASSERT_EQ(lines.size(), pointers.size());
  for (std::size_t index = 0; index < lines.size(); ++index) {
    EXPECT_TRUE(lines[index].starts_with(pointers[index])) << lines[index];
  }
}

TEST(Feasible, NumbersThatNoFileCouldHold) {
  EXPECT_EQ(after_v3([](Inputs& in) {
              in.model.layers = 0;
              in.model.attention.heads = -1;
              in.model.moe->experts = 0;
              in.cluster.gpus_per_node = INT_MIN;
              in.plan.parallelism.data_parallel = 0;
              in.plan.batch.micro_batch_size = INT_MAX;
              in.plan.phases[1].context_parallel = -8;
            }),
            (Lines{"model /layers: 0 is too small; give at least 1",
                   "model /attention/heads: -1 is too small; give at least 1",
                   "model /moe/experts: 0 is too small; give at least 1",
                   "cluster /gpus_per_node: -2147483648 is too small; give at least 1",
                   "plan /parallelism/data_parallel: 0 is too small; give at least 1",
                   "plan /batch/micro_batch_size: 2147483647 is too large; give at most 1000000",
                   "plan /phases/1/context_parallel: -8 is too small; give at least 0"}));
  EXPECT_EQ(after_v3([](Inputs& in) { in.cluster.nodes = 9999999; }),
            Lines{"cluster /nodes: 9999999 x 8 = 79999992 GPUs; give at most 10000000"});
}

// Random plans: the check itself never divides by zero or overflows (the sanitizers look), and what
// it lets pass can be scheduled.
TEST(Feasible, RandomPlans) {
  const std::vector<int> numbers{INT_MIN, -1, 0,  1,  2,   3,   4,       5,
                                 8,       16, 61, 64, 127, 128, 1000003, INT_MAX};
  const Inputs base = shipped(v3);
  int passed = 0;
  for (unsigned seed = 0; seed < 20000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Inputs in = base;
    in.plan.layout = {};
    const auto change = [&](int& number, unsigned one_in) {
      if (random() % one_in == 0) number = numbers[random() % numbers.size()];
    };
    for (int* number :
         {&in.plan.parallelism.tensor_parallel, &in.plan.parallelism.pipeline_parallel,
          &in.plan.parallelism.chunks_per_rank, &in.plan.parallelism.context_parallel,
          &in.plan.parallelism.data_parallel, &in.plan.parallelism.expert_parallel,
          &in.plan.batch.global_batch_size, &in.plan.batch.micro_batch_size,
          &in.plan.batch.sequence_length, &in.model.layers, &in.model.attention.heads,
          &in.model.moe->groups_per_token, &in.plan.phases[1].context_parallel,
          &in.cluster.nodes}) {
      change(*number, 12);
    }
    in.plan.schedule = static_cast<ScheduleKind>(random() % 6);
    if (!feasible(in.model, in.cluster, in.plan).empty()) continue;
    ++passed;
    EXPECT_GT(micro_batches(in.plan), 0);
    EXPECT_TRUE(shape_problems(schedule_shape(in.plan)).empty());
    int layers = 0;
    for (const StageLayers& stage : stage_layers(in.model, in.plan)) layers += stage.layers;
    EXPECT_EQ(layers, in.model.layers);
  }
  EXPECT_GT(passed, 100) << "the random plans are too wild to show anything";
}

}  // namespace
}  // namespace reckon

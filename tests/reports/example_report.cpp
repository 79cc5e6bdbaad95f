#include "tests/reports/example_report.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "reports/assemble.hpp"
#include "reports/cost.hpp"

namespace reckon {
namespace {

ModelSpec deepseek_v3() {
  ModelSpec model;
  model.name = "deepseek-v3";
  model.layers = 61;
  model.hidden = 7168;
  model.intermediate = 18432;
  model.vocabulary = 129280;
  model.attention.kind = AttentionKind::mla;
  model.attention.heads = 128;
  model.attention.q_lora_rank = 1536;
  model.attention.kv_lora_rank = 512;
  model.attention.qk_nope_head_dim = 128;
  model.attention.qk_rope_head_dim = 64;
  model.attention.v_head_dim = 128;
  model.moe = MoeSpec{};
  model.moe->first_dense_layers = 3;
  model.moe->experts = 256;
  model.moe->experts_per_token = 8;
  model.moe->expert_intermediate = 2048;
  model.moe->shared_experts = 1;
  model.moe->groups = 8;
  model.moe->groups_per_token = 4;
  model.mtp_modules = 1;
  model.published = {671e9, 37e9, "DeepSeek-V3 report"};
  model.source = "DeepSeek-V3 report";
  return model;
}

ClusterSpec h800_cluster() {
  ClusterSpec cluster;
  cluster.name = "h800-2048-mpft";
  cluster.device = "h800-sxm";
  cluster.nodes = 256;
  cluster.gpus_per_node = 8;
  cluster.nvlink = {"nvlink", {200e9}, {160e9}, {3.33e-6}, "ISCA'25, section 4.3"};
  cluster.nic = {"infiniband", {50e9}, {40e9}, {2.8e-6}, "ISCA'25, section 4.3"};
  cluster.fabric.kind = FabricKind::multi_plane_fat_tree;
  cluster.fabric.planes = 8;
  cluster.fabric.switch_hop_latency = {0.45e-6};
  cluster.pricing = {{2.0}, "DeepSeek-V3 report, Table 1: rental price assumed by its authors"};
  return cluster;
}

Phase phase(std::string name, PhaseKind kind) {
  Phase made;
  made.name = std::move(name);
  made.kind = kind;
  made.source = "DeepSeek-V3 report";
  return made;
}

std::vector<Phase> phases() {
  Phase pretraining = phase("pre-training", PhaseKind::pretrain);
  pretraining.tokens = 14.8e12;
  pretraining.ramp_from_batch_size = 3072;
  pretraining.ramp_tokens = 469e9;
  pretraining.published = PublishedPhase{2664000, "DeepSeek-V3 report, Table 1"};
  Phase short_context = phase("context extension 32K", PhaseKind::context_extension);
  short_context.steps = 1000;
  short_context.global_batch_size = 1920;
  short_context.sequence_length = 32768;
  short_context.context_parallel = 8;
  Phase long_context = short_context;
  long_context.name = "context extension 128K";
  long_context.global_batch_size = 480;
  long_context.sequence_length = 131072;
  long_context.context_parallel = 32;
  long_context.published = PublishedPhase{119000, "DeepSeek-V3 report, Table 1, both"};
  Phase post = phase("post-training", PhaseKind::post_training);
  post.given_gpu_hours = 5000;
  post.published = PublishedPhase{5000, "DeepSeek-V3 report, Table 1"};
  return {pretraining, short_context, long_context, post};
}

Plan v3_plan() {
  Plan plan;
  plan.name = "deepseek-v3-2048-h800";
  plan.model = "deepseek-v3";
  plan.cluster = "h800-2048-mpft";
  plan.parallelism.pipeline_parallel = 16;
  plan.parallelism.data_parallel = 128;
  plan.parallelism.expert_parallel = 64;
  plan.parallelism.zero_stage = 1;
  plan.batch = {15360, 1, 4096};
  plan.schedule = ScheduleKind::dual_pipe;
  plan.precision.linear = Dtype::fp8_block;
  plan.phases = phases();
  plan.published = PublishedStep{.step_s = 19.926,
                                 .forward_s = 1.13,
                                 .backward_s = 1.99,
                                 .backward_weight_s = 0.48,
                                 .overlapped_pair_s = 13.95,
                                 .bubble_s = 2.06,
                                 .optimizer_s = 0.29,
                                 .mfu_causal = 0.3894,
                                 .mfu_full = 0.4373,
                                 .gpu_hours_per_trillion_tokens = 180000,
                                 .chunk_pair_s = 0.129012,
                                 .source = "ISCA'25 (arXiv:2505.09343), Table 4"};
  return plan;
}

DeviceProfile h800() {
  DeviceProfile device;
  device.name = "h800-sxm";
  device.gpu.bf16_peak = {989.4e12};
  device.gpu.memory = {80.0 * gib};
  return device;
}

// DualPipe's op counts of 16 ranks and 120 micro-batches (reference/deepseek/dualpipe.json), all
// ops slower by `factor`.
StepSummary step(double seconds, double factor) {
  StepSummary summary;
  summary.step = {seconds};
  for (int rank = 0; rank < 16; ++rank) {
    const int from_end = std::min(rank, 15 - rank);
    const int is_middle = from_end == 7 ? 1 : 0;
    RankTime time{.pipeline_rank = rank};
    time.forwards = 23 - from_end + is_middle;
    time.backwards = 23 - from_end + is_middle;
    time.backward_weights = 15 - from_end;
    time.pairs = 2 * (60 - 16 + from_end + 1) + (7 - from_end) - is_middle;
    time.forward = Seconds{0.0535 * factor} * time.forwards;
    time.backward_weight = Seconds{0.0253 * factor} * time.backward_weights;
    const int full = time.backwards - time.backward_weights;
    time.backward = Seconds{0.0840 * factor} * time.backwards + Seconds{0.0253 * factor} * full;
    time.overlapped_pair = Seconds{0.1312 * factor} * time.pairs;
    time.optimizer = {0.262 + 0.002 * from_end};
    time.bubble = summary.step - time.forward - time.backward - time.backward_weight -
                  time.overlapped_pair - time.optimizer;
    time.exposed_communication = {0.61 + 0.01 * from_end};
    time.compute_busy = {0.81 * seconds};
    time.communication_busy = {0.66 * seconds};
    summary.ranks.push_back(time);
    for (Seconds RankTime::*part :
         {&RankTime::forward, &RankTime::backward, &RankTime::backward_weight,
          &RankTime::overlapped_pair, &RankTime::optimizer, &RankTime::bubble,
          &RankTime::exposed_communication, &RankTime::compute_busy,
          &RankTime::communication_busy}) {
      summary.mean.*part += time.*part / 16.0;
    }
  }
  summary.mean.pipeline_rank = -1;
  summary.mean.forwards = 23;
  summary.mean.backwards = 23;
  summary.mean.backward_weights = 15;
  summary.mean.pairs = 97;
  const double tokens = 15360.0 * 4096.0;
  const double available = 2048 * 989.4e12 * seconds / tokens;
  summary.mfu_causal = 250.4e9 / available;
  summary.mfu_full = 281.2e9 / available;
  summary.hfu_causal = 272.9e9 / available;
  summary.tokens_per_second_per_gpu = tokens / seconds / 2048;
  summary.gpu_hours_per_trillion_tokens = 1e12 / tokens * seconds * 2048 / 3600;
  return summary;
}

std::vector<RankMemory> memory() {
  std::vector<RankMemory> ranks;
  for (int rank = 0; rank < 16; ++rank) {
    const bool is_end = rank == 0 || rank == 15;
    RankMemory memory;
    memory.pipeline_rank = rank;
    memory.weights = {(is_end ? 5.11 : 3.28) * gib};
    memory.gradients = {(is_end ? 15.1 : 11.9) * gib};
    memory.master_weights = {4.9 * gib};
    memory.moments = {4.9 * gib};
    memory.activations = {(is_end ? 21.7 : 24.3) * gib};
    memory.logits = {(is_end ? 1.97 : 0.0) * gib};
    memory.communication = {2.2 * gib};
    memory.workspace = {3.1 * gib};
    memory.chunks_in_flight = 17;
    memory.parameters = 4.11e9;
    ranks.push_back(memory);
  }
  return ranks;
}

RunCost run_of(const Plan& plan, const Pricing& pricing, Seconds full_step) {
  return price_run(plan, 2048, pricing, [&](const Plan& asked) -> std::optional<Seconds> {
    const double share = tokens_per_step(asked) / tokens_per_step(plan);
    const double longer =
        asked.batch.sequence_length > 4096 ? 1.0 + asked.batch.sequence_length / 36000.0 : 1.0;
    return full_step * (0.12 + 0.88 * share) * longer;
  });
}

}  // namespace

Report example_report() {
  Report report = begin_report(deepseek_v3(), h800_cluster(), v3_plan(), h800());
  report.tool = "reckon 0.1.0";
  report.bare = step(17.873, 1.0);
  report.with_effects = step(19.148, 1.058);
  const auto effect = [&report](std::string name, double seconds, std::string source) {
    const Seconds before = report.effects.empty() ? report.bare.step : report.effects.back().step;
    report.effects.push_back(
        {std::move(name), true, {seconds}, Seconds{seconds} - before, std::move(source)});
  };
  effect("routing imbalance", 18.304, "deepseek-ai/profile-data, train.json: 8 samples of rows");
  effect("pipeline sends", 18.391, "ISCA'25, section 4.3: 40 GB/s of a 400 Gb/s NIC");
  effect("jitter of ranks", 18.667,
         "deepseek-ai/profile-data, train.json: attention phases of one rank, which no routing "
         "touches, pooled over three phases");
  effect("clock derate", 19.148, "assumed: H800 boards throttle under long tensor-core load");
  report.chunk_pair = {0.1273};
  report.lanes = {{"attention_backward_input", "compute", {2.71}},
                  {"mlp_forward", "compute", {2.44}},
                  {"dispatch_forward", "communication", {3.31}}};
  report.memory = memory();
  report.bare_run = run_of(report.plan, report.cluster.pricing, report.bare.step);
  report.run = run_of(report.plan, report.cluster.pricing, report.with_effects.step);
  return finish_report(std::move(report));
}

Report example_report_bare() {
  Report report = example_report();
  for (EffectShare& effect : report.effects) {
    effect.on = false;
    effect.step = report.bare.step;
    effect.added = {};
  }
  report.with_effects = report.bare;
  report.run = report.bare_run;
  report.warnings.clear();
  return finish_report(std::move(report));
}

Report small_report() {
  ModelSpec model;
  model.name =
      "小さい\x1b[31mmodel";  // wide letters, and an escape that must not reach the terminal
  model.layers = 4;
  model.hidden = 1024;
  model.intermediate = 4096;
  model.vocabulary = 32000;
  model.attention.heads = 8;
  model.attention.head_dim = 128;
  model.published.parameters = 132.7e6;
  ClusterSpec cluster = h800_cluster();
  cluster.nodes = 1;
  Plan plan;
  plan.name = "small";
  plan.model = "small-model";
  plan.cluster = "h800-2048-mpft";
  plan.parallelism.data_parallel = 8;
  plan.batch = {64, 1, 2048};
  Report report = begin_report(model, cluster, plan, h800());
  report.bare.step = {0.0123};
  RankTime rank{.forward = {0.004}, .backward = {0.0075}, .optimizer = {0.0008}};
  rank.forwards = rank.backwards = 8;
  report.bare.ranks = {rank};
  report.bare.mean = rank;
  report.bare.mean.pipeline_rank = -1;
  report.bare.mfu_causal = 0.41;
  report.bare.mfu_full = 0.44;
  report.bare.hfu_causal = 0.41;
  report.with_effects = report.bare;
  RankMemory over;
  over.weights = {40.0 * gib};
  over.gradients = {30.0 * gib};
  over.activations = {21.0 * gib};
  report.memory = {over};
  return finish_report(std::move(report));
}

}  // namespace reckon

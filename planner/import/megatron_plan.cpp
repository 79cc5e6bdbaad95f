#include "planner/import/megatron_plan.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "planner/import/megatron_model.hpp"
#include "planner/import/pipeline_layout.hpp"

namespace reckon {
namespace {

// --- parallelism
// ---------------------------------------------------------------------------------

// Chunks of interleaved 1F1B that a rank has.
int read_chunks(MegatronReader& in, const ModelSpec& model, int pipeline) {
  const std::string_view field = "parallelism.chunks_per_rank";
  if (const auto given = in.integer("num_virtual_stages_per_pipeline_rank", field, 1)) {
    in.ignore("num_layers_per_virtual_pipeline_stage",
              "num_virtual_stages_per_pipeline_rank says it");
    in.ignore("virtual_pipeline_model_parallel_size",
              "num_virtual_stages_per_pipeline_rank says it");
    return *given;
  }
  if (const auto given = in.integer("virtual_pipeline_model_parallel_size", field, 1)) {
    in.ignore("num_layers_per_virtual_pipeline_stage",
              "virtual_pipeline_model_parallel_size says it");
    return *given;
  }
  const auto layers = in.integer("num_layers_per_virtual_pipeline_stage", field, 1);
  if (!layers) return 1;
  const int chunks = model.layers / pipeline / *layers;
  if (chunks == 0 || chunks * *layers * pipeline != model.layers) {
    in.problem("num_layers_per_virtual_pipeline_stage",
               std::to_string(*layers) + " layers do not divide the " +
                   std::to_string(model.layers) + " into equal chunks of every rank");
    return 1;
  }
  in.derived("num_layers_per_virtual_pipeline_stage", field, chunks);
  return chunks;
}

void read_data_parallel(MegatronReader& in, int world_size, Parallelism& p) {
  if (world_size == 0) {
    in.problem("world_size", "nothing tells how many GPUs there are; give --gpus COUNT");
    return;
  }
  const long long model =
      static_cast<long long>(p.tensor_parallel) * p.pipeline_parallel * p.context_parallel;
  if (world_size % model != 0) {
    in.problem("world_size", std::to_string(world_size) + " GPUs do not divide into replicas of " +
                                 std::to_string(model) + " (tensor x pipeline x context parallel)");
    return;
  }
  p.data_parallel = static_cast<int>(world_size / model);
  in.derived("world_size", "parallelism.data_parallel", p.data_parallel);
  const auto logged = in.integer("data_parallel_size", "parallelism.data_parallel");
  if (logged && *logged != p.data_parallel) {
    in.problem("data_parallel_size", "is not the " + std::to_string(p.data_parallel) +
                                         " that the world size and the other sizes make");
  }
}

void read_sharding(MegatronReader& in, Parallelism& p) {
  const std::string_view field = "parallelism.zero_stage";
  const bool distributed = in.flag("use_distributed_optimizer", field, "1");
  p.zero_stage = distributed ? 1 : 0;
  bool sharded = in.flag("use_megatron_fsdp", field, "3");
  sharded = in.flag("use_custom_fsdp", field, "3") || sharded;  // its older name
  if (!sharded) {
    in.ignore("data_parallel_sharding_strategy", "of Megatron-FSDP, which is off");
    return;
  }
  const std::string strategy =
      in.word_or("data_parallel_sharding_strategy", field, "optim_grads_params");
  const std::vector<std::string_view> stages{"no_shard", "optim", "optim_grads",
                                             "optim_grads_params"};
  const auto found = std::find(stages.begin(), stages.end(), strategy);
  if (found == stages.end()) {
    in.problem("data_parallel_sharding_strategy",
               in_quotes(strategy) +
                   " is unknown; there are no_shard, optim, optim_grads, optim_grads_params");
    return;
  }
  p.zero_stage = static_cast<int>(found - stages.begin());
  in.derived("data_parallel_sharding_strategy", field, p.zero_stage);
}

void read_parallelism(MegatronReader& in, const ModelSpec& model, int world_size, Plan& plan) {
  Parallelism& p = plan.parallelism;
  p.tensor_parallel =
      in.integer_or("tensor_model_parallel_size", "parallelism.tensor_parallel", 1, 1);
  p.pipeline_parallel =
      in.integer_or("pipeline_model_parallel_size", "parallelism.pipeline_parallel", 1, 1);
  p.context_parallel = in.integer_or("context_parallel_size", "parallelism.context_parallel", 1, 1);
  p.expert_parallel =
      in.integer_or("expert_model_parallel_size", "parallelism.expert_parallel", 1, 1);
  p.expert_tensor_parallel =
      in.integer("expert_tensor_parallel_size", "parallelism.expert_tensor_parallel", 1)
          .value_or(0);
  p.sequence_parallel = in.flag("sequence_parallel", "parallelism.sequence_parallel");
  if (p.sequence_parallel && p.tensor_parallel == 1) {  // Megatron-LM switches it off as well
    p.sequence_parallel = false;
    in.derived("sequence_parallel", "parallelism.sequence_parallel", "false");
  }
  p.chunks_per_rank = read_chunks(in, model, p.pipeline_parallel);
  read_data_parallel(in, world_size, p);
  read_sharding(in, p);
}

// --- stages
// --------------------------------------------------------------------------------------

// Stages of a layout in model order, which is the order in which Megatron-LM deals them out: to all
// ranks, then to all ranks again.
void read_explicit_layout(MegatronReader& in, const ModelSpec& model, Plan& plan) {
  const std::string_view name = "pipeline_model_parallel_layout";
  const std::string text = in.word_or(name, "layout.layers_per_stage", "");
  std::vector<LayoutStage> stages;
  try {
    stages = pipeline_layout(text);
  } catch (const std::invalid_argument& what) {
    in.problem(name, in_quotes(text) + ": " + what.what());
    return;
  }
  const int ranks = plan.parallelism.pipeline_parallel;
  const int count = static_cast<int>(stages.size());
  if (count % ranks != 0) {
    in.problem(name, std::to_string(count) + " stages do not divide among " +
                         std::to_string(ranks) + " pipeline ranks");
    return;
  }
  int layers = 0;
  int mtp = 0;
  for (const LayoutStage& stage : stages) {
    layers += stage.layers;
    mtp += stage.mtp_layers;
    plan.layout.layers_per_stage.push_back(stage.layers);
  }
  if (layers != model.layers || mtp != model.mtp_modules || !stages.front().embedding ||
      !stages.back().loss) {
    in.problem(name, std::to_string(layers) + " layers and " + std::to_string(mtp) +
                         " MTP layers, for a model of " + std::to_string(model.layers) + " and " +
                         std::to_string(model.mtp_modules) +
                         "; E has to stand in the first and L in the last stage");
  }
  const auto with_mtp = std::find_if(stages.begin(), stages.end(),
                                     [](const LayoutStage& stage) { return stage.mtp_layers > 0; });
  if (with_mtp != stages.end()) {
    plan.layout.mtp_stage = static_cast<int>(with_mtp - stages.begin());
    in.derived(name, "layout.mtp_stage", plan.layout.mtp_stage);
    if (with_mtp->mtp_layers != mtp) in.problem(name, "reckon has all MTP layers on one stage");
  }
  plan.parallelism.chunks_per_rank = count / ranks;
  in.derived(name, "parallelism.chunks_per_rank", plan.parallelism.chunks_per_rank);
}

// --decoder-first-pipeline-num-layers and -last-: the other stages share what is left.
void read_uneven_stages(MegatronReader& in, const ModelSpec& model, Plan& plan) {
  const std::string_view field = "layout.layers_per_stage";
  const auto first = in.integer("decoder_first_pipeline_num_layers", field, 1);
  const auto last = in.integer("decoder_last_pipeline_num_layers", field, 1);
  if (!first && !last) return;
  const Parallelism& p = plan.parallelism;
  const int inner = p.pipeline_parallel - (first ? 1 : 0) - (last ? 1 : 0);
  const int left = model.layers - first.value_or(0) - last.value_or(0);
  const bool fits = p.pipeline_parallel <= 4096 && p.chunks_per_rank <= 4096 && left >= 0 &&
                    (inner > 0 ? left % inner == 0 : inner == 0 && left == 0);
  std::vector<int> of_rank(fits ? static_cast<std::size_t>(p.pipeline_parallel) : 0U,
                           inner > 0 ? left / std::max(inner, 1) : 0);
  if (fits && first) of_rank.front() = *first;
  if (fits && last) of_rank.back() = *last;
  const bool divides = std::all_of(of_rank.begin(), of_rank.end(),
                                   [&p](int layers) { return layers % p.chunks_per_rank == 0; });
  if (!fits || !divides) {
    in.problem(first ? "decoder_first_pipeline_num_layers" : "decoder_last_pipeline_num_layers",
               "the other layers do not divide among the other stages");
    return;
  }
  for (int chunk = 0; chunk < p.chunks_per_rank; ++chunk) {
    for (const int layers : of_rank) {
      plan.layout.layers_per_stage.push_back(layers / p.chunks_per_rank);
    }
  }
}

void read_stages(MegatronReader& in, const ModelSpec& model, Plan& plan) {
  if (in.has("pipeline_model_parallel_layout")) {
    read_explicit_layout(in, model, plan);
  } else {
    read_uneven_stages(in, model, plan);
  }
  const Parallelism& p = plan.parallelism;
  for (const std::string_view name :
       {"account_for_embedding_in_pipeline_split", "account_for_loss_in_pipeline_split"}) {
    if (in.flag(name, "layout.layers_per_stage")) {
      in.problem(name, "give the layers of the stages with --pipeline-model-parallel-layout");
    }
  }
  plan.schedule = p.chunks_per_rank > 1 ? ScheduleKind::interleaved_one_forward_one_backward
                                        : ScheduleKind::one_forward_one_backward;
  in.derived("pipeline_model_parallel_size", "schedule", std::string(enum_name(plan.schedule)));
}

// --- batch, length of the run
// --------------------------------------------------------------------------------------

void read_ramp(MegatronReader& in, const Plan& plan, Phase& phase) {
  std::string text;
  for (const std::string& word : in.words("rampup_batch_size", "phases.ramp_from_batch_size")) {
    text += (text.empty() ? "" : " ") + word;
  }
  if (text.empty()) return;
  long long start = 0;
  long long step = 0;
  long long samples = 0;
  std::replace(text.begin(), text.end(), ',', ' ');
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '[' || c == ']'; }),
             text.end());
  if (std::sscanf(text.c_str(), "%12lld %12lld %15lld", &start, &step, &samples) != 3 ||
      start < 1 || samples < 1 || start > 1'000'000'000) {
    in.problem("rampup_batch_size", "expected three numbers: start, increment and samples");
    return;
  }
  phase.ramp_from_batch_size = static_cast<int>(start);
  phase.ramp_tokens = static_cast<double>(samples) * plan.batch.sequence_length;
}

void read_batch(MegatronReader& in, Plan& plan) {
  Batch& batch = plan.batch;
  const auto needed = [&in](std::string_view name, std::string_view field) {
    if (!in.has(name)) in.problem(name, "missing; a plan needs it");
    return in.integer(name, field, 1).value_or(1);
  };
  batch.micro_batch_size = needed("micro_batch_size", "batch.micro_batch_size");
  batch.sequence_length = needed("seq_length", "batch.sequence_length");
  const double one_each =
      static_cast<double>(batch.micro_batch_size) * plan.parallelism.data_parallel;
  batch.global_batch_size = in.integer_or("global_batch_size", "batch.global_batch_size",
                                          static_cast<int>(std::min(one_each, 1e9)), 1);
  Phase phase;
  phase.name = "the run";
  if (const auto steps = in.number("train_iters", "phases.steps")) phase.steps = *steps;
  if (const auto samples = in.number("train_samples", "phases.tokens")) {
    phase.tokens = *samples * batch.sequence_length;
    in.derived("train_samples", "phases.tokens",
               std::to_string(static_cast<long long>(phase.tokens)));
  }
  if (phase.tokens > 0) phase.steps = 0;
  read_ramp(in, plan, phase);
  if (phase.tokens > 0 || phase.steps > 0) plan.phases = {phase};
}

}  // namespace

void read_megatron_plan(MegatronReader& in, const ModelSpec& model, int world_size, Plan& plan) {
  read_parallelism(in, model, world_size, plan);
  read_stages(in, model, plan);
  read_batch(in, plan);
  read_megatron_step(in, model, plan);
}

}  // namespace reckon

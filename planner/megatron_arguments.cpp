#include "planner/megatron_arguments.hpp"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "planner/spec/parameters.hpp"

namespace reckon {
namespace {

class Script {
 public:
  void flag(const std::string& name) { lines_.push_back("  --" + name); }
  template <class Value>
  void value(const std::string& name, const Value& value) {
    lines_.push_back(fmt::format("  --{} {}", name, value));
  }
  void remark(const std::string& text) { remarks_ += "# " + text + "\n"; }

  std::string text() const {
    std::string result = remarks_ + "MEGATRON_ARGS=(\n";
    for (const std::string& line : lines_) result += line + "\n";
    return result + ")\n";
  }

 private:
  std::vector<std::string> lines_;
  std::string remarks_;
};

void add_attention(const ModelSpec& model, Script& s) {
  const AttentionSpec& a = model.attention;
  s.value("num-attention-heads", a.heads);
  if (a.kind == AttentionKind::mla) {
    s.flag("multi-latent-attention");
    if (a.q_lora_rank > 0) s.value("q-lora-rank", a.q_lora_rank);
    s.value("kv-lora-rank", a.kv_lora_rank);
    s.value("qk-head-dim", a.qk_nope_head_dim);
    s.value("qk-pos-emb-head-dim", a.qk_rope_head_dim);
    s.value("v-head-dim", a.v_head_dim);
  } else {
    s.value("kv-channels", a.head_dim);
  }
  if (a.kind == AttentionKind::gqa) {
    s.flag("group-query-attention");
    s.value("num-query-groups", kv_heads(a));
  }
  if (a.qk_norm) s.flag("qk-layernorm");
}

void add_experts(const ModelSpec& model, Script& s) {
  const MoeSpec& moe = *model.moe;
  s.value("num-experts", moe.experts);
  s.value("moe-router-topk", moe.experts_per_token);
  s.value("moe-ffn-hidden-size", moe.expert_intermediate);
  if (moe.first_dense_layers > 0) {
    s.value("moe-layer-freq", fmt::format("'([0]*{}+[1]*{})'", moe.first_dense_layers,
                                          model.layers - moe.first_dense_layers));
  }
  if (moe.shared_experts > 0) {
    s.value("moe-shared-expert-intermediate-size", moe.shared_experts * moe.expert_intermediate);
  }
  if (moe.groups > 1) {
    s.value("moe-router-num-groups", moe.groups);
    s.value("moe-router-group-topk", moe.groups_per_token);
  }
  s.value("moe-router-score-function",
          moe.router_score == RouterScore::sigmoid ? "sigmoid" : "softmax");
  if (moe.selection_bias) s.flag("moe-router-enable-expert-bias");
  s.flag("moe-grouped-gemm");
  s.value("moe-token-dispatcher-type", "alltoall");
}

void add_model(const ModelSpec& model, Script& s) {
  s.value("num-layers", model.layers);
  s.value("hidden-size", model.hidden);
  s.value("ffn-hidden-size", model.intermediate);
  s.value("vocab-size", model.vocabulary);
  add_attention(model, s);
  if (model.moe) add_experts(model, s);
  if (model.activation == Activation::swiglu) s.flag("swiglu");
  s.value("normalization", model.norm == Norm::rmsnorm ? "RMSNorm" : "LayerNorm");
  s.value("position-embedding-type",
          model.positions == Positions::rotary ? "rope" : "learned_absolute");
  if (!model.tied_embeddings) s.flag("untie-embeddings-and-output-weights");
  if (!model.mlp_bias) s.flag("disable-bias-linear");
  if (model.mtp_modules > 0) s.value("mtp-num-layers", model.mtp_modules);
}

// Megatron-LM spreads layers evenly but for the first and the last stage.
void add_layout(const ModelSpec& model, const Plan& plan, Script& s) {
  const std::vector<int>& layers = plan.layout.layers_per_stage;
  const int count = stages(plan);
  if (layers.empty() && model.layers % count == 0) return;
  std::string text;
  for (int stage = 0; stage < count; ++stage) {
    const int held = layers.empty() ? model.layers / count + (stage < model.layers % count ? 1 : 0)
                                    : layers[static_cast<std::size_t>(stage)];
    if (stage > 0) text += "|";
    if (stage == 0) text += "E";
    text += held > 1 ? fmt::format("t*{}", held) : std::string(static_cast<std::size_t>(held), 't');
    if (stage + 1 == count) {
      for (int module = 0; module < model.mtp_modules; ++module) text += "m";
      text += "L";
    }
  }
  s.value("pipeline-model-parallel-layout", "'" + text + "'");
}

void add_schedule(const ModelSpec& model, const Plan& plan, Script& s) {
  const Parallelism& p = plan.parallelism;
  switch (plan.schedule) {
    case ScheduleKind::interleaved_one_forward_one_backward:
      if (plan.layout.layers_per_stage.empty() && model.layers % stages(plan) == 0) {
        s.value("num-layers-per-virtual-pipeline-stage", model.layers / stages(plan));
      }
      break;
    case ScheduleKind::one_forward_one_backward:
      break;
    case ScheduleKind::gpipe:
    case ScheduleKind::zb_h1:
    case ScheduleKind::zb_h2:
    case ScheduleKind::zb_v:
    case ScheduleKind::dual_pipe:
    case ScheduleKind::dual_pipe_v:
      s.remark(fmt::format("Megatron-LM has no schedule {}: with these arguments it runs 1F1B.",
                           enum_name(plan.schedule)));
      break;
  }
  s.value("tensor-model-parallel-size", p.tensor_parallel);
  s.value("pipeline-model-parallel-size", p.pipeline_parallel);
  s.value("context-parallel-size", p.context_parallel);
  if (model.moe) s.value("expert-model-parallel-size", p.expert_parallel);
  if (model.moe && p.expert_tensor_parallel > 0) {
    s.value("expert-tensor-parallel-size", p.expert_tensor_parallel);
  }
  if (p.sequence_parallel) s.flag("sequence-parallel");
  add_layout(model, plan, s);
}

void add_recompute(const Plan& plan, Script& s) {
  const Recompute& r = plan.recompute;
  if (r.full) {
    s.value("recompute-granularity", "full");
    s.value("recompute-method", "uniform");
    s.value("recompute-num-layers", 1);
    return;
  }
  std::string modules;
  if (r.attention_core) modules += " core_attn";
  if (r.norm) modules += " layernorm";
  if (r.mla_up_projection) modules += " mla_up_proj";
  if (r.swiglu) modules += " moe_act";
  if (r.mlp) modules += " mlp";
  if (r.experts) modules += " moe";
  if (modules.empty()) return;
  s.value("recompute-granularity", "selective");
  s.value("recompute-modules", modules.substr(1));
}

void add_numbers(const Plan& plan, Script& s) {
  s.flag("bf16");
  if (plan.precision.linear == Dtype::fp8_block) {
    s.value("fp8-format", "e4m3");
    s.value("fp8-recipe", "blockwise");
  }
  if (plan.precision.linear == Dtype::mxfp8) {
    s.value("fp8-format", "e4m3");
    s.value("fp8-recipe", "mxfp8");
  }
  if (plan.precision.linear == Dtype::nvfp4) {
    s.value("fp4-format", "e2m1");
    s.value("fp4-recipe", "nvfp4");
  }
  if (plan.precision.moments == Dtype::bf16) {
    s.flag("use-precision-aware-optimizer");
    s.value("exp-avg-dtype", "bf16");
    s.value("exp-avg-sq-dtype", "bf16");
  }
  if (plan.parallelism.zero_stage >= 1) s.flag("use-distributed-optimizer");
  if (plan.parallelism.zero_stage >= 2) {
    s.remark("Megatron-LM's own optimizer shards as ZeRO-1; ZeRO-2 and 3 need its FSDP.");
  }
  if (plan.overlap.gradient_reduction) s.flag("overlap-grad-reduce");
  if (plan.overlap.parameter_gather) s.flag("overlap-param-gather");
}

}  // namespace

std::string megatron_arguments(const ModelSpec& model, const Plan& plan, double tokens) {
  Script s;
  add_model(model, s);
  add_schedule(model, plan, s);
  s.value("seq-length", plan.batch.sequence_length);
  s.value("max-position-embeddings", plan.batch.sequence_length);
  s.value("micro-batch-size", plan.batch.micro_batch_size);
  s.value("global-batch-size", plan.batch.global_batch_size);
  s.value("train-samples", fmt::format("{:.0f}", std::ceil(tokens / plan.batch.sequence_length)));
  add_recompute(plan, s);
  add_numbers(plan, s);
  return s.text();
}

}  // namespace reckon

// Precision, recompute, overlap and the exchange of tokens in Megatron-LM's arguments.
#include <string>
#include <vector>

#include "planner/import/megatron_plan.hpp"

namespace reckon {
namespace {

Dtype dtype_of(MegatronReader& in, std::string_view name, std::string_view field) {
  const std::string word = in.word_or(name, field, "fp32");
  if (word == "fp32" || word == "torch.float32") return Dtype::fp32;
  if (word == "bf16" || word == "fp16" || word == "torch.bfloat16" || word == "torch.float16") {
    return Dtype::bf16;  // two bytes either way
  }
  in.problem(name, "reckon knows fp32 and bf16 here, not " + in_quotes(word));
  return Dtype::fp32;
}

void read_optimizer_precision(MegatronReader& in, Precision& p) {
  if (in.flag("grad_reduce_in_bf16", "precision.gradients", "bf16")) p.gradients = Dtype::bf16;
  // Megatron-FSDP accumulates and reduces in dtypes of its own; reckon has one for both.
  if (in.has("megatron_fsdp_main_grads_dtype")) {
    p.gradients = dtype_of(in, "megatron_fsdp_main_grads_dtype", "precision.gradients");
  }
  if (in.has("megatron_fsdp_grad_comm_dtype") &&
      dtype_of(in, "megatron_fsdp_grad_comm_dtype", "precision.gradients") != p.gradients) {
    in.problem("megatron_fsdp_grad_comm_dtype", "reckon reduces gradients as they are kept");
  }
  if (!in.flag("use_precision_aware_optimizer", "precision", "as the next ones")) {
    for (const std::string_view name :
         {"main_grads_dtype", "main_params_dtype", "exp_avg_dtype", "exp_avg_sq_dtype"}) {
      in.ignore(name, "of the precision-aware optimizer, which is off");
    }
    return;
  }
  p.gradients = dtype_of(in, "main_grads_dtype", "precision.gradients");
  p.master_weights = dtype_of(in, "main_params_dtype", "precision.master_weights");
  p.moments = dtype_of(in, "exp_avg_dtype", "precision.moments");
  if (dtype_of(in, "exp_avg_sq_dtype", "precision.moments") != p.moments) {
    in.problem("exp_avg_sq_dtype", "reckon has one dtype for both moments");
  }
}

void read_precision(MegatronReader& in, Plan& plan) {
  Precision& p = plan.precision;
  bool half = in.flag("bf16", "precision.linear", "bf16");
  half = in.flag("fp16", "precision.linear", "bf16, which is as large and as fast") || half;
  if (!half) in.problem("bf16", "missing; reckon knows no training in FP32");
  read_optimizer_precision(in, p);
  std::string format = in.word_or("fp8_format", "precision.linear", "none");
  if (in.has("fp8")) format = in.word_or("fp8", "precision.linear", "none");
  if (format == "none") {
    in.ignore("fp8_recipe", "FP8 is off");
    in.ignore("fp8_param_gather", "FP8 is off");
    return;
  }
  const std::string recipe = in.word_or("fp8_recipe", "precision.linear", "delayed");
  const bool gather = in.flag("fp8_param_gather", "precision.parameter_gather", "as linear");
  if (recipe == "blockwise") {
    p.linear = Dtype::fp8_block;
  } else if (recipe == "mxfp8") {
    p.linear = Dtype::mxfp8;
  } else if (recipe == "delayed" || recipe == "tensorwise") {
    p.linear = Dtype::fp8_tensor;
  } else {
    in.problem("fp8_recipe",
               "reckon knows delayed, tensorwise, blockwise and mxfp8, not " + in_quotes(recipe));
  }
  p.linear_input_cache = p.linear;
  in.derived("fp8_recipe", "precision.linear, precision.linear_input_cache",
             std::string(enum_name(p.linear)));
  if (gather) p.parameter_gather = p.weights = p.linear;
}

void read_selective_recompute(MegatronReader& in, Recompute& recompute) {
  std::vector<std::string> modules = in.words("recompute_modules", "recompute");
  if (modules.empty()) {
    modules = {"core_attn"};
    in.derived("recompute_granularity", "recompute.attention_core", "true");
  }
  for (const std::string& module : modules) {
    if (module == "core_attn") {
      recompute.attention_core = true;
    } else if (module == "layernorm") {
      recompute.norm = true;
    } else if (module == "mla_up_proj") {
      recompute.mla_up_projection = true;
    } else if (module == "moe_act") {
      recompute.swiglu = true;
    } else if (module == "mlp" || module == "shared_experts") {
      recompute.mlp = true;  // one switch for a dense layer's MLP and the shared experts
    } else if (module == "moe") {
      recompute.experts = true;
    } else {
      in.problem("recompute_modules",
                 "reckon knows core_attn, layernorm, mla_up_proj, moe_act, mlp, shared_experts and "
                 "moe, not " +
                     in_quotes(module));
    }
  }
}

// Full recompute of some layers of a stage alone is more than a plan can say.
void read_full_recompute(MegatronReader& in, const ModelSpec& model, Plan& plan) {
  const std::string method = in.word_or("recompute_method", "recompute.full", "none");
  const int layers = in.integer_or("recompute_num_layers", "recompute.full", 1, 1);
  in.ignore("recompute_modules", "of selective recompute");
  const bool uniform = method == "uniform" && layers == 1;
  if (!uniform && method != "block") {
    in.problem("recompute_method",
               "reckon recomputes layers from their inputs (uniform with 1 layer, or block)");
  }
  // Of a rank's chunks Megatron-LM counts each for itself, as reckon does stages.
  const int stages = std::max(1, plan.parallelism.pipeline_parallel);
  const int most = (model.layers + stages - 1) / stages;
  plan.recompute.full_layers = uniform || layers >= most ? 0 : layers;
  plan.recompute.full = true;
  in.derived("recompute_granularity", "recompute.full", "true");
}

void read_recompute(MegatronReader& in, const ModelSpec& model, Plan& plan) {
  std::string granularity = in.word_or("recompute_granularity", "recompute", "none");
  if (in.flag("recompute_activations", "recompute.attention_core")) granularity = "selective";
  if (granularity == "selective") {
    read_selective_recompute(in, plan.recompute);
    in.ignore("recompute_method", "of full recompute");
    in.ignore("recompute_num_layers", "of full recompute");
  } else if (granularity == "full") {
    read_full_recompute(in, model, plan);
  } else {
    for (const std::string_view name :
         {"recompute_modules", "recompute_method", "recompute_num_layers"}) {
      in.ignore(name, "nothing is recomputed");
    }
    if (granularity != "none") in.problem("recompute_granularity", "expected full or selective");
  }
}

void read_overlap(MegatronReader& in, Overlap& overlap) {
  overlap.gradient_reduction = in.flag("overlap_grad_reduce", "overlap.gradient_reduction");
  overlap.parameter_gather = in.flag("overlap_param_gather", "overlap.parameter_gather");
  overlap.tensor_parallel = in.flag("tp_comm_overlap", "overlap.tensor_parallel");
  overlap.expert_all_to_all =
      in.flag("overlap_moe_expert_parallel_comm", "overlap.expert_all_to_all");
  const bool waits = in.flag("no_overlap_p2p_communication", "overlap.pipeline_sends", "false");
  overlap.pipeline_sends = in.toggle("overlap_p2p_comm", "overlap.pipeline_sends").value_or(!waits);
}

void read_experts_exchange(MegatronReader& in, const ModelSpec& model, Plan& plan) {
  plan.expert_communication.overlap_in_pairs = false;
  if (!model.moe) {
    for (const std::string_view name : {"moe_token_dispatcher_type", "moe_flex_dispatcher_backend",
                                        "moe_enable_deepep", "expert_tensor_parallel_size"}) {
      in.ignore(name, "there are no experts");
    }
    return;
  }
  Dispatcher& way = plan.expert_communication.dispatcher;
  const std::string type =
      in.word_or("moe_token_dispatcher_type", "expert_communication.dispatcher", "allgather");
  const bool deepep = in.flag("moe_enable_deepep", "expert_communication.dispatcher", "deepep");
  const std::string backend =
      in.word_or("moe_flex_dispatcher_backend", "expert_communication.dispatcher", "deepep");
  way = type != "flex"                     ? Dispatcher::all_to_all
        : backend == "hybridep" && !deepep ? Dispatcher::hybridep
                                           : Dispatcher::deepep;
  if (type == "allgather" && plan.parallelism.expert_parallel > 1) {
    in.problem(
        "moe_token_dispatcher_type",
        "reckon exchanges tokens all to all (alltoall, flex), not by the default, allgather");
  }
  if (const auto sms = in.integer("moe_deepep_num_sms", "expert_communication.sms")) {
    plan.expert_communication.sms = *sms;
  }
}

// Old and new names of the same thing; a scope leaves a part of each layer out.
void read_cuda_graph(MegatronReader& in, Plan& plan) {
  bool on = in.flag("enable_cuda_graph", "cuda_graph");
  on = in.flag("external_cuda_graph", "cuda_graph") || on;
  on = in.word_or("cuda_graph_impl", "cuda_graph", "none") != "none" || on;
  const std::vector<std::string> scope = in.words("cuda_graph_scope", "cuda_graph");
  if (!on) return;
  const bool whole = scope.empty() || scope[0] == "full" || scope[0] == "full_iteration";
  plan.cuda_graph = whole ? CudaGraph::full : CudaGraph::partial;
  in.derived("cuda_graph_scope", "cuda_graph", std::string(enum_name(plan.cuda_graph)));
}

}  // namespace

void read_megatron_step(MegatronReader& in, const ModelSpec& model, Plan& plan) {
  read_precision(in, plan);
  read_recompute(in, model, plan);
  read_overlap(in, plan.overlap);
  read_experts_exchange(in, model, plan);
  read_cuda_graph(in, plan);
}

}  // namespace reckon

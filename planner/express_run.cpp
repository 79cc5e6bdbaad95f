#include "planner/express_run.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <utility>

#include "planner/spec/parameters.hpp"

namespace reckon {
namespace {

constexpr double giga = 1e9;

bool contains(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The longer names first: "gb200" holds "b200".
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> devices{{
    {"gb300", "gb300"},
    {"gb200", "gb200"},
    {"b300", "b300-sxm"},
    {"b200", "b200-sxm"},
    {"h100-96", "h100-96gb-hbm2e"},
    {"h100", "h100-sxm"},
    {"h200", "h200-sxm"},
    {"h800", "h800-sxm"},
    {"h20", "h20"},
    {"a800", "a800-sxm"},
    {"a100-40", "a100-sxm-40gb"},
    {"a100-80", "a100-sxm-80gb"},
    {"a100_40", "a100-sxm-40gb"},
    {"a100", "a100-sxm-80gb"},
}};

// What the mapping collects beside the inputs.
struct Notes {
  std::vector<std::string> assumptions;
  std::vector<std::string> problems;
  void assume(std::string text) { assumptions.push_back(std::move(text)); }
};

// --- model
// ------------------------------------------------------------------------------------------

AttentionSpec attention_of(const RunModel& m, Notes& notes) {
  AttentionSpec a;
  a.heads = m.heads;
  if (m.mla) {
    a.kind = AttentionKind::mla;
    a.q_lora_rank = m.mla->q_lora;
    a.kv_lora_rank = m.mla->kv_lora;
    a.qk_nope_head_dim = m.mla->qk_nope;
    a.qk_rope_head_dim = m.mla->qk_rope;
    a.v_head_dim = m.mla->v;
    return a;
  }
  if (m.attention == "mla") notes.problems.push_back("/model/mla: missing, but attention is mla");
  a.kv_heads = m.kv_heads > 0 ? m.kv_heads : m.heads;
  a.kind = a.kv_heads == m.heads ? AttentionKind::mha : AttentionKind::gqa;
  a.head_dim = m.head_dim > 0 ? m.head_dim : m.hidden / std::max(1, m.heads);
  a.qk_norm = contains(m.name, "qwen3");
  return a;
}

Activation activation_of(const RunModel& m, Notes& notes) {
  if (m.gated_mlp) return Activation::swiglu;
  const std::string name = lower(m.activation);
  if (contains(name, "relu")) return Activation::squared_relu;
  if (!name.empty() && name != "gelu") notes.assume("activation " + m.activation + " as gelu");
  return Activation::gelu;
}

MoeSpec moe_of(const RunModel& m, Notes& notes) {
  MoeSpec moe;
  moe.first_dense_layers = m.dense_layers;
  moe.experts = m.experts;
  moe.experts_per_token = m.topk;
  moe.expert_intermediate = m.moe_ffn > 0 ? m.moe_ffn : m.ffn;
  const int width = std::max(1, moe.expert_intermediate);
  moe.shared_experts = (m.shared_ffn + width / 2) / width;
  if (m.shared_ffn % width != 0) {
    notes.assume("shared experts of " + std::to_string(moe.shared_experts * width) +
                 " columns for the " + std::to_string(m.shared_ffn) + " given");
  }
  return moe;
}

// Megatron pads the vocabulary to a multiple of 128 x tensor_parallel, so that ranks can share it.
int padded_vocabulary(int vocabulary, int tensor_parallel) {
  if (vocabulary % tensor_parallel == 0) return vocabulary;
  const std::int64_t round = std::int64_t{128} * tensor_parallel;
  const std::int64_t padded = (vocabulary + round - 1) / round * round;
  return static_cast<int>(std::min<std::int64_t>(padded, std::numeric_limits<int>::max()));
}

ModelSpec model_of(const PublishedRun& run, Notes& notes) {
  const RunModel& m = run.model;
  ModelSpec model;
  model.name = m.name;
  model.layers = m.layers;
  model.hidden = m.hidden;
  model.intermediate = m.ffn;
  model.vocabulary = padded_vocabulary(m.vocab, std::max(1, run.parallel.tp));
  model.tied_embeddings = m.tied_embeddings;
  model.activation = activation_of(m, notes);
  model.norm = contains(m.norm, "layernorm") ? Norm::layernorm : Norm::rmsnorm;
  model.mlp_bias = model.norm == Norm::layernorm && model.activation == Activation::gelu;
  const std::string positions = lower(m.positions);
  model.positions = positions == "learned" ? Positions::learned
                    : positions == "alibi" ? Positions::alibi
                                           : Positions::rotary;
  if (model.positions == Positions::learned) model.learned_positions = m.seq;
  model.attention = attention_of(m, notes);
  if (m.experts > 1) model.moe = moe_of(m, notes);
  model.mtp_modules = m.mtp_layers;
  model.source = run.source;
  return model;
}

// --- hardware
// ------------------------------------------------------------------------------------------

// The record's own rates go before the profile's; streams follow HBM.
DeviceProfile device_of(const RunHardware& h, DeviceProfile device) {
  // "80 GB" cards have some 79.6 GiB: what a record calls GB says which card it is, no more.
  if (h.mem_gb > 0 && std::abs(h.mem_gb * giga / device.gpu.memory.value - 1) > 0.12) {
    device.gpu.memory = Bytes{h.mem_gb * giga};
  }
  if (h.hbm_gbps <= 0) return device;
  const double ratio = h.hbm_gbps * giga / device.gpu.hbm_bandwidth.value;
  if (ratio > 0.97 && ratio < 1.03) return device;
  device.gpu.hbm_bandwidth = device.gpu.hbm_bandwidth * ratio;
  for (StreamModel& stream : device.streams) stream.bandwidth = stream.bandwidth * ratio;
  return device;
}

// GPUs that share an NVLink domain, as many as divide the run evenly.
int gpus_in_domain(const RunHardware& h) {
  int size = std::max(1, std::min(h.gpus, h.nvlink_domain));
  while (h.gpus % size != 0) --size;
  return size;
}

ClusterSpec cluster_of(const PublishedRun& run, const DeviceProfile& device, Notes& notes) {
  const RunHardware& h = run.hardware;
  constexpr double nvlink_share = 0.8;  // that large transfers reach: 365 of 450 GB/s on DGX H100
  constexpr double nic_share = 0.95;    // 47.5 of 50 GB/s on DGX H100
  ClusterSpec cluster;
  cluster.name = h.fabric.empty() ? h.gpu : h.fabric;
  cluster.device = device.name;
  cluster.gpus_per_node = gpus_in_domain(h);
  cluster.nodes = std::max(1, h.gpus / cluster.gpus_per_node);
  const BytesPerSecond nvlink = h.nvlink_gbps_bidir > 0
                                    ? BytesPerSecond{h.nvlink_gbps_bidir / 2 * giga}
                                    : device.gpu.nvlink_bandwidth;
  cluster.nvlink = {"nvlink", nvlink, nvlink * nvlink_share, Seconds{3.33e-6}, run.source};
  const bool roce = contains(lower(h.fabric), "roce") || contains(lower(h.fabric), "ethernet");
  double nic = h.nic_gbps_per_gpu;
  if (nic <= 0) {
    nic = 400;
    notes.assume("400 Gb/s of network a GPU");
  }
  const BytesPerSecond port{nic / 8 * giga};
  // Latencies of one leaf switch: InfiniBand 2.8 us, RoCE 3.6 us (ISCA 2025, arXiv:2505.09343,
  // Table 5).
  cluster.nic = {roce ? "roce" : "infiniband", port, port * nic_share,
                 Seconds{roce ? 3.6e-6 : 2.8e-6}, run.source};
  cluster.fabric.switch_hop_latency = Seconds{0.45e-6};
  cluster.source = run.source;
  return cluster;
}

// --- plan
// ------------------------------------------------------------------------------------------

int zero_stage_of(const std::string& zero, Notes& notes) {
  const std::string words = lower(zero);
  if (words.empty() || words == "none") return 0;
  for (int stage = 3; stage >= 1; --stage) {
    const std::string digit = std::to_string(stage);
    if (contains(words, "zero-" + digit) || contains(words, "zero" + digit)) return stage;
  }
  if (contains(words, "fsdp")) return 3;
  if (contains(words, "distributed-optimizer") || contains(words, "distributed optimizer")) {
    return 1;
  }
  notes.assume("zero \"" + zero + "\" as none");
  return 0;
}

void set_gemm_dtype(const std::string& precision, Precision& p, Notes& notes) {
  const std::string words = lower(precision);
  if (contains(words, "nvfp4") || contains(words, "fp4")) {
    p.linear = Dtype::nvfp4;
  } else if (contains(words, "mxfp8") || contains(words, "fp8-mx")) {
    p.linear = Dtype::mxfp8;
  } else if (contains(words, "block") || contains(words, "row")) {  // scales along the inner axis
    p.linear = Dtype::fp8_block;
  } else if (contains(words, "fp8")) {
    p.linear = Dtype::fp8_tensor;
  } else if (words != "bf16" && words != "fp16") {
    notes.assume("precision \"" + precision + "\" as BF16");
  }
}

Precision precision_of(const RunParallel& parallel, const SoftwareSpec& software, Notes& notes) {
  Precision p;
  set_gemm_dtype(parallel.precision, p, notes);
  if (is_narrow(p.linear)) {
    p.linear_input_cache = p.linear == Dtype::nvfp4 ? Dtype::mxfp8 : p.linear;
  }
  if (contains(lower(parallel.zero), "float8 all-gather")) p.parameter_gather = Dtype::fp8_tensor;
  p.gradients = software.gradients;
  p.moments = software.moments;
  if (!parallel.reduce_dtype.empty()) {  // "DEFAULT (params bf16, reduce fp32)", "bf16 (PURE)"
    const std::string words = lower(parallel.reduce_dtype);
    const std::size_t reduce = words.find("reduce");
    const std::string said = reduce == std::string::npos ? words : words.substr(reduce);
    p.gradients = contains(said, "32") ? Dtype::fp32 : Dtype::bf16;
    if (!contains(said, "32") && !contains(said, "16")) {
      notes.assume("reduce_dtype \"" + parallel.reduce_dtype + "\" as BF16");
    }
  }
  return p;
}

// One word of "modules:moe_act+layernorm"; false if it is unknown.
bool set_module(const std::string& module, Recompute& r) {
  if (module == "core_attn") return r.attention_core = true;
  if (module == "layernorm") return r.norm = true;
  if (module == "mla_up_proj") return r.mla_up_projection = true;
  if (module == "moe_act") return r.swiglu = true;
  if (module == "mlp" || module == "shared_experts") return r.mlp = true;
  if (module == "moe") return r.experts = true;
  return false;
}

void set_modules(const std::string& list, Recompute& r, Notes& notes) {
  for (std::size_t first = 0; first < list.size();) {
    const std::size_t end = std::min(list.find_first_of("+,", first), list.size());
    const std::string module = list.substr(first, end - first);
    if (!set_module(module, r)) notes.assume("recompute of \"" + module + "\" as none");
    first = end + 1;
  }
}

Recompute recompute_of(const std::string& text, Notes& notes) {
  Recompute r;
  const std::string words = lower(text);
  const std::size_t colon = words.find(':');
  if (words.empty() || words == "none") return r;
  if (words.starts_with("full")) {
    r.full = true;
    if (colon == std::string::npos) return r;
    const long layers = std::strtol(words.c_str() + colon + 1, nullptr, 10);
    r.full = layers > 0;
    r.full_layers = static_cast<int>(std::clamp(layers, 0L, 100000L));
  } else if (colon != std::string::npos) {
    set_modules(words.substr(colon + 1), r, notes);
  } else if (words.starts_with("selective")) {
    // Megatron's "selective" alone is the attention core; torchtitan's goes operator by operator.
    const bool by_operator = contains(words, "op");
    (by_operator ? r.every_other_matmul : r.attention_core) = true;
  } else {
    notes.assume("recompute \"" + text + "\" as none");
  }
  return r;
}

Parallelism parallelism_of(const RunParallel& run, Notes& notes) {
  Parallelism p;
  p.tensor_parallel = run.tp;
  p.pipeline_parallel = run.pp;
  const bool interleaved = run.pp > 1 && !run.schedule.starts_with("zb");
  p.chunks_per_rank = interleaved ? std::max(1, run.vpp) : 1;
  p.context_parallel = std::max(1, run.cp);
  p.data_parallel = run.dp;
  p.expert_parallel = std::max(1, run.ep);
  p.expert_tensor_parallel = run.etp;
  p.zero_stage = zero_stage_of(run.zero, notes);
  p.sequence_parallel = run.sp && run.tp > 1;
  return p;
}

// Layers of each stage where they do not divide: embedding and head stand for a layer each, as
// Megatron's users place them (account_for_embedding_in_pipeline_split).
std::vector<int> uneven_layers(int layers, int stages) {
  if (stages <= 1 || layers % stages == 0) return {};
  const bool both = (layers + 2) % stages == 0;
  if (!both && (layers + 1) % stages != 0) return {};
  std::vector<int> result(static_cast<std::size_t>(stages), (layers + (both ? 2 : 1)) / stages);
  result.back() -= 1;
  if (both) result.front() -= 1;
  return result;
}

ScheduleKind schedule_of_run(const RunParallel& run, Notes& notes) {
  const std::string words = lower(run.schedule);
  if (run.pp <= 1) return ScheduleKind::one_forward_one_backward;
  if (words.starts_with("zb-v")) return ScheduleKind::zb_v;
  if (words.starts_with("zb-2p") || words == "zb-h2") return ScheduleKind::zb_h2;
  if (words.starts_with("zb")) return ScheduleKind::zb_h1;
  if (words == "dualpipev" || words == "dual_pipe_v") return ScheduleKind::dual_pipe_v;
  if (words == "dualpipe" || words == "dual_pipe") return ScheduleKind::dual_pipe;
  if (words == "gpipe") return ScheduleKind::gpipe;
  if (run.vpp > 1) return ScheduleKind::interleaved_one_forward_one_backward;
  if (!words.empty() && words != "none" && !contains(words, "1f1b")) {
    notes.assume("schedule \"" + run.schedule + "\" as 1F1B");
  }
  return ScheduleKind::one_forward_one_backward;
}

CudaGraph cuda_graph_of(const RunParallel& run) {
  const std::string words = lower(run.overlap.cuda_graph);
  if (words.empty() || words == "none") return run.cuda_graph ? CudaGraph::full : CudaGraph::none;
  const std::vector<std::string>& scope = run.overlap.cuda_graph_scope;
  const bool full = contains(words, "full") ||
                    std::find(scope.begin(), scope.end(), "full_iteration") != scope.end();
  return full ? CudaGraph::full : CudaGraph::partial;
}

ExpertCommunication expert_communication_of(const RunParallel& run, Notes& notes) {
  const RunOverlap& overlap = run.overlap;
  ExpertCommunication e;
  const std::string words = lower(overlap.dispatcher);
  e.dispatcher = Dispatcher::all_to_all;
  if (words == "deepep") e.dispatcher = Dispatcher::deepep;
  if (words == "hybridep") e.dispatcher = Dispatcher::hybridep;
  // Two models on H100 agree: moonlight-16b, 457 ms a step of 27 layers, and qwen3-30b with NCCL's
  // all-to-all, 45.65 s a step of 64 micro-batches and 48 layers (Megatron-Bridge's skill notes):
  // 17 and 15 ms a layer, where kernels take 5 and 7.
  constexpr Seconds eager_experts{15e-3};
  if (e.dispatcher == Dispatcher::all_to_all && cuda_graph_of(run) == CudaGraph::none) {
    e.host_time = eager_experts;
  }
  if (words.empty() || words == "not stated") {
    notes.assume("dispatcher: NCCL's all-to-all, the default of Megatron-Core");
  }
  return e;
}

Overlap overlap_of(const RunParallel& run, bool moe, Notes& notes) {
  const RunOverlap& said = run.overlap;
  Overlap overlap;
  if (!said.dp && moe) notes.assume("gradient reduction beside compute, as Megatron-Bridge does");
  const bool replicas = said.dp.value_or(moe);
  overlap.gradient_reduction = replicas;
  overlap.parameter_gather = replicas;
  overlap.tensor_parallel = said.tp.value_or(false);
  overlap.context_parallel = run.cp > 1;  // rings, as Transformer Engine and torchtitan have them
  // Plain 1F1B sends and receives in between; interleaved and zero-bubble schedules send while they
  // compute.
  overlap.pipeline_sends = said.pp.value_or(run.vpp > 1 || lower(run.schedule).starts_with("zb"));
  overlap.expert_all_to_all = said.moe_a2a.value_or(false);
  return overlap;
}

Plan plan_of(const PublishedRun& run, const ModelSpec& model, const SoftwareSpec& software,
             Notes& notes) {
  const RunParallel& r = run.parallel;
  Plan plan;
  plan.name = run.id;
  plan.model = model.name;
  plan.cluster = run.hardware.gpu;
  plan.parallelism = parallelism_of(r, notes);
  plan.batch = {r.gbs, r.mbs, run.model.seq};
  plan.schedule = schedule_of_run(r, notes);
  plan.precision = precision_of(r, software, notes);
  plan.recompute = recompute_of(r.recompute, notes);
  plan.recompute.keeps_last_input = plan.recompute.full && software.checkpoint_stops_early;
  plan.layout.layers_per_stage =
      r.layers_per_stage.empty() ? uneven_layers(model.layers, stages(plan)) : r.layers_per_stage;
  plan.expert_communication = model.moe ? expert_communication_of(r, notes) : ExpertCommunication{};
  plan.overlap = overlap_of(r, model.moe.has_value(), notes);
  plan.cuda_graph = cuda_graph_of(r);
  plan.attention_kernel = software.attention_kernel;
  plan.fused_cross_entropy = software.fused_cross_entropy;
  plan.offloaded_layers = r.cpu_offload_layers;
  plan.eager_elementwise = !r.compile.value_or(true);
  plan.software = software.name;
  plan.source = run.source;
  return plan;
}

}  // namespace

std::string device_of_gpu(const std::string& gpu) {
  const std::string name = lower(gpu);
  for (const auto& [part, device] : devices) {
    if (contains(name, part)) return std::string(device);
  }
  return {};
}

SoftwareSpec software_of_record(const SoftwareTable& table, std::string_view id) {
  for (const SoftwareSpec& entry : table.software) {
    for (const std::string& beginning : entry.records) {
      if (id.starts_with(beginning)) return entry;
    }
  }
  return {};
}

ExpressedRun express_run(const PublishedRun& run, const DeviceProfile& device,
                         const SoftwareSpec& software) {
  ExpressedRun result;
  result.problems = run.read_problems;
  if (!result.problems.empty()) return result;
  Notes notes;
  Inputs& in = result.inputs;
  in.model = model_of(run, notes);
  in.device = device_of(run.hardware, device);
  in.cluster = cluster_of(run, in.device, notes);
  in.plan = plan_of(run, in.model, software, notes);
  result.assumptions = std::move(notes.assumptions);
  result.problems = std::move(notes.problems);
  if (!result.problems.empty()) return result;
  for (const PlanProblem& problem : problems_of(in)) {
    result.problems.push_back(problem.pointer + ": " + problem.message);
  }
  return result;
}

}  // namespace reckon

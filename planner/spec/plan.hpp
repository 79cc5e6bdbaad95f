// Plan: how a model is trained on a cluster. Parallelism, batch, schedule, precision, recompute,
// the effects that a prediction names, and the phases of the whole run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "planner/spec/fields.hpp"
#include "planner/spec/schedule.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

enum class Dtype : std::uint8_t { fp32, bf16, fp8_block, e5m6, fp8_tensor, mxfp8, nvfp4 };

template <>
struct EnumNames<Dtype> {
  static constexpr std::array<std::pair<Dtype, std::string_view>, 7> table{{
      {Dtype::fp32, "fp32"},
      {Dtype::bf16, "bf16"},            // FP16 trains at the same rates and sizes
      {Dtype::fp8_block, "fp8_block"},  // E4M3 with one FP32 scale per 1x128 tile or 128x128 block
      {Dtype::e5m6, "e5m6"},            // DeepSeek-V3 report, section 3.3.3: 12 bits, 1x128 tiles
      {Dtype::fp8_tensor, "fp8_tensor"},  // one scale a tensor or row: delayed or current scaling
      {Dtype::mxfp8, "mxfp8"},            // OCP microscaling: one E8M0 scale per 32 elements
      {Dtype::nvfp4, "nvfp4"},            // E2M1 with one E4M3 scale per 16 elements
  }};
};

constexpr bool is_fp8(Dtype dtype) {
  return dtype == Dtype::fp8_block || dtype == Dtype::fp8_tensor || dtype == Dtype::mxfp8;
}
// GEMM inputs that are cast from BF16 first.
constexpr bool is_narrow(Dtype dtype) { return is_fp8(dtype) || dtype == Dtype::nvfp4; }

struct Parallelism {
  int tensor_parallel = 1;
  int pipeline_parallel = 1;
  int chunks_per_rank = 1;  // virtual stages, interleaved 1F1B only
  int context_parallel = 1;
  int data_parallel = 1;  // replicas of the dense part: GPUs / (TP x PP x CP)
  int expert_parallel =
      1;  // ranks that share one layer's routed experts, within one pipeline stage
  int expert_tensor_parallel = 0;  // ranks that share one expert; 0: as tensor_parallel
  int zero_stage = 0;              // 0..3; ZeRO-1 shards the optimizer state over data_parallel
  bool sequence_parallel = false;
  bool operator==(const Parallelism&) const = default;
};

struct Batch {
  int global_batch_size = 1;  // sequences a step
  int micro_batch_size = 1;   // sequences
  int sequence_length = 1;    // tokens
  bool operator==(const Batch&) const = default;
};

// Which dtype each tensor has. Defaults: plain BF16 mixed precision, FP32 master and moments.
struct Precision {
  Dtype linear = Dtype::bf16;  // inputs of the linear layers' GEMMs
  Dtype head = Dtype::bf16;
  Dtype dispatch = Dtype::bf16;
  Dtype combine = Dtype::bf16;
  Dtype weights = Dtype::bf16;    // the copy that the GEMMs read
  Dtype gradients = Dtype::fp32;  // accumulation and reduction
  Dtype master_weights = Dtype::fp32;
  Dtype moments = Dtype::fp32;
  Dtype parameter_gather = Dtype::bf16;
  Dtype linear_input_cache = Dtype::bf16;  // activations kept for the weight gradients
  Dtype attention_output_cache = Dtype::bf16;
  Dtype swiglu_input_cache = Dtype::bf16;
  std::string source;
  bool operator==(const Precision&) const = default;
};

// Modules that are recomputed in the backward. `full` recomputes whole layers from their inputs.
struct Recompute {
  bool full = false;
  bool norm = false;
  bool mla_up_projection = false;
  bool swiglu = false;
  bool attention_core = false;
  bool mlp = false;                 // a dense layer's MLP and the shared experts
  bool experts = false;             // the routed experts, their dispatch and combine included
  bool every_other_matmul = false;  // selective checkpointing by operator (torchtitan): the second
                                    // of any two linear layers and all between them
  bool keeps_last_input = false;    // with `full`: the layer's last projection isn't run again, as
                                    // nothing in the backward needs its result (PyTorch's
                                    // non-reentrant checkpoint stops early)
  int full_layers = 0;              // with `full`: layers of each stage that are recomputed; 0: all
  bool operator==(const Recompute&) const = default;
};

struct StageLayout {
  std::vector<int> layers_per_stage;  // main-model layers; empty: as even as possible
  int mtp_stage = -1;                 // of the MTP layers, their heads aside; -1: the last
  std::string source;
  bool operator==(const StageLayout&) const = default;
};

// How tokens travel. DeepEP and HybridEP send one copy to each node and forward it there; NCCL's
// all-to-all and all-gather send one copy for every expert, or all of them to all.
enum class Dispatcher : std::uint8_t { deepep, hybridep, all_to_all };

template <>
struct EnumNames<Dispatcher> {
  static constexpr std::array<std::pair<Dispatcher, std::string_view>, 3> table{{
      {Dispatcher::deepep, "deepep"},
      {Dispatcher::hybridep, "hybridep"},
      {Dispatcher::all_to_all, "all_to_all"},
  }};
};

struct ExpertCommunication {
  Dispatcher dispatcher = Dispatcher::deepep;
  int sms = 20;                  // SMs that dispatch and combine kernels hold
  bool overlap_in_pairs = true;  // DualPipe's overlapped forward-and-backward pairs
  Seconds host_time;  // of one eager layer of experts, forward and backward: launches and waits for
                      // counts that come from the GPU, which then has nothing to do; 0: hidden
  double distinct_nodes_per_token =
      0;  // of the router's rule; 0: uniform choice among allowed groups
  std::string source;
  bool operator==(const ExpertCommunication&) const = default;
};

// Exchanges among data-parallel replicas that run beside compute, bucket by bucket, instead of
// before and after it (Megatron-LM: --overlap-grad-reduce, --overlap-param-gather).
struct Overlap {
  bool gradient_reduction = false;  // beside the backward that makes the last gradients
  bool parameter_gather = false;    // beside the next step's first forward
  bool tensor_parallel = false;     // collectives of a layer, piece by piece beside its GEMMs
  bool pipeline_sends = true;       // beside the next micro-batch's compute
  bool context_parallel = false;    // keys and values, ring step by ring step beside attention
  bool expert_all_to_all = false;   // dispatch and combine beside another micro-batch's compute
  std::string source;
  bool operator==(const Overlap&) const = default;
};

// The named effects on top of the bare step. Each is switched on its own (reckon simulate
// --effects) and stands here with the source of its size; sizes of 0 mean "none". The
// clock derate is the device's.
struct Effects {
  double routing_relative_deviation = 0.0;  // of one rank's routed rows, per layer and micro-batch
  double jitter_relative_deviation = 0.0;   // of one compute part on one rank
  std::int64_t seed = 1;
  std::map<std::string, std::string> sources;  // by key
  std::string source;
  bool operator==(const Effects&) const = default;
};

// Which kernels are launched by replaying a recorded graph, without the host's work for each.
enum class CudaGraph : std::uint8_t { none, partial, full };

template <>
struct EnumNames<CudaGraph> {
  static constexpr std::array<std::pair<CudaGraph, std::string_view>, 3> table{{
      {CudaGraph::none, "none"},
      {CudaGraph::partial, "partial"},  // of a layer's dense part: attention, router
      {CudaGraph::full, "full"},        // the whole step
  }};
};

// Which generation of attention kernels the software has. `best` is what the device was measured
// with; the FlashAttentions are those of their papers; `unfused` writes all scores to memory.
enum class AttentionKernel : std::uint8_t { best, flash_2, flash_1, unfused };

template <>
struct EnumNames<AttentionKernel> {
  static constexpr std::array<std::pair<AttentionKernel, std::string_view>, 4> table{{
      {AttentionKernel::best, "best"},
      {AttentionKernel::flash_2, "flash_2"},
      {AttentionKernel::flash_1, "flash_1"},
      {AttentionKernel::unfused, "unfused"},
  }};
};

enum class PhaseKind : std::uint8_t { pretrain, context_extension, post_training };

template <>
struct EnumNames<PhaseKind> {
  static constexpr std::array<std::pair<PhaseKind, std::string_view>, 3> table{{
      {PhaseKind::pretrain, "pretrain"},
      {PhaseKind::context_extension, "context_extension"},
      {PhaseKind::post_training, "post_training"},
  }};
};

// A published total to print beside the prediction; never an input of it.
struct PublishedPhase {
  double gpu_hours = 0;
  std::string source;
  bool operator==(const PublishedPhase&) const = default;
};

// One phase of the run: either simulated (tokens or steps) or a given number of GPU-hours.
struct Phase {
  std::string name;
  PhaseKind kind = PhaseKind::pretrain;
  double tokens = 0;  // whole phase; 0: steps x batch
  double steps = 0;
  int global_batch_size = 0;     // 0: the plan's
  int ramp_from_batch_size = 0;  // linear batch ramp over ramp_tokens; 0: none
  double ramp_tokens = 0;
  int sequence_length = 0;   // 0: the plan's
  int context_parallel = 0;  // 0: the plan's; data_parallel shrinks by the same factor
  double given_gpu_hours = 0;
  std::optional<PublishedPhase> published;
  std::string source;
  bool operator==(const Phase&) const = default;
};

// Published figures of the step, printed beside the prediction; 0: not published.
struct PublishedStep {
  double step_s = 0;
  double forward_s = 0;          // 1F
  double backward_s = 0;         // 1B
  double backward_weight_s = 0;  // 1W
  double overlapped_pair_s = 0;  // 1F1B
  double bubble_s = 0;
  double optimizer_s = 0;
  double mfu_causal = 0;
  double mfu_full = 0;
  double gpu_hours_per_trillion_tokens = 0;
  double chunk_pair_s = 0;  // one overlapped pair of the published profile, without sends
  std::string source;
  bool operator==(const PublishedStep&) const = default;
};

struct Plan {
  std::string name;
  std::string model;    // name of a file in planner/models
  std::string cluster;  // name of a file in topologies/clusters
  Parallelism parallelism;
  Batch batch;
  ScheduleKind schedule = ScheduleKind::one_forward_one_backward;
  Precision precision;
  Recompute recompute;
  StageLayout layout;
  ExpertCommunication expert_communication;
  Overlap overlap;
  CudaGraph cuda_graph = CudaGraph::none;
  AttentionKernel attention_kernel = AttentionKernel::best;
  bool fused_cross_entropy = true;
  int offloaded_layers = 0;        // of each stage, whose activations wait in the host's memory
  bool eager_elementwise = false;  // PyTorch's operators one by one, without a compiler
  std::string software;  // an entry of planner/runs/software.json, which error bands are around
  Effects effects;
  std::vector<Phase> phases;
  std::optional<PublishedStep> published;
  std::string source;
  bool operator==(const Plan&) const = default;
};

// Micro-batches that one pipeline runs in a step. 0 when the batch does not divide.
int micro_batches(const Plan& plan);

// Ranks that share one expert's weights.
int expert_tensor_parallel(const Parallelism& parallelism);

// Copies of each routed expert among the ranks of one pipeline stage.
int expert_replicas(const Parallelism& parallelism);

// Model stages of the plan's schedule (see ScheduleShape).
int stages(const Plan& plan);
ScheduleShape schedule_shape(const Plan& plan);

// Tokens of one micro-batch that one rank sees (sequence / context_parallel).
double tokens_per_rank(const Plan& plan);
double tokens_per_step(const Plan& plan);

// Bytes of one element, block scales included (fp8_block: one FP32 scale per 128 elements).
double bytes_per_element(Dtype dtype);

}  // namespace reckon

// The field tables of every input document: the one place that says which keys a file has, in which
// unit and within which limits. Read by json_io.hpp (reading, writing, schema) and by the docs.
#pragma once

#include <tuple>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/fields.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"

namespace reckon {

constexpr double most_layers = 10000;
constexpr double most_width = 1e8;
constexpr double most_gpus = 1e7;
constexpr double giga = 1e9;
constexpr double tera = 1e12;
constexpr double micro = 1e-6;

// --- model/1
// --------------------------------------------------------------------------------------

template <>
struct Fields<IndexerSpec> {
  static constexpr std::tuple table{required("heads", &IndexerSpec::heads).min(1).max(65536),
                                    required("head_dim", &IndexerSpec::head_dim).min(1).max(65536),
                                    required("top_k", &IndexerSpec::top_k)
                                        .min(1)
                                        .max(most_width)
                                        .doc("earlier tokens that a query attends to")};
};
template <>
struct Fields<AttentionSpec> {
  static constexpr std::tuple table{
      required("kind", &AttentionSpec::kind).doc("mha, gqa, or mla (multi-head latent attention)"),
      required("heads", &AttentionSpec::heads).min(1).max(65536).doc("query heads"),
      optional("kv_heads", &AttentionSpec::kv_heads).min(0).max(65536).doc("0: as many as heads"),
      optional("head_dim", &AttentionSpec::head_dim).min(0).max(65536).doc("of one head; mha, gqa"),
      optional("q_lora_rank", &AttentionSpec::q_lora_rank)
          .min(0)
          .max(most_width)
          .doc("mla; 0: full"),
      optional("kv_lora_rank", &AttentionSpec::kv_lora_rank).min(0).max(most_width).doc("mla"),
      optional("qk_nope_head_dim", &AttentionSpec::qk_nope_head_dim).min(0).max(65536).doc("mla"),
      optional("qk_rope_head_dim", &AttentionSpec::qk_rope_head_dim).min(0).max(65536).doc("mla"),
      optional("v_head_dim", &AttentionSpec::v_head_dim).min(0).max(65536).doc("mla"),
      optional("qk_norm", &AttentionSpec::qk_norm).doc("RMSNorm over each query and key head"),
      optional("qk_norm_all_heads", &AttentionSpec::qk_norm_all_heads)
          .doc("RMSNorm over all query and over all key heads together"),
      optional("bias_qkv", &AttentionSpec::bias_qkv).doc("bias on the three input projections"),
      optional("bias_out", &AttentionSpec::bias_out).doc("bias on the output projection"),
      optional("sinks", &AttentionSpec::sinks).doc("a learned logit a head in the softmax"),
      optional("window", &AttentionSpec::window)
          .min(0)
          .max(most_width)
          .doc("tokens that a query of a windowed layer sees at most; 0: no layer has a window"),
      optional("window_kind", &AttentionSpec::window_kind)
          .doc("sliding: the last tokens; chunked: those of the query's own block"),
      optional("full_attention_every", &AttentionSpec::full_attention_every)
          .min(0)
          .max(most_layers)
          .doc("the last of so many layers has no window; 0: all have it"),
      optional("indexer", &AttentionSpec::indexer)
          .doc("DeepSeek Sparse Attention: what selects the tokens to attend to")};
};
template <>
struct Fields<MoeSpec> {
  static constexpr std::tuple table{
      optional("first_dense_layers", &MoeSpec::first_dense_layers)
          .min(0)
          .max(most_layers)
          .doc("leading layers with a dense MLP"),
      optional("layer_interval", &MoeSpec::layer_interval)
          .min(1)
          .max(most_layers)
          .doc("one layer of so many has experts, behind the leading dense ones"),
      optional("layer_offset", &MoeSpec::layer_offset)
          .min(0)
          .max(most_layers)
          .doc("which of them: layer index modulo layer_interval"),
      required("experts", &MoeSpec::experts).min(1).max(65536).doc("routed experts a layer"),
      required("experts_per_token", &MoeSpec::experts_per_token).min(1).max(65536),
      required("expert_intermediate", &MoeSpec::expert_intermediate)
          .min(1)
          .max(most_width)
          .doc("width of one expert"),
      optional("shared_experts", &MoeSpec::shared_experts).min(0).max(65536),
      optional("groups", &MoeSpec::groups)
          .min(1)
          .max(65536)
          .doc("expert groups of node-limited routing; 1: no limit"),
      optional("groups_per_token", &MoeSpec::groups_per_token).min(1).max(65536),
      optional("router_score", &MoeSpec::router_score),
      optional("selection_bias", &MoeSpec::selection_bias)
          .doc("balancing bias without an auxiliary loss, one number an expert"),
      optional("router_bias", &MoeSpec::router_bias).doc("bias of the router's projection")};
};
template <>
struct Fields<PublishedSize> {
  static constexpr std::tuple table{
      required("parameters", &PublishedSize::parameters)
          .min(0)
          .doc("total, MTP excluded; 0: not published"),
      optional("active_parameters", &PublishedSize::active_parameters)
          .min(0)
          .doc("per token, embedding and head included; 0: not published"),
      optional("source", &PublishedSize::source)};
};
template <>
struct Fields<ModelSpec> {
  static constexpr std::tuple table{
      required("name", &ModelSpec::name).not_empty(),
      required("layers", &ModelSpec::layers).min(1).max(most_layers),
      required("hidden", &ModelSpec::hidden).min(1).max(most_width),
      required("intermediate", &ModelSpec::intermediate)
          .min(1)
          .max(most_width)
          .doc("width of a dense MLP"),
      required("vocabulary", &ModelSpec::vocabulary).min(1).max(most_width),
      optional("learned_positions", &ModelSpec::learned_positions)
          .min(0)
          .max(most_width)
          .doc("rows of a learned position table"),
      optional("tied_embeddings", &ModelSpec::tied_embeddings),
      optional("mlp_bias", &ModelSpec::mlp_bias),
      optional("activation", &ModelSpec::activation),
      optional("norm", &ModelSpec::norm),
      optional("positions", &ModelSpec::positions),
      required("attention", &ModelSpec::attention),
      optional("moe", &ModelSpec::moe),
      optional("mtp_modules", &ModelSpec::mtp_modules)
          .min(0)
          .max(64)
          .doc("multi-token prediction modules"),
      optional("published", &ModelSpec::published),
      optional("source", &ModelSpec::source)};
};

// --- cluster/1
// ------------------------------------------------------------------------------------

template <>
struct Fields<LinkSpec> {
  static constexpr std::tuple table{
      required("kind", &LinkSpec::kind).not_empty().doc("nvlink, infiniband or roce"),
      required("bandwidth_gigabytes_per_s", &LinkSpec::bandwidth, giga)
          .positive()
          .doc("nominal, one GPU, one direction"),
      required("achieved_gigabytes_per_s", &LinkSpec::achieved, giga)
          .positive()
          .doc("what large transfers reach"),
      required("latency_us", &LinkSpec::latency, micro).min(0).max(1e6),
      optional("source", &LinkSpec::source)};
};
template <>
struct Fields<FabricSpec> {
  static constexpr std::tuple table{
      required("kind", &FabricSpec::kind),
      optional("planes", &FabricSpec::planes).min(1).max(1024).doc("independent networks"),
      required("switch_radix", &FabricSpec::switch_radix).min(2).max(65536).doc("ports"),
      optional("layers", &FabricSpec::layers).min(1).max(4),
      required("switch_hop_latency_us", &FabricSpec::switch_hop_latency, micro).min(0).max(1e6),
      optional("source", &FabricSpec::source)};
};
template <>
struct Fields<Pricing> {
  static constexpr std::tuple table{
      required("usd_per_gpu_hour", &Pricing::usd_per_gpu_hour, 1.0).min(0).max(1e6),
      optional("source", &Pricing::source)};
};
template <>
struct Fields<Fault> {
  static constexpr std::tuple table{
      required("kind", &Fault::kind),
      optional("node", &Fault::node).min(0).max(most_gpus),
      optional("gpu", &Fault::gpu).min(0).max(1023).doc("in its node"),
      optional("plane", &Fault::plane).min(0).max(1023).doc("of a failed_plane"),
      optional("speed", &Fault::speed)
          .min(0.01)
          .max(1)
          .doc("of a slow GPU or NIC: the share of its normal rate"),
      optional("source", &Fault::source)};
};
template <>
struct Fields<ClusterSpec> {
  static constexpr std::tuple table{
      required("name", &ClusterSpec::name).not_empty(),
      required("device", &ClusterSpec::device).not_empty().doc("a file in topologies/devices"),
      required("nodes", &ClusterSpec::nodes).min(1).max(most_gpus),
      required("gpus_per_node", &ClusterSpec::gpus_per_node).min(1).max(1024),
      required("nvlink", &ClusterSpec::nvlink),
      required("nic", &ClusterSpec::nic),
      required("fabric", &ClusterSpec::fabric),
      required("pricing", &ClusterSpec::pricing),
      optional("faults", &ClusterSpec::faults).doc("what does not work as it should"),
      optional("source", &ClusterSpec::source)};
};

// --- device/1
// -------------------------------------------------------------------------------------

template <>
struct Fields<GpuSpec> {
  static constexpr std::tuple table{
      required("sms", &GpuSpec::sms).min(1).max(65536).doc("streaming multiprocessors"),
      required("bf16_peak_tflops", &GpuSpec::bf16_peak, tera).positive().doc("dense"),
      optional("fp8_peak_tflops", &GpuSpec::fp8_peak, tera).min(0).doc("dense; 0: none"),
      optional("fp4_peak_tflops", &GpuSpec::fp4_peak, tera).min(0).doc("dense; 0: none"),
      required("hbm_bandwidth_gigabytes_per_s", &GpuSpec::hbm_bandwidth, giga).positive(),
      optional("l2_cache_bytes", &GpuSpec::l2_cache, 1.0).min(0),
      optional("nvlink_gigabytes_per_s", &GpuSpec::nvlink_bandwidth, giga)
          .min(0)
          .doc("nominal, one direction"),
      required("memory_bytes", &GpuSpec::memory, 1.0).positive(),
      optional("reserved_memory_bytes", &GpuSpec::reserved_memory, 1.0)
          .min(0)
          .doc("CUDA context, communicators, allocator slack"),
      required("boost_mhz", &GpuSpec::boost_mhz).positive(),
      optional("source", &GpuSpec::source)};
};
template <>
struct Fields<GemmModel> {
  static constexpr std::tuple table{
      required("dtype", &GemmModel::dtype),
      required("role", &GemmModel::role),
      required("tile_m", &GemmModel::tile_m).min(1).max(4096),
      required("tile_n", &GemmModel::tile_n).min(1).max(4096),
      required("rate_per_sm_tflops", &GemmModel::rate_per_sm, tera).positive(),
      required("tile_overhead_us", &GemmModel::tile_overhead, micro).min(0),
      required("launch_us", &GemmModel::launch, micro).min(0),
      optional("overlapped_rate_factor", &GemmModel::overlapped_rate_factor).positive().max(1),
      optional("fitted_min_m", &GemmModel::fitted_min_m).min(0),
      optional("fitted_min_n", &GemmModel::fitted_min_n).min(0),
      optional("fitted_min_k", &GemmModel::fitted_min_k).min(0),
      optional("residual_median", &GemmModel::residual_median).min(0),
      optional("residual_p90", &GemmModel::residual_p90).min(0),
      optional("source", &GemmModel::source)};
};
template <>
struct Fields<AttentionModel> {
  static constexpr std::tuple table{
      required("forward_rate_per_sm_tflops", &AttentionModel::forward_rate_per_sm, tera).positive(),
      required("backward_rate_per_sm_tflops", &AttentionModel::backward_rate_per_sm, tera)
          .positive(),
      required("half_rate_sequence", &AttentionModel::half_rate_sequence).min(0),
      optional("flash_2_rate_share", &AttentionModel::flash_2_rate_share)
          .positive()
          .max(1)
          .doc("of these rates, with FlashAttention-2"),
      optional("flash_1_rate_share", &AttentionModel::flash_1_rate_share)
          .positive()
          .max(1)
          .doc("and with FlashAttention (Triton)"),
      optional("fitted_min_sequence", &AttentionModel::fitted_min_sequence).min(0),
      optional("residual_median", &AttentionModel::residual_median).min(0),
      optional("source", &AttentionModel::source)};
};
template <>
struct Fields<StreamModel> {
  static constexpr std::tuple table{
      required("family", &StreamModel::family),
      required("bandwidth_gigabytes_per_s", &StreamModel::bandwidth, giga).positive(),
      optional("residual_ratio", &StreamModel::residual_ratio)
          .positive()
          .doc("worst measured / modelled over the parts that it was fitted on"),
      optional("source", &StreamModel::source)};
};
template <>
struct Fields<ExpertTransportModel> {
  static constexpr std::tuple table{
      required("dispatch_wire_gigabytes_per_s", &ExpertTransportModel::dispatch_wire, giga)
          .positive(),
      required("combine_wire_gigabytes_per_s", &ExpertTransportModel::combine_wire, giga)
          .positive(),
      optional("dispatch_overlapped_factor", &ExpertTransportModel::dispatch_overlapped_factor)
          .positive()
          .max(1),
      optional("cached_dispatch_overlapped_factor",
               &ExpertTransportModel::cached_dispatch_overlapped_factor)
          .positive()
          .max(1),
      optional("combine_overlapped_factor", &ExpertTransportModel::combine_overlapped_factor)
          .positive()
          .max(1),
      required("measured_nic_gigabytes_per_s", &ExpertTransportModel::measured_nic, giga)
          .positive(),
      required("nvlink_gigabytes_per_s", &ExpertTransportModel::nvlink, giga).positive(),
      required("startup_us", &ExpertTransportModel::startup, micro).min(0),
      required("sms", &ExpertTransportModel::sms).min(0).max(65536),
      optional("source", &ExpertTransportModel::source)};
};
template <>
struct Fields<CollectiveModel> {
  static constexpr std::tuple table{
      required("nvlink_efficiency", &CollectiveModel::nvlink_efficiency).positive().max(1),
      required("nic_efficiency", &CollectiveModel::nic_efficiency).positive().max(1),
      required("nvlink_step_latency_us", &CollectiveModel::nvlink_step_latency, micro).min(0),
      required("nic_step_latency_us", &CollectiveModel::nic_step_latency, micro).min(0),
      optional("sms", &CollectiveModel::sms).min(0).max(65536).doc("that its kernels hold"),
      optional("source", &CollectiveModel::source)};
};
template <>
struct Fields<SizeRange> {
  static constexpr std::tuple table{required("least", &SizeRange::least).min(0),
                                    required("most", &SizeRange::most).min(0)};
};
template <>
struct Fields<RegionResidual> {
  static constexpr std::tuple table{
      required("region", &RegionResidual::region),
      optional("held_back", &RegionResidual::held_back).doc("shapes that were not fitted"),
      required("rows", &RegionResidual::rows).min(0),
      required("median", &RegionResidual::median).min(0).doc("of |predicted / measured - 1|"),
      required("p90", &RegionResidual::p90).min(0),
      required("bias", &RegionResidual::bias).doc("median of predicted / measured - 1")};
};
template <>
struct Fields<KernelModel> {
  static constexpr std::tuple table{
      required("family", &KernelModel::family),
      optional("variant", &KernelModel::variant).doc("dtype, or what else has its own parameters"),
      required("parameters", &KernelModel::parameters).min(0).not_empty(),
      optional("fitted", &KernelModel::fitted).doc("range of each size among the fitted shapes"),
      optional("residuals", &KernelModel::residuals),
      optional("transfer", &KernelModel::transfer)
          .doc("how it was carried over from a measured device"),
      optional("source", &KernelModel::source)};
};
template <>
struct Fields<SustainedRates> {
  static constexpr std::tuple table{
      optional("bf16_rate_factor", &SustainedRates::bf16_rate_factor).positive().max(1),
      optional("fp8_rate_factor", &SustainedRates::fp8_rate_factor).positive().max(1),
      optional("source", &SustainedRates::source)};
};
template <>
struct Fields<DeviceProfile> {
  static constexpr std::tuple table{
      required("name", &DeviceProfile::name).not_empty(),
      required("gpu", &DeviceProfile::gpu),
      optional("sustained", &DeviceProfile::sustained)
          .doc("rates of a long run / of a short benchmark"),
      required("launch_gap_us", &DeviceProfile::launch_gap, micro)
          .min(0)
          .doc("between two dependent kernels of one stream"),
      optional("gemm", &DeviceProfile::gemm).doc("own models that go before those of kernels"),
      optional("weight_gradient_time_ratio", &DeviceProfile::weight_gradient_time_ratio)
          .positive()
          .max(10)
          .doc("of a GEMM in kernels: weight gradient, accumulated in "
               "FP32 / forward of the same m, n, k"),
      required("attention", &DeviceProfile::attention),
      required("streams", &DeviceProfile::streams).not_empty(),
      required("expert_transport", &DeviceProfile::expert_transport),
      required("collective", &DeviceProfile::collective),
      optional("kernels", &DeviceProfile::kernels),
      optional("source", &DeviceProfile::source)};
};

// --- plan/1
// ---------------------------------------------------------------------------------------

template <>
struct Fields<Parallelism> {
  static constexpr std::tuple table{
      optional("tensor_parallel", &Parallelism::tensor_parallel).min(1).max(most_gpus),
      optional("pipeline_parallel", &Parallelism::pipeline_parallel).min(1).max(4096),
      optional("chunks_per_rank", &Parallelism::chunks_per_rank)
          .min(1)
          .max(1024)
          .doc("virtual stages of a rank, interleaved 1F1B only"),
      optional("context_parallel", &Parallelism::context_parallel).min(1).max(most_gpus),
      required("data_parallel", &Parallelism::data_parallel)
          .min(1)
          .max(most_gpus)
          .doc("replicas of the dense part"),
      optional("expert_parallel", &Parallelism::expert_parallel)
          .min(1)
          .max(most_gpus)
          .doc("ranks that share the routed experts of a layer"),
      optional("expert_tensor_parallel", &Parallelism::expert_tensor_parallel)
          .min(0)
          .max(most_gpus)
          .doc("ranks that share one expert; 0: as tensor_parallel"),
      optional("zero_stage", &Parallelism::zero_stage).min(0).max(3),
      optional("sequence_parallel", &Parallelism::sequence_parallel)};
};
template <>
struct Fields<Batch> {
  static constexpr std::tuple table{
      required("global_batch_size", &Batch::global_batch_size).min(1).max(1e9).doc("sequences"),
      required("micro_batch_size", &Batch::micro_batch_size).min(1).max(1e6).doc("sequences"),
      required("sequence_length", &Batch::sequence_length).min(1).max(1e8).doc("tokens")};
};
template <>
struct Fields<Precision> {
  static constexpr std::tuple table{
      optional("linear", &Precision::linear),
      optional("head", &Precision::head),
      optional("dispatch", &Precision::dispatch),
      optional("combine", &Precision::combine),
      optional("weights", &Precision::weights),
      optional("gradients", &Precision::gradients),
      optional("master_weights", &Precision::master_weights),
      optional("moments", &Precision::moments),
      optional("parameter_gather", &Precision::parameter_gather),
      optional("linear_input_cache", &Precision::linear_input_cache),
      optional("attention_output_cache", &Precision::attention_output_cache),
      optional("swiglu_input_cache", &Precision::swiglu_input_cache),
      optional("source", &Precision::source)};
};
template <>
struct Fields<Recompute> {
  static constexpr std::tuple table{optional("full", &Recompute::full),
                                    optional("norm", &Recompute::norm),
                                    optional("mla_up_projection", &Recompute::mla_up_projection),
                                    optional("swiglu", &Recompute::swiglu),
                                    optional("attention_core", &Recompute::attention_core),
                                    optional("mlp", &Recompute::mlp),
                                    optional("experts", &Recompute::experts),
                                    optional("every_other_matmul", &Recompute::every_other_matmul),
                                    optional("keeps_last_input", &Recompute::keeps_last_input)
                                        .doc("with full: the last projection isn't run again"),
                                    optional("full_layers", &Recompute::full_layers)
                                        .min(0)
                                        .max(most_layers)
                                        .doc("with full: layers of each stage; 0: all")};
};
template <>
struct Fields<StageLayout> {
  static constexpr std::tuple table{
      optional("layers_per_stage", &StageLayout::layers_per_stage).min(0).max(most_layers),
      optional("mtp_stage", &StageLayout::mtp_stage)
          .min(-1)
          .max(most_layers)
          .doc("stage of the MTP layers, counted from 0; their heads stay on the last; -1: the "
               "last"),
      optional("source", &StageLayout::source)};
};
template <>
struct Fields<ExpertCommunication> {
  static constexpr std::tuple table{
      optional("dispatcher", &ExpertCommunication::dispatcher),
      optional("sms", &ExpertCommunication::sms).min(0).max(65536),
      optional("host_time_us", &ExpertCommunication::host_time, micro)
          .min(0)
          .max(1e6)
          .doc("that the host takes for an eager layer of experts, forward and backward; kernels "
               "wait for it"),
      optional("overlap_in_pairs", &ExpertCommunication::overlap_in_pairs),
      optional("distinct_nodes_per_token", &ExpertCommunication::distinct_nodes_per_token)
          .min(0)
          .doc("nodes that the router's rule sends a token to; 0: uniform choice among the allowed "
               "groups"),
      optional("source", &ExpertCommunication::source)};
};
template <>
struct Fields<Overlap> {
  static constexpr std::tuple table{
      optional("gradient_reduction", &Overlap::gradient_reduction)
          .doc("bucket by bucket beside the backward that makes the last gradients"),
      optional("parameter_gather", &Overlap::parameter_gather)
          .doc("bucket by bucket beside the next step's first forward"),
      optional("tensor_parallel", &Overlap::tensor_parallel)
          .doc("a layer's collectives, piece by piece beside its GEMMs"),
      optional("context_parallel", &Overlap::context_parallel)
          .doc("keys and values, ring step by ring step beside attention"),
      optional("pipeline_sends", &Overlap::pipeline_sends)
          .doc("beside the next micro-batch's compute"),
      optional("expert_all_to_all", &Overlap::expert_all_to_all)
          .doc("dispatch and combine beside another micro-batch's compute"),
      optional("source", &Overlap::source)};
};
template <>
struct Fields<Effects> {
  static constexpr std::tuple table{
      optional("routing_relative_deviation", &Effects::routing_relative_deviation)
          .min(0)
          .max(1)
          .doc("standard deviation / mean of one rank's routed rows, per layer and micro-batch"),
      optional("jitter_relative_deviation", &Effects::jitter_relative_deviation)
          .min(0)
          .max(1)
          .doc("standard deviation / mean of one compute part's time on one rank"),
      optional("seed", &Effects::seed).min(0),
      optional("sources", &Effects::sources).doc("where each size comes from, by key"),
      optional("source", &Effects::source)};
};
template <>
struct Fields<PublishedPhase> {
  static constexpr std::tuple table{required("gpu_hours", &PublishedPhase::gpu_hours).positive(),
                                    optional("source", &PublishedPhase::source)};
};
template <>
struct Fields<Phase> {
  static constexpr std::tuple table{
      required("name", &Phase::name).not_empty(),
      required("kind", &Phase::kind),
      optional("tokens", &Phase::tokens).min(0).max(1e18),
      optional("steps", &Phase::steps).min(0).max(1e12),
      optional("global_batch_size", &Phase::global_batch_size).min(0).max(1e9),
      optional("ramp_from_batch_size", &Phase::ramp_from_batch_size).min(0).max(1e9),
      optional("ramp_tokens", &Phase::ramp_tokens).min(0).max(1e18),
      optional("sequence_length", &Phase::sequence_length).min(0).max(1e8),
      optional("context_parallel", &Phase::context_parallel).min(0).max(most_gpus),
      optional("given_gpu_hours", &Phase::given_gpu_hours).min(0).max(1e12),
      optional("published", &Phase::published),
      optional("source", &Phase::source)};
};
template <>
struct Fields<PublishedStep> {
  static constexpr std::tuple table{
      optional("step_s", &PublishedStep::step_s).min(0),
      optional("forward_s", &PublishedStep::forward_s).min(0).doc("1F"),
      optional("backward_s", &PublishedStep::backward_s).min(0).doc("1B"),
      optional("backward_weight_s", &PublishedStep::backward_weight_s).min(0).doc("1W"),
      optional("overlapped_pair_s", &PublishedStep::overlapped_pair_s).min(0).doc("1F1B"),
      optional("bubble_s", &PublishedStep::bubble_s).min(0),
      optional("optimizer_s", &PublishedStep::optimizer_s).min(0),
      optional("mfu_causal", &PublishedStep::mfu_causal).min(0).max(1),
      optional("mfu_full", &PublishedStep::mfu_full).min(0).max(1),
      optional("gpu_hours_per_trillion_tokens", &PublishedStep::gpu_hours_per_trillion_tokens)
          .min(0),
      optional("chunk_pair_s", &PublishedStep::chunk_pair_s).min(0),
      optional("source", &PublishedStep::source)};
};
template <>
struct Fields<Plan> {
  static constexpr std::tuple table{
      required("name", &Plan::name).not_empty(),
      required("model", &Plan::model).not_empty().doc("a file in planner/models"),
      required("cluster", &Plan::cluster).not_empty().doc("a file in topologies/clusters"),
      required("parallelism", &Plan::parallelism),
      required("batch", &Plan::batch),
      required("schedule", &Plan::schedule),
      optional("precision", &Plan::precision),
      optional("recompute", &Plan::recompute),
      optional("layout", &Plan::layout),
      optional("expert_communication", &Plan::expert_communication),
      optional("overlap", &Plan::overlap),
      optional("fused_cross_entropy", &Plan::fused_cross_entropy)
          .doc("false: FP32 logits, their log-softmax and gradient all exist"),
      optional("offloaded_layers", &Plan::offloaded_layers)
          .min(0)
          .max(most_layers)
          .doc("of each stage, whose activations wait in the host's memory"),
      optional("eager_elementwise", &Plan::eager_elementwise)
          .doc("norms, rotations and activations operator by operator, not fused"),
      optional("cuda_graph", &Plan::cuda_graph)
          .doc("kernels that are launched by replaying a recorded graph"),
      optional("attention_kernel", &Plan::attention_kernel)
          .doc("of which generation; unfused: all scores go through memory"),
      optional("software", &Plan::software)
          .doc("an entry of planner/runs/software.json: the error band is around the step at its "
               "measured efficiency"),
      optional("effects", &Plan::effects),
      optional("phases", &Plan::phases),
      optional("published", &Plan::published),
      optional("source", &Plan::source)};
};

}  // namespace reckon

#include "sim/cost_model.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "sim/kernel_models/families.hpp"
#include "sim/kernel_models/gemm.hpp"

namespace reckon {
namespace {

// The device's own model of this dtype and role; input gradients have the forward's layout.
const GemmModel* own_gemm(const DeviceProfile& device, Dtype dtype, GemmRole role) {
  const GemmRole wanted = role == GemmRole::input_gradient ? GemmRole::output : role;
  for (const GemmModel& model : device.gemm) {
    if (model.dtype == dtype && model.role == wanted) return &model;
  }
  return nullptr;
}

// One that is borrowed where there is none: the same dtype first, in another role.
const GemmModel* borrowed_gemm(const DeviceProfile& device, Dtype dtype) {
  for (const GemmModel& model : device.gemm) {
    if (model.dtype == dtype) return &model;
  }
  return device.gemm.empty() ? nullptr : &device.gemm.front();
}

std::string_view variant_of(Dtype dtype) {
  if (dtype == Dtype::fp8_block) return "fp8_block";
  return is_narrow(dtype) ? "fp8" : "bf16";
}

// The fitted family's model for a GEMM; null if the profile has none of its dtype.
const KernelModel* fitted_gemm(const DeviceProfile& device, Dtype dtype) {
  return find_model(device, ModelFamily::gemm, variant_of(dtype));
}

// DeepSeek's head dimensions; the MLA family was measured with no others.
bool is_latent(const AttentionHeads& heads) { return heads.qk_dim == 192 && heads.v_dim == 128; }

ModelFamily attention_family_of(const KernelWork& work) {
  return is_latent(work.attention) ? ModelFamily::mla : ModelFamily::attention;
}

// Null where the profile has none, or none for heads like these.
const KernelModel* fitted_attention(const DeviceProfile& device, const KernelWork& work) {
  const AttentionHeads& heads = work.attention;
  if (!is_latent(heads) && heads.qk_dim != heads.v_dim) return nullptr;
  return find_model(device, attention_family_of(work), "bf16");
}

// Context parallel ranks hold a part of each sequence, early and late queries alike.
KernelSizes attention_sizes(const KernelWork& work) {
  const AttentionHeads& heads = work.attention;
  const double sequences = work.m / work.k;
  return is_latent(heads)
             ? KernelSizes{0, heads.heads, sequences, work.k}
             : KernelSizes{0, sequences, work.k, 0, heads.heads, heads.kv_heads, heads.qk_dim, 0};
}

FlopsPerSecond peak(const DeviceProfile& device, Dtype dtype) {
  if (dtype == Dtype::nvfp4 && device.gpu.fp4_peak.value > 0) return device.gpu.fp4_peak;
  const bool fp8 = is_narrow(dtype) && device.gpu.fp8_peak.value > 0;
  return fp8 ? device.gpu.fp8_peak : device.gpu.bf16_peak;
}

double sm_share(const DeviceProfile& device, const KernelContext& context) {
  return static_cast<double>(context.sms) / device.gpu.sms;
}

// Tensor rate in this company / in a short benchmark. Communication beside a kernel and a settled
// chip both lower what the tensor cores reach; a factor that was measured in a running cluster
// holds some of both, so the lower counts, not the product.
double rate_factor(const DeviceProfile& device, const KernelContext& context, Dtype dtype,
                   double overlapped_factor) {
  const double sustained =
      is_narrow(dtype) ? device.sustained.fp8_rate_factor : device.sustained.bf16_rate_factor;
  return std::min(context.overlapped ? overlapped_factor : 1.0,
                  context.sustained ? sustained : 1.0);
}

// max(model, compute roofline on the SMs at hand, memory roofline).
Seconds at_least_roofline(Seconds modelled, const DeviceProfile& device, const KernelWork& work,
                          const KernelContext& context) {
  const Seconds compute = work.flops / (peak(device, work.dtype) * sm_share(device, context));
  const Seconds memory = work.bytes / device.gpu.hbm_bandwidth;
  return std::max({modelled, compute, memory});
}

Seconds own_gemm_time(const GemmModel& model, const DeviceProfile& device, const KernelWork& work,
                      const KernelContext& context) {
  const double factor = rate_factor(device, context, work.dtype, model.overlapped_rate_factor);
  const double tiles =
      std::ceil(work.m / model.tile_m) * std::ceil(work.n / model.tile_n) * work.groups;
  const double waves = std::ceil(tiles / std::max(1, context.sms));
  const Flops tile{2.0 * model.tile_m * model.tile_n * work.k};
  const Seconds one = tile / (model.rate_per_sm * factor) + model.tile_overhead;
  return model.launch + one * waves;
}

// Beside communication a fitted GEMM slows down as the device's own one does, if it has one.
double overlapped_factor(const DeviceProfile& device) {
  return device.gemm.empty() ? 1.0 : device.gemm.front().overlapped_rate_factor;
}

Seconds fitted_gemm_time(const KernelModel& model, const DeviceProfile& device,
                         const KernelWork& work, const KernelContext& context) {
  const auto parameters = parameter_values(gemm_family(), model);
  if (!parameters) return {};
  const double factor = rate_factor(device, context, work.dtype, overlapped_factor(device));
  GpuSpec gpu = device.gpu;  // FP4 by FP8's model at FP4's peak
  if (work.dtype == Dtype::nvfp4) gpu.fp8_peak = peak(device, work.dtype);
  const double seconds = gemm_seconds(gpu, model.variant, *parameters,
                                      {work.m, work.n, work.k, static_cast<double>(work.groups)},
                                      {static_cast<double>(std::max(1, context.sms)), factor});
  const bool accumulates = work.role == GemmRole::weight_gradient;
  return {seconds * (accumulates ? device.weight_gradient_time_ratio : 1.0)};
}

Seconds gemm_time(const DeviceProfile& device, const KernelWork& work,
                  const KernelContext& context) {
  Seconds time;
  if (const GemmModel* own = own_gemm(device, work.dtype, work.role)) {
    time = own_gemm_time(*own, device, work, context);
  } else if (const KernelModel* fitted = fitted_gemm(device, work.dtype)) {
    time = fitted_gemm_time(*fitted, device, work, context);
  } else if (const GemmModel* borrowed = borrowed_gemm(device, work.dtype)) {
    time = own_gemm_time(*borrowed, device, work, context);
  }
  return at_least_roofline(time, device, work, context);
}

// The forward by the fitted family where the profile has it; the backward from it by FLOPs and the
// ratio of both rates.
std::optional<Seconds> fitted_attention_time(const DeviceProfile& device, const KernelWork& work,
                                             const KernelContext& context) {
  const AttentionHeads& heads = work.attention;
  const ModelFamily kind = attention_family_of(work);
  const KernelModel* model = fitted_attention(device, work);
  if (model == nullptr || work.k <= 0) return std::nullopt;
  const FamilyModel& family = family_model(kind);
  const auto parameters = parameter_values(family, *model);
  if (!parameters) return std::nullopt;
  GpuSpec gpu = device.gpu;
  const double share = sm_share(device, context);
  gpu.sms = std::max(1, context.sms);
  gpu.bf16_peak = gpu.bf16_peak * (share * rate_factor(device, context, Dtype::bf16, 1.0));
  const double forward = family.time({&gpu, "bf16"}, *parameters, attention_sizes(work));
  if (work.role == GemmRole::output) return Seconds{forward};
  const double scores = heads.heads * work.m * work.k;
  const double slower =
      device.attention.forward_rate_per_sm / device.attention.backward_rate_per_sm;
  return Seconds{forward * (work.flops.value / (scores * (heads.qk_dim + heads.v_dim))) * slower};
}

double generation_share(const DeviceProfile& device, AttentionKernel kernel) {
  switch (kernel) {
    case AttentionKernel::flash_2:
      return device.attention.flash_2_rate_share;
    case AttentionKernel::flash_1:
      return device.attention.flash_1_rate_share;
    case AttentionKernel::best:
    case AttentionKernel::unfused:  // is no attention core
      break;
  }
  return 1;
}

Seconds attention_time(const DeviceProfile& device, const KernelWork& work,
                       const KernelContext& context) {
  if (const auto fitted = fitted_attention_time(device, work, context)) {
    const double share = generation_share(device, work.attention_kernel);
    return at_least_roofline(*fitted / share, device, work, context);
  }
  const AttentionModel& model = device.attention;
  const bool forward = work.role == GemmRole::output;
  const FlopsPerSecond full = forward ? model.forward_rate_per_sm : model.backward_rate_per_sm;
  const double ramp = work.k / (work.k + model.half_rate_sequence);
  const FlopsPerSecond rate =
      full * (ramp * context.sms * rate_factor(device, context, Dtype::bf16, 1.0) *
              generation_share(device, work.attention_kernel));
  return at_least_roofline(work.flops / rate, device, work, context);
}

Seconds stream_time(const DeviceProfile& device, const KernelWork& work,
                    const KernelContext& context) {
  constexpr double unmeasured_share = 0.75;  // of the HBM peak, for families without a measurement
  BytesPerSecond bandwidth = device.gpu.hbm_bandwidth * unmeasured_share;
  for (const StreamModel& model : device.streams) {
    if (model.family == work.family) bandwidth = model.bandwidth;
  }
  return at_least_roofline(work.bytes / bandwidth, device, work, context);
}

}  // namespace

Seconds kernel_time(const DeviceProfile& device, const KernelWork& work,
                    const KernelContext& context) {
  const Seconds gaps = device.launch_gap * work.launches;
  switch (work.family) {
    case KernelFamily::gemm:
      return gemm_time(device, work, context) + gaps;
    case KernelFamily::attention_core:
      return attention_time(device, work, context) + gaps;
    case KernelFamily::attention_helper:
    case KernelFamily::norm:
    case KernelFamily::rope:
    case KernelFamily::quantise:
    case KernelFamily::copy:
    case KernelFamily::elementwise:
    case KernelFamily::router:
    case KernelFamily::activation:
    case KernelFamily::permute:
    case KernelFamily::unpermute:
    case KernelFamily::routing_map:
    case KernelFamily::cross_entropy:
    case KernelFamily::embedding:
    case KernelFamily::optimizer:
      break;
  }
  return stream_time(device, work, context) + gaps;
}

double rate_beside_collectives(const DeviceProfile& device) {
  const double left = std::max(1, device.gpu.sms - device.collective.sms);
  return left / device.gpu.sms * overlapped_factor(device);
}

std::string_view transferred_from(const DeviceProfile& device, const KernelWork& work) {
  const KernelModel* fitted = nullptr;
  if (work.family == KernelFamily::attention_core) fitted = fitted_attention(device, work);
  if (work.family == KernelFamily::gemm && own_gemm(device, work.dtype, work.role) == nullptr) {
    fitted = fitted_gemm(device, work.dtype);
  }
  return fitted == nullptr ? std::string_view() : fitted->transfer;
}

bool is_extrapolated(const DeviceProfile& device, const KernelWork& work) {
  if (work.family == KernelFamily::attention_core) {
    const KernelModel* fitted = fitted_attention(device, work);
    if (fitted == nullptr) return work.k < device.attention.fitted_min_sequence;
    return is_outside(family_model(fitted->family), *fitted, attention_sizes(work));
  }
  if (work.family != KernelFamily::gemm) return false;
  if (const GemmModel* own = own_gemm(device, work.dtype, work.role)) {
    return work.m < own->fitted_min_m || work.n < own->fitted_min_n || work.k < own->fitted_min_k;
  }
  const KernelModel* fitted = fitted_gemm(device, work.dtype);
  if (fitted == nullptr || fitted->fitted.empty()) return true;
  return is_outside(gemm_family(), *fitted, {work.m, work.n, work.k});
}

BytesPerSecond bus_bandwidth(const DeviceProfile& device, const ClusterSpec& cluster,
                             const GroupShape& group) {
  const BytesPerSecond nvlink = cluster.nvlink.bandwidth * device.collective.nvlink_efficiency;
  if (group.nodes == 1) return nvlink;
  const BytesPerSecond nics = cluster.nic.bandwidth * device.collective.nic_efficiency *
                              static_cast<double>(group.ranks_per_node);
  return group.ranks_per_node == 1 ? nics : std::min(nvlink, nics);
}

namespace {

// Inside a node, by the family fitted to measured collectives. A reduce-scatter sends what a gather
// does, the other way round.
std::optional<Seconds> fitted_collective_time(const DeviceProfile& device,
                                              const ClusterSpec& cluster, const GroupShape& group,
                                              TransferKind kind, Bytes bytes) {
  const std::string_view variant = kind == TransferKind::all_reduce ? "all_reduce" : "all_gather";
  const KernelModel* model = find_model(device, ModelFamily::collective, variant);
  if (model == nullptr || group.nodes > 1 || group.ranks > 8) return std::nullopt;
  const auto parameters = parameter_values(collective_family(), *model);
  if (!parameters) return std::nullopt;
  GpuSpec gpu = device.gpu;
  gpu.nvlink_bandwidth = cluster.nvlink.bandwidth;
  const KernelSizes sizes{0, static_cast<double>(group.ranks), bytes.value / 2};
  return Seconds{collective_family().time({&gpu, variant}, *parameters, sizes)};
}

}  // namespace

Seconds collective_time(const DeviceProfile& device, const ClusterSpec& cluster,
                        const GroupShape& group, TransferKind kind, Bytes bytes) {
  if (group.ranks <= 1 || bytes.value <= 0) return {};
  if (const auto fitted = fitted_collective_time(device, cluster, group, kind, bytes)) {
    return *fitted;
  }
  const double n = group.ranks;
  const CollectiveModel& model = device.collective;
  const double passes = kind == TransferKind::all_reduce ? 2 : 1;
  const Seconds latency =
      model.nvlink_step_latency * static_cast<double>(group.ranks_per_node - 1) +
      model.nic_step_latency * static_cast<double>(group.nodes - 1);
  const Seconds wire = bytes * ((n - 1) / n) / bus_bandwidth(device, cluster, group);
  return (wire + latency) * passes;
}

// Rings: every GPU passes on all but its own share; between nodes the NICs of a node's ranks split
// what leaves the node.
PortBytes collective_port_bytes(const GroupShape& group, TransferKind kind, Bytes bytes) {
  if (group.ranks <= 1) return {};
  const double passes = kind == TransferKind::all_reduce ? 2 : 1;
  const double nodes = group.nodes;
  PortBytes result;
  if (group.ranks_per_node > 1) result.nvlink = bytes * (passes * (1 - 1.0 / group.ranks));
  if (group.nodes > 1) result.nic = bytes * (passes * (nodes - 1) / nodes / group.ranks_per_node);
  return result;
}

PortBytes pipeline_send_bytes(const ClusterSpec& cluster, const ModelSpec& model,
                              const Plan& plan) {
  const double share =
      plan.parallelism.sequence_parallel ? 1.0 / plan.parallelism.tensor_parallel : 1.0;
  const Bytes bytes{tokens_per_rank(plan) * share * model.hidden * bytes_per_element(Dtype::bf16)};
  if (pipeline_neighbours_share_node(cluster, plan)) return {{}, bytes};
  return {bytes, {}};
}

Seconds pipeline_send_time(const ClusterSpec& cluster, const ModelSpec& model, const Plan& plan) {
  const PortBytes bytes = pipeline_send_bytes(cluster, model, plan);
  if (bytes.nic.value > 0) return cluster.nic.latency + bytes.nic / cluster.nic.achieved;
  return cluster.nvlink.latency + bytes.nvlink / cluster.nvlink.achieved;
}

double expected_distinct(double experts, double parts, int chosen) {
  const double in_part = experts / parts;
  double miss = 1;
  for (int i = 0; i < chosen; ++i) miss *= std::max(0.0, (experts - in_part - i) / (experts - i));
  return parts * (1 - miss);
}

TokenSpread token_spread(const ModelSpec& model, const Plan& plan, const GroupShape& group) {
  const MoeSpec& moe = *model.moe;
  const double allowed = static_cast<double>(moe.groups_per_token) / moe.groups;
  const double experts = moe.experts * allowed;
  const double nodes = std::max(1.0, group.nodes * allowed);
  const double gpus = std::max(1.0, plan.parallelism.expert_parallel * allowed);
  const double given = plan.expert_communication.distinct_nodes_per_token;
  const Dispatcher dispatcher = plan.expert_communication.dispatcher;
  if (dispatcher == Dispatcher::all_to_all) {  // one copy for every expert, wherever it is
    const double copies = moe.experts_per_token;
    return {copies, copies / group.nodes, dispatcher};
  }
  const double uniform = expected_distinct(experts, nodes, moe.experts_per_token);
  return {given > 0 ? std::min(given, static_cast<double>(group.nodes)) : uniform,
          expected_distinct(experts, gpus, moe.experts_per_token), dispatcher};
}

PortBytes expert_port_bytes(const GroupShape& group, const ExpertTransfer& transfer,
                            const TokenSpread& spread) {
  if (group.ranks <= 1) return {};
  const Bytes copy = transfer.bytes_per_copy * transfer.tokens;
  const double local = group.ranks_per_node;
  const double nodes = group.nodes;
  return {copy * (spread.nodes * (nodes - 1) / nodes), copy * (spread.gpus * (local - 1) / local)};
}

namespace {

// NCCL's all-to-all: both kinds of ports at once, one step of latency to every peer's node.
Seconds all_to_all_time(const DeviceProfile& device, const ClusterSpec& cluster,
                        const GroupShape& group, const PortBytes& bytes) {
  const CollectiveModel& model = device.collective;
  const Seconds nvlink = bytes.nvlink / (cluster.nvlink.bandwidth * model.nvlink_efficiency);
  if (group.nodes == 1) return model.nvlink_step_latency + nvlink;
  const Seconds nic = bytes.nic / (cluster.nic.bandwidth * model.nic_efficiency);
  return model.nic_step_latency + std::max(nic, nvlink);
}

}  // namespace

Seconds expert_transfer_time(const DeviceProfile& device, const ClusterSpec& cluster,
                             const GroupShape& group, const ExpertTransfer& transfer,
                             const TokenSpread& spread, bool overlapped) {
  if (transfer.tokens <= 0 || group.ranks <= 1) return {};
  if (spread.dispatcher == Dispatcher::all_to_all) {
    return all_to_all_time(device, cluster, group, expert_port_bytes(group, transfer, spread));
  }
  const ExpertTransportModel& model = device.expert_transport;
  double factor = 1;
  if (overlapped) {
    factor = transfer.is_combine     ? model.combine_overlapped_factor
             : transfer.layout_known ? model.cached_dispatch_overlapped_factor
                                     : model.dispatch_overlapped_factor;
  }
  const PortBytes bytes = expert_port_bytes(group, transfer, spread);
  const Seconds nvlink = bytes.nvlink / (std::min(model.nvlink, cluster.nvlink.bandwidth) * factor);
  Seconds nic;
  if (group.nodes > 1) {
    const BytesPerSecond wire = transfer.is_combine ? model.combine_wire : model.dispatch_wire;
    const double scale = cluster.nic.bandwidth / model.measured_nic;
    nic = bytes.nic / std::min(wire * (scale * factor), cluster.nic.bandwidth);
  }
  return model.startup + std::max(nic, nvlink);
}

}  // namespace reckon

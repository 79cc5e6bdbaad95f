#include "sim/cost_model.hpp"

#include <algorithm>
#include <cmath>

namespace reckon {
namespace {

const GemmModel* find_gemm(const DeviceProfile& device, Dtype dtype, GemmRole role) {
  const GemmModel* same_dtype = nullptr;
  for (const GemmModel& model : device.gemm) {
    if (model.dtype != dtype) continue;
    if (model.role == role) return &model;
    // Input gradients have the forward's layout; anything else borrows the first of its dtype.
    if (same_dtype == nullptr || model.role == GemmRole::output) same_dtype = &model;
  }
  return same_dtype != nullptr ? same_dtype : &device.gemm.front();
}

FlopsPerSecond peak(const DeviceProfile& device, Dtype dtype) {
  const bool fp8 = dtype == Dtype::fp8_block && device.gpu.fp8_peak.value > 0;
  return fp8 ? device.gpu.fp8_peak : device.gpu.bf16_peak;
}

double sm_share(const DeviceProfile& device, const KernelContext& context) {
  return static_cast<double>(context.sms) / device.gpu.sms;
}

// max(model, compute roofline on the SMs at hand, memory roofline).
Seconds at_least_roofline(Seconds modelled, const DeviceProfile& device, const KernelWork& work,
                          const KernelContext& context) {
  const Seconds compute = work.flops / (peak(device, work.dtype) * sm_share(device, context));
  const Seconds memory = work.bytes / device.gpu.hbm_bandwidth;
  return std::max({modelled, compute, memory});
}

Seconds gemm_time(const DeviceProfile& device, const KernelWork& work,
                  const KernelContext& context) {
  const GemmModel& model = *find_gemm(device, work.dtype, work.role);
  const double factor =
      context.clock_factor * (context.overlapped ? model.overlapped_rate_factor : 1.0);
  const double tiles =
      std::ceil(work.m / model.tile_m) * std::ceil(work.n / model.tile_n) * work.groups;
  const double waves = std::ceil(tiles / std::max(1, context.sms));
  const Flops tile{2.0 * model.tile_m * model.tile_n * work.k};
  const Seconds one = tile / (model.rate_per_sm * factor) + model.tile_overhead;
  return at_least_roofline(model.launch + one * waves, device, work, context);
}

Seconds attention_time(const DeviceProfile& device, const KernelWork& work,
                       const KernelContext& context) {
  const AttentionModel& model = device.attention;
  const bool forward = work.role == GemmRole::output;
  const FlopsPerSecond full = forward ? model.forward_rate_per_sm : model.backward_rate_per_sm;
  const double ramp = work.k / (work.k + model.half_rate_sequence);
  const FlopsPerSecond rate = full * (ramp * context.sms * context.clock_factor);
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

bool is_extrapolated(const DeviceProfile& device, const KernelWork& work) {
  if (work.family == KernelFamily::attention_core) {
    return work.k < device.attention.fitted_min_sequence;
  }
  if (work.family != KernelFamily::gemm) return false;
  const GemmModel& model = *find_gemm(device, work.dtype, work.role);
  return model.dtype != work.dtype || work.m < model.fitted_min_m || work.n < model.fitted_min_n ||
         work.k < model.fitted_min_k;
}

BytesPerSecond bus_bandwidth(const DeviceProfile& device, const ClusterSpec& cluster,
                             const GroupShape& group) {
  const BytesPerSecond nvlink = cluster.nvlink.bandwidth * device.collective.nvlink_efficiency;
  if (group.nodes == 1) return nvlink;
  const BytesPerSecond nics = cluster.nic.bandwidth * device.collective.nic_efficiency *
                              static_cast<double>(group.ranks_per_node);
  return group.ranks_per_node == 1 ? nics : std::min(nvlink, nics);
}

Seconds collective_time(const DeviceProfile& device, const ClusterSpec& cluster,
                        const GroupShape& group, TransferKind kind, Bytes bytes) {
  if (group.ranks <= 1 || bytes.value <= 0) return {};
  const double n = group.ranks;
  const CollectiveModel& model = device.collective;
  const double passes = kind == TransferKind::all_reduce ? 2 : 1;
  const Seconds latency =
      model.nvlink_step_latency * static_cast<double>(group.ranks_per_node - 1) +
      model.nic_step_latency * static_cast<double>(group.nodes - 1);
  const Seconds wire = bytes * ((n - 1) / n) / bus_bandwidth(device, cluster, group);
  return (wire + latency) * passes;
}

Seconds pipeline_send_time(const ClusterSpec& cluster, const ModelSpec& model, const Plan& plan) {
  const double share =
      plan.parallelism.sequence_parallel ? 1.0 / plan.parallelism.tensor_parallel : 1.0;
  const Bytes bytes{tokens_per_rank(plan) * share * model.hidden * bytes_per_element(Dtype::bf16)};
  const LinkSpec& link =
      pipeline_neighbours_share_node(cluster, plan) ? cluster.nvlink : cluster.nic;
  return link.latency + bytes / link.achieved;
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
  const double uniform = expected_distinct(experts, nodes, moe.experts_per_token);
  return {given > 0 ? std::min(given, static_cast<double>(group.nodes)) : uniform,
          expected_distinct(experts, gpus, moe.experts_per_token)};
}

Seconds expert_transfer_time(const DeviceProfile& device, const ClusterSpec& cluster,
                             const GroupShape& group, const ExpertTransfer& transfer,
                             const TokenSpread& spread, bool overlapped) {
  if (transfer.tokens <= 0 || group.ranks <= 1) return {};
  const ExpertTransportModel& model = device.expert_transport;
  double factor = 1;
  if (overlapped) {
    factor = transfer.is_combine     ? model.combine_overlapped_factor
             : transfer.layout_known ? model.cached_dispatch_overlapped_factor
                                     : model.dispatch_overlapped_factor;
  }
  const Bytes copy = transfer.bytes_per_copy * transfer.tokens;
  const double local = group.ranks_per_node;
  const Bytes over_nvlink = copy * (spread.gpus * (local - 1) / local);
  const Seconds nvlink = over_nvlink / (std::min(model.nvlink, cluster.nvlink.bandwidth) * factor);
  Seconds nic;
  if (group.nodes > 1) {
    const double nodes = group.nodes;
    const Bytes over_nic = copy * (spread.nodes * (nodes - 1) / nodes);
    const BytesPerSecond wire = transfer.is_combine ? model.combine_wire : model.dispatch_wire;
    const double scale = cluster.nic.bandwidth / model.measured_nic;
    nic = over_nic / std::min(wire * (scale * factor), cluster.nic.bandwidth);
  }
  return model.startup + std::max(nic, nvlink);
}

}  // namespace reckon

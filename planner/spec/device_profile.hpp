// DeviceProfile: what one GPU is (specification) and how long its kernels take (small physical
// models with fitted parameters, each with the data it was fitted on). A file in
// topologies/devices.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "planner/spec/fields.hpp"
#include "planner/spec/kernel_model.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/units.hpp"
#include "planner/spec/work.hpp"

namespace reckon {

struct GpuSpec {
  int sms = 1;
  FlopsPerSecond bf16_peak;  // dense
  FlopsPerSecond fp8_peak;   // dense; 0: no FP8 tensor cores
  FlopsPerSecond fp4_peak;   // dense; 0: no FP4 tensor cores
  BytesPerSecond hbm_bandwidth;
  Bytes l2_cache;
  BytesPerSecond nvlink_bandwidth;  // nominal, one direction; 0: no NVLink
  Bytes memory;
  Bytes reserved_memory;  // CUDA context, communicators, allocator slack
  double boost_mhz = 0;
  std::string source;
  bool operator==(const GpuSpec&) const = default;
};

// A tiled GEMM: time = launch + waves x (tile flops / rate_per_sm + tile_overhead), where waves =
// ceil(tiles / SMs); never below flops/peak or bytes/bandwidth. Fitted per (dtype, role).
struct GemmModel {
  Dtype dtype = Dtype::bf16;
  GemmRole role = GemmRole::output;
  int tile_m = 128;
  int tile_n = 128;
  FlopsPerSecond rate_per_sm;
  Seconds tile_overhead;  // prologue and epilogue of one tile
  Seconds launch;
  double overlapped_rate_factor = 1.0;  // on top of the SM count, beside communication kernels
  int fitted_min_m = 0;  // smallest m, n, k of the fitted shapes; below: extrapolated
  int fitted_min_n = 0;
  int fitted_min_k = 0;
  double residual_median = 0;  // of |ln(model / measured)| over the fitted rows
  double residual_p90 = 0;
  std::string source;
  bool operator==(const GemmModel&) const = default;
};

// Causal attention core: rate_per_sm x seq / (seq + half_rate_sequence), both directions.
struct AttentionModel {
  FlopsPerSecond forward_rate_per_sm;
  FlopsPerSecond backward_rate_per_sm;
  double half_rate_sequence = 0;  // tokens at which half of the rate is reached
  double flash_2_rate_share = 1;  // rate with FlashAttention-2 / with the kernels measured here
  double flash_1_rate_share = 1;  // and with FlashAttention in Triton
  int fitted_min_sequence = 0;
  double residual_median = 0;
  std::string source;
  bool operator==(const AttentionModel&) const = default;
};

// A family of kernels bound by memory traffic: time = launches x launch + bytes / bandwidth.
struct StreamModel {
  KernelFamily family = KernelFamily::norm;
  BytesPerSecond bandwidth;     // of the bytes counted by work_of, so it includes extra passes
  double residual_ratio = 1.0;  // worst measured / modelled over the parts that it was fitted on
  std::string source;
  bool operator==(const StreamModel&) const = default;
};

// Expert dispatch and combine: time = startup + tokens x node copies x bytes x (N-1)/N / rate over
// the NIC, and the same by GPU copies over NVLink; the slower of both (reference: DeepEP).
struct ExpertTransportModel {
  BytesPerSecond dispatch_wire;  // alone on the machine
  BytesPerSecond combine_wire;
  double dispatch_overlapped_factor = 1.0;         // beside compute
  double cached_dispatch_overlapped_factor = 1.0;  // the backward of a combine, layout known
  double combine_overlapped_factor = 1.0;
  BytesPerSecond measured_nic;  // nominal NIC of the measured machine; other NICs scale the rates
  BytesPerSecond nvlink;        // one direction, as reached by the forwarding kernels
  Seconds startup;              // notify and first bytes, all ranks ready
  int sms = 20;
  std::string source;
  bool operator==(const ExpertTransportModel&) const = default;
};

struct CollectiveModel {
  double nvlink_efficiency = 0.8;  // achieved bus bandwidth / nominal, large messages
  double nic_efficiency = 0.8;
  Seconds nvlink_step_latency;
  Seconds nic_step_latency;
  int sms = 24;  // that its kernels hold: one a channel
  std::string source;
  bool operator==(const CollectiveModel&) const = default;
};

// Tensor-core rates of a run of days over those of a short benchmark, which ends before power and
// temperature settle: from the same shapes, measured both ways. A factor of its own (--effects
// clock), never part of an efficiency.
struct SustainedRates {
  double bf16_rate_factor = 1.0;
  double fp8_rate_factor = 1.0;
  std::string source;
  bool operator==(const SustainedRates&) const = default;
};

struct DeviceProfile {
  std::string name;
  GpuSpec gpu;
  SustainedRates sustained;
  Seconds launch_gap;  // between two dependent kernels of one stream
  std::vector<GemmModel> gemm;
  AttentionModel attention;
  std::vector<StreamModel> streams;
  ExpertTransportModel expert_transport;
  CollectiveModel collective;
  std::vector<KernelModel> kernels;         // by family and variant, from `reckon calibrate fit`
  double weight_gradient_time_ratio = 1.0;  // FP32 accumulation, transposed operands / forward
  std::string source;
  bool operator==(const DeviceProfile&) const = default;
};

}  // namespace reckon

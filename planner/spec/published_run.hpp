// A training run that somebody published: what ran on what, and how long a step took. The fields
// are those of a record in planner/runs; express_run turns one into a plan.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace reckon {

struct RunMla {
  int q_lora = 0, kv_lora = 0, qk_nope = 0, qk_rope = 0, v = 0;
  bool operator==(const RunMla&) const = default;
};

struct RunModel {
  std::string name, arch, attention, activation, norm, positions;
  int layers = 0, hidden = 0, heads = 0, kv_heads = 0, head_dim = 0, ffn = 0, vocab = 0, seq = 0;
  bool gated_mlp = false, tied_embeddings = false;
  int experts = 0, topk = 0, moe_ffn = 0, shared_ffn = 0, dense_layers = 0, mtp_layers = 0;
  std::optional<RunMla> mla;
  bool operator==(const RunModel&) const = default;
};

// Peaks in TFLOP/s, memory in GB, bandwidths as the record's keys say; 0: not given.
struct RunHardware {
  std::string gpu, fabric;
  double mem_gb = 0, peak_bf16 = 0, peak_fp8 = 0;
  double nvlink_gbps_bidir = 0;  // GB/s, both directions
  double hbm_gbps = 0;           // GB/s
  double nic_gbps_per_gpu = 0;   // Gb/s
  int gpus = 0, gpus_per_node = 8, nvlink_domain = 8;
  bool operator==(const RunHardware&) const = default;
};

// What overlaps with what; absent: the record does not say.
struct RunOverlap {
  std::optional<bool> tp, dp, pp, moe_a2a, fsdp_prefetch;
  std::string dispatcher, cuda_graph;
  std::vector<std::string> cuda_graph_scope;
  bool operator==(const RunOverlap&) const = default;
};

struct RunParallel {
  int tp = 1, pp = 1, vpp = 1, cp = 1, ep = 1, etp = 0, dp = 1, mbs = 1, gbs = 1;
  bool sp = false, cuda_graph = false;
  int cpu_offload_layers = 0;
  std::string recompute, zero, precision, schedule, moe_routing, reduce_dtype;
  std::optional<bool> compile;
  RunOverlap overlap;
  std::vector<int> layers_per_stage;  // where stages are uneven; empty: not given
  bool operator==(const RunParallel&) const = default;
};

struct PublishedRun {
  std::string id, source, group;
  RunModel model;
  RunHardware hardware;
  RunParallel parallel;
  double step_s = 0;
  double peak_memory_bytes = 0;            // of one GPU; 0: not measured
  double spread_pct = 0;                   // of repeats of the same configuration; 0: none
  std::vector<std::string> read_problems;  // "/parallel/tp: ..." where the record cannot be read
  bool operator==(const PublishedRun&) const = default;
};

}  // namespace reckon

// What `reckon network` is asked of transfers over a cluster's links, and what it answers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/fields.hpp"
#include "planner/spec/path_choice.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

enum class FlowOperation : std::uint8_t { all_to_all, all_to_all_v, gather, scatter, send_recv };

template <>
struct EnumNames<FlowOperation> {
  static constexpr std::array<std::pair<FlowOperation, std::string_view>, 5> table{{
      {FlowOperation::all_to_all, "all_to_all"},
      {FlowOperation::all_to_all_v, "all_to_all_v"},
      {FlowOperation::gather, "gather"},
      {FlowOperation::scatter, "scatter"},
      {FlowOperation::send_recv, "send_recv"},
  }};
};

// The first `gpus` GPUs of a cluster.
struct NetworkRequest {
  std::string cluster = "h800-2048-mpft";  // name or file
  int gpus = 64;
  std::vector<Fault> faults;  // beside the cluster's own
  PathChoice routing = PathChoice::d_mod_k;
  std::string loads = "balanced";  // or dirichlet:CONCENTRATION, or recorded:NAME
  std::int64_t seed = 1;           // of drawn loads and of ecmp
  bool operator==(const NetworkRequest&) const = default;
};

// What is not given is the model's.
struct ExpertRequest {
  NetworkRequest network;
  bool is_combine = false;
  std::string model = "deepseek-v3";
  double tokens = 4096;  // of each rank
  std::optional<int> hidden, experts, experts_per_token, groups, groups_per_token;
  double distinct_groups = 0;  // of a token, on average; 0: what even choice makes it
  double capacity_factor = 0;  // 0: no token is dropped
  int redundant_experts = 0;
  std::optional<Dtype> dtype;  // none: FP8 out, BF16 back
  int sms = 0;                 // 0: the library's own number
  bool low_latency = false;
  bool in_series = false;
  bool operator==(const ExpertRequest&) const = default;
};

struct FlowCollectiveLine {
  Bytes bytes;  // as nccl-tests count them
  Seconds time;
  BytesPerSecond algbw;
  BytesPerSecond busbw;
  std::string busiest_link;
  double utilisation = 0;  // of it
  bool operator==(const FlowCollectiveLine&) const = default;
};

struct FlowCollectiveForecast {
  FlowOperation operation = FlowOperation::all_to_all;
  std::string cluster;
  int gpus = 1;
  std::vector<std::string> faults;  // as --fault names them
  PathChoice routing = PathChoice::d_mod_k;
  double imbalance = 1;  // of all_to_all_v: what the busiest receiver gets / mean
  std::vector<FlowCollectiveLine> lines;
  bool operator==(const FlowCollectiveForecast&) const = default;
};

// One way to place the experts, on the healthy network or with its failures.
struct ExpertLine {
  std::string placement;     // "in order" or "balanced"
  bool is_broken = false;    // with the faults
  double gpu_imbalance = 1;  // load of the busiest GPU / mean, before capacity
  double node_imbalance = 1;
  double nodes_per_token = 1;
  double gpus_per_token = 1;
  Seconds time;
  Seconds first_finish;  // of the rank that is through first
  BytesPerSecond rdma;   // as DeepEP counts
  BytesPerSecond nvlink;
  std::string busiest_link;
  double utilisation = 0;
  bool operator==(const ExpertLine&) const = default;
};

struct ExpertForecast {
  std::string operation;  // "dispatch" or "combine"
  std::string cluster;
  std::string transport;
  int gpus = 1;
  int nodes = 1;
  double tokens = 0;
  int hidden = 1;
  int experts = 1;
  int experts_per_token = 1;
  int groups = 1;
  int groups_per_token = 1;
  double distinct_groups = 0;  // as asked for; 0: what even choice makes it
  Dtype dtype = Dtype::bf16;
  int sms = 0;
  bool low_latency = false;
  bool in_series = false;
  std::string loads;
  double max_violation = 0;  // of the loads as routed: max / mean - 1
  // How far these are from what was asked for, which no routing gives then: the largest difference
  // of an expert / mean load, or of distinct_groups / itself.
  double load_residual = 0;
  double dropped = 0;  // share of all choices
  int redundant_experts = 0;
  std::vector<std::string> faults;  // as --fault names them
  PathChoice routing = PathChoice::d_mod_k;
  double balanced_gain = 0;  // time in order / balanced, healthy; 0: not both are given
  std::vector<ExpertLine> lines;
  bool operator==(const ExpertForecast&) const = default;
};

}  // namespace reckon

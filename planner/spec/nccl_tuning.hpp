// What NCCL's own cost model knows (src/graph/tuning.cc): constants by generation, processor and
// protocol, and the channels that its graph search finds in a type of node. The formulas are in
// sim/nccl_model; the numbers in topologies/nccl.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "planner/spec/fields.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// In NCCL's order, which decides between equal times. `ll` sends a flag with every 4 bytes, `ll128`
// one with every 120, `simple` synchronises whole chunks.
enum class NcclProtocol : std::uint8_t { ll, ll128, simple };
constexpr int nccl_protocols = 3;

template <>
struct EnumNames<NcclProtocol> {
  static constexpr std::array<std::pair<NcclProtocol, std::string_view>, nccl_protocols> table{{
      {NcclProtocol::ll, "ll"},
      {NcclProtocol::ll128, "ll128"},
      {NcclProtocol::simple, "simple"},
  }};
};

// In NCCL's order. `nvls` reduces in the NVLink switch, `nvls_tree` does so in each node with a
// tree between the nodes.
enum class NcclAlgorithm : std::uint8_t { tree, ring, nvls, nvls_tree };

template <>
struct EnumNames<NcclAlgorithm> {
  static constexpr std::array<std::pair<NcclAlgorithm, std::string_view>, 4> table{{
      {NcclAlgorithm::tree, "tree"},
      {NcclAlgorithm::ring, "ring"},
      {NcclAlgorithm::nvls, "nvls"},
      {NcclAlgorithm::nvls_tree, "nvls_tree"},
  }};
};

enum class NcclOperation : std::uint8_t {
  broadcast,
  reduce,
  all_gather,
  reduce_scatter,
  all_reduce,
};

template <>
struct EnumNames<NcclOperation> {
  static constexpr std::array<std::pair<NcclOperation, std::string_view>, 5> table{{
      {NcclOperation::broadcast, "broadcast"},
      {NcclOperation::reduce, "reduce"},
      {NcclOperation::all_gather, "all_gather"},
      {NcclOperation::reduce_scatter, "reduce_scatter"},
      {NcclOperation::all_reduce, "all_reduce"},
  }};
};

enum class GpuGeneration : std::uint8_t { ampere, hopper, blackwell };

template <>
struct EnumNames<GpuGeneration> {
  static constexpr std::array<std::pair<GpuGeneration, std::string_view>, 3> table{{
      {GpuGeneration::ampere, "ampere"},
      {GpuGeneration::hopper, "hopper"},
      {GpuGeneration::blackwell, "blackwell"},
  }};
};

enum class CpuVendor : std::uint8_t { intel, amd, other };

template <>
struct EnumNames<CpuVendor> {
  static constexpr std::array<std::pair<CpuVendor, std::string_view>, 3> table{{
      {CpuVendor::intel, "intel"},
      {CpuVendor::amd, "amd"},
      {CpuVendor::other, "other"},
  }};
};

// How a channel runs through a node. Only `tree` (one GPU has the parent and both children of
// another node) costs bandwidth; NCCL calls it NCCL_TOPO_PATTERN_TREE.
enum class NcclPattern : std::uint8_t { balanced_tree, split_tree, tree, ring, nvls };

template <>
struct EnumNames<NcclPattern> {
  static constexpr std::array<std::pair<NcclPattern, std::string_view>, 5> table{{
      {NcclPattern::balanced_tree, "balanced_tree"},
      {NcclPattern::split_tree, "split_tree"},
      {NcclPattern::tree, "tree"},
      {NcclPattern::ring, "ring"},
      {NcclPattern::nvls, "nvls"},
  }};
};

struct NcclProtocolTimes {
  Seconds ll;
  Seconds ll128;
  Seconds simple;
  bool operator==(const NcclProtocolTimes&) const = default;
};

// `nvls` and `nvls_tree` have the protocol `simple` only.
struct NcclLatencies {
  NcclProtocolTimes tree;
  NcclProtocolTimes ring;
  Seconds nvls;
  Seconds nvls_tree;
  bool operator==(const NcclLatencies&) const = default;
};

// A limit that depends on the number of nodes.
struct NcclLimitByNodes {
  BytesPerSecond one_node;
  BytesPerSecond two_nodes;
  BytesPerSecond more_nodes;
  bool operator==(const NcclLimitByNodes&) const = default;
};

struct NcclGeneration {
  GpuGeneration generation = GpuGeneration::hopper;
  BytesPerSecond ll_limit;                // bus bandwidth of all channels, one node
  BytesPerSecond ring_ll128_limit;        // of one channel
  NcclLimitByNodes tree_limit;            // of one channel
  NcclLimitByNodes tree_ll128_limit;      // of one channel
  NcclLimitByNodes nvls_tree_limit;       // of one channel
  double nvls_efficiency = 0;             // 0: no reduction in the switch
  double ring_simple_plateau_factor = 1;  // of the latency; see NcclTuning
  bool nvls_tree_corrected = false;       // tree_correction holds for nvls_tree too, on x86
  bool operator==(const NcclGeneration&) const = default;
};

struct NcclCpu {
  CpuVendor vendor = CpuVendor::intel;
  bool x86 = true;
  BytesPerSecond ll_limit_two_nodes;  // bus bandwidth of all channels
  BytesPerSecond ll_limit_more_nodes;
  Seconds net_overhead;  // a step of a ring costs no less as soon as there are several nodes
  bool operator==(const NcclCpu&) const = default;
};

// Of the product of channels and their bandwidth.
struct NcclShares {
  double ring_ll = 1;
  double ring_ll128 = 1;
  double tree = 1;
  double tree_ll_divisor = 1;
  double tree_ll128_one_node = 1;
  double tree_ll128_more_nodes = 1;
  double tree_pattern = 1;  // on top, where the pattern is `tree`
  bool operator==(const NcclShares&) const = default;
};

// "Trees are not perfectly sticking to the model": factors of the bandwidth, one for each octave of
// bytes from `first` on.
struct NcclTreeCorrection {
  Bytes first;
  int tree_octaves = 0;       // beyond these: 1
  int nvls_tree_octaves = 0;  // beyond these: 1
  std::vector<double> ll;
  std::vector<double> ll128;
  std::vector<double> simple;
  bool operator==(const NcclTreeCorrection&) const = default;
};

// One result of NCCL's graph search.
struct NcclGraph {
  int channels = 0;
  BytesPerSecond within_node;    // of one channel
  BytesPerSecond between_nodes;  // of one channel
  NcclPattern pattern = NcclPattern::ring;
  bool same_channels = false;  // the same ring in every channel
  bool operator==(const NcclGraph&) const = default;
};

struct NcclGraphs {
  NcclGraph tree;
  NcclGraph ring;
  std::optional<NcclGraph> nvls;
  bool operator==(const NcclGraphs&) const = default;
};

// NVSwitch nodes whose GPUs all have a NIC of their own.
struct NcclNode {
  std::string name;
  GpuGeneration generation = GpuGeneration::hopper;
  CpuVendor cpu = CpuVendor::intel;
  int gpus = 8;
  Seconds nic_latency;  // what the NIC reports; 0 for InfiniBand
  NcclGraphs one_node;
  NcclGraphs more_nodes;
  std::string source;
  bool operator==(const NcclNode&) const = default;
};

struct NcclTuning {
  std::string version;
  NcclLatencies base;           // of the whole operation; NVLS has none of its own
  NcclLatencies within_node;    // of one step over NVLink
  NcclLatencies between_nodes;  // of one step over the network
  NcclShares shares;
  NcclTreeCorrection tree_correction;
  double net_overhead_simple_factor = 1;  // of NcclCpu::net_overhead
  // ring_simple_plateau_factor holds for all_reduce over several nodes from so many bytes on, a
  // channel and rank.
  Bytes plateau_from;
  std::vector<NcclGeneration> generations;
  std::vector<NcclCpu> cpus;
  std::vector<NcclNode> nodes;
  std::string source;
  bool operator==(const NcclTuning&) const = default;
};

}  // namespace reckon

// ClusterSpec: the machines and the wires between them. The GPU itself is a DeviceProfile.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "planner/spec/fields.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// One direction of one GPU's port.
struct LinkSpec {
  std::string kind;          // "nvlink", "infiniband", "roce"
  BytesPerSecond bandwidth;  // nominal
  BytesPerSecond achieved;   // what large transfers are measured to reach
  Seconds latency;           // first byte, end to end
  std::string source;
  bool operator==(const LinkSpec&) const = default;
};

enum class FabricKind : std::uint8_t { multi_plane_fat_tree, rail_optimised_fat_tree, fat_tree };

template <>
struct EnumNames<FabricKind> {
  static constexpr std::array<std::pair<FabricKind, std::string_view>, 3> table{{
      {FabricKind::multi_plane_fat_tree, "multi_plane_fat_tree"},
      {FabricKind::rail_optimised_fat_tree, "rail_optimised_fat_tree"},
      {FabricKind::fat_tree, "fat_tree"},
  }};
};

struct FabricSpec {
  FabricKind kind = FabricKind::rail_optimised_fat_tree;
  int planes = 1;  // independent networks; GPU i of a node is on plane i mod planes
  int switch_radix = 64;
  int layers = 2;
  Seconds switch_hop_latency;  // one more switch on the way
  std::string source;
  bool operator==(const FabricSpec&) const = default;
};

// Something of the cluster that does not work as it should, for all of the step.
enum class FaultKind : std::uint8_t {
  slow_gpu,      // a straggler: its kernels run at `speed` of their rate
  slow_nic,      // its NIC passes `speed` of its rate
  failed_plane,  // of a multi-plane fabric: GPUs of that plane send by their neighbours' NICs
};

template <>
struct EnumNames<FaultKind> {
  static constexpr std::array<std::pair<FaultKind, std::string_view>, 3> table{{
      {FaultKind::slow_gpu, "slow_gpu"},
      {FaultKind::slow_nic, "slow_nic"},
      {FaultKind::failed_plane, "failed_plane"},
  }};
};

constexpr bool is_of_one_gpu(FaultKind kind) { return kind != FaultKind::failed_plane; }

struct Fault {
  FaultKind kind = FaultKind::slow_gpu;
  int node = 0;
  int gpu = 0;  // in its node
  int plane = 0;
  double speed = 1;
  std::string source;
  bool operator==(const Fault&) const = default;
};

struct Pricing {
  Usd usd_per_gpu_hour;
  std::string source;
  bool operator==(const Pricing&) const = default;
};

struct ClusterSpec {
  std::string name;
  std::string device;  // name of a file in topologies/devices
  int nodes = 1;
  int gpus_per_node = 8;
  LinkSpec nvlink;  // per GPU and direction
  LinkSpec nic;     // per GPU and direction
  FabricSpec fabric;
  Pricing pricing;
  std::vector<Fault> faults;
  std::string source;
  bool operator==(const ClusterSpec&) const = default;
};

inline int gpus(const ClusterSpec& cluster) { return cluster.nodes * cluster.gpus_per_node; }

}  // namespace reckon

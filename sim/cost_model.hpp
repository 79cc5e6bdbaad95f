// How long one kernel or transfer takes on a device: small physical models whose parameters live in
// the device profile. Every time is at least FLOPs / peak and bytes / bandwidth.
#pragma once

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/placement.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/units.hpp"
#include "planner/spec/work.hpp"

namespace reckon {

// In what company a kernel runs.
struct KernelContext {
  int sms = 1;              // SMs left to compute
  bool overlapped = false;  // communication kernels run beside it
  bool sustained = false;   // at the rates of a long run
};

// One kernel (all its launches), the gap to the next one included.
Seconds kernel_time(const DeviceProfile& device, const KernelWork& work,
                    const KernelContext& context);

// Whether the shape lies outside what the device's model was fitted on.
bool is_extrapolated(const DeviceProfile& device, const KernelWork& work);

// From which device the model of the kernel was carried over; empty if this one was measured.
std::string_view transferred_from(const DeviceProfile& device, const KernelWork& work);

// Rate of compute kernels beside a collective / alone: on the SMs that it leaves, slowed down as a
// GEMM beside communication is.
double rate_beside_collectives(const DeviceProfile& device);

// Bus bandwidth of a collective over a group: NVLink inside a node; across nodes the slower of
// NVLink and the NICs of the group's members in one node (NCCL's rings use them all: see
// nccl-tests' PERFORMANCE.md for busbw).
BytesPerSecond bus_bandwidth(const DeviceProfile& device, const ClusterSpec& cluster,
                             const GroupShape& group);

// All-gather or reduce-scatter of a buffer of `bytes` in all (all-reduce: both). Inside a node by
// the device's fitted collectives, if it has them; else (n-1)/n x bytes / busbw plus a latency for
// each of the n-1 steps, hierarchical across nodes.
Seconds collective_time(const DeviceProfile& device, const ClusterSpec& cluster,
                        const GroupShape& group, TransferKind kind, Bytes bytes);

// What one GPU sends through its own ports, and receives as much.
struct PortBytes {
  Bytes nic;
  Bytes nvlink;
};
PortBytes collective_port_bytes(const GroupShape& group, TransferKind kind, Bytes bytes);

// Point-to-point activation or gradient between neighbouring pipeline ranks.
PortBytes pipeline_send_bytes(const ClusterSpec& cluster, const ModelSpec& model, const Plan& plan);
Seconds pipeline_send_time(const ClusterSpec& cluster, const ModelSpec& model, const Plan& plan);

// How many nodes and GPUs a token's experts are on, its own included, when routing is uniform over
// the allowed groups: reference moe_alltoall, D(E, N, k) = N (1 - C(E - E/N, k) / C(E, k)).
double expected_distinct(double experts, double parts, int chosen);
struct TokenSpread {
  double nodes = 1;
  double gpus = 1;  // copies over NVLink / (local ranks - 1) x local ranks
  Dispatcher dispatcher = Dispatcher::deepep;
};
// The plan may state the nodes of its router's own rule (expert_communication).
TokenSpread token_spread(const ModelSpec& model, const Plan& plan, const GroupShape& group);

// One copy of a token for each node that its experts are on, forwarded there to each of their GPUs.
PortBytes expert_port_bytes(const GroupShape& group, const ExpertTransfer& transfer,
                            const TokenSpread& spread);

// Expert dispatch or combine, balanced, all ranks ready: the slower of the NIC (one copy a node)
// and NVLink (one copy a GPU, forwarded from the same-index GPU), plus the startup.
Seconds expert_transfer_time(const DeviceProfile& device, const ClusterSpec& cluster,
                             const GroupShape& group, const ExpertTransfer& transfer,
                             const TokenSpread& spread, bool overlapped);

}  // namespace reckon

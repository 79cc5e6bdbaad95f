#include "planner/spec/placement.hpp"

#include <algorithm>

namespace reckon {
namespace {

// DualPipe's second copy sits on another pipeline rank, far away: it adds nodes, not neighbours.
GroupShape with_copies(GroupShape shape, ScheduleKind kind) {
  const int copies = stage_copies(kind);
  shape.ranks *= copies;
  shape.nodes *= copies;
  return shape;
}

}  // namespace

int stage_copies(ScheduleKind kind) { return kind == ScheduleKind::dual_pipe ? 2 : 1; }

GroupShape group_shape(const ClusterSpec& cluster, int ranks, int stride) {
  const int in_node = std::max(1, cluster.gpus_per_node / std::max(1, stride));
  const int per_node = std::min(ranks, in_node);
  return {ranks, per_node, (ranks + per_node - 1) / per_node};
}

GroupShape tensor_group(const ClusterSpec& cluster, const Plan& plan) {
  return group_shape(cluster, plan.parallelism.tensor_parallel, 1);
}
GroupShape context_group(const ClusterSpec& cluster, const Plan& plan) {
  return group_shape(cluster, plan.parallelism.context_parallel, plan.parallelism.tensor_parallel);
}
GroupShape expert_group(const ClusterSpec& cluster, const Plan& plan) {
  return group_shape(cluster, plan.parallelism.expert_parallel,
                     expert_tensor_parallel(plan.parallelism));
}

GroupShape dense_gradient_group(const ClusterSpec& cluster, const Plan& plan) {
  const Parallelism& p = plan.parallelism;
  return with_copies(group_shape(cluster, p.data_parallel * p.context_parallel, p.tensor_parallel),
                     plan.schedule);
}
GroupShape expert_gradient_group(const ClusterSpec& cluster, const Plan& plan) {
  const Parallelism& p = plan.parallelism;
  return with_copies(
      group_shape(cluster, expert_replicas(p), expert_tensor_parallel(p) * p.expert_parallel),
      plan.schedule);
}

std::optional<GpuPlace> place_of_gpu(const ClusterSpec& cluster, const Plan& plan, int node,
                                     int gpu) {
  const Parallelism& p = plan.parallelism;
  const int rank = node * cluster.gpus_per_node + gpu;
  const int replica = rank / (p.tensor_parallel * p.context_parallel);
  const GpuPlace place{replica / p.data_parallel, replica % p.data_parallel};
  if (place.pipeline_rank >= p.pipeline_parallel) return std::nullopt;
  return place;
}

bool pipeline_neighbours_share_node(const ClusterSpec& cluster, const Plan& plan) {
  const Parallelism& p = plan.parallelism;
  const double stride =
      static_cast<double>(p.tensor_parallel) * p.context_parallel * p.data_parallel;
  return stride * p.pipeline_parallel <= cluster.gpus_per_node;
}

}  // namespace reckon

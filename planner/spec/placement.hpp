// Where the ranks of a group sit. Global ranks count tensor parallel fastest, then context, data
// and pipeline parallel slowest; global rank g is GPU g mod gpus_per_node of node g /
// gpus_per_node.
#pragma once

#include <optional>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/plan.hpp"

namespace reckon {

// A group of `ranks`, spread evenly: `ranks_per_node` on each of `nodes` nodes.
struct GroupShape {
  int ranks = 1;
  int ranks_per_node = 1;
  int nodes = 1;
  bool operator==(const GroupShape&) const = default;
};

// `ranks` ranks whose global numbers are `stride` apart.
GroupShape group_shape(const ClusterSpec& cluster, int ranks, int stride);

GroupShape tensor_group(const ClusterSpec& cluster, const Plan& plan);
GroupShape context_group(const ClusterSpec& cluster, const Plan& plan);
GroupShape expert_group(const ClusterSpec& cluster, const Plan& plan);

// Ranks that hold the same dense weights of a stage, both directions of DualPipe included: the
// group of the gradient reduction. Experts are replicated expert_parallel times less.
GroupShape dense_gradient_group(const ClusterSpec& cluster, const Plan& plan);
GroupShape expert_gradient_group(const ClusterSpec& cluster, const Plan& plan);

// Whether neighbouring pipeline ranks share a node.
bool pipeline_neighbours_share_node(const ClusterSpec& cluster, const Plan& plan);

// Where a GPU stands in the plan.
struct GpuPlace {
  int pipeline_rank = 0;
  int data_rank = 0;
  bool operator==(const GpuPlace&) const = default;
};
// Nothing if the plan does not use it.
std::optional<GpuPlace> place_of_gpu(const ClusterSpec& cluster, const Plan& plan, int node,
                                     int gpu);

// Copies of each stage that one pipeline holds: 2 for DualPipe, else 1.
int stage_copies(ScheduleKind kind);

}  // namespace reckon

// Which GPU of an expert-parallel group holds which expert, with replicas of the ones in demand.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace reckon {

// Slots of the ranks one behind the other; ranks of a node are neighbours. All replicas of an
// expert get the same share of its tokens, drawn token by token.
struct ExpertPlacement {
  int ranks = 1;
  int ranks_per_node = 1;
  int slots_per_rank = 1;
  std::vector<int> slot_expert;  // [rank * slots_per_rank + slot]
  bool operator==(const ExpertPlacement&) const = default;
};

struct PlacementRequest {
  int ranks = 1;
  int ranks_per_node = 1;  // divides `ranks`
  int groups = 1;          // of experts, for routers that limit nodes; divides the experts
  int redundant_experts = 0;
  bool operator==(const PlacementRequest&) const = default;
};

// What keeps `experts` experts from being placed like that. Any numbers may be given.
std::vector<std::string> placement_problems(const PlacementRequest& request, int experts);

// Expert e in the e-th slot; redundant slots of a rank hold the rank's own first experts again.
// Preconditions here and below: placement_problems() is empty; here also that the ranks divide the
// experts.
ExpertPlacement contiguous_placement(const PlacementRequest& request, int experts);

// What deepseek-ai/EPLB does, after its README. Where the nodes divide the groups of experts, so
// that a group's experts stay on one node: groups packed to nodes by load, the busiest experts of
// each node replicated, replicas packed to its GPUs. Else the same over all GPUs at once. Never
// busier on its busiest GPU than the contiguous placement, which it falls back to.
ExpertPlacement balanced_placement(const PlacementRequest& request, std::span<const double> loads);

// By expert.
std::vector<int> replicas_of(const ExpertPlacement& placement, int experts);

std::vector<double> rank_loads(const ExpertPlacement& placement, std::span<const double> loads);

struct LoadBalance {
  double gpu = 1;   // load of the busiest GPU / mean
  double node = 1;  // and of the busiest node
  bool operator==(const LoadBalance&) const = default;
};
LoadBalance balance_of(const ExpertPlacement& placement, std::span<const double> loads);

}  // namespace reckon

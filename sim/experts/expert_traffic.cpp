#include "sim/experts/expert_traffic.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "sim/experts/expert_loads.hpp"

namespace reckon {
namespace {

std::size_t index(int value) { return static_cast<std::size_t>(value); }

// By expert, how likely a choice of it goes to slots from `first` to `last`.
std::vector<double> presence(const ExpertPlacement& placement, std::span<const double> kept,
                             std::span<const int> replicas, std::size_t first, std::size_t last) {
  std::vector<double> there(kept.size(), 0);
  for (std::size_t slot = first; slot < last; ++slot) {
    const std::size_t expert = index(placement.slot_expert[slot]);
    there[expert] += kept[expert] / replicas[expert];
  }
  return there;
}

}  // namespace

std::vector<std::string> routing_problems(const TokenRouting& routing) {
  std::vector<std::string> problems;
  if (routing.experts < 1 || routing.experts_per_token < 1 || routing.groups < 1 ||
      routing.groups_per_token < 1) {
    problems.emplace_back("experts, groups and those of a token are at least 1");
    return problems;
  }
  if (routing.experts % routing.groups != 0) {
    problems.emplace_back("the groups do not divide the experts");
  }
  if (routing.groups_per_token > routing.groups) {
    problems.emplace_back("a token takes more groups than there are");
  }
  const int group_size = routing.experts / routing.groups;
  if (routing.experts_per_token >
      static_cast<std::int64_t>(group_size) * routing.groups_per_token) {
    problems.emplace_back("a token chooses more experts than its groups have");
  }
  const int most = std::min(routing.groups_per_token, routing.experts_per_token);
  if (routing.distinct_groups != 0 &&
      !(routing.distinct_groups > 1 && routing.distinct_groups < most)) {
    problems.push_back("a token's groups are between 1 and " + std::to_string(most) +
                       " on average, neither included");
  }
  return problems;
}

ExpertTraffic expert_traffic(const TokenRouting& routing, std::span<const double> loads,
                             const ExpertPlacement& placement, std::span<const double> tokens,
                             double capacity_factor) {
  const RoutingOdds odds = routing_odds(routing, loads);
  const std::vector<double> chosen = inclusion(odds);
  const std::vector<double> kept = kept_shares(chosen, capacity_factor);
  const std::vector<int> replicas = replicas_of(placement, routing.experts);
  ExpertTraffic traffic;
  traffic.ranks_per_node = placement.ranks_per_node;
  traffic.tokens.assign(tokens.begin(), tokens.end());
  traffic.dropped = dropped_share(chosen, kept);
  const std::size_t slots = index(placement.slots_per_rank);
  for (std::size_t rank = 0; rank < index(placement.ranks); ++rank) {
    const std::vector<double> there =
        presence(placement, kept, replicas, rank * slots, (rank + 1) * slots);
    traffic.gpu_copies.push_back(1 - miss_probability(odds, there));
    traffic.expert_copies.push_back(
        std::inner_product(chosen.begin(), chosen.end(), there.begin(), 0.0));
  }
  const std::size_t node_slots = slots * index(placement.ranks_per_node);
  for (std::size_t first = 0; first < placement.slot_expert.size(); first += node_slots) {
    traffic.node_copies.push_back(
        1 - miss_probability(odds, presence(placement, kept, replicas, first, first + node_slots)));
  }
  return traffic;
}

double nodes_per_token(const ExpertTraffic& traffic) {
  return std::accumulate(traffic.node_copies.begin(), traffic.node_copies.end(), 0.0);
}

double gpus_per_token(const ExpertTraffic& traffic) {
  return std::accumulate(traffic.gpu_copies.begin(), traffic.gpu_copies.end(), 0.0);
}

std::vector<double> traffic_matrix(const ExpertTraffic& traffic, CopyRule rule, double bytes) {
  const std::vector<double>& copies =
      rule == CopyRule::per_expert ? traffic.expert_copies : traffic.gpu_copies;
  std::vector<double> matrix;
  matrix.reserve(traffic.tokens.size() * copies.size());
  for (const double tokens : traffic.tokens) {
    for (const double copy : copies) matrix.push_back(tokens * copy * bytes);
  }
  return matrix;
}

}  // namespace reckon

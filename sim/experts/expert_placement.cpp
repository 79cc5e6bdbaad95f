#include "sim/experts/expert_placement.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace reckon {
namespace {

std::size_t index(int value) { return static_cast<std::size_t>(value); }

std::vector<int> by_falling_load(std::span<const double> loads) {
  std::vector<int> order(loads.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [loads](int a, int b) { return loads[index(a)] > loads[index(b)]; });
  return order;
}

// Items to packs of equally many, the heaviest first, each to the lightest pack with room.
std::vector<std::vector<int>> packed(std::span<const double> loads, int packs) {
  const std::size_t room = loads.size() / index(packs);
  std::vector<std::vector<int>> packed_items(index(packs));
  std::vector<double> weight(index(packs), 0);
  for (const int item : by_falling_load(loads)) {
    std::size_t best = index(packs);
    for (std::size_t pack = 0; pack < index(packs); ++pack) {
      if (packed_items[pack].size() == room) continue;
      if (best == index(packs) || weight[pack] < weight[best]) best = pack;
    }
    packed_items[best].push_back(item);
    weight[best] += loads[index(item)];
  }
  return packed_items;
}

// `slots` of them for these experts: each once, and each more to the one whose replicas have most
// to do.
std::vector<int> replicated(std::span<const int> experts, std::span<const double> loads,
                            int slots) {
  std::vector<int> slot_expert(experts.begin(), experts.end());
  std::vector<int> replicas(experts.size(), 1);
  while (slot_expert.size() < index(slots)) {
    std::size_t busiest = 0;
    for (std::size_t i = 1; i < experts.size(); ++i) {
      if (loads[index(experts[i])] / replicas[i] >
          loads[index(experts[busiest])] / replicas[busiest])
        busiest = i;
    }
    ++replicas[busiest];
    slot_expert.push_back(experts[busiest]);
  }
  return slot_expert;
}

// Replicates these experts and packs the replicas to `ranks` ranks, whose slots go to `placement`.
void add_ranks(std::span<const int> experts, std::span<const double> loads, int ranks,
               ExpertPlacement& placement) {
  const std::vector<int> slots = replicated(experts, loads, ranks * placement.slots_per_rank);
  std::vector<int> replicas(loads.size(), 0);
  for (const int expert : slots) ++replicas[index(expert)];
  std::vector<double> slot_loads;
  slot_loads.reserve(slots.size());
  for (const int expert : slots)
    slot_loads.push_back(loads[index(expert)] / replicas[index(expert)]);
  for (const std::vector<int>& rank : packed(slot_loads, ranks)) {
    for (const int slot : rank) placement.slot_expert.push_back(slots[index(slot)]);
  }
}

ExpertPlacement empty_placement(const PlacementRequest& request, int experts) {
  return {request.ranks,
          request.ranks_per_node,
          (experts + request.redundant_experts) / request.ranks,
          {}};
}

ExpertPlacement global_placement(const PlacementRequest& request, std::span<const double> loads) {
  ExpertPlacement placement = empty_placement(request, static_cast<int>(loads.size()));
  std::vector<int> experts(loads.size());
  std::iota(experts.begin(), experts.end(), 0);
  add_ranks(experts, loads, request.ranks, placement);
  return placement;
}

ExpertPlacement grouped_placement(const PlacementRequest& request, std::span<const double> loads) {
  ExpertPlacement placement = empty_placement(request, static_cast<int>(loads.size()));
  const std::size_t group_size = loads.size() / index(request.groups);
  std::vector<double> group_loads(index(request.groups), 0);
  for (std::size_t e = 0; e < loads.size(); ++e) group_loads[e / group_size] += loads[e];
  for (const std::vector<int>& node : packed(group_loads, request.ranks / request.ranks_per_node)) {
    std::vector<int> experts;
    for (const int group : node) {
      for (std::size_t i = 0; i < group_size; ++i) {
        experts.push_back(static_cast<int>(index(group) * group_size + i));
      }
    }
    add_ranks(experts, loads, request.ranks_per_node, placement);
  }
  return placement;
}

}  // namespace

std::vector<std::string> placement_problems(const PlacementRequest& request, int experts) {
  std::vector<std::string> problems;
  if (experts < 1) problems.emplace_back("there are no experts");
  if (request.ranks < 1) problems.emplace_back("there are no ranks");
  if (request.ranks_per_node < 1 || request.groups < 1 || request.redundant_experts < 0) {
    problems.emplace_back(
        "ranks of a node and groups are at least 1, redundant experts at least 0");
  }
  if (!problems.empty()) return problems;
  if (request.ranks % request.ranks_per_node != 0) {
    problems.emplace_back("the ranks do not fill whole nodes");
  }
  if (experts % request.groups != 0) problems.emplace_back("the groups do not divide the experts");
  if ((experts + request.redundant_experts) % request.ranks != 0) {
    problems.push_back(
        std::to_string(experts) + " experts and " + std::to_string(request.redundant_experts) +
        " redundant ones do not spread evenly over " + std::to_string(request.ranks) + " ranks");
  }
  return problems;
}

ExpertPlacement contiguous_placement(const PlacementRequest& request, int experts) {
  ExpertPlacement placement = empty_placement(request, experts);
  const int own = experts / request.ranks;
  for (int rank = 0; rank < request.ranks; ++rank) {
    for (int slot = 0; slot < placement.slots_per_rank; ++slot) {
      placement.slot_expert.push_back(rank * own + slot % own);
    }
  }
  return placement;
}

ExpertPlacement balanced_placement(const PlacementRequest& request, std::span<const double> loads) {
  const int experts = static_cast<int>(loads.size());
  const int nodes = request.ranks / request.ranks_per_node;
  std::vector<ExpertPlacement> candidates;
  candidates.push_back(request.groups % nodes == 0 ? grouped_placement(request, loads)
                                                   : global_placement(request, loads));
  if (experts % request.ranks == 0) candidates.push_back(contiguous_placement(request, experts));
  return *std::min_element(candidates.begin(), candidates.end(),
                           [loads](const ExpertPlacement& a, const ExpertPlacement& b) {
                             return balance_of(a, loads).gpu < balance_of(b, loads).gpu;
                           });
}

std::vector<int> replicas_of(const ExpertPlacement& placement, int experts) {
  std::vector<int> replicas(index(experts), 0);
  for (const int expert : placement.slot_expert) ++replicas[index(expert)];
  return replicas;
}

std::vector<double> rank_loads(const ExpertPlacement& placement, std::span<const double> loads) {
  const std::vector<int> replicas = replicas_of(placement, static_cast<int>(loads.size()));
  std::vector<double> by_rank(index(placement.ranks), 0);
  for (std::size_t slot = 0; slot < placement.slot_expert.size(); ++slot) {
    const std::size_t expert = index(placement.slot_expert[slot]);
    by_rank[slot / index(placement.slots_per_rank)] += loads[expert] / replicas[expert];
  }
  return by_rank;
}

LoadBalance balance_of(const ExpertPlacement& placement, std::span<const double> loads) {
  const std::vector<double> by_rank = rank_loads(placement, loads);
  std::vector<double> by_node(by_rank.size() / index(placement.ranks_per_node), 0);
  for (std::size_t rank = 0; rank < by_rank.size(); ++rank) {
    by_node[rank / index(placement.ranks_per_node)] += by_rank[rank];
  }
  const double sum = std::accumulate(by_rank.begin(), by_rank.end(), 0.0);
  const auto over_mean = [sum](const std::vector<double>& part) {
    return *std::max_element(part.begin(), part.end()) * static_cast<double>(part.size()) / sum;
  };
  return sum > 0 ? LoadBalance{over_mean(by_rank), over_mean(by_node)} : LoadBalance{};
}

}  // namespace reckon

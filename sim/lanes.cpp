#include "sim/lanes.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

namespace reckon {
namespace {

// Data ranks of one expert-parallel group: a multiple of it is what must be told apart. The group
// counts context-parallel ranks fastest, so it spans EP / gcd(EP, CP) data ranks, which divides
// their number because EP divides DP x CP.
int data_ranks_of_group(const Parallelism& p) {
  return p.expert_parallel / std::gcd(p.expert_parallel, p.context_parallel);
}

// The smallest divisor of `number` that is at least `least`.
int divisor_from(int least, int number) {
  while (least < number && number % least != 0) ++least;
  return std::min(least, number);
}

// Expert-parallel groups, of all pipeline ranks, with a GPU that has a fault of its own.
std::set<int> faulty_groups(const SimulateInputs& in, int group) {
  std::set<int> groups;
  for (const Fault& fault : in.cluster.faults) {
    if (!is_of_one_gpu(fault.kind)) continue;
    const auto place = place_of_gpu(in.cluster, in.plan, fault.node, fault.gpu);
    if (place) groups.insert(place->data_rank / group);
  }
  return groups;
}

void add_lanes(Lanes& lanes, int first, int count, int multiplicity) {
  for (int rank = first; rank < first + count; ++rank) {
    lanes.data_rank.push_back(rank);
    lanes.multiplicity.push_back(multiplicity);
  }
}

// A healthy group, if there is one, for all that are; then each of the others.
void add_groups(Lanes& lanes, const std::set<int>& faulty, int group, int data, int peers) {
  const int groups = data / group;
  const int healthy = groups - static_cast<int>(faulty.size());
  int first = 0;
  while (faulty.count(first) > 0) ++first;
  if (healthy > 0) add_lanes(lanes, first * group, group, healthy * peers);
  for (const int index : faulty) add_lanes(lanes, index * group, group, peers);
}

}  // namespace

Lanes lanes_of(const SimulateInputs& in, const SimulateOptions& options) {
  constexpr int replicas_without_groups = 16;
  const Parallelism& p = in.plan.parallelism;
  const int data = p.data_parallel;
  const int peers = p.tensor_parallel * p.context_parallel;
  const int group = data_ranks_of_group(p);
  std::set<int> faulty;
  // Draws differ by lane: those of the faulty are there without the faults too, so that what the
  // faults cost is no difference of draws.
  if (options.effects.faults || options.effects.draws()) faulty = faulty_groups(in, group);
  Lanes lanes;
  const bool draws_without_groups = options.effects.draws() && group == 1;
  if (options.unfold || (draws_without_groups && !faulty.empty())) {
    add_lanes(lanes, 0, data, peers);
  } else if (draws_without_groups) {
    const int count = divisor_from(replicas_without_groups, data);
    add_lanes(lanes, 0, count, data / count * peers);
  } else if (options.effects.draws() || !faulty.empty()) {
    add_groups(lanes, faulty, group, data, peers);
  } else {
    add_lanes(lanes, 0, 1, data * peers);
  }
  if (lanes.size() > 1) lanes.group = static_cast<std::size_t>(group);
  return lanes;
}

}  // namespace reckon

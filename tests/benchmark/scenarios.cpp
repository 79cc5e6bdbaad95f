#include "tests/benchmark/scenarios.hpp"

#include <cstddef>
#include <random>

namespace reckon {

FlowScenario star_all_to_all(int ranks, bool mixed, double latency) {
  FlowScenario s;
  s.links.assign(2 * static_cast<std::size_t>(ranks), {50e9, latency});
  std::mt19937 random(1);
  s.flows.reserve(static_cast<std::size_t>(ranks) * static_cast<std::size_t>(ranks - 1),
                  2 * static_cast<std::size_t>(ranks) * static_cast<std::size_t>(ranks - 1));
  for (int from = 0; from < ranks; ++from) {
    for (int to = 0; to < ranks; ++to) {
      const std::vector<int> path{from, ranks + to};
      if (from != to)
        s.flows.add(path, mixed ? 1e5 + static_cast<double>(random() % 10000000) : 1e6);
    }
  }
  return s;
}

FlowScenario fat_tree_all_to_all(int ranks, double latency) {
  constexpr int down = 16, spines = 16;
  const int leaves = ranks / down;
  FlowScenario s;
  const int links = 2 * ranks + 2 * leaves * spines;
  s.links.assign(static_cast<std::size_t>(links), {50e9, latency});
  const auto up_link = [&](int leaf, int spine) { return 2 * ranks + leaf * spines + spine; };
  const auto down_link = [&](int leaf, int spine) {
    return up_link(leaf, spine) + leaves * spines;
  };
  for (int from = 0; from < ranks; ++from) {
    for (int to = 0; to < ranks; ++to) {
      if (from == to) continue;
      std::vector<int> path{from, ranks + to};
      if (from / down != to / down) {
        path = {from, up_link(from / down, to % spines), down_link(to / down, to % spines),
                ranks + to};
      }
      s.flows.add(path, 1e6);
    }
  }
  return s;
}

}  // namespace reckon

// Speed of the flow simulator. Goals of the project on one core: all-to-all of 64 ranks, mixed
// sizes, 50 ms; 128 ranks 0.7 s; 256 uniform over a fat tree 50 ms; 1,024 uniform 100 ms; 2,048
// GPUs in expert-parallel groups of 64 over 8 planes, skewed, 1.5 s. SimGrid 3.32 on the same
// scenarios, as seen: 2.9, 110 and 61 CPU seconds, and no end within 900 s.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <vector>

#include "sim/event_queue.hpp"
#include "sim/flows/flow_simulator.hpp"

namespace reckon {
namespace {

struct Scenario {
  std::vector<FlowLink> links;
  FlowSet flows;
};

// Every rank to every other over its own two links.
Scenario star(int ranks, bool mixed) {
  Scenario s;
  s.links.assign(2 * static_cast<std::size_t>(ranks), {50e9, 1e-6});
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

// 16 ranks a leaf, 16 spines, D-mod-k.
Scenario fat_tree(int ranks) {
  constexpr int down = 16, spines = 16;
  const int leaves = ranks / down;
  Scenario s;
  const int links = 2 * ranks + 2 * leaves * spines;
  s.links.assign(static_cast<std::size_t>(links), {50e9, 1e-6});
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

// 2,048 GPUs of 8 a node, groups of 64 consecutive ones; a token's copy goes over the plane of its
// GPU's index to the same index in the target node and from there over NVLink. Experts get uneven
// shares: 64 sizes, one a destination.
Scenario expert_groups(int gpus) {
  constexpr int group = 64, node = 8;
  Scenario s;
  for (int i = 0; i < gpus; ++i) {  // NIC out, NIC in, NVLink out, NVLink in
    s.links.push_back({50e9, 2e-6});
    s.links.push_back({50e9, 2e-6});
    s.links.push_back({160e9, 1e-6});
    s.links.push_back({160e9, 1e-6});
  }
  std::mt19937 random(1);
  for (int first = 0; first < gpus; first += group) {
    for (int to = first; to < first + group; ++to) {
      const double bytes = 1e5 + static_cast<double>(random() % 1000000);
      for (int from = first; from < first + group; ++from) {
        if (from == to) continue;
        const int landing = to / node * node + from % node;
        std::vector<int> path;
        if (from / node != to / node) path = {4 * from, 4 * landing + 1};
        const int nvlink_from = from / node != to / node ? landing : from;
        if (nvlink_from != to) {
          path.push_back(4 * nvlink_from + 2);
          path.push_back(4 * to + 3);
        }
        s.flows.add(path, bytes);
      }
    }
  }
  return s;
}

void run(benchmark::State& state, const Scenario& s) {
  FlowResult result;
  for (auto _ : state) {
    result = simulate_flows(s.links, s.flows);
    benchmark::DoNotOptimize(result.makespan);
  }
  state.counters["flows"] = static_cast<double>(s.flows.size());
  state.counters["solves"] = static_cast<double>(result.solves);
  state.counters["touched_per_solve"] =
      static_cast<double>(result.touched) / static_cast<double>(result.solves);
}

void all_to_all_mixed(benchmark::State& state) {
  run(state, star(static_cast<int>(state.range(0)), true));
}
void all_to_all_uniform(benchmark::State& state) {
  run(state, star(static_cast<int>(state.range(0)), false));
}
void all_to_all_fat_tree(benchmark::State& state) {
  run(state, fat_tree(static_cast<int>(state.range(0))));
}
void all_to_all_expert_groups(benchmark::State& state) {
  run(state, expert_groups(static_cast<int>(state.range(0))));
}
// One event out, one in, exponential increments, as many pending as told. Goal: 8 M holds a second
// with a million.
void event_queue_hold(benchmark::State& state) {
  std::mt19937_64 random(1);
  std::exponential_distribution<double> increment(1e-6);
  std::vector<std::uint64_t> increments(1U << 16U);
  for (std::uint64_t& ps : increments) ps = static_cast<std::uint64_t>(increment(random));
  EventQueue queue;
  std::size_t next = 0;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    queue.push(increments[next++ % increments.size()], i);
  }
  for (auto _ : state) {
    const EventQueue::Event event = queue.pop();
    queue.push(event.time_ps + increments[next++ % increments.size()], event.payload);
  }
  state.counters["holds"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(event_queue_hold)->Arg(1000)->Arg(1000000);

BENCHMARK(all_to_all_mixed)->Arg(64)->Arg(128)->Unit(benchmark::kMillisecond);
BENCHMARK(all_to_all_uniform)->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond);
BENCHMARK(all_to_all_fat_tree)->Arg(256)->Unit(benchmark::kMillisecond);
BENCHMARK(all_to_all_expert_groups)->Arg(2048)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace reckon

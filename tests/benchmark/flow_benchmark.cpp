// Speed of the flow simulator (goals.hpp). The same scenarios against SimGrid:
// simgrid_benchmark.cpp.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "sim/event_queue.hpp"
#include "sim/experts/expert_flows.hpp"
#include "sim/experts/expert_loads.hpp"
#include "sim/flows/flow_simulator.hpp"
#include "tests/benchmark/scenarios.hpp"
#include "topologies/generate.hpp"

namespace reckon {
namespace {

void run(benchmark::State& state, const FlowScenario& s) {
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
  run(state, star_all_to_all(static_cast<int>(state.range(0)), true, 1e-6));
}
void all_to_all_uniform(benchmark::State& state) {
  run(state, star_all_to_all(static_cast<int>(state.range(0)), false, 1e-6));
}
void all_to_all_fat_tree(benchmark::State& state) {
  run(state, fat_tree_all_to_all(static_cast<int>(state.range(0)), 1e-6));
}

// GPUs of 8 a node on 8 planes, groups of 64 consecutive ones that all dispatch at once;
// DeepSeek-V3's experts with uneven loads.
void expert_groups(benchmark::State& state, CopyRule copies) {
  constexpr int group = 64;
  FatTreeShape shape;
  shape.nodes = static_cast<int>(state.range(0)) / 8;
  shape.node = {8, 1, {{160e9}, {1e-6}}, {{50e9}, {1e-6}}};
  shape.wiring = FatTreeWiring::multi_plane;
  shape.planes = 8;
  shape.fabric = {{{50e9}, {1e-6}}};
  const Topology topology = build_topology(shape);
  std::vector<int> gpus(static_cast<std::size_t>(topology.gpus));
  std::iota(gpus.begin(), gpus.end(), 0);
  const ExpertTraffic traffic =
      expert_traffic({256, 8, 8, 4, 0}, dirichlet_loads(256, 1, 1),
                     contiguous_placement({group, 8, 8, 0}, 256), std::vector<double>(group, 4096));
  TransferMode mode;
  mode.copies = copies;
  mode.bytes_per_copy = {7392};
  ExpertTransferTimes times;
  for (auto _ : state) {
    times = expert_transfer_by_flows(topology, gpus, traffic, mode);
    benchmark::DoNotOptimize(times.time);
  }
  state.counters["ms_simulated"] = times.time * 1e3;
}
void dispatch_per_gpu(benchmark::State& state) { expert_groups(state, CopyRule::per_gpu); }
void dispatch_per_node(benchmark::State& state) { expert_groups(state, CopyRule::per_node); }

// One event out, one in, exponential increments, as many pending as told.
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
BENCHMARK(dispatch_per_gpu)->Arg(2048)->Unit(benchmark::kMillisecond);
BENCHMARK(dispatch_per_node)->Arg(2048)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace reckon

// How many plans a second go through bounds and memory, one core (goals.hpp). The space is that of
// Calculon's published search (github.com/calculon-ai/calculon, README: llm-optimal-execution of a
// 530 B model on up to 5,128 GPUs, batch at most 2,520), with our axes.
#include <benchmark/benchmark.h>

#include "tests/search/searches.hpp"

namespace reckon {
namespace {

// Megatron-Turing NLG (arXiv:2201.11990, section 2.4): 105 layers, hidden 20480, 128 heads.
test::SearchCase mt_nlg(int gpus) {
  test::SearchCase given = test::shipped_search("gpt-3-175b", "a100-1024-dgx", 2520, 2048);
  Inputs& in = given.inputs;
  in.model.layers = 105;
  in.model.hidden = 20480;
  in.model.intermediate = 4 * 20480;
  in.model.attention.heads = 128;
  in.model.attention.head_dim = 160;
  in.cluster.nodes = gpus / in.cluster.gpus_per_node;
  given.space = whole_space(in.model, in.cluster, in.device, in.plan.batch);
  given.space.batch_at_most = true;
  return given;
}

void count_plans(benchmark::State& state, const test::SearchCase& given) {
  SearchCounts counts;
  for (auto _ : state) counts = test::enumerated(given).counts;
  state.counters["space"] = static_cast<double>(counts.space);
  state.counters["legal"] = static_cast<double>(counts.legal);
  state.counters["fit"] = static_cast<double>(counts.kept);
  state.counters["plans"] = benchmark::Counter(static_cast<double>(counts.legal),
                                               benchmark::Counter::kIsIterationInvariantRate);
}

void search_mt_nlg(benchmark::State& state) {
  count_plans(state, mt_nlg(static_cast<int>(state.range(0))));
}
BENCHMARK(search_mt_nlg)->Arg(5120)->Arg(5128)->Unit(benchmark::kMillisecond);

// Every plan's bound worked out: none is left aside for its memory.
void search_mt_nlg_bounds(benchmark::State& state) {
  test::SearchCase given = mt_nlg(static_cast<int>(state.range(0)));
  given.inputs.device.gpu.memory = Bytes{1e18};
  count_plans(state, given);
}
BENCHMARK(search_mt_nlg_bounds)->Arg(5120)->Arg(5128)->Unit(benchmark::kMillisecond);

// The whole space of DeepSeek-V3 on 2,048 H800s to a proven best, wall clock on two threads.
void search_v3(benchmark::State& state) {
  const test::SearchCase given = test::shipped_search("deepseek-v3", "h800-2048-mpft", 15360, 4096);
  SearchResult found;
  for (auto _ : state) found = test::searched(given, {}, 2);
  state.counters["legal"] = static_cast<double>(found.counts.legal);
  state.counters["simulated"] = static_cast<double>(found.simulated);
  state.counters["best_step_s"] = found.top.empty() ? 0 : to_seconds(found.top.front().step).value;
}
BENCHMARK(search_v3)->Unit(benchmark::kMillisecond)->Iterations(1)->Repetitions(1)->UseRealTime();

}  // namespace
}  // namespace reckon

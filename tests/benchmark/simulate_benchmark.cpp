// Speed of the prediction (goals.hpp). The cost of a part is not to grow with the number of
// pipelines. Ratios between lines are comparable between machines, times are not.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "planner/catalog.hpp"
#include "planner/predict.hpp"
#include "planner/validate.hpp"
#include "sim/simulate.hpp"

namespace reckon {
namespace {

const Inputs& v3() {
  static const Inputs inputs = [] {
    Inputs in;
    in.plan = load_plan(RECKON_DATA_DIR, "deepseek-v3-2048-h800");
    in.model = load_model(RECKON_DATA_DIR, in.plan.model);
    in.cluster = load_cluster(RECKON_DATA_DIR, in.plan.cluster);
    in.device = load_device(RECKON_DATA_DIR, in.cluster.device);
    return in;
  }();
  return inputs;
}

void run(benchmark::State& state, const Inputs& in, const SimulateOptions& options) {
  const Schedule schedule = schedule_of(in.plan);
  std::int64_t ops = 0;
  for (auto _ : state) {
    const StepTrace trace = simulate({in.model, in.cluster, in.device, in.plan}, schedule, options);
    benchmark::DoNotOptimize(trace.step_end);
    ops = 0;
    for (const RankTrace& rank : trace.ranks) ops += static_cast<std::int64_t>(rank.ops.size());
  }
  state.counters["ops"] = static_cast<double>(ops);
  state.counters["s_per_op"] =
      benchmark::Counter(static_cast<double>(ops), benchmark::Counter::kIsIterationInvariantRate |
                                                       benchmark::Counter::kInvert);
}

void folded(benchmark::State& state) { run(state, v3(), {no_effects, false, false}); }
void folded_with_effects(benchmark::State& state) { run(state, v3(), {all_effects, false, false}); }
void unfolded(benchmark::State& state) { run(state, v3(), {no_effects, true, false}); }
void unfolded_with_effects(benchmark::State& state) {
  run(state, v3(), {all_effects, true, false});
}
BENCHMARK(folded)->Unit(benchmark::kMillisecond);
BENCHMARK(folded_with_effects)->Unit(benchmark::kMillisecond);
BENCHMARK(unfolded)->Unit(benchmark::kMillisecond);
BENCHMARK(unfolded_with_effects)->Unit(benchmark::kMillisecond);

// The same pipeline, 1 to 64 of them side by side, each with a lane of its own.
void pipelines(benchmark::State& state) {
  Inputs in = v3();
  const auto count = static_cast<int>(state.range(0));
  in.plan.parallelism.data_parallel = count;
  in.plan.parallelism.expert_parallel = count;
  in.plan.batch.global_batch_size = 120 * count;
  in.cluster.nodes = 2 * count;
  run(state, in, {no_effects, true, false});
}
BENCHMARK(pipelines)->RangeMultiplier(2)->Range(1, 64)->Unit(benchmark::kMillisecond);

void build_schedule_of_v3(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(schedule_of(v3().plan).shape.stages);
}
void validate_v3(benchmark::State& state) {
  const Schedule schedule = schedule_of(v3().plan);
  for (auto _ : state) benchmark::DoNotOptimize(validate(schedule).size());
}
void predict_v3(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(predict(v3(), PredictOptions{}).report.gpus);
}
BENCHMARK(build_schedule_of_v3)->Unit(benchmark::kMillisecond);
BENCHMARK(validate_v3)->Unit(benchmark::kMillisecond);
BENCHMARK(predict_v3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace reckon

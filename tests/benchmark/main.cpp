// Runs the benchmarks; each row shows the best of its repetitions beside its goal. Arguments are
// those of Google Benchmark.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/benchmark/goals.hpp"
#include "tests/benchmark/growth.hpp"

namespace reckon {
namespace {

const Goal* goal_of(const std::string& name) {
  for (const Goal& goal : goals) {
    const bool is_family = goal.benchmark.back() == '/';
    if (is_family ? name.starts_with(goal.benchmark) : name == goal.benchmark) return &goal;
  }
  return nullptr;
}

class GoalReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override {
    std::printf("%-52s %14s %14s\n", "best of n, processor time", "measured", "goal");
    return true;
  }

  void ReportRuns(const std::vector<Run>& runs) override {
    const Run* best = nullptr;
    int repetitions = 0;
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      ++repetitions;
      if (best == nullptr || ms_of(run) < ms_of(*best)) best = &run;
    }
    if (best == nullptr) return;
    const std::string name = best->run_name.function_name +
                             (best->run_name.args.empty() ? "" : "/" + best->run_name.args);
    const Goal* goal = goal_of(name);
    if (goal == nullptr) {
      std::printf("%-52s %11.4g ms %14s %-6s", name.c_str(), ms_of(*best), "", "");
    } else if (goal->counter.empty()) {
      std::printf("%-52s %11.4g ms <= %8.4g ms %-6s", name.c_str(), ms_of(*best), goal->value,
                  ms_of(*best) <= goal->value ? "met" : "MISSED");
    } else {
      const double value = best->counters.at(std::string(goal->counter));
      std::printf("%-52s %11.4g /s >= %8.4g /s %-6s", name.c_str(), value, goal->value,
                  value >= goal->value ? "met" : "MISSED");
    }
    std::printf("  n=%d", repetitions);
    for (const auto& [counter, value] : best->counters) {
      std::printf(" %s=%.4g", counter.c_str(), value.value);
    }
    std::printf("\n");
    std::fflush(stdout);
  }

 private:
  static double ms_of(const Run& run) {
    return 1e3 * run.cpu_accumulated_time / static_cast<double>(run.iterations);
  }
};

void print(const std::vector<GrowthRow>& rows) {
  std::printf("\n%-44s %12s %12s\n", "growth, each in its own process", "best of 3", "peak memory");
  for (const GrowthRow& row : rows) {
    std::printf("%-44s %9.4g ms %8.1f MiB", row.what.c_str(), row.ms, row.peak_mib);
    if (row.limit_mib > 0) {
      std::printf("  <= %4.0f MiB %s", row.limit_mib,
                  row.peak_mib > 0 && row.peak_mib <= row.limit_mib ? "met" : "MISSED");
    }
    std::printf("\n");
  }
}

int run(int argc, char** argv) {
  // Those given come later and win.
  std::vector<std::string> given(argv, argv + argc);
  given.insert(given.begin() + 1, {"--benchmark_repetitions=5", "--benchmark_min_time=0.2"});
  std::vector<char*> arguments;
  for (std::string& argument : given) arguments.push_back(argument.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
  const std::vector<GrowthRow> growth = measure_growth();
  GoalReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  print(growth);
  return 0;
}

}  // namespace
}  // namespace reckon

int main(int argc, char** argv) { return reckon::run(argc, argv); }

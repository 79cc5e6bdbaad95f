#include "tests/benchmark/growth.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <limits>

#include "planner/catalog.hpp"
#include "planner/predict.hpp"
#include "sim/flows/flow_simulator.hpp"
#include "sim/simulate.hpp"
#include "tests/benchmark/goals.hpp"
#include "tests/benchmark/scenarios.hpp"

namespace reckon {
namespace {

double best_ms(const std::function<void()>& work) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 3; ++i) {
    const std::clock_t begin = std::clock();
    work();
    best = std::min(best, 1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  return best;
}

// `measure` gives milliseconds. Zeros if no process can be had.
GrowthRow in_own_process(const std::string& what, const std::function<double()>& measure) {
  GrowthRow row{what};
  int ends[2];
  if (pipe(ends) != 0) return row;
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    const double ms = measure();
    _exit(write(ends[1], &ms, sizeof ms) == sizeof ms ? 0 : 1);
  }
  close(ends[1]);
  if (child > 0) {
    if (read(ends[0], &row.ms, sizeof row.ms) != sizeof row.ms) row.ms = 0;
    rusage used{};
    int status = 0;
    if (wait4(child, &status, 0, &used) == child) {
      row.peak_mib = static_cast<double>(used.ru_maxrss) / 1024;
    }
  }
  close(ends[0]);
  return row;
}

// So many pipelines of 16 GPUs, 120 sequences each. Fewer than 64 have smaller expert groups.
Inputs v3(int pipelines) {
  Inputs in;
  in.plan = load_plan(RECKON_DATA_DIR, "deepseek-v3-2048-h800");
  in.model = load_model(RECKON_DATA_DIR, in.plan.model);
  in.cluster = load_cluster(RECKON_DATA_DIR, in.plan.cluster);
  in.device = load_device(RECKON_DATA_DIR, in.cluster.device);
  in.plan.parallelism.data_parallel = pipelines;
  in.plan.parallelism.expert_parallel = std::min(pipelines, in.plan.parallelism.expert_parallel);
  in.plan.batch.global_batch_size = 120 * pipelines;
  in.cluster.nodes = 2 * pipelines;
  return in;
}

GrowthRow step(int pipelines, const EffectSwitches& effects, const char* name) {
  char what[80];
  std::snprintf(what, sizeof what, "V3 step, %s, %7d GPUs", name, 16 * pipelines);
  return in_own_process(what, [pipelines, &effects] {
    const Inputs in = v3(pipelines);
    const Schedule schedule = schedule_of(in.plan);
    return best_ms([&] {
      simulate({in.model, in.cluster, in.device, in.plan}, schedule, {effects, false, false});
    });
  });
}

}  // namespace

std::vector<GrowthRow> measure_growth() {
  std::vector<GrowthRow> rows;
  rows.push_back(in_own_process("nothing", [] { return 0.0; }));
  rows.push_back(in_own_process("1,047,552 uniform flows, as given", [] {
    return best_ms([] { star_all_to_all(1024, false, 1e-6); });
  }));
  rows.push_back(in_own_process("1,047,552 uniform flows, simulated", [] {
    const FlowScenario s = star_all_to_all(1024, false, 1e-6);
    return best_ms([&s] { simulate_flows(s.links, s.flows); });
  }));
  rows.back().limit_mib = most_mib_of_a_million_flows;
  for (const int pipelines : {16, 128, 1024, 8192}) {
    rows.push_back(step(pipelines, no_effects, "folded"));
  }
  for (const int pipelines : {16, 128, 1024, 8192}) {
    rows.push_back(step(pipelines, all_effects, "folded, with effects"));
  }
  return rows;
}

}  // namespace reckon

#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <utility>

#include "planner/catalog.hpp"
#include "planner/command_progress.hpp"
#include "planner/main_parts.hpp"
#include "planner/megatron_arguments.hpp"
#include "planner/output_file.hpp"
#include "planner/plan_search.hpp"
#include "planner/search_store.hpp"
#include "planner/slurm_script.hpp"
#include "planner/spec/spec_json.hpp"
#include "reports/plan_search_report.hpp"

namespace reckon {

namespace {

volatile std::sig_atomic_t is_interrupted = 0;

// The first Ctrl-C ends a search at its next step, a second one the program.
void interrupt(int signal) {
  is_interrupted = 1;
  std::signal(signal, SIG_DFL);
}

// Model, cluster and device of the command line; what is wrong with any of them comes together.
Inputs load_search_inputs(const Arguments& arguments) {
  const std::string data = data_folder(arguments.data);
  std::vector<Problem> problems;
  const auto load = [&problems](const auto& read) {
    try {
      read();
    } catch (const InputError& error) {
      problems.insert(problems.end(), error.problems.begin(), error.problems.end());
    }
  };
  Inputs in;
  load([&] { in.model = load_model(data, arguments.model); });
  load([&] { in.cluster = load_cluster(data, arguments.cluster); });
  load([&] {
    const std::string& name = arguments.device;
    if (name.empty() && in.cluster.device.empty()) return;  // no cluster
    in.device = load_checked_device(data, name.empty() ? in.cluster.device : name);
  });
  if (!problems.empty()) throw InputError(std::move(problems));
  if (arguments.usd_per_gpu_hour) {
    in.cluster.pricing = {{*arguments.usd_per_gpu_hour}, "--usd-per-gpu-hour"};
  }
  return in;
}

// The ranked plans as files that can be run.
void save_plans(const std::string& folder, const SearchTask& task, const PlanSearchReport& report,
                const Arguments& arguments) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  int rank = 0;
  for (const FoundPlan& found : report.top) {
    const std::string name = fmt::format("{}/plan-{:02}", folder, ++rank);
    Plan plan = ready_plan(task, found, rank);
    plan.model = arguments.model;
    plan.cluster = arguments.cluster;
    if (found.gpus != gpus(task.inputs.cluster)) {
      ClusterSpec part = task.inputs.cluster;
      part.nodes = found.gpus / part.gpus_per_node;
      plan.cluster = name + ".cluster.json";
      write_output(plan.cluster, write_cluster(part));
    }
    write_output(name + ".json", write_plan(plan));
    write_output(name + ".megatron.sh",
                 megatron_arguments(task.inputs.model, plan, task.request.tokens));
  }
}

int write_search(PlanSearchReport report, const Arguments& arguments) {
  report.tool = version;
  if (!arguments.json.empty()) write_output(arguments.json, plan_search_json(report));
  if (!arguments.csv.empty()) write_output(arguments.csv, plan_search_csv(report));
  if (!arguments.svg.empty()) write_output(arguments.svg, plan_search_svg(report));
  if (arguments.json != "-" && arguments.csv != "-" && arguments.svg != "-") {
    write_output("-", plan_search_text(report, style_of(arguments)));
  }
  if (!report.nothing) return ok;
  complain(fmt::format("error: {}\n", report.nothing->message));
  return cannot_run;
}

int merge_command(const Arguments& arguments) {
  std::vector<std::pair<std::string, PlanSearchReport>> shards;
  std::vector<Problem> problems;
  for (const std::string& file : arguments.measurements) {
    try {
      shards.emplace_back(file, read_plan_search(read_text_file(file), file));
    } catch (const InputError& error) {
      problems.insert(problems.end(), error.problems.begin(), error.problems.end());
    }
  }
  if (!problems.empty()) throw InputError(std::move(problems));
  return write_search(merge_searches(shards), arguments);
}

}  // namespace

int plan_command(const Arguments& arguments) {
  const PlanRequest& request = arguments.search;
  if (request.merges) return merge_command(arguments);
  const SearchTask task = search_task(load_search_inputs(arguments), request);
  if (!request.slurm.empty()) {
    write_output(request.slurm, slurm_script(request));
    return ok;
  }
  const Workers workers = threads(static_cast<std::size_t>(request.threads));
  std::optional<SearchStore> store;
  if (!request.resume.empty()) store.emplace(request.resume, fingerprint_of(task));
  const Remember remember = [&store](ScorePlans scorer) {
    return store ? store->remembering(std::move(scorer)) : std::move(scorer);
  };
  std::signal(SIGINT, interrupt);
  PlanSearchReport report;
  {
    ProgressBar bar;
    report = search_plans(task, workers, remember, [&bar](const SearchProgress& progress) {
      bar.show(progress.enumerated,
               progress.best == nullptr
                   ? ""
                   : fmt::format("{} simulated, {} open, best step {:.3f} s", progress.simulated,
                                 progress.open, to_seconds(progress.best->step).value));
      return is_interrupted == 0;
    });
  }
  if (!request.save_folder.empty()) save_plans(request.save_folder, task, report, arguments);
  return write_search(std::move(report), arguments);
}

}  // namespace reckon

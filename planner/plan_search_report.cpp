#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <map>

#include "planner/plan_search_nothing.hpp"
#include "planner/spec/problems.hpp"
#include "planner/spec/spec_json.hpp"

namespace reckon {
namespace {

// --- the space that is asked for
// ---------------------------------------------------------------------

// Fixes of one axis together: the values that all of them name.
std::vector<Fix> joined(const std::vector<Fix>& fixes, std::string& contradiction) {
  std::vector<Fix> result;
  for (const Fix& fix : fixes) {
    const auto same = std::find_if(result.begin(), result.end(),
                                   [&fix](const Fix& known) { return known.axis == fix.axis; });
    if (same == result.end()) {
      result.push_back(fix);
      continue;
    }
    const std::vector<std::string> before = same->values;
    std::erase_if(same->values, [&fix](const std::string& value) {
      return std::find(fix.values.begin(), fix.values.end(), value) == fix.values.end();
    });
    if (!same->values.empty()) continue;
    contradiction = fmt::format("--fix {0}={1} and {0}={2} leave no value", enum_name(fix.axis),
                                fmt::join(before, ","), fmt::join(fix.values, ","));
    same->values = before;
  }
  return result;
}

// The numbers of GPUs that --gpus and --fix gpus= name; what is no number is told of later.
std::vector<int> gpu_counts(const PlanRequest& request) {
  std::vector<int> counts;
  for (const Fix& fix : request.fixes) {
    if (fix.axis != Axis::gpus) continue;
    for (const std::string& value : fix.values) {
      int count = 0;
      const char* const end = value.data() + value.size();
      const auto [last, error] = std::from_chars(value.data(), end, count);
      if (error == std::errc() && last == end && count > 0) counts.push_back(count);
    }
  }
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return counts;
}

// What is wrong with the model or the cluster themselves.
std::vector<Problem> problems_of_documents(const Inputs& in) {
  std::vector<Problem> problems;
  for (const PlanProblem& problem : feasible(in.model, in.cluster, in.plan)) {
    if (problem.document == DocumentKind::plan) continue;
    const std::string& name =
        problem.document == DocumentKind::model ? in.model.name : in.cluster.name;
    problems.push_back({name, 0, 0, problem.pointer, problem.message});
  }
  return problems;
}

std::map<std::string, std::vector<std::string>> axes_of(const SearchSpace& space) {
  std::map<std::string, std::vector<std::string>> result;
  for (const auto& [axis, name] : EnumNames<Axis>::table) {
    std::vector<std::string>& values = result[std::string(name)];
    for (std::size_t value = 0; value < space.size(axis); ++value) {
      values.push_back(value_text(space, axis, value));
    }
  }
  return result;
}

// --- from results to reports
// -------------------------------------------------------------------------

std::vector<FoundPlan> found_plans(const SearchTask& task, const std::vector<ScoredPlan>& scored) {
  std::vector<FoundPlan> found;
  for (const ScoredPlan& plan : scored) found.push_back(found_plan(task, plan));
  return found;
}

PlanSearchReport begin_report(const SearchTask& task) {
  const PlanRequest& request = task.request;
  PlanSearchReport report;
  report.model = task.inputs.model.name;
  report.cluster = task.inputs.cluster.name;
  report.device = task.inputs.device.name;
  report.inputs = fingerprint_of(task);
  report.tokens = request.tokens;
  report.sequence_length = request.sequence;
  report.global_batch_size = request.batch;
  report.most_days = request.max_days;
  report.budget = {request.budget};
  report.memory_margin = request.memory_margin;
  report.front_within = request.front_within;
  report.usd_per_gpu_hour = task.inputs.cluster.pricing.usd_per_gpu_hour;
  report.axes = axes_of(task.space);
  report.shard = request.shard;
  report.shards = request.shard_count;
  report.top_plans = request.top;
  return report;
}

void add_counts(const SearchCounts& counts, PlanSearchReport& report) {
  report.space = static_cast<std::int64_t>(counts.space);
  report.legal = static_cast<std::int64_t>(counts.legal);
  report.kept = static_cast<std::int64_t>(counts.kept);
  for (const auto& [reason, name] : EnumNames<PruneReason>::table) {
    report.pruned.push_back({std::string(name), static_cast<std::int64_t>(counts.at(reason))});
  }
}

SearchOptions options_of(const PlanSearchReport& report) {
  SearchOptions options;
  options.top = static_cast<std::size_t>(report.top_plans);
  options.front_within = report.front_within;
  return options;
}

ScoredPlan scored_plan(const FoundPlan& found) {
  ScoredPlan plan;
  plan.candidate.number = static_cast<std::uint64_t>(found.number);
  plan.candidate.gpus = found.gpus;
  plan.candidate.memory_bytes = found.memory.value;
  plan.step = found.step_ps;
  plan.run_s = static_cast<double>(found.steps) * to_seconds(found.step_ps).value;
  plan.gpu_hours = found.gpus * plan.run_s / 3600;
  plan.headroom_gib = found.headroom_gib;
  return plan;
}

// A shard's result; its plans go to `all` as well.
SearchResult result_of(const PlanSearchReport& report, std::map<std::int64_t, FoundPlan>& all) {
  SearchResult result;
  result.complete = report.complete;
  result.counts.space = static_cast<std::uint64_t>(report.space);
  result.counts.legal = static_cast<std::uint64_t>(report.legal);
  result.counts.kept = static_cast<std::uint64_t>(report.kept);
  for (const PrunedPlans& pruned : report.pruned) {
    const auto reason = enum_from_name<PruneReason>(pruned.reason);
    if (reason) result.counts.at(*reason) = static_cast<std::uint64_t>(pruned.plans);
  }
  for (const FoundPlan& plan : report.top) {
    all.emplace(plan.number, plan);
    result.top.push_back(scored_plan(plan));
  }
  for (const FoundPlan& plan : report.front) {
    all.emplace(plan.number, plan);
    result.front.push_back(scored_plan(plan));
  }
  return result;
}

// The plans of all shards that stay, in the order of the whole search.
std::vector<FoundPlan> chosen(const std::vector<ScoredPlan>& wanted,
                              const std::map<std::int64_t, FoundPlan>& all) {
  std::vector<FoundPlan> plans;
  for (const ScoredPlan& plan : wanted) {
    plans.push_back(all.at(static_cast<std::int64_t>(plan.candidate.number)));
  }
  return plans;
}

// What reports of one search have in common.
PlanSearchReport header_of(const PlanSearchReport& report) {
  PlanSearchReport header = report;
  header.shard = 0;
  header.complete = false;
  header.space = header.legal = header.kept = 0;
  header.pruned.clear();
  header.top.clear();
  header.front.clear();
  header.nothing.reset();
  return header;
}

void check_shards(const std::vector<std::pair<std::string, PlanSearchReport>>& shards) {
  std::vector<Problem> problems;
  const auto problem = [&problems](const std::string& file, std::string message) {
    problems.push_back({file, 0, 0, "", std::move(message)});
  };
  std::map<int, std::string> seen;
  const PlanSearchReport& first = shards.front().second;
  for (const auto& [file, report] : shards) {
    if (header_of(report) != header_of(first)) {
      problem(file, "is of another search than " + shards.front().first);
      continue;
    }
    const auto [known, is_new] = seen.try_emplace(report.shard, file);
    if (!is_new) problem(file, fmt::format("is shard {} as {} is", report.shard, known->second));
  }
  for (int shard = 0; shard < first.shards && problems.empty(); ++shard) {
    if (seen.count(shard) == 0) {
      problem("", fmt::format("shard {}/{} is missing", shard, first.shards));
    }
  }
  if (!problems.empty()) throw InputError(std::move(problems));
}

}  // namespace

SearchTask search_task(Inputs inputs, const PlanRequest& request) {
  SearchTask task{std::move(inputs), request, {}, {}, ""};
  Plan& base = task.inputs.plan;
  base = {};
  base.model = task.inputs.model.name;
  base.cluster = task.inputs.cluster.name;
  base.batch = {request.batch, 1, request.sequence};
  base.expert_communication.distinct_nodes_per_token = request.nodes_per_token;
  base.expert_communication.sms = task.inputs.device.expert_transport.sms;
  task.space = whole_space(task.inputs.model, task.inputs.cluster, task.inputs.device, base.batch,
                           gpu_counts(request));
  task.space.batch_at_most = request.batch_at_most;
  std::vector<Problem> problems = problems_of_documents(task.inputs);
  for (const Fix& fix : joined(request.fixes, task.contradiction)) {
    for (std::string& message : fix_axis(task.space, fix.axis, fix.values)) {
      problems.push_back({"--fix", 0, 0, "", std::move(message)});
    }
  }
  if (!problems.empty()) throw InputError(std::move(problems));
  task.limits = {request.tokens, request.max_days, request.budget, request.memory_margin};
  return task;
}

std::string fingerprint_of(const SearchTask& task) {
  std::string text = write_model(task.inputs.model) + write_cluster(task.inputs.cluster) +
                     write_device(task.inputs.device) + write_plan(task.inputs.plan) +
                     (task.space.batch_at_most ? "at most" : "");
  for (const auto& [axis, values] : axes_of(task.space)) {
    text += axis;
    for (const std::string& value : values) text += "," + value;
  }
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const char letter : text) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211ULL;
  }
  return fmt::format("{:016x}", hash);
}

PlanSearchReport search_plans(const SearchTask& task, const Workers& workers,
                              const Remember& remember, const GoOn& go_on) {
  PlanSearchReport report = begin_report(task);
  const SearchProblem problem = task.problem();
  ScorePlans scorer = plan_scorer(problem, workers);
  if (remember) scorer = remember(std::move(scorer));
  SearchResult result;
  if (task.contradiction.empty()) {
    result = search(problem, search_costs(task.inputs), scorer, options_of(report), workers, go_on);
  } else {
    result.complete = true;
  }
  add_counts(result.counts, report);
  report.complete = result.complete;
  report.top = found_plans(task, result.top);
  report.front = found_plans(task, result.front);
  if (result.top.empty() && result.complete && task.request.shard_count == 1) {
    report.nothing = why_nothing(task, workers, go_on, result);
  }
  return report;
}

PlanSearchReport merge_searches(
    const std::vector<std::pair<std::string, PlanSearchReport>>& shards) {
  check_shards(shards);
  PlanSearchReport whole = header_of(shards.front().second);
  whole.shards = 1;
  std::map<std::int64_t, FoundPlan> all;
  std::vector<SearchResult> results;
  for (const auto& [file, report] : shards) results.push_back(result_of(report, all));
  const SearchResult together = merged(results, options_of(whole));
  whole.complete = together.complete;
  add_counts(together.counts, whole);
  whole.top = chosen(together.top, all);
  whole.front = chosen(together.front, all);
  if (whole.top.empty() && whole.complete) {
    whole.nothing = TightestConstraint{
        "", "no plan is left in any shard; the search without --shard says why", std::nullopt};
  }
  return whole;
}

Plan ready_plan(const SearchTask& task, const FoundPlan& found, int rank) {
  Plan plan = plan_of(task.space, task.inputs.model, task.inputs.plan,
                      choice_of(task.space, static_cast<std::uint64_t>(found.number)));
  plan.name = fmt::format("{}-{}-{}", task.inputs.model.name, found.gpus, rank);
  plan.source = fmt::format("reckon plan {} {}", task.inputs.model.name, task.inputs.cluster.name);
  Phase phase;
  phase.name = "pre-training";
  phase.tokens = task.request.tokens;
  phase.source = plan.source;
  plan.phases = {phase};
  return plan;
}

}  // namespace reckon

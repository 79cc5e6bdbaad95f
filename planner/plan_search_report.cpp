#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>

#include "planner/plan_search.hpp"
#include "planner/spec/parameters.hpp"
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

std::string fix_text(const Fix& fix) {
  return fmt::format("--fix {}={}", enum_name(fix.axis), fmt::join(fix.values, ","));
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

double mfu_of(const SearchTask& task, const Plan& plan, int gpus, Seconds step) {
  const Flops flops = model_flops_per_token(task.inputs.model, plan.batch.sequence_length,
                                            AttentionCounting::causal) *
                      tokens_per_step(plan);
  const FlopsPerSecond peak = task.inputs.device.gpu.bf16_peak * static_cast<double>(gpus);
  return step.value > 0 ? flops / (peak * step) : 0;
}

FoundPlan found_plan(const SearchTask& task, const ScoredPlan& scored) {
  const Choice choice = choice_of(task.space, scored.candidate.number);
  const Plan plan = plan_of(task.space, task.inputs.model, task.inputs.plan, choice);
  FoundPlan found;
  found.number = static_cast<std::int64_t>(scored.candidate.number);
  for (const auto& [axis, name] : EnumNames<Axis>::table) {
    found.choice[std::string(name)] =
        value_text(task.space, axis, choice[static_cast<std::size_t>(axis)]);
  }
  found.data_parallel = plan.parallelism.data_parallel;
  found.gpus = scored.candidate.gpus;
  found.steps =
      std::max<std::int64_t>(1, std::llround(scored.run_s / to_seconds(scored.step).value));
  found.step_ps = scored.step;
  found.run = {scored.run_s};
  found.gpu_hours = scored.gpu_hours;
  found.usd = task.inputs.cluster.pricing.usd_per_gpu_hour * scored.gpu_hours;
  found.mfu = mfu_of(task, plan, found.gpus, to_seconds(scored.step));
  found.memory = {scored.candidate.memory_bytes};
  found.headroom_gib = scored.headroom_gib;
  return found;
}

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

// --- why nothing is left
// -----------------------------------------------------------------------------

// Searches again with less asked for.
class Explainer {
 public:
  Explainer(const SearchTask& task, const Workers& workers, const GoOn& go_on)
      : task_(task), workers_(workers), go_on_(go_on) {}

  TightestConstraint explain(const SearchResult& result) {
    std::optional<TightestConstraint> found = contradiction();
    if (!found) found = limits();
    if (!found) found = margin();
    if (!found) found = fixes();
    if (!found) found = memory(result);
    return found ? *found : law(result);
  }

 private:
  // The best of a task, by the limits of the first one; empty if there is none.
  std::optional<TightestConstraint> try_out(const SearchTask& task, const std::string& constraint) {
    const SearchProblem problem = task.problem();
    SearchOptions options;
    options.top = 1;
    const SearchResult result = search(problem, search_costs(task.inputs),
                                       plan_scorer(problem, workers_), options, workers_, go_on_);
    if (result.top.empty()) return std::nullopt;
    const ScoredPlan* best = &result.top.front();
    for (const ScoredPlan& plan : result.front) {
      if (excess(plan) < excess(*best)) best = &plan;
    }
    return TightestConstraint{constraint, "", found_plan(task, *best)};
  }

  // By how much a plan is beyond the limits of days and dollars, the worse of both.
  double excess(const ScoredPlan& plan) const {
    const SearchLimits& limits = task_.limits;
    const double usd = (task_.inputs.cluster.pricing.usd_per_gpu_hour * plan.gpu_hours).value;
    return std::max(limits.most_days > 0 ? plan.run_s / 86400 / limits.most_days : 0,
                    limits.most_usd > 0 ? usd / limits.most_usd : 0);
  }

  SearchTask unlimited() const {
    SearchTask task = task_;
    task.limits.most_days = task.limits.most_usd = 0;
    return task;
  }

  std::optional<TightestConstraint> contradiction() {
    if (task_.contradiction.empty()) return std::nullopt;
    constexpr const char* later = "the later --fix";
    auto found = try_out(unlimited(), later);
    if (!found) found = TightestConstraint{later, "", std::nullopt};
    found->message = "no plan: " + task_.contradiction;
    return found;
  }

  std::optional<TightestConstraint> limits() {
    const SearchLimits& limits = task_.limits;
    if (limits.most_days == 0 && limits.most_usd == 0) return std::nullopt;
    auto found = try_out(unlimited(), "");
    if (!found) return std::nullopt;
    const FoundPlan& plan = *found->nearest;
    const double days = plan.run.value / 86400;
    const bool is_late =
        limits.most_days > 0 &&
        (limits.most_usd == 0 || days / limits.most_days >= plan.usd.value / limits.most_usd);
    found->constraint = is_late ? "--max-days" : "--budget";
    found->message =
        is_late ? fmt::format("no plan takes at most {:g} days; the nearest takes {:.2f}",
                              limits.most_days, days)
                : fmt::format("no plan costs at most ${:.2f}{}; the nearest costs ${:.2f}",
                              limits.most_usd, limits.most_days > 0 ? " within the days" : "",
                              plan.usd.value);
    return found;
  }

  std::optional<TightestConstraint> margin() {
    if (task_.limits.memory_margin == 0) return std::nullopt;
    SearchTask task = unlimited();
    task.limits.memory_margin = 0;
    auto found = try_out(task, "--memory-margin");
    if (!found) return std::nullopt;
    found->message = fmt::format(
        "no plan leaves {:.1f} % of the memory free; the nearest needs {:.1f} GiB of {:.1f}",
        100 * task_.limits.memory_margin, found->nearest->memory.value / gib,
        task_.inputs.device.gpu.memory.value / gib);
    return found;
  }

  // The one fix whose release gives the fastest plan, or all of them.
  std::optional<TightestConstraint> fixes() {
    const std::vector<Fix>& given = task_.request.fixes;
    std::optional<TightestConstraint> best;
    for (std::size_t left_out = 0; left_out <= given.size() && !given.empty(); ++left_out) {
      PlanRequest request = task_.request;
      const bool is_all = left_out == given.size();
      if (is_all && (best || given.size() == 1)) break;
      if (is_all) {
        request.fixes.clear();
      } else {
        request.fixes.erase(request.fixes.begin() + static_cast<std::ptrdiff_t>(left_out));
      }
      request.max_days = request.budget = request.memory_margin = 0;
      auto found = try_out(search_task(task_.inputs, request),
                           is_all ? "all --fix together" : fix_text(given[left_out]));
      if (!found) continue;
      found->message = fmt::format("no plan with {}{}", found->constraint,
                                   given.size() > 1 && !is_all ? " beside the other fixes" : "");
      if (!best || found->nearest->run < best->nearest->run) best = std::move(found);
    }
    return best;
  }

  std::optional<TightestConstraint> memory(const SearchResult& result) {
    if (!result.nearest || result.nearest->reason != PruneReason::memory) return std::nullopt;
    const SearchProblem problem = task_.problem();
    const Candidate& candidate = result.nearest->candidate;
    const Score score = plan_scorer(problem, workers_)({candidate.number}).front();
    ScoredPlan plan;
    plan.candidate = candidate;
    plan.step = score.step;
    plan.run_s = run_seconds(task_.limits, inputs_of(problem, candidate.number).plan,
                             to_seconds(score.step));
    plan.gpu_hours = candidate.gpus * plan.run_s / 3600;
    const double left = task_.inputs.device.gpu.memory.value - score.memory_bytes;
    plan.headroom_gib = static_cast<int>(std::floor(left / gib));
    return TightestConstraint{
        "memory",
        fmt::format("no plan fits; the one that needs least takes {:.1f} GiB, {} has {:.1f}",
                    candidate.memory_bytes / gib, task_.inputs.device.name,
                    task_.inputs.device.gpu.memory.value / gib),
        found_plan(task_, plan)};
  }

  // No plan is legal at all.
  static TightestConstraint law(const SearchResult& result) {
    const auto most = std::max_element(result.counts.pruned.begin(), result.counts.pruned.end());
    const auto reason = static_cast<PruneReason>(most - result.counts.pruned.begin());
    return {std::string(enum_name(reason)),
            fmt::format("no plan can run on these GPUs; most are out for {}", enum_name(reason)),
            std::nullopt};
  }

  const SearchTask& task_;
  const Workers& workers_;
  const GoOn& go_on_;
};

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
  task.space = whole_space(task.inputs.model, task.inputs.cluster, task.inputs.device, base.batch);
  task.space.batch_at_most = request.batch_at_most;
  std::vector<Problem> problems;
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
    report.nothing = Explainer(task, workers, go_on).explain(result);
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

#include "planner/plan_search_nothing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "planner/spec/parameters.hpp"

namespace reckon {
namespace {

double mfu_of(const SearchTask& task, const Plan& plan, int gpus, Seconds step) {
  const Flops flops = model_flops_per_token(task.inputs.model, plan.batch.sequence_length,
                                            AttentionCounting::causal) *
                      tokens_per_step(plan);
  const FlopsPerSecond peak = task.inputs.device.gpu.bf16_peak * static_cast<double>(gpus);
  return step.value > 0 ? flops / (peak * step) : 0;
}

std::string fix_text(const Fix& fix) {
  return fmt::format("--fix {}={}", enum_name(fix.axis), fmt::join(fix.values, ","));
}

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

}  // namespace

TightestConstraint why_nothing(const SearchTask& task, const Workers& workers, const GoOn& go_on,
                               const SearchResult& result) {
  return Explainer(task, workers, go_on).explain(result);
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

}  // namespace reckon

#include "planner/predict.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "planner/communicate.hpp"
#include "planner/schedules/build_schedule.hpp"
#include "planner/schedules/in_flight.hpp"
#include "planner/validate.hpp"
#include "reports/assemble.hpp"
#include "reports/cost.hpp"
#include "reports/summarize.hpp"
#include "sim/simulate.hpp"

namespace reckon {
namespace {

SimulateInputs simulated(const Inputs& in) { return {in.model, in.cluster, in.device, in.plan}; }

// An effect as the command line and the report name it, and its switch.
struct NamedEffect {
  std::string_view name;
  bool EffectSwitches::*on;
  std::string_view source_key;  // in the plan's effects.sources
};
constexpr std::array<NamedEffect, 4> named_effects{{
    {"clock derate", &EffectSwitches::clock, "sustained_clock_factor"},
    {"pipeline sends", &EffectSwitches::pipeline_sends, ""},
    {"routing imbalance", &EffectSwitches::routing, "routing_relative_deviation"},
    {"per-rank jitter", &EffectSwitches::jitter, "jitter_relative_deviation"},
}};

std::string source_of(const Inputs& in, const NamedEffect& effect) {
  if (effect.source_key.empty()) return in.cluster.nic.source;
  const auto found = in.plan.effects.sources.find(std::string(effect.source_key));
  return found != in.plan.effects.sources.end() ? found->second : in.plan.effects.source;
}

StepSummary summary_of(const Inputs& in, const Schedule& schedule, const StepTrace& trace) {
  return summarize(trace, schedule, in.model, in.plan, gpus(in.cluster), in.device.gpu.bf16_peak,
                   extra_flops_per_token(simulated(in)));
}

// Adds the effects one by one; the last trace is the one with all that are on.
StepTrace add_effects(const Inputs& in, const Schedule& schedule, const PredictOptions& options,
                      StepTrace trace, Report& report) {
  EffectSwitches so_far;
  Seconds before = to_seconds(trace.step_end);
  for (const NamedEffect& effect : named_effects) {
    EffectShare share;
    share.name = effect.name;
    share.on = options.effects.*effect.on;
    share.source = source_of(in, effect);
    if (share.on) {
      so_far.*effect.on = true;
      const bool last = so_far == options.effects;
      trace =
          simulate(simulated(in), schedule, {so_far, options.unfold, last && options.record_parts});
    }
    share.step = to_seconds(trace.step_end);
    share.added = share.step - before;
    before = share.step;
    report.effects.push_back(share);
  }
  return trace;
}

// Step time of a variant of the plan (another phase or batch); empty if it cannot run.
std::optional<Seconds> step_of_variant(const Inputs& in, const Plan& variant,
                                       const EffectSwitches& effects) {
  Inputs changed{in.model, in.cluster, in.device, variant};
  changed.plan.phases.clear();  // they describe the run, not this step
  if (!problems_of(changed).empty()) return std::nullopt;
  return to_seconds(
      simulate(simulated(changed), schedule_of(changed.plan), {effects, false, false}).step_end);
}

RunCost run_cost(const Inputs& in, Seconds step, const EffectSwitches& effects) {
  return price_run(in.plan, gpus(in.cluster), in.cluster.pricing,
                   [&](const Plan& variant) -> std::optional<Seconds> {
                     if (variant == in.plan) return step;  // simulated already
                     return step_of_variant(in, variant, effects);
                   });
}

std::vector<Warning> warnings_of(const Inputs& in, const Schedule& schedule) {
  std::vector<Warning> warnings;
  std::string outside;
  for (const WorkShare& share : work_shares(simulated(in), schedule)) {
    if (!share.extrapolated) continue;
    const KernelWork& k = *share.extrapolated;
    outside +=
        fmt::format("{}{} {} {} x {} x {} ({:.2f} s of the step)", outside.empty() ? "" : ", ",
                    share.name, enum_name(k.dtype), k.m, k.n, k.k, share.outside.value);
  }
  if (!outside.empty()) {
    warnings.push_back({"EXTRAPOLATED", "shapes outside what " + in.device.name +
                                            "'s kernel models were fitted on: " + outside});
  }
  return warnings;
}

}  // namespace

std::vector<PlanProblem> problems_of(const Inputs& in) {
  return feasible(in.model, in.cluster, in.device, in.plan);
}

Schedule schedule_of(const Plan& plan) {
  return add_communication(build_schedule(schedule_shape(plan)));
}

std::vector<RankMemory> memory_of(const Inputs& in, const Schedule& schedule) {
  std::vector<HeldChunks> held;
  for (int rank = 0; rank < schedule.shape.pipeline_ranks; ++rank) {
    ChunkWeights weights;
    for (const int stage : stages_of_rank(schedule.shape, rank)) {
      const ChunkBytes bytes = chunk_bytes(in.model, in.plan, stage);
      weights.live.push_back(bytes.live.value);
      weights.queued.push_back(bytes.queued.value);
    }
    ChunksInFlight worst = worst_moment(schedule, rank, weights);
    held.push_back({std::move(worst.live), std::move(worst.queued)});
  }
  return memory_of_ranks(in.model, in.plan, held, in.device.gpu.reserved_memory);
}

std::vector<PlanProblem> memory_problems(const Inputs& in, const std::vector<RankMemory>& memory) {
  std::vector<PlanProblem> problems;
  for (const RankMemory& m : memory) {
    const Bytes excess = total(m) - in.device.gpu.memory;
    if (excess.value <= 0) continue;
    problems.push_back(
        {"/parallelism",
         fmt::format(
             "pipeline rank {} needs {:.1f} GB ({:.1f} weights, gradients and optimizer, {:.1f} "
             "activations of {} chunks, {:.1f} other) but a {} has {:.1f} GB: {:.1f} GB too much; "
             "raise zero_stage, expert_parallel or tensor_parallel, recompute more, or lower "
             "micro_batch_size",
             m.pipeline_rank, total(m).value / 1e9,
             (m.weights + m.gradients + m.master_weights + m.moments).value / 1e9,
             m.activations.value / 1e9, m.chunks_in_flight,
             (m.logits + m.communication + m.workspace).value / 1e9, in.device.name,
             in.device.gpu.memory.value / 1e9, excess.value / 1e9),
         DocumentKind::plan});
  }
  return problems;
}

Prediction predict(const Inputs& in, const PredictOptions& options) {
  Prediction result;
  result.schedule = schedule_of(in.plan);
  const bool effects_on = options.effects != no_effects;
  const SimulateOptions bare{no_effects, options.unfold, options.record_parts && !effects_on};
  StepTrace trace = simulate(simulated(in), result.schedule, bare);
  Report report = begin_report(in.model, in.cluster, in.plan, in.device);
  report.bare = summary_of(in, result.schedule, trace);
  result.trace = add_effects(in, result.schedule, options, std::move(trace), report);
  report.with_effects = summary_of(in, result.schedule, result.trace);
  report.lanes = lane_shares(result.trace);
  report.chunk_pair = chunk_pair_time(simulated(in), result.schedule);
  report.memory = memory_of(in, result.schedule);
  if (options.price_phases) {
    report.bare_run = run_cost(in, report.bare.step, no_effects);
    report.run = run_cost(in, report.with_effects.step, options.effects);
  }
  report.warnings = warnings_of(in, result.schedule);
  result.report = finish_report(std::move(report));
  return result;
}

}  // namespace reckon

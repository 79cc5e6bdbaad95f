#include "planner/predict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "planner/communicate.hpp"
#include "planner/faults.hpp"
#include "planner/schedules/build_schedule.hpp"
#include "planner/schedules/in_flight.hpp"
#include "planner/spec/problems.hpp"
#include "planner/validate.hpp"
#include "reports/accuracy.hpp"
#include "reports/assemble.hpp"
#include "reports/cost.hpp"
#include "reports/summarize.hpp"
#include "sim/simulate.hpp"

namespace reckon {
namespace {

SimulateInputs simulated(const Inputs& in) { return {in.model, in.cluster, in.device, in.plan}; }

// An effect as the command line and the report name it, and its switch.
std::string plan_source(const Inputs& in, const std::string& key) {
  const auto found = in.plan.effects.sources.find(key);
  return found != in.plan.effects.sources.end() ? found->second : in.plan.effects.source;
}

struct NamedEffect {
  std::string_view name;
  bool EffectSwitches::*on;
  std::string (*source)(const Inputs& in);
};
constexpr std::array<NamedEffect, 6> named_effects{{
    {"clock derate", &EffectSwitches::clock,
     [](const Inputs& in) { return in.device.sustained.source; }},
    {"pipeline sends", &EffectSwitches::pipeline_sends,
     [](const Inputs& in) { return in.cluster.nic.source; }},
    {"shared links", &EffectSwitches::links,
     [](const Inputs& in) { return in.cluster.nic.source; }},
    {"routing imbalance", &EffectSwitches::routing,
     [](const Inputs& in) { return plan_source(in, "routing_relative_deviation"); }},
    {"per-rank jitter", &EffectSwitches::jitter,
     [](const Inputs& in) { return plan_source(in, "jitter_relative_deviation"); }},
    {"faults", &EffectSwitches::faults,
     [](const Inputs& in) { return in.cluster.faults.front().source; }},
}};

// The effects that can be: a cluster without faults has none to switch on.
EffectSwitches effects_of(const Inputs& in, EffectSwitches effects) {
  effects.faults = effects.faults && !in.cluster.faults.empty();
  return effects;
}

StepSummary summary_of(const Inputs& in, const Schedule& schedule, const StepTrace& trace) {
  return summarize(trace, schedule, in.model, in.plan, gpus(in.cluster), in.device.gpu.bf16_peak,
                   extra_flops_per_token(simulated(in)));
}

// Adds the effects one by one; the last trace is the one with all that are on.
StepTrace add_effects(const Inputs& in, const Schedule& schedule, const PredictOptions& options,
                      const TransferDelays& delays, StepTrace trace, Report& report) {
  EffectSwitches so_far;
  Seconds before = to_seconds(trace.step_end);
  for (const NamedEffect& effect : named_effects) {
    if (effect.on == &EffectSwitches::faults && in.cluster.faults.empty()) continue;
    EffectShare share;
    share.name = effect.name;
    share.on = options.effects.*effect.on;
    share.source = effect.source(in);
    if (share.on) {
      so_far.*effect.on = true;
      const bool last = so_far == options.effects;
      trace = simulate(simulated(in), schedule,
                       {so_far, options.unfold, last && options.record_parts, &delays});
    }
    share.step = to_seconds(trace.step_end);
    share.added = share.step - before;
    before = share.step;
    report.effects.push_back(share);
  }
  return trace;
}

// Each fault by itself, beside the effects that are on.
std::vector<FaultCost> fault_costs(const Inputs& in, const Schedule& schedule,
                                   const PredictOptions& options, const TransferDelays& delays) {
  std::vector<FaultCost> costs;
  if (!options.effects.faults || in.cluster.faults.empty()) return costs;
  // All of them told apart, but for one harmless: the same ranks, the same draws.
  const auto step_with = [&](const Fault* harmful) {
    Inputs changed = in;
    changed.cluster.faults.clear();
    for (const Fault& fault : in.cluster.faults) {
      const bool harmless = &fault != harmful;
      if (harmless && !is_of_one_gpu(fault.kind)) continue;
      changed.cluster.faults.push_back(fault);
      if (harmless) changed.cluster.faults.back().speed = 1;
    }
    return to_seconds(
        simulate(simulated(changed), schedule, {options.effects, options.unfold, false, &delays})
            .step_end);
  };
  const Seconds healthy = step_with(nullptr);
  const double gpu_hours_per_day = 24.0 * gpus(in.cluster);
  for (const Fault& fault : in.cluster.faults) {
    FaultCost cost;
    cost.name = to_text(fault);
    cost.step = step_with(&fault);
    cost.added = cost.step - healthy;
    cost.lost_gpu_hours_per_day = gpu_hours_per_day * (cost.added / cost.step);
    cost.lost_usd_per_day = cost.lost_gpu_hours_per_day * in.cluster.pricing.usd_per_gpu_hour;
    cost.source = fault.source;
    costs.push_back(std::move(cost));
  }
  return costs;
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

// "0, 2-5, 7" of ascending ranks.
std::string rank_list(const std::vector<int>& ranks) {
  std::string text;
  for (std::size_t first = 0; first < ranks.size();) {
    std::size_t last = first;
    while (last + 1 < ranks.size() && ranks[last + 1] == ranks[last] + 1) ++last;
    text += fmt::format("{}{}", first == 0 ? "" : ", ", ranks[first]);
    if (last > first) text += fmt::format("-{}", ranks[last]);
    first = last + 1;
  }
  return text;
}

// What a simulation may take: refused above, so that nothing runs out of memory half-way.
constexpr double most_bytes = 4 * gib;
constexpr double most_part_runs = 1.2e10;
constexpr double part_runs_per_minute = 6e9;

// Why a simulation is too large and what to do; empty if it is not. `part_runs`: all so far.
std::string too_large(const SimulationSize& size, double part_runs) {
  if (!size.fits_clock) {
    return fmt::format(
        "a step may take longer than the simulated clock reaches ({:.0f} days); lower "
        "sequence_length or micro_batch_size, or check the rates of the device and the cluster",
        to_seconds(longest_sim_time).value / 86400);
  }
  const std::string what_to_do =
      "lower pipeline_parallel or the number of micro-batches (global_batch_size / "
      "(micro_batch_size x data_parallel)), leave out --unfold, or switch the effects off that "
      "tell ranks apart (--effects clock,sends)";
  if (size.bytes > most_bytes) {
    return fmt::format(
        "simulating it takes {:.1f} GiB of memory, more than the {:.0f} that reckon "
        "takes; {}",
        size.bytes / gib, most_bytes / gib, what_to_do);
  }
  if (part_runs > most_part_runs) {
    return fmt::format(
        "simulating it takes some {:.0f} minutes, more than the {:.0f} that reckon "
        "takes; {}",
        part_runs / part_runs_per_minute, most_part_runs / part_runs_per_minute, what_to_do);
  }
  return {};
}

// How much the bare step hangs on a layout that nobody published: one layer moved between the first
// and the last stage, either way.
void warn_of_assumed_layout(const Inputs& in, Seconds bare, std::vector<Warning>& warnings) {
  if (in.plan.layout.source.rfind("assumed", 0) != 0) return;
  std::string others;
  for (const int moved : {-1, 1}) {
    Plan variant = in.plan;
    std::vector<int>& layers = variant.layout.layers_per_stage;
    if (layers.size() < 2) return;
    layers.front() += moved;
    layers.back() -= moved;
    if (layers.front() < 1 || layers.back() < 0) continue;
    const std::optional<Seconds> step = step_of_variant(in, variant, no_effects);
    if (!step) continue;
    others += fmt::format("{}{:.2f} s with {} layers in the first stage and {} in the last",
                          others.empty() ? "" : ", ", step->value, layers.front(), layers.back());
  }
  if (others.empty()) return;
  warnings.push_back(
      {"ASSUMED_LAYOUT", fmt::format("which stage holds which layers is not published; the "
                                     "bare step of {:.2f} s would take {}",
                                     bare.value, others)});
}

// A plan above the GPU's memory by less than the memory model's own error may fit or not.
void warn_of_tight_memory(const Inputs& in, const std::vector<RankMemory>& memory,
                          std::vector<Warning>& warnings) {
  Bytes most;
  for (const RankMemory& m : memory) most = std::max(most, total(m));
  if (most <= in.device.gpu.memory) return;
  warnings.push_back(
      {"MEMORY_TIGHT",
       fmt::format("the fullest rank needs {:.1f} GB, the GPU has {:.1f}; nine of ten measured "
                   "peaks lie within {:.0f} % of the prediction, so that it may fit or not",
                   most.value / 1e9, in.device.gpu.memory.value / 1e9, memory_margin * 100)});
}

std::vector<Warning> warnings_of(const Inputs& in, const Schedule& schedule, Seconds bare) {
  std::vector<Warning> warnings;
  warn_of_tight_memory(in, memory_of(in, schedule), warnings);
  warn_of_assumed_layout(in, bare, warnings);
  if (in.plan.overlap.gradient_reduction || in.plan.overlap.parameter_gather) {
    warnings.push_back(
        {"OVERLAP_WITHOUT_SMS",
         "exchanges beside compute are taken to hold no SMs: kernels beside them run "
         "at full speed, so that what the overlap saves is an upper bound"});
  }
  std::string outside;
  std::string carried_over;
  for (const WorkShare& share : work_shares(simulated(in), schedule)) {
    if (!share.transfer.empty()) {
      carried_over +=
          fmt::format("{}{} ({:.2f} s of the step): {}", carried_over.empty() ? "" : "; ",
                      share.name, share.transferred.value, share.transfer);
    }
    if (!share.extrapolated) continue;
    const KernelWork& k = *share.extrapolated;
    outside +=
        fmt::format("{}{} {} {} x {} x {} ({:.2f} s of the step)", outside.empty() ? "" : ", ",
                    share.name, enum_name(k.dtype), k.m, k.n, k.k, share.outside.value);
  }
  if (!carried_over.empty()) {
    warnings.push_back({"TRANSFERRED", "kernel models that were not measured on " + in.device.name +
                                           ": " + carried_over});
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
  std::vector<std::pair<std::string, std::vector<int>>>
      needs;  // a need, and the ranks that have it
  for (const RankMemory& m : memory) {
    const Bytes excess = total(m) - in.device.gpu.memory;
    if (excess <= in.device.gpu.memory * memory_margin) continue;
    const std::string need = fmt::format(
        "{:.1f} GB ({:.1f} weights, gradients and optimizer, {:.1f} activations, "
        "{:.1f} other), {:.1f} GB more than the {:.1f} of {}",
        total(m).value / 1e9, (m.weights + m.gradients + m.master_weights + m.moments).value / 1e9,
        m.activations.value / 1e9, (m.logits + m.communication + m.workspace).value / 1e9,
        excess.value / 1e9, in.device.gpu.memory.value / 1e9, printable(in.device.name));
    const auto same = std::find_if(needs.begin(), needs.end(),
                                   [&need](const auto& known) { return known.first == need; });
    if (same != needs.end()) {
      same->second.push_back(m.pipeline_rank);
    } else {
      needs.push_back({need, {m.pipeline_rank}});
    }
  }
  std::vector<PlanProblem> problems;
  for (const auto& [need, ranks] : needs) {
    const bool one = ranks.size() == 1;
    problems.push_back(
        {"/parallelism",
         fmt::format("pipeline rank{} {} {} {}; raise zero_stage, "
                     "expert_parallel or tensor_parallel, recompute more, or lower "
                     "micro_batch_size or sequence_length",
                     one ? "" : "s", rank_list(ranks), one ? "needs" : "each need", need),
         DocumentKind::plan});
  }
  return problems;
}

std::vector<PlanProblem> size_problems(const Inputs& in, const PredictOptions& options) {
  std::vector<PlanProblem> problems;
  double part_runs = 0;
  const auto check = [&](const Plan& plan, const std::string& pointer, const SimulateOptions& how,
                         double times) {
    const SimulationSize size =
        simulation_size({in.model, in.cluster, in.device, plan}, schedule_of(plan), how);
    part_runs += size.part_runs * times;
    const std::string reason = too_large(size, part_runs);
    if (!reason.empty()) problems.push_back({pointer, reason, DocumentKind::plan});
  };
  // Most of the time goes into the effects that tell ranks apart: routing, jitter, all faults and
  // each of them.
  const auto faults = static_cast<double>(options.effects.faults ? in.cluster.faults.size() : 0);
  check(in.plan, "/parallelism", {options.effects, options.unfold, options.record_parts},
        2 + (faults > 0 ? 2 + faults : 0));
  for (std::size_t index = 0; index < in.plan.phases.size() && problems.empty(); ++index) {
    const Phase& phase = in.plan.phases[index];
    const Plan plan = plan_of_phase(in.plan, phase);
    const bool is_simulated = phase.given_gpu_hours == 0 && plan != in.plan;
    if (!options.price_phases || !is_simulated) continue;
    check(plan, "/phases/" + std::to_string(index), {options.effects, false, false}, 1);
  }
  return problems;
}

StepSummary predict_step(const Inputs& in, const Schedule& schedule, const EffectSwitches& asked) {
  const EffectSwitches effects = effects_of(in, asked);
  TransferDelays delays;
  if (effects.links) delays = transfer_delays(simulated(in), schedule, effects);
  return summary_of(in, schedule,
                    simulate(simulated(in), schedule, {effects, false, false, &delays}));
}

Prediction predict(const Inputs& in, const PredictOptions& asked) {
  PredictOptions options = asked;
  options.effects = effects_of(in, asked.effects);
  Prediction result;
  result.schedule = schedule_of(in.plan);
  const bool effects_on = options.effects != no_effects;
  const SimulateOptions bare{no_effects, options.unfold, options.record_parts && !effects_on};
  StepTrace trace = simulate(simulated(in), result.schedule, bare);
  Report report = begin_report(in.model, in.cluster, in.plan, in.device);
  report.bare = summary_of(in, result.schedule, trace);
  TransferDelays delays;
  if (options.effects.links) {
    delays = transfer_delays(simulated(in), result.schedule, options.effects);
  }
  result.trace = add_effects(in, result.schedule, options, delays, std::move(trace), report);
  report.faults = fault_costs(in, result.schedule, options, delays);
  report.with_effects = summary_of(in, result.schedule, result.trace);
  report.lanes = lane_shares(result.trace);
  report.chunk_pair = chunk_pair_time(simulated(in), result.schedule);
  report.memory = memory_of(in, result.schedule);
  if (options.price_phases) {
    report.bare_run = run_cost(in, report.bare.step, no_effects);
    report.run = run_cost(in, report.with_effects.step, options.effects);
  }
  report.warnings = warnings_of(in, result.schedule, report.bare.step);
  result.report = finish_report(std::move(report));
  return result;
}

}  // namespace reckon

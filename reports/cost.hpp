// From step times to GPU-hours and dollars of the phases of a run.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/units.hpp"
#include "reports/report.hpp"

namespace reckon {

// The whole steps of equal size that a phase is made of.
struct PhasePart {
  double tokens = 0;
  double steps = 0;
  Seconds step;  // of one step
};

// GPU-hours and dollars of a phase whose parts run one after the other on `gpus` GPUs.
PhaseCost price_phase(const Phase& phase, const std::vector<PhasePart>& parts, double gpus,
                      Usd usd_per_gpu_hour);

// The same for a phase that the plan gives in GPU-hours: nothing is predicted, provenance
// `published` if the phase names a source, else `assumed`.
PhaseCost price_given_phase(const Phase& phase, double gpus, Usd usd_per_gpu_hour);

// GPU-hours of what a phase's published figure covers: the phase, and those of its kind right
// before it that have no figure of their own (one published total for two context extensions). 0
// for a phase without a published figure.
double covered_gpu_hours(const std::vector<PhaseCost>& phases, std::size_t phase);

// The sum of the phases. The published total stands only if published figures cover every phase.
RunCost total_run(std::vector<PhaseCost> phases, const Pricing& pricing);

// A stretch of a batch ramp.
struct RampPart {
  int batch = 0;  // sequences a step
  double tokens = 0;
  bool operator==(const RampPart&) const = default;
};

// A linear ramp (the batch grows linearly with the tokens seen, from ramp_from_batch_size to
// `full_batch` over ramp_tokens) in whole multiples of `quantum`: each stretch has the multiple
// that is nearest to the ramp's line, boundaries at whole tokens. The tokens add up to ramp_tokens
// exactly. Empty for a phase without a ramp.
std::vector<RampPart> ramp_parts(const Phase& phase, int full_batch, int quantum);

// The smallest step of the batch that keeps micro-batches whole and the plan's schedule legal.
int batch_quantum(const Plan& plan);

// The plan as it runs in a phase: its batch, sequence length and context parallelism;
// data_parallel shrinks as context_parallel grows.
Plan plan_of_phase(const Plan& plan, const Phase& phase);

// A batch that was simulated and what its step took.
struct StepPoint {
  int batch = 0;
  Seconds step;
};

// The step time of another batch on the straight line through the two nearest points (a pipeline
// takes one slot more for each micro-batch more, whatever the fill and drain); proportional to the
// batch if there is one point only. `points` by ascending batch, not empty.
Seconds step_at(const std::vector<StepPoint>& points, double batch);

// Predicts one step of a plan; empty if that plan cannot run.
using StepOf = std::function<std::optional<Seconds>(const Plan&)>;

// Every phase of a plan simulated (or taken as given) and priced. A ramp costs one more simulation,
// at half the batch: steps between and below lie on the line through both. A phase that cannot run
// has no cost and says so in its note, with provenance `assumed`.
RunCost price_run(const Plan& plan, double gpus, const Pricing& pricing, const StepOf& step_of);

}  // namespace reckon

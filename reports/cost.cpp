#include "reports/cost.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

namespace reckon {
namespace {

constexpr double seconds_per_hour = 3600.0;

double published_gpu_hours(const Phase& phase) {
  return phase.published ? phase.published->gpu_hours : 0.0;
}

double tokens_of(const Phase& phase, double tokens_per_step) {
  return phase.tokens > 0 ? phase.tokens : phase.steps * tokens_per_step;
}

// The simulated batches of a phase: the full one, and for a ramp one of half that size.
std::vector<StepPoint> step_points(const Plan& plan, const Phase& phase, const StepOf& step_of) {
  std::vector<StepPoint> points;
  const std::optional<Seconds> full = step_of(plan);
  if (!full) return points;
  const int batch = plan.batch.global_batch_size;
  if (phase.ramp_from_batch_size > 0) {
    const int quantum = batch_quantum(plan);
    Plan half = plan;
    half.batch.global_batch_size = batch / 2 / quantum * quantum;
    if (half.batch.global_batch_size > 0) {
      const std::optional<Seconds> step = step_of(half);
      if (step) points.push_back({half.batch.global_batch_size, *step});
    }
  }
  points.push_back({batch, *full});
  return points;
}

std::vector<PhasePart> phase_parts(const Plan& plan, const Phase& phase,
                                   const std::vector<StepPoint>& points) {
  const int batch = plan.batch.global_batch_size;
  const double sequence = plan.batch.sequence_length;
  std::vector<PhasePart> parts;
  double ramped = 0;
  for (const RampPart& part : ramp_parts(phase, batch, batch_quantum(plan))) {
    parts.push_back(
        {part.tokens, part.tokens / (part.batch * sequence), step_at(points, part.batch)});
    ramped += part.tokens;
  }
  const double rest = tokens_of(phase, batch * sequence) - ramped;
  if (rest > 0) parts.push_back({rest, rest / (batch * sequence), step_at(points, batch)});
  return parts;
}

PhaseCost price_planned_phase(const Plan& whole_plan, const Phase& phase, double gpus,
                              Usd usd_per_gpu_hour, const StepOf& step_of) {
  if (phase.given_gpu_hours > 0) return price_given_phase(phase, gpus, usd_per_gpu_hour);
  const Plan plan = plan_of_phase(whole_plan, phase);
  const std::vector<StepPoint> points = step_points(plan, phase, step_of);
  if (points.empty()) {
    PhaseCost cost = price_phase(phase, {}, gpus, usd_per_gpu_hour);
    cost.provenance = Provenance::assumed;
    cost.note = "not priced: the plan cannot run with this phase's batch and sequence length";
    return cost;
  }
  PhaseCost cost = price_phase(phase, phase_parts(plan, phase, points), gpus, usd_per_gpu_hour);
  if (phase.ramp_tokens > 0) {
    cost.note =
        fmt::format("batch {} to {} sequences over the first {:.6g} tokens",
                    phase.ramp_from_batch_size, plan.batch.global_batch_size, phase.ramp_tokens);
  } else if (plan.batch.sequence_length != whole_plan.batch.sequence_length) {
    cost.note =
        fmt::format("{} sequences of {} tokens, context parallel {}", plan.batch.global_batch_size,
                    plan.batch.sequence_length, plan.parallelism.context_parallel);
  }
  return cost;
}

}  // namespace

PhaseCost price_phase(const Phase& phase, const std::vector<PhasePart>& parts, double gpus,
                      Usd usd_per_gpu_hour) {
  PhaseCost cost{.name = phase.name, .kind = phase.kind};
  for (const PhasePart& part : parts) {
    cost.tokens += part.tokens;
    cost.steps += part.steps;
    cost.duration += part.steps * part.step;
  }
  cost.gpu_hours = cost.duration.value * gpus / seconds_per_hour;
  cost.usd = cost.gpu_hours * usd_per_gpu_hour;
  cost.published_gpu_hours = published_gpu_hours(phase);
  return cost;
}

PhaseCost price_given_phase(const Phase& phase, double gpus, Usd usd_per_gpu_hour) {
  PhaseCost cost{.name = phase.name, .kind = phase.kind};
  cost.gpu_hours = phase.given_gpu_hours;
  cost.usd = cost.gpu_hours * usd_per_gpu_hour;
  cost.duration = {gpus > 0 ? cost.gpu_hours * seconds_per_hour / gpus : 0.0};
  cost.published_gpu_hours = published_gpu_hours(phase);
  cost.provenance = phase.source.empty() ? Provenance::assumed : Provenance::published;
  cost.note = "GPU-hours given by the plan, not predicted";
  return cost;
}

double covered_gpu_hours(const std::vector<PhaseCost>& phases, std::size_t phase) {
  if (phases[phase].published_gpu_hours <= 0) return 0;
  double covered = phases[phase].gpu_hours;
  for (; phase > 0 && phases[phase - 1].kind == phases[phase].kind &&
         phases[phase - 1].published_gpu_hours <= 0;
       --phase) {
    covered += phases[phase - 1].gpu_hours;
  }
  return covered;
}

RunCost total_run(std::vector<PhaseCost> phases, const Pricing& pricing) {
  RunCost run{.usd_per_gpu_hour = pricing.usd_per_gpu_hour, .price_source = pricing.source};
  double covered = 0;
  for (std::size_t index = 0; index < phases.size(); ++index) {
    const PhaseCost& phase = phases[index];
    covered += covered_gpu_hours(phases, index);
    run.gpu_hours += phase.gpu_hours;
    run.duration += phase.duration;
    run.published_gpu_hours += phase.published_gpu_hours;
    run.provenance = weaker(run.provenance, phase.provenance);
  }
  run.usd = run.gpu_hours * run.usd_per_gpu_hour;
  const bool covers_all = std::abs(covered - run.gpu_hours) <= 1e-9 * run.gpu_hours;
  if (!covers_all) run.published_gpu_hours = 0;
  run.phases = std::move(phases);
  return run;
}

std::vector<RampPart> ramp_parts(const Phase& phase, int full_batch, int quantum) {
  std::vector<RampPart> parts;
  if (phase.ramp_from_batch_size <= 0 || phase.ramp_tokens <= 0 || quantum <= 0) return parts;
  const double from = phase.ramp_from_batch_size;
  const double to = full_batch;
  if (from >= to) return {{full_batch, phase.ramp_tokens}};
  const auto nearest = [quantum](double batch) {
    return std::max<long>(1, std::lround(batch / quantum));
  };
  double begin = 0;
  for (long multiple = nearest(from); multiple <= nearest(to); ++multiple) {
    const double next_batch = (static_cast<double>(multiple) + 0.5) * quantum;
    const double line = std::floor(phase.ramp_tokens * ((next_batch - from) / (to - from)));
    const double end =
        multiple == nearest(to) ? phase.ramp_tokens : std::clamp(line, begin, phase.ramp_tokens);
    if (end > begin) parts.push_back({static_cast<int>(multiple * quantum), end - begin});
    begin = end;
  }
  return parts;
}

int batch_quantum(const Plan& plan) {
  const int one_micro_batch = plan.parallelism.data_parallel * plan.batch.micro_batch_size;
  switch (plan.schedule) {
    case ScheduleKind::dual_pipe:
      return 2 * one_micro_batch;  // as many micro-batches in each direction
    case ScheduleKind::interleaved_one_forward_one_backward:
      return plan.parallelism.pipeline_parallel * one_micro_batch;
    case ScheduleKind::gpipe:
    case ScheduleKind::one_forward_one_backward:
    case ScheduleKind::zb_h1:
    case ScheduleKind::zb_h2:
    case ScheduleKind::zb_v:
    case ScheduleKind::dual_pipe_v:
      break;
  }
  return one_micro_batch;
}

Plan plan_of_phase(const Plan& plan, const Phase& phase) {
  Plan changed = plan;
  if (phase.global_batch_size > 0) changed.batch.global_batch_size = phase.global_batch_size;
  if (phase.sequence_length > 0) changed.batch.sequence_length = phase.sequence_length;
  if (phase.context_parallel > 0) {
    Parallelism& parallelism = changed.parallelism;
    parallelism.data_parallel =
        parallelism.data_parallel * parallelism.context_parallel / phase.context_parallel;
    parallelism.context_parallel = phase.context_parallel;
  }
  return changed;
}

Seconds step_at(const std::vector<StepPoint>& points, double batch) {
  if (points.size() == 1) return points.front().step * (batch / points.front().batch);
  std::size_t right = 1;
  while (right + 1 < points.size() && points[right].batch < batch) ++right;
  const StepPoint& low = points[right - 1];
  const StepPoint& high = points[right];
  const double way = (batch - low.batch) / static_cast<double>(high.batch - low.batch);
  return low.step + way * (high.step - low.step);
}

RunCost price_run(const Plan& plan, double gpus, const Pricing& pricing, const StepOf& step_of) {
  std::vector<PhaseCost> phases;
  for (const Phase& phase : plan.phases) {
    phases.push_back(price_planned_phase(plan, phase, gpus, pricing.usd_per_gpu_hour, step_of));
  }
  return total_run(std::move(phases), pricing);
}

}  // namespace reckon

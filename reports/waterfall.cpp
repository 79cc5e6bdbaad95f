#include "reports/waterfall.hpp"

#include <cmath>
#include <string>
#include <utility>

namespace reckon {
namespace {

bool is_predicted_pretraining(const PhaseCost& phase) {
  return phase.kind == PhaseKind::pretrain && phase.tokens > 0;
}

// Lines of the bare step, each in seconds of one step; together they are the bare step.
std::vector<std::pair<WaterfallLine, Seconds>> step_lines(const StepSummary& bare) {
  const RankTime& mean = bare.mean;
  const Seconds ideal = bare.mfu_causal * bare.step;
  const Seconds beyond_model = (bare.hfu_causal - bare.mfu_causal) * bare.step;
  const Seconds kernels = mean.forward + mean.backward + mean.backward_weight +
                          mean.overlapped_pair - mean.exposed_communication;
  return {{{.id = "ideal", .name = "model FLOPs at BF16 peak"}, ideal},
          {{.id = "beyond_model", .name = "MTP and recomputation, at peak"}, beyond_model},
          {{.id = "below_peak", .name = "kernels below peak"}, kernels - ideal - beyond_model},
          {{.id = "exposed_communication", .name = "exposed communication"},
           mean.exposed_communication},
          {{.id = "bubble", .name = "pipeline bubble"}, mean.bubble},
          {{.id = "optimizer", .name = "gradient reduction and optimizer"}, mean.optimizer}};
}

double sum_gpu_hours(const RunCost& run, bool (*of_line)(const PhaseCost&)) {
  double sum = 0;
  for (const PhaseCost& phase : run.phases) sum += of_line(phase) ? phase.gpu_hours : 0.0;
  return sum;
}

// Whole phases that are not predicted pre-training, by kind.
void add_phases(const RunCost& run, std::vector<WaterfallLine>& lines) {
  const double given = sum_gpu_hours(run, [](const PhaseCost& phase) {
    return phase.kind == PhaseKind::pretrain && !is_predicted_pretraining(phase);
  });
  if (given > 0) {
    lines.push_back({.id = "given", .name = "pre-training as given", .gpu_hours = given});
  }
  const double extension = sum_gpu_hours(
      run, [](const PhaseCost& phase) { return phase.kind == PhaseKind::context_extension; });
  if (extension > 0) {
    lines.push_back(
        {.id = "context_extension", .name = "context extension", .gpu_hours = extension});
  }
  const double post = sum_gpu_hours(
      run, [](const PhaseCost& phase) { return phase.kind == PhaseKind::post_training; });
  if (post > 0) {
    lines.push_back({.id = "post_training", .name = "post-training", .gpu_hours = post});
  }
}

void add_pretraining(const Report& report, double tokens, std::vector<WaterfallLine>& lines) {
  const double steps = tokens / tokens_per_step(report.plan);
  const double gpu_hours_per_second = steps * report.gpus / 3600.0;  // of one step's second
  for (auto& [line, seconds] : step_lines(report.bare)) {
    line.gpu_hours = seconds.value * gpu_hours_per_second;
    lines.push_back(std::move(line));
  }
  Seconds step = report.bare.step;
  for (const EffectShare& effect : report.effects) {
    if (!effect.on) continue;
    lines.push_back({.id = "effect:" + effect.name,
                     .name = effect.name,
                     .gpu_hours = (effect.step - step).value * gpu_hours_per_second});
    step = effect.step;
  }
  // Not the last effect's step: the effects were not simulated one on top of the other.
  const Seconds rest = report.with_effects.step - step;
  if (std::abs(rest.value) > 1e-9 * report.with_effects.step.value) {
    lines.push_back({.id = "effects_together",
                     .name = "effects on each other",
                     .gpu_hours = rest.value * gpu_hours_per_second});
  }
  const double predicted = sum_gpu_hours(report.run, is_predicted_pretraining);
  lines.push_back({.id = "batch_ramp",
                   .name = "batch ramp",
                   .gpu_hours = predicted - report.with_effects.step.value * gpu_hours_per_second});
}

// The last line takes what rounding left, so that adding up gives the total to the last bit.
template <class Member, class Number>
void close(std::vector<WaterfallLine>& lines, Member member, Number total) {
  Number before{};
  for (std::size_t index = 0; index + 1 < lines.size(); ++index) before += lines[index].*member;
  lines.back().*member = total - before;
}

}  // namespace

std::vector<WaterfallLine> waterfall(const Report& report) {
  std::vector<WaterfallLine> lines;
  double tokens = 0;
  for (const PhaseCost& phase : report.run.phases) {
    if (is_predicted_pretraining(phase)) tokens += phase.tokens;
  }
  if (tokens > 0) add_pretraining(report, tokens, lines);
  add_phases(report.run, lines);
  if (lines.empty()) return lines;
  close(lines, &WaterfallLine::gpu_hours, report.run.gpu_hours);
  for (WaterfallLine& line : lines) line.usd = line.gpu_hours * report.run.usd_per_gpu_hour;
  close(lines, &WaterfallLine::usd, report.run.usd);
  return lines;
}

}  // namespace reckon

#include "reports/published.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace reckon {
namespace {

// Allowed errors. They are the project's goals (its second issue), the same for every plan.
struct Tolerance {
  double bare = 0;
  double with_effects = 0;
  bool is_absolute = false;
};
constexpr Tolerance none{};
constexpr Tolerance of_chunk_pair{.bare = 0.05, .with_effects = 0};
constexpr Tolerance of_class{.bare = 0.12, .with_effects = 0.08};
constexpr Tolerance of_step{.bare = 0.10, .with_effects = 0.05};
constexpr Tolerance of_mfu{.bare = 0.045, .with_effects = 0.02, .is_absolute = true};

struct StepFigure {
  std::string_view id;
  std::string_view name;
  std::string_view unit;
  double PublishedStep::*published;
  double (*ours)(const StepSummary&);
  Tolerance tolerance;
};

constexpr std::array<StepFigure, 10> step_figures{{
    {"forward", "1F, forwards alone", "s", &PublishedStep::forward_s,
     [](const StepSummary& s) { return s.mean.forward.value; }, of_class},
    {"backward", "1B, backwards alone", "s", &PublishedStep::backward_s,
     [](const StepSummary& s) { return s.mean.backward.value; }, of_class},
    {"backward_weight", "1W, weights alone", "s", &PublishedStep::backward_weight_s,
     [](const StepSummary& s) { return s.mean.backward_weight.value; }, none},
    {"overlapped_pair", "1F1B, overlapped pairs", "s", &PublishedStep::overlapped_pair_s,
     [](const StepSummary& s) { return s.mean.overlapped_pair.value; }, of_class},
    {"bubble", "bubble", "s", &PublishedStep::bubble_s,
     [](const StepSummary& s) { return s.mean.bubble.value; }, none},
    {"optimizer", "reduction, optimizer", "s", &PublishedStep::optimizer_s,
     [](const StepSummary& s) { return s.mean.optimizer.value; }, none},
    {"step", "step", "s", &PublishedStep::step_s, [](const StepSummary& s) { return s.step.value; },
     of_step},
    {"mfu_causal", "MFU, causal attention", "share", &PublishedStep::mfu_causal,
     [](const StepSummary& s) { return s.mfu_causal; }, of_mfu},
    {"mfu_full", "MFU, full attention", "share", &PublishedStep::mfu_full,
     [](const StepSummary& s) { return s.mfu_full; }, of_mfu},
    {"gpu_hours_per_trillion_tokens", "GPU-hours per T tokens", "gpu_hours",
     &PublishedStep::gpu_hours_per_trillion_tokens,
     [](const StepSummary& s) { return s.gpu_hours_per_trillion_tokens; }, of_step},
}};

constexpr std::string_view can_express =
    "The model can express stage imbalance (embedding, head, MTP, dense layers), pipeline sends, "
    "rank "
    "skew (routing, jitter) and gradient reduction at the end";
constexpr std::string_view cannot_express =
    "not host stalls, data loading, network incidents, checkpoint writes, or what the authors "
    "counted "
    "here";

PublishedFigure row(std::string_view id, std::string_view name, std::string_view unit,
                    double published, double bare, std::optional<double> with_effects,
                    const Tolerance& tolerance) {
  return {.id = std::string(id),
          .name = std::string(name),
          .unit = std::string(unit),
          .published = published,
          .bare = bare,
          .with_effects = with_effects,
          .tolerance_bare = tolerance.bare,
          .tolerance_with_effects = with_effects ? tolerance.with_effects : 0,
          .tolerance_is_absolute = tolerance.is_absolute};
}

// Time and number of ops, added up over all ranks.
struct Sums {
  double forward = 0, backward = 0, weight = 0, pair = 0;
  double forwards = 0, backwards = 0, weights = 0, pairs = 0;
};

Sums sums_over_ranks(const StepSummary& summary) {
  Sums sums;
  for (const RankTime& rank : summary.ranks) {
    sums.forward += rank.forward.value;
    sums.backward += rank.backward.value;
    sums.weight += rank.backward_weight.value;
    sums.pair += rank.overlapped_pair.value;
    sums.forwards += rank.forwards;
    sums.backwards += rank.backwards;
    sums.weights += rank.backward_weights;
    sums.pairs += rank.pairs;
  }
  return sums;
}

std::string bubble_remark(const Report& report, double published) {
  const StepSummary& ours = has_effects(report) ? report.with_effects : report.bare;
  const std::optional<Seconds> formula = formula_bubble(ours, schedule_shape(report.plan));
  std::string text;
  if (formula) {
    text = fmt::format(
        "The schedule's formula gives {:.2f} s with these op times; published is {:.2f} s {}. ",
        formula->value, std::abs(published - formula->value),
        formula->value < published ? "more" : "less");
  }
  return text + fmt::format("{}; {}.", can_express, cannot_express);
}

// What one op of a class takes, for the classes whose ops can be counted.
std::string class_remark(const Report& report, std::string_view id, double published) {
  const Sums bare = sums_over_ranks(report.bare);
  const Sums effects = sums_over_ranks(report.with_effects);
  const bool is_forward = id == "forward";
  const bool is_backward = id == "backward";
  if (!is_forward && !is_backward && id != "overlapped_pair") return {};
  const double Sums::*time = is_forward    ? &Sums::forward
                             : is_backward ? &Sums::backward
                                           : &Sums::pair;
  const double Sums::*ops = is_forward    ? &Sums::forwards
                            : is_backward ? &Sums::backwards
                                          : &Sums::pairs;
  if (bare.*ops <= 0) return {};
  const double ops_per_rank = bare.*ops / static_cast<double>(report.bare.ranks.size());
  std::string text =
      fmt::format("Published {:.1f} ms an op with these {:.1f} ops a rank; bare {:.1f} ms",
                  1e3 * published / ops_per_rank, ops_per_rank, 1e3 * bare.*time / (bare.*ops));
  if (has_effects(report) && effects.*ops > 0) {
    text += fmt::format(", with effects {:.1f} ms", 1e3 * effects.*time / (effects.*ops));
  }
  return text + ".";
}

std::string weight_remark(const Report& report, double published) {
  const StepSummary& ours = has_effects(report) ? report.with_effects : report.bare;
  const Sums sums = sums_over_ranks(ours);
  if (sums.weights <= 0) return "This schedule runs no weight gradients alone.";
  const double ops_per_rank = sums.weights / static_cast<double>(ours.ranks.size());
  const std::string candidates = report.plan.published->bubble_s > 0
                                     ? "Candidates: those of the bubble."
                                     : fmt::format("{}; {}.", can_express, cannot_express);
  return fmt::format(
      "Published {:.1f} ms an op ({:.1f} ops a rank); the kernels of the device profile give "
      "{:.1f} ms. {}",
      1e3 * published / ops_per_rank, ops_per_rank, 1e3 * sums.weight / sums.weights, candidates);
}

// The two classes that differ most from their published times.
std::string step_remark(const Report& report, const std::vector<PublishedFigure>& rows) {
  std::vector<std::pair<double, std::string>> differences;
  for (const PublishedFigure& figure : rows) {
    if (figure.unit != "s" || figure.id == "chunk_pair" || figure.id == "step") continue;
    const double ours = figure.with_effects.value_or(figure.bare);
    differences.emplace_back(ours - figure.published, figure.name.substr(0, figure.name.find(',')));
  }
  if (differences.empty()) return {};
  std::stable_sort(differences.begin(), differences.end(), [](const auto& left, const auto& right) {
    return std::abs(left.first) > std::abs(right.first);
  });
  std::string text = has_effects(report) ? "With effects, the parts that differ most:"
                                         : "The parts that differ most:";
  for (std::size_t index = 0; index < std::min<std::size_t>(2, differences.size()); ++index) {
    text += fmt::format("{} {} {:+.2f} s", index == 0 ? "" : ",", differences[index].second,
                        differences[index].first);
  }
  return text + ".";
}

void add_step(const Report& report, std::vector<PublishedFigure>& rows) {
  const PublishedStep& published = *report.plan.published;
  if (published.chunk_pair_s > 0 && report.chunk_pair.value > 0) {
    rows.push_back(row("chunk_pair", "a pair without sends", "s", published.chunk_pair_s,
                       report.chunk_pair.value, std::nullopt, of_chunk_pair));
    rows.back().source = published.source;
    rows.back().remark =
        "Where the device profile comes from the same window, as for H800, this tests order, "
        "overlap and "
        "lent SMs, not the kernels.";
  }
  for (const StepFigure& figure : step_figures) {
    const double value = published.*figure.published;
    if (value <= 0) continue;
    const std::optional<double> with_effects =
        has_effects(report) ? std::optional(figure.ours(report.with_effects)) : std::nullopt;
    PublishedFigure added = row(figure.id, figure.name, figure.unit, value,
                                figure.ours(report.bare), with_effects, figure.tolerance);
    added.remark = class_remark(report, figure.id, value);
    if (figure.id == "bubble") added.remark = bubble_remark(report, value);
    if (figure.id == "backward_weight") added.remark = weight_remark(report, value);
    if (figure.id == "step") added.remark = step_remark(report, rows);
    added.source = published.source;
    rows.push_back(std::move(added));
  }
}

void add_run(const Report& report, std::vector<PublishedFigure>& rows) {
  const RunCost& run = report.run;
  if (run.published_gpu_hours <= 0) return;
  std::string source;
  for (const Phase& phase : report.plan.phases) {
    if (source.empty() && phase.published) source = phase.published->source;
  }
  // A total without step figures contains what no step predicts.
  const Tolerance tolerance = report.plan.published ? of_step : none;
  const std::string remark =
      report.plan.published
          ? ""
          : "Published is a total: it holds restarts, failures and evaluation, which "
            "no step predicts; no step time was published.";
  const auto with = [&report](double value) {
    return has_effects(report) ? std::optional(value) : std::nullopt;
  };
  rows.push_back(row("run_gpu_hours", "whole run, GPU-hours", "gpu_hours", run.published_gpu_hours,
                     report.bare_run.gpu_hours, with(run.gpu_hours), tolerance));
  rows.back().remark = remark;
  rows.back().source = source;
  const std::string at_price = fmt::format("cost at ${:.2f}/GPU-hour", run.usd_per_gpu_hour.value);
  rows.push_back(row("run_usd", at_price, "usd",
                     (run.published_gpu_hours * run.usd_per_gpu_hour).value,
                     report.bare_run.usd.value, with(run.usd.value), tolerance));
  rows.back().source = std::move(source);
}

}  // namespace

std::vector<PublishedFigure> published_figures(const Report& report) {
  std::vector<PublishedFigure> rows;
  if (report.plan.published) add_step(report, rows);
  add_run(report, rows);
  // What was published ran without these faults: a step with them is not to be judged by it.
  if (!report.faults.empty()) {
    for (PublishedFigure& figure : rows) figure.tolerance_with_effects = 0;
  }
  return rows;
}

double error_of(const PublishedFigure& figure, double predicted) {
  if (figure.tolerance_is_absolute) return predicted - figure.published;
  return predicted / figure.published - 1;
}

std::optional<bool> is_within_tolerance(const PublishedFigure& figure) {
  std::optional<bool> within;
  if (figure.tolerance_bare > 0) {
    within = std::abs(error_of(figure, figure.bare)) <= figure.tolerance_bare;
  }
  if (figure.tolerance_with_effects > 0 && figure.with_effects) {
    within = within.value_or(true) &&
             std::abs(error_of(figure, *figure.with_effects)) <= figure.tolerance_with_effects;
  }
  return within;
}

std::optional<Seconds> formula_bubble(const StepSummary& summary, const ScheduleShape& shape) {
  const Sums sums = sums_over_ranks(summary);
  const double full_backwards = sums.backwards - sums.weights;  // a split one has a 1W of its own
  const bool is_dual =
      shape.kind == ScheduleKind::dual_pipe || shape.kind == ScheduleKind::dual_pipe_v;
  const bool splits =
      is_dual || shape.kind == ScheduleKind::zb_h1 || shape.kind == ScheduleKind::zb_h2;
  if (sums.forwards <= 0 || sums.backwards <= 0 || (splits && sums.weights <= 0) ||
      (is_dual && sums.pairs <= 0)) {
    return std::nullopt;
  }
  const double forward = sums.forward / sums.forwards;
  const double weight = sums.weights > 0 ? sums.weight / sums.weights : 0;
  const double input = (sums.backward - full_backwards * weight) / sums.backwards;
  const double backward = input + weight;
  const double pair = sums.pairs > 0 ? sums.pair / sums.pairs : 0;
  switch (shape.kind) {
    case ScheduleKind::gpipe:
    case ScheduleKind::one_forward_one_backward:
    case ScheduleKind::interleaved_one_forward_one_backward:
      return Seconds{(shape.pipeline_ranks - 1) *
                     (sums.forward / sums.forwards + sums.backward / sums.backwards)};
    case ScheduleKind::zb_h1:
      return Seconds{(shape.pipeline_ranks - 1) * (forward + backward - 2 * weight)};
    case ScheduleKind::zb_h2:
      return Seconds{(shape.pipeline_ranks - 1) * std::max(0.0, forward + backward - 3 * weight)};
    case ScheduleKind::zb_v:  // made for equal passes, without one; no formula for others
      return std::nullopt;
    case ScheduleKind::dual_pipe:
    case ScheduleKind::dual_pipe_v:
      return Seconds{(shape.stages / 2.0 - 1) * (pair + backward - 3 * weight)};
  }
  return std::nullopt;
}

}  // namespace reckon

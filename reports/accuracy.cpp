#include "reports/accuracy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

namespace reckon {
namespace {

bool is_expressed(const RunCheck& run) { return run.predicted.value > 0; }
double signed_error(const RunCheck& run) {
  return is_expressed(run) ? run.predicted / run.measured - 1 : -1.0;
}
double error(const RunCheck& run) { return std::abs(signed_error(run)); }
double held_out_error(const RunCheck& run) {
  return run.held_out.value > 0 ? std::abs(run.held_out / run.measured - 1) : 1.0;
}

// Linear between the two nearest; 0 of nothing.
double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (place - static_cast<double>(below));
}
double mean(const std::vector<double>& values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Place of each value in the order of all, ties sharing theirs.
std::vector<double> ranks_of(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) ++last;
    for (std::size_t i = first; i <= last; ++i) {
      ranks[order[i]] = static_cast<double>(first + last) / 2;
    }
    first = last + 1;
  }
  return ranks;
}

// Spearman's; 1 of fewer than two values or of equal ones.
double rank_correlation(const std::vector<double>& left, const std::vector<double>& right) {
  const std::vector<double> a = ranks_of(left);
  const std::vector<double> b = ranks_of(right);
  const double mean_a = mean(a);
  const double mean_b = mean(b);
  double both = 0, square_a = 0, square_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both += (a[i] - mean_a) * (b[i] - mean_b);
    square_a += (a[i] - mean_a) * (a[i] - mean_a);
    square_b += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return square_a > 0 && square_b > 0 ? both / std::sqrt(square_a * square_b) : 1;
}

using Choice = std::function<bool(const RunCheck&)>;

AccuracySummary summary_of(const std::vector<RunCheck>& runs, std::string name,
                           const Choice& chosen) {
  AccuracySummary s;
  s.name = std::move(name);
  std::vector<double> errors, measured, predicted;
  struct Group {
    std::vector<double> errors, held_out, signed_errors;
  };
  std::map<std::string, Group> groups;
  for (const RunCheck& run : runs) {
    if (!chosen(run)) continue;
    ++s.rows;
    if (is_expressed(run)) ++s.expressed;
    errors.push_back(error(run));
    measured.push_back(run.measured.value);
    predicted.push_back(run.predicted.value);
    Group& group = groups[run.group];
    group.errors.push_back(error(run));
    group.held_out.push_back(held_out_error(run));
    group.signed_errors.push_back(signed_error(run));
  }
  std::vector<double> by_group, held_out, bias;
  for (const auto& [key, group] : groups) {
    by_group.push_back(mean(group.errors));
    held_out.push_back(mean(group.held_out));
    bias.push_back(mean(group.signed_errors));
  }
  s.groups = static_cast<int>(groups.size());
  s.median = quantile(errors, 0.5);
  s.p90 = quantile(errors, 0.9);
  s.group_median = quantile(by_group, 0.5);
  s.group_p90 = quantile(by_group, 0.9);
  s.bias = mean(bias);
  s.held_out_median = quantile(held_out, 0.5);
  s.held_out_p90 = quantile(held_out, 0.9);
  s.rank_correlation = rank_correlation(measured, predicted);
  return s;
}

// One summary for each value of `key`, the most runs first.
std::vector<AccuracySummary> summaries_by(const std::vector<RunCheck>& runs,
                                          const std::function<std::string(const RunCheck&)>& key) {
  std::map<std::string, int> names;
  for (const RunCheck& run : runs) ++names[key(run)];
  std::vector<AccuracySummary> summaries;
  for (const auto& [name, count] : names) {
    summaries.push_back(
        summary_of(runs, name, [&, name = name](const RunCheck& r) { return key(r) == name; }));
  }
  std::stable_sort(
      summaries.begin(), summaries.end(),
      [](const AccuracySummary& a, const AccuracySummary& b) { return a.rows > b.rows; });
  return summaries;
}

std::vector<AccuracySummary> target_classes(const std::vector<RunCheck>& runs) {
  const auto is = [](const RunCheck& run, const char* generation, const char* architecture) {
    return generation_of(run.gpu) == generation && run.architecture == architecture;
  };
  std::vector<AccuracySummary> classes;
  const auto add = [&](const std::string& name, const Choice& chosen) {
    AccuracySummary s = summary_of(runs, name, chosen);
    if (s.rows > 0) classes.push_back(std::move(s));
  };
  add("dense on A100, H100",
      [&](const RunCheck& r) { return is(r, "hopper", "dense") || is(r, "ampere", "dense"); });
  add("experts on H100, H800",
      [&](const RunCheck& r) { return is(r, "hopper", "moe") || is(r, "ampere", "moe"); });
  add("Blackwell", [&](const RunCheck& r) { return generation_of(r.gpu) == "blackwell"; });
  return classes;
}

// Why a run is hard to predict, from what is known of it.
std::string reason_of(const RunCheck& run) {
  if (!is_expressed(run)) return "cannot be expressed: " + run.problems.front();
  std::vector<std::string> reasons;
  if (run.measured.value < 0.25) {
    reasons.push_back(fmt::format(
        "in a step of {:.0f} ms the host's work and small launches weigh, which no model has",
        run.measured.value * 1e3));
  }
  if (run.spread > 0.05) {
    reasons.push_back(
        fmt::format("runs of the same configuration differ by {:.0f} %", run.spread * 100));
  }
  if (run.architecture == "moe") {
    reasons.emplace_back("of layers with experts the host's part is known of two models only");
  }
  if (run.carried_over) reasons.emplace_back("no kernel was measured on this GPU");
  if (!run.assumptions.empty()) reasons.push_back("assumed: " + run.assumptions.front());
  if (reasons.empty()) reasons.emplace_back("no reason is known");
  std::string text;
  for (const std::string& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return text;
}

std::vector<WorstRun> worst_of(const std::vector<RunCheck>& runs) {
  constexpr std::size_t shown = 10;
  std::vector<const RunCheck*> order;
  for (const RunCheck& run : runs) order.push_back(&run);
  std::stable_sort(order.begin(), order.end(),
                   [](const RunCheck* a, const RunCheck* b) { return error(*a) > error(*b); });
  std::vector<WorstRun> worst;
  for (const RunCheck* run : order) {
    if (worst.size() == shown) break;
    worst.push_back({run->id, signed_error(*run), run->measured, run->predicted, reason_of(*run)});
  }
  return worst;
}

MemoryAccuracy memory_of_runs(const std::vector<RunCheck>& runs) {
  MemoryAccuracy m;
  std::vector<double> sizes, signed_sizes;
  for (const RunCheck& run : runs) {
    if (!is_expressed(run)) continue;
    if (run.predicted_memory > run.memory_limit * (1 + memory_margin)) ++m.called_impossible;
    if (run.predicted_memory > run.memory_limit) ++m.above_limit;
    if (run.measured_memory.value <= 0) continue;
    signed_sizes.push_back(run.predicted_memory / run.measured_memory - 1);
    sizes.push_back(std::abs(signed_sizes.back()));
  }
  m.rows = static_cast<int>(sizes.size());
  m.median = quantile(sizes, 0.5);
  m.p90 = quantile(sizes, 0.9);
  m.bias = mean(signed_sizes);
  return m;
}

double coverage_of(const std::vector<RunCheck>& runs) {
  double inside = 0;
  double all = 0;
  for (const RunCheck& run : runs) {
    if (run.band_high.value <= 0) continue;
    all += 1;
    if (run.measured >= run.band_low && run.measured <= run.band_high) inside += 1;
  }
  return all > 0 ? inside / all : 0;
}

// --- factors of software
// ------------------------------------------------------------------------------------------

// That which makes the mean over groups of each group's mean of predicted / measured 1; empty
// without runs. Group `but` aside.
std::optional<double> factor_of(const std::vector<RunCheck>& runs, const Choice& chosen,
                                const std::string& but) {
  std::map<std::string, std::vector<double>> groups;
  for (const RunCheck& run : runs) {
    if (run.ideal.value > 0 && run.group != but && chosen(run)) {
      groups[run.group].push_back(run.ideal / run.measured);
    }
  }
  if (groups.empty()) return std::nullopt;
  std::vector<double> means;
  for (const auto& [name, ratios] : groups) means.push_back(mean(ratios));
  return 1 / mean(means);
}

}  // namespace

void set_held_out(std::vector<RunCheck>& runs) {
  std::map<std::pair<std::string, std::string>, double> known;  // (software, group left out)
  for (RunCheck& run : runs) {
    if (run.ideal.value <= 0) continue;
    const auto key = std::pair(run.software, run.group);
    auto found = known.find(key);
    if (found == known.end()) {
      const auto own = factor_of(
          runs, [&](const RunCheck& r) { return r.software == run.software; }, run.group);
      const auto family = factor_of(
          runs, [&](const RunCheck& r) { return r.family == run.family; }, run.group);
      found = known.emplace(key, own.value_or(family.value_or(1.0))).first;
    }
    run.held_out = run.ideal * found->second;
  }
}

SoftwareTable fitted_software(SoftwareTable table, const std::vector<RunCheck>& runs) {
  for (SoftwareSpec& entry : table.software) {
    const Choice own = [&](const RunCheck& r) { return r.software == release_of(entry); };
    const auto factor = factor_of(runs, own, "");
    if (!factor) continue;
    entry.step_time_factor = *factor >= 1e-3 ? std::round(*factor * 1e4) / 1e4 : *factor;
    const AccuracySummary summary = summary_of(runs, entry.name, own);
    entry.rows = summary.rows;
    entry.held_out_median = std::round(summary.held_out_median * 1e4) / 1e4;
  }
  return table;
}

std::vector<Residual> residuals_of(const std::vector<RunCheck>& runs) {
  std::vector<Residual> residuals;
  for (const RunCheck& run : runs) {
    if (run.held_out.value <= 0) continue;
    residuals.push_back({run.group,
                         {run.family, run.architecture, generation_of(run.gpu),
                          precision_class(run.precision), run.gpus, run.held_out},
                         std::log(run.measured / run.held_out),
                         std::log(run.measured / run.ideal)});
  }
  return residuals;
}

Accuracy accuracy_of(std::vector<RunCheck> runs) {
  Accuracy a;
  a.all = summary_of(runs, "all", [](const RunCheck&) { return true; });
  a.classes = target_classes(runs);
  a.families = summaries_by(runs, [](const RunCheck& r) { return r.family; });
  a.groups = summaries_by(runs, [](const RunCheck& r) { return r.group; });
  a.worst = worst_of(runs);
  a.memory = memory_of_runs(runs);
  a.band_coverage = coverage_of(runs);
  a.runs = std::move(runs);
  return a;
}

}  // namespace reckon

#include "reports/assemble.hpp"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "planner/spec/parameters.hpp"
#include "reports/memory_kinds.hpp"
#include "reports/published.hpp"
#include "reports/waterfall.hpp"

namespace reckon {
namespace {

void warn_of_memory(Report& report) {
  if (report.memory_limit.value <= 0) return;
  int ranks_over = 0;
  const RankMemory* worst = nullptr;
  for (const RankMemory& rank : report.memory) {
    if (all_bytes(rank).value <= report.memory_limit.value) continue;
    ++ranks_over;
    if (worst == nullptr || all_bytes(rank).value > all_bytes(*worst).value) worst = &rank;
  }
  if (worst == nullptr) return;
  report.warnings.push_back(
      {"MEMORY_OVER_LIMIT",
       fmt::format("{} of {} pipeline ranks do not fit; rank {} needs {:.1f} GiB of {:.1f} GiB",
                   ranks_over, report.memory.size(), worst->pipeline_rank,
                   all_bytes(*worst).value / gib, report.memory_limit.value / gib)});
}

void warn_of_costs(Report& report) {
  for (const PhaseCost& phase : report.run.phases) {
    if (phase.gpu_hours <= 0) {
      report.warnings.push_back({"PHASE_MISSING", phase.name + ": " + phase.note});
    }
  }
  if (report.run.phases.empty()) return;
  if (report.run.usd_per_gpu_hour.value <= 0) {
    report.warnings.push_back({"PRICE_MISSING", "no price of a GPU-hour: dollars are left at 0"});
  } else if (report.run.price_source.empty()) {
    report.warnings.push_back({"PRICE_UNSOURCED", "the price of a GPU-hour names no source"});
  }
}

void warn_of_tolerances(Report& report) {
  std::string names;
  for (const PublishedFigure& figure : report.published) {
    if (is_within_tolerance(figure).value_or(true)) continue;
    names += (names.empty() ? "" : ", ") + figure.id;
  }
  if (!names.empty()) {
    report.warnings.push_back(
        {"OUTSIDE_TOLERANCE", "further from the published figures than promised: " + names});
  }
}

}  // namespace

Report begin_report(const ModelSpec& model, const ClusterSpec& cluster, const Plan& plan,
                    const DeviceProfile& device) {
  Report report;
  report.model = model;
  report.cluster = cluster;
  report.plan = plan;
  report.device = device.name;
  report.gpus = gpus(cluster);
  report.bf16_peak = device.gpu.bf16_peak;
  report.memory_limit = device.gpu.memory;
  const ParameterCount count = count_parameters(model);
  report.parameters = count.total;
  report.active_parameters = count.active;
  const double sequence = plan.batch.sequence_length;
  report.model_flops_per_token_causal =
      model_flops_per_token(model, sequence, AttentionCounting::causal);
  report.model_flops_per_token_full =
      model_flops_per_token(model, sequence, AttentionCounting::full);
  return report;
}

Report finish_report(Report report) {
  report.published = published_figures(report);
  report.waterfall = waterfall(report);
  warn_of_memory(report);
  warn_of_costs(report);
  warn_of_tolerances(report);
  return report;
}

}  // namespace reckon

#include "reports/report_csv.hpp"

#include <string_view>

#include <fmt/format.h>

#include "reports/csv.hpp"
#include "reports/published.hpp"

namespace reckon {
namespace {

class Rows {
 public:
  void add(std::string_view section, std::string_view name, std::string_view unit, double value,
           Provenance provenance) {
    text_ += fmt::format("{},{},{},{},{}\r\n", csv_field(section), csv_field(name), unit, value,
                         enum_name(provenance));
  }
  void add(std::string_view section, std::string_view name, std::string_view unit, double value) {
    add(section, name, unit, value, Provenance::modelled);
  }

  std::string take() && { return std::move(text_); }

 private:
  std::string text_ = "section,name,unit,value,provenance\r\n";
};

void add_rank(const std::string& section, const RankTime& rank, Rows& rows) {
  rows.add(section, "forward", "s", rank.forward.value);
  rows.add(section, "backward", "s", rank.backward.value);
  rows.add(section, "backward_weight", "s", rank.backward_weight.value);
  rows.add(section, "overlapped_pair", "s", rank.overlapped_pair.value);
  rows.add(section, "optimizer", "s", rank.optimizer.value);
  rows.add(section, "bubble", "s", rank.bubble.value);
  rows.add(section, "exposed_communication", "s", rank.exposed_communication.value);
}

void add_step(const std::string& section, const StepSummary& step, Rows& rows) {
  rows.add(section, "step", "s", step.step.value);
  rows.add(section, "mfu_causal", "share", step.mfu_causal);
  rows.add(section, "mfu_full", "share", step.mfu_full);
  rows.add(section, "hfu_causal", "share", step.hfu_causal);
  rows.add(section, "tokens_per_s_per_gpu", "tokens/s", step.tokens_per_second_per_gpu);
  rows.add(section, "gpu_hours_per_trillion_tokens", "gpu_hours",
           step.gpu_hours_per_trillion_tokens);
  add_rank(section + "/mean", step.mean, rows);
  for (const RankTime& rank : step.ranks) {
    add_rank(fmt::format("{}/rank/{}", section, rank.pipeline_rank), rank, rows);
  }
}

void add_memory(const Report& report, Rows& rows) {
  for (const RankMemory& rank : report.memory) {
    const std::string section = fmt::format("memory/rank/{}", rank.pipeline_rank);
    rows.add(section, "weights", "bytes", rank.weights.value);
    rows.add(section, "gradients", "bytes", rank.gradients.value);
    rows.add(section, "master_weights", "bytes", rank.master_weights.value);
    rows.add(section, "moments", "bytes", rank.moments.value);
    rows.add(section, "activations", "bytes", rank.activations.value);
    rows.add(section, "logits", "bytes", rank.logits.value);
    rows.add(section, "communication", "bytes", rank.communication.value);
    rows.add(section, "workspace", "bytes", rank.workspace.value);
  }
  rows.add("memory", "limit", "bytes", report.memory_limit.value, Provenance::published);
}

void add_run(const std::string& section, const RunCost& run, Rows& rows) {
  for (const PhaseCost& phase : run.phases) {
    const std::string part = section + "/" + phase.name;
    rows.add(part, "tokens", "tokens", phase.tokens, Provenance::assumed);
    rows.add(part, "gpu_hours", "gpu_hours", phase.gpu_hours, phase.provenance);
    rows.add(part, "cost", "usd", phase.usd.value, Provenance::assumed);
    rows.add(part, "duration", "s", phase.duration.value, phase.provenance);
    if (phase.published_gpu_hours > 0) {
      rows.add(part, "published_gpu_hours", "gpu_hours", phase.published_gpu_hours,
               Provenance::published);
    }
  }
  rows.add(section, "gpu_hours", "gpu_hours", run.gpu_hours, run.provenance);
  rows.add(section, "cost", "usd", run.usd.value, Provenance::assumed);
  rows.add(section, "duration", "s", run.duration.value, run.provenance);
  rows.add(section, "price", "usd_per_gpu_hour", run.usd_per_gpu_hour.value, Provenance::assumed);
}

void add_published(const Report& report, Rows& rows) {
  for (const PublishedFigure& figure : report.published) {
    const std::string section = "published/" + figure.id;
    rows.add(section, "published", figure.unit, figure.published, Provenance::published);
    rows.add(section, "bare", figure.unit, figure.bare);
    rows.add(section, "bare_error", figure.tolerance_is_absolute ? figure.unit : "relative",
             error_of(figure, figure.bare));
    if (!figure.with_effects) continue;
    rows.add(section, "with_effects", figure.unit, *figure.with_effects);
    rows.add(section, "with_effects_error", figure.tolerance_is_absolute ? figure.unit : "relative",
             error_of(figure, *figure.with_effects));
  }
}

}  // namespace

std::string report_csv(const Report& report) {
  Rows rows;
  rows.add("model", "parameters", "parameters", report.parameters);
  rows.add("model", "active_parameters", "parameters", report.active_parameters);
  rows.add("model", "causal_flops_per_token", "flops", report.model_flops_per_token_causal.value);
  rows.add("model", "full_flops_per_token", "flops", report.model_flops_per_token_full.value);
  rows.add("cluster", "gpus", "gpus", report.gpus, Provenance::assumed);
  rows.add("cluster", "bf16_peak", "flops_per_s", report.bf16_peak.value, Provenance::published);
  add_step("step/bare", report.bare, rows);
  add_step("step/with_effects", report.with_effects, rows);
  if (report.chunk_pair.value > 0)
    rows.add("step/bare", "chunk_pair", "s", report.chunk_pair.value);
  for (const EffectShare& effect : report.effects) {
    rows.add("effects/" + effect.name, "added", "s", effect.added.value);
  }
  for (const FaultCost& fault : report.faults) {
    rows.add("faults/" + fault.name, "added", "s", fault.added.value);
    rows.add("faults/" + fault.name, "lost_per_day", "gpu_hours", fault.lost_gpu_hours_per_day);
    rows.add("faults/" + fault.name, "lost_per_day", "usd", fault.lost_usd_per_day.value,
             Provenance::assumed);
  }
  for (const LaneShare& lane : report.lanes) {
    rows.add("lanes/" + lane.lane, lane.name, "s", lane.time.value);
  }
  add_memory(report, rows);
  add_run("run/bare", report.bare_run, rows);
  add_run("run/with_effects", report.run, rows);
  for (const WaterfallLine& line : report.waterfall) {
    rows.add("waterfall", line.id, "gpu_hours", line.gpu_hours);
    rows.add("waterfall", line.id, "usd", line.usd.value, Provenance::assumed);
  }
  add_published(report, rows);
  for (const Warning& warning : report.warnings) {
    rows.add("warning/" + warning.code, warning.message, "warning", 1);
  }
  return std::move(rows).take();
}

}  // namespace reckon

#include "reports/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "planner/spec/spec_json.hpp"
#include "reports/memory_kinds.hpp"
#include "reports/numbers.hpp"

namespace reckon {
namespace {

ComparedSide side_of(const ComparisonInput& input) {
  const Report& report = input.report;
  return {input.given,   report.plan.name, report.model.name,       report.cluster.name,
          report.device, report.gpus,      report.with_effects.step};
}

// --- inputs
// -----------------------------------------------------------------------------------------

void add(std::vector<InputDifference> more, std::vector<InputDifference>& all) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

// What a report says of its device.
DeviceProfile device_of(const Report& report) {
  DeviceProfile device;
  device.name = report.device;
  device.gpu.bf16_peak = report.bf16_peak;
  device.gpu.memory = report.memory_limit;
  return device;
}

std::vector<InputDifference> input_differences(const ComparisonInput& before,
                                               const ComparisonInput& after) {
  const Report& a = before.report;
  const Report& b = after.report;
  std::vector<InputDifference> all;
  add(differences("plan", write_plan(a.plan), write_plan(b.plan)), all);
  add(differences("cluster", write_cluster(a.cluster), write_cluster(b.cluster)), all);
  add(differences("model", write_model(a.model), write_model(b.model)), all);
  const bool whole = before.device && after.device;
  const DeviceProfile left = whole ? *before.device : device_of(a);
  const DeviceProfile right = whole ? *after.device : device_of(b);
  add(differences("device", write_device(left), write_device(right)), all);
  return all;
}

// --- why
// --------------------------------------------------------------------------------------------

// The kinds of part of a lane whose time differs most, two at most: "dispatch -0.31 s, ...".
std::string lanes_text(const Report& a, const Report& b, std::string_view lane) {
  std::map<std::string, double> changes;
  for (const LaneShare& share : a.lanes) {
    if (share.lane == lane) changes[share.name] -= share.time.value;
  }
  for (const LaneShare& share : b.lanes) {
    if (share.lane == lane) changes[share.name] += share.time.value;
  }
  std::vector<std::pair<std::string, double>> sorted(changes.begin(), changes.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& left, const auto& right) {
    return std::abs(left.second) > std::abs(right.second);
  });
  std::string text;
  for (std::size_t index = 0; index < std::min<std::size_t>(2, sorted.size()); ++index) {
    const auto& [kind, change] = sorted[index];
    if (std::abs(change) < 1e-4 * std::abs(sorted.front().second) || change == 0) continue;
    std::string name = kind;
    std::replace(name.begin(), name.end(), '_', ' ');
    text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", name, change > 0 ? "+" : "",
                        seconds_text({change}));
  }
  return text;
}

std::string change_text(std::string_view name, double before, double after) {
  if (before == after) return {};
  return fmt::format("{} {:g} -> {:g}", name, before, after);
}

// What makes a bubble: the schedule, its length, and how unlike the ops of the ranks are.
std::string bubble_text(const Report& a, const Report& b) {
  std::vector<std::string> causes{
      change_text("pipeline ranks", a.plan.parallelism.pipeline_parallel,
                  b.plan.parallelism.pipeline_parallel),
      change_text("micro-batches", micro_batches(a.plan), micro_batches(b.plan))};
  if (a.plan.schedule != b.plan.schedule) {
    causes.push_back(
        fmt::format("{} -> {}", enum_name(a.plan.schedule), enum_name(b.plan.schedule)));
  }
  if (a.plan.layout.layers_per_stage != b.plan.layout.layers_per_stage) {
    causes.emplace_back("other layers in the stages");
  }
  std::string text;
  for (const std::string& cause : causes) {
    if (!cause.empty()) text += (text.empty() ? "" : ", ") + cause;
  }
  return text.empty() ? "the ops around it" : text;
}

std::string optimizer_text(const Report& a, const Report& b) {
  const Parallelism& before = a.plan.parallelism;
  const Parallelism& after = b.plan.parallelism;
  std::string text;
  for (const std::string& cause :
       {change_text("data parallel", before.data_parallel, after.data_parallel),
        change_text("expert parallel", before.expert_parallel, after.expert_parallel),
        change_text("ZeRO", before.zero_stage, after.zero_stage), lanes_text(a, b, "exchange")}) {
    if (!cause.empty()) text += (text.empty() ? "" : ", ") + cause;
  }
  return text.empty() ? "its transfers and the optimizer's kernels" : text;
}

// --- the step
// ---------------------------------------------------------------------------------------

// The bare step in the four causes of the waterfall.
struct Causes {
  Seconds kernels, exposed, bubble, optimizer;
};
Causes causes_of(const StepSummary& bare) {
  const RankTime& mean = bare.mean;
  return {mean.forward + mean.backward + mean.backward_weight + mean.overlapped_pair -
              mean.exposed_communication,
          mean.exposed_communication, mean.bubble, mean.optimizer};
}

const EffectShare* find_effect(const Report& report, const std::string& name) {
  for (const EffectShare& effect : report.effects) {
    if (effect.name == name && effect.on) return &effect;
  }
  return nullptr;
}

// Which size of an effect is another one; the clock's is the device's.
std::string size_text(const std::string& name, const ComparisonInput& a, const ComparisonInput& b) {
  const Effects& left = a.report.plan.effects;
  const Effects& right = b.report.plan.effects;
  if (name.starts_with("routing")) {
    return change_text("deviation", left.routing_relative_deviation,
                       right.routing_relative_deviation);
  }
  if (name.ends_with("jitter")) {
    return change_text("deviation", left.jitter_relative_deviation,
                       right.jitter_relative_deviation);
  }
  if (!name.starts_with("clock") || !a.device || !b.device) return {};
  const SustainedRates& before = a.device->sustained;
  const SustainedRates& after = b.device->sustained;
  const std::string bf16 =
      change_text("BF16 sustained", before.bf16_rate_factor, after.bf16_rate_factor);
  const std::string fp8 =
      change_text("FP8 sustained", before.fp8_rate_factor, after.fp8_rate_factor);
  return bf16 + (bf16.empty() || fp8.empty() ? "" : ", ") + fp8;
}

void add_effects(const ComparisonInput& left, const ComparisonInput& right,
                 std::vector<StepContribution>& all) {
  const Report& a = left.report;
  const Report& b = right.report;
  std::vector<std::string> names;
  for (const Report* report : {&a, &b}) {
    for (const EffectShare& effect : report->effects) {
      const bool is_new = std::find(names.begin(), names.end(), effect.name) == names.end();
      if (effect.on && is_new) names.push_back(effect.name);
    }
  }
  for (const std::string& name : names) {
    const EffectShare* const before = find_effect(a, name);
    const EffectShare* const after = find_effect(b, name);
    StepContribution effect{"effect:" + name, "effect: " + name};
    if (before != nullptr) effect.before = before->added;
    if (after != nullptr) effect.after = after->added;
    effect.why = before == nullptr  ? "off in A"
                 : after == nullptr ? "off in B"
                                    : size_text(name, left, right);
    all.push_back(std::move(effect));
  }
}

std::vector<StepContribution> contributions(const ComparisonInput& before_input,
                                            const ComparisonInput& after_input) {
  const Report& a = before_input.report;
  const Report& b = after_input.report;
  const Causes before = causes_of(a.bare);
  const Causes after = causes_of(b.bare);
  std::vector<StepContribution> all{
      {"kernels", "kernels", before.kernels, after.kernels, {}, 0, lanes_text(a, b, "compute")},
      {"exposed_communication",
       "exposed communication",
       before.exposed,
       after.exposed,
       {},
       0,
       lanes_text(a, b, "communication")},
      {"bubble", "pipeline bubble", before.bubble, after.bubble, {}, 0, bubble_text(a, b)},
      {"optimizer",
       "reduction, optimizer",
       before.optimizer,
       after.optimizer,
       {},
       0,
       optimizer_text(a, b)}};
  add_effects(before_input, after_input, all);
  const Seconds step = b.with_effects.step - a.with_effects.step;
  for (StepContribution& one : all) {
    one.difference = one.after - one.before;
    if (step.value != 0) one.share = one.difference / step;
    if (one.difference.value == 0) one.why.clear();
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& left, const auto& right) {
    return std::abs(left.difference.value) > std::abs(right.difference.value);
  });
  return all;
}

// --- figures
// ----------------------------------------------------------------------------------------

class Figures {
 public:
  void add(std::string section, std::string id, std::string name, std::string unit, double before,
           double after) {
    FigureDifference figure{std::move(section),
                            std::move(id),
                            std::move(name),
                            std::move(unit),
                            before,
                            after,
                            after - before,
                            {}};
    if (before != 0) figure.relative = after / before - 1;
    all_.push_back(std::move(figure));
  }
  std::vector<FigureDifference> take() && { return std::move(all_); }

 private:
  std::vector<FigureDifference> all_;
};

void add_step(const StepSummary& a, const StepSummary& b, Figures& figures) {
  figures.add("step", "step", "step", "s", a.step.value, b.step.value);
  figures.add("step", "mfu_causal", "MFU, causal attention", "share", a.mfu_causal, b.mfu_causal);
  figures.add("step", "mfu_full", "MFU, full attention", "share", a.mfu_full, b.mfu_full);
  figures.add("step", "hfu_causal", "HFU, causal attention", "share", a.hfu_causal, b.hfu_causal);
  figures.add("step", "tokens_per_s_per_gpu", "tokens/s per GPU", "tokens/s",
              a.tokens_per_second_per_gpu, b.tokens_per_second_per_gpu);
  figures.add("step", "gpu_hours_per_trillion_tokens", "GPU-hours per T tokens", "gpu_hours",
              a.gpu_hours_per_trillion_tokens, b.gpu_hours_per_trillion_tokens);
}

void add_parts(const RankTime& a, const RankTime& b, Figures& figures) {
  constexpr std::array<std::tuple<const char*, const char*, Seconds RankTime::*>, 7> parts{{
      {"forward", "1F, forwards alone", &RankTime::forward},
      {"backward", "1B, backwards alone", &RankTime::backward},
      {"backward_weight", "1W, weights alone", &RankTime::backward_weight},
      {"overlapped_pair", "1F1B, overlapped pairs", &RankTime::overlapped_pair},
      {"optimizer", "reduction, optimizer, gather", &RankTime::optimizer},
      {"bubble", "bubble", &RankTime::bubble},
      {"exposed_communication", "exposed communication in ops", &RankTime::exposed_communication},
  }};
  for (const auto& [id, name, part] : parts) {
    figures.add("parts", id, name, "s", (a.*part).value, (b.*part).value);
  }
}

// The rank that needs most.
RankMemory worst(const Report& report) {
  RankMemory worst;
  for (const RankMemory& rank : report.memory) {
    if (all_bytes(rank).value > all_bytes(worst).value) worst = rank;
  }
  return worst;
}

void add_memory(const Report& a, const Report& b, Figures& figures) {
  const RankMemory before = worst(a);
  const RankMemory after = worst(b);
  const auto kinds_before = memory_kinds(before);
  const auto kinds_after = memory_kinds(after);
  for (std::size_t kind = 0; kind < kinds_before.size(); ++kind) {
    const std::string name(kinds_before[kind].first);
    figures.add("memory", name, name, "bytes", kinds_before[kind].second.value,
                kinds_after[kind].second.value);
  }
  figures.add("memory", "all", "all of the rank", "bytes", all_bytes(before).value,
              all_bytes(after).value);
  figures.add("memory", "limit", "of a GPU", "bytes", a.memory_limit.value, b.memory_limit.value);
}

void add_run(const Report& a, const Report& b, Figures& figures) {
  if (a.run.phases.empty() && b.run.phases.empty()) return;
  figures.add("run", "gpus", "GPUs", "gpus", a.gpus, b.gpus);
  figures.add("run", "gpu_hours", "GPU-hours", "gpu_hours", a.run.gpu_hours, b.run.gpu_hours);
  figures.add("run", "cost", "cost", "usd", a.run.usd.value, b.run.usd.value);
  figures.add("run", "duration", "duration", "s", a.run.duration.value, b.run.duration.value);
}

// Joined on the id; a line that only one report has is 0 in the other.
void add_waterfall(const Report& a, const Report& b, Figures& figures) {
  std::vector<std::string> ids;
  std::map<std::string, std::array<double, 2>> hours;
  std::map<std::string, std::string> names;
  for (const Report* report : {&a, &b}) {
    for (const WaterfallLine& line : report->waterfall) {
      if (hours.find(line.id) == hours.end()) ids.push_back(line.id);
      hours[line.id][report == &a ? 0 : 1] += line.gpu_hours;
      names[line.id] = line.name;
    }
  }
  for (const std::string& id : ids) {
    figures.add("waterfall", id, names[id], "gpu_hours", hours[id][0], hours[id][1]);
  }
}

}  // namespace

Comparison compare(const ComparisonInput& before, const ComparisonInput& after) {
  const Report& a = before.report;
  const Report& b = after.report;
  Comparison result;
  result.before = side_of(before);
  result.after = side_of(after);
  result.has_device = before.device && after.device;
  result.inputs = input_differences(before, after);
  result.step = contributions(before, after);
  Figures figures;
  add_step(a.with_effects, b.with_effects, figures);
  add_parts(a.with_effects.mean, b.with_effects.mean, figures);
  add_memory(a, b, figures);
  add_run(a, b, figures);
  add_waterfall(a, b, figures);
  result.figures = std::move(figures).take();
  return result;
}

}  // namespace reckon

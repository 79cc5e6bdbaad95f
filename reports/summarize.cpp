#include "reports/summarize.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "planner/spec/parameters.hpp"

namespace reckon {
namespace {

using Intervals = std::vector<OpSpan>;  // half open; after merged(): sorted, not touching

Intervals merged(Intervals intervals) {
  std::erase_if(intervals, [](const OpSpan& span) { return span.end <= span.start; });
  std::sort(intervals.begin(), intervals.end(), [](const OpSpan& left, const OpSpan& right) {
    return std::pair(left.start, left.end) < std::pair(right.start, right.end);
  });
  Intervals result;
  for (const OpSpan& span : intervals) {
    if (!result.empty() && span.start <= result.back().end) {
      result.back().end = std::max(result.back().end, span.end);
    } else {
      result.push_back(span);
    }
  }
  return result;
}

SimTime length(const Intervals& intervals) {
  SimTime sum = 0;
  for (const OpSpan& span : intervals) sum += span.end - span.start;
  return sum;
}

// RankTime on the integer clock, so that sums do not depend on their order.
struct RankTicks {
  SimTime forward = 0;
  SimTime backward = 0;
  SimTime backward_weight = 0;
  SimTime overlapped_pair = 0;
  SimTime optimizer = 0;
  SimTime bubble = 0;
  SimTime compute_busy = 0;
  SimTime communication_busy = 0;
  SimTime exchange_busy = 0;
  SimTime exposed_communication = 0;
  int forwards = 0;
  int backwards = 0;
  int backward_weights = 0;
  int pairs = 0;
};

constexpr std::array<std::pair<SimTime RankTicks::*, Seconds RankTime::*>, 10> tick_members{{
    {&RankTicks::forward, &RankTime::forward},
    {&RankTicks::backward, &RankTime::backward},
    {&RankTicks::backward_weight, &RankTime::backward_weight},
    {&RankTicks::overlapped_pair, &RankTime::overlapped_pair},
    {&RankTicks::optimizer, &RankTime::optimizer},
    {&RankTicks::bubble, &RankTime::bubble},
    {&RankTicks::compute_busy, &RankTime::compute_busy},
    {&RankTicks::communication_busy, &RankTime::communication_busy},
    {&RankTicks::exchange_busy, &RankTime::exchange_busy},
    {&RankTicks::exposed_communication, &RankTime::exposed_communication},
}};

// What the classes need to know of a rank's ops, collected in one pass.
struct OpTimes {
  RankTicks ticks;
  Intervals in_classes;  // 1F, 1B, 1W, 1F1B
  Intervals after_step;  // reductions, optimizer, gathers
  SimTime optimizer_kernels = 0;
  SimTime last_backward_end = 0;
};

void add_single_op(const Op& op, const OpSpan& span, OpTimes& times) {
  const SimTime duration = span.end - span.start;
  RankTicks& ticks = times.ticks;
  switch (op.kind) {
    case OpKind::forward:
      ticks.forward += duration;
      ++ticks.forwards;
      times.in_classes.push_back(span);
      return;
    case OpKind::backward:
    case OpKind::backward_input:
      ticks.backward += duration;
      ++ticks.backwards;
      break;
    case OpKind::backward_weight:
      ticks.backward_weight += duration;
      ++ticks.backward_weights;
      break;
    case OpKind::optimizer_step:
      times.optimizer_kernels += duration;
      times.after_step.push_back(span);
      return;
    case OpKind::reduce_gradients:
    case OpKind::gather_parameters:
      times.after_step.push_back(span);
      return;
    case OpKind::send_activation:
    case OpKind::recv_activation:
    case OpKind::send_gradient:
    case OpKind::recv_gradient:
      return;
  }
  times.in_classes.push_back(span);
  times.last_backward_end = std::max(times.last_backward_end, span.end);
}

OpTimes op_times(const std::vector<Op>& ops, const std::vector<OpSpan>& spans) {
  OpTimes times;
  for (std::size_t first = 0, last = 0; first < ops.size(); first = last) {
    OpSpan slot = spans[first];
    for (last = first + 1; last < ops.size() && ops[last].slot == ops[first].slot; ++last) {
      slot.start = std::min(slot.start, spans[last].start);
      slot.end = std::max(slot.end, spans[last].end);
    }
    if (last - first == 1) {
      add_single_op(ops[first], slot, times);
    } else {
      times.ticks.overlapped_pair += slot.end - slot.start;
      ++times.ticks.pairs;
      times.in_classes.push_back(slot);
      times.last_backward_end = std::max(times.last_backward_end, slot.end);
    }
  }
  return times;
}

// The same with and without part spans, so that asking for a trace changes no number.
SimTime exposed_communication(const RankTrace& trace, const OpTimes& times) {
  const SimTime kernels = trace.compute_busy - times.optimizer_kernels;
  return std::max<SimTime>(0, length(merged(times.in_classes)) - kernels);
}

// Of reductions, optimizer and gathers what lies after the last backward or, as a gather of the
// step before, ahead of the first forward.
void add_exposed(OpTimes& times) {
  SimTime first = times.last_backward_end;
  for (const OpSpan& span : times.in_classes) first = std::min(first, span.start);
  const std::size_t spans = times.after_step.size();
  for (std::size_t i = 0; i < spans; ++i) {
    const OpSpan span = times.after_step[i];
    times.after_step.push_back({std::min(span.start, first), std::min(span.end, first)});
    times.after_step[i] = {std::max(span.start, times.last_backward_end),
                           std::max(span.end, times.last_backward_end)};
  }
}

RankTicks ticks_of(const RankTrace& trace, const std::vector<Op>& ops, SimTime step_end) {
  OpTimes times = op_times(ops, trace.ops);
  add_exposed(times);
  RankTicks ticks = times.ticks;
  ticks.optimizer = length(merged(times.after_step));
  ticks.bubble = step_end - ticks.forward - ticks.backward - ticks.backward_weight -
                 ticks.overlapped_pair - ticks.optimizer;
  ticks.compute_busy = trace.compute_busy;
  ticks.communication_busy = trace.communication_busy;
  ticks.exchange_busy = trace.exchange_busy;
  ticks.exposed_communication = exposed_communication(trace, times);
  return ticks;
}

// Adds up ranks, each as often as it stands for one.
class WeightedMean {
 public:
  void add(const RankTicks& ticks, int multiplicity) {
    if (weight_ == 0) first_ = ticks;
    for (const auto& [tick, seconds] : tick_members) sum_.*tick += ticks.*tick * multiplicity;
    weight_ += multiplicity;
  }

  RankTime mean(int pipeline_rank) const {
    RankTime time{.pipeline_rank = pipeline_rank,
                  .forwards = first_.forwards,
                  .backwards = first_.backwards,
                  .backward_weights = first_.backward_weights,
                  .pairs = first_.pairs};
    for (const auto& [tick, seconds] : tick_members) {
      time.*seconds = to_seconds(sum_.*tick) / static_cast<double>(std::max<SimTime>(weight_, 1));
    }
    return time;
  }

 private:
  RankTicks first_;  // all replicas of a rank run the same ops
  RankTicks sum_;
  SimTime weight_ = 0;
};

void check(const StepTrace& trace, const Schedule& schedule) {
  for (const RankTrace& rank : trace.ranks) {
    const bool known = rank.pipeline_rank >= 0 &&
                       static_cast<std::size_t>(rank.pipeline_rank) < schedule.ops_by_rank.size();
    if (!known || schedule.ops_by_rank[static_cast<std::size_t>(rank.pipeline_rank)].size() !=
                      rank.ops.size()) {
      throw std::invalid_argument("the trace of pipeline rank " +
                                  std::to_string(rank.pipeline_rank) + " is not of this schedule");
    }
  }
}

}  // namespace

StepSummary summarize(const StepTrace& trace, const Schedule& schedule, const ModelSpec& model,
                      const Plan& plan, double gpus, FlopsPerSecond bf16_peak,
                      Flops recompute_and_mtp_flops_per_token) {
  check(trace, schedule);
  StepSummary summary{.step = to_seconds(trace.step_end)};
  std::map<int, WeightedMean> by_rank;
  for (const RankTrace& rank : trace.ranks) {
    const std::vector<Op>& ops = schedule.ops_by_rank[static_cast<std::size_t>(rank.pipeline_rank)];
    by_rank[rank.pipeline_rank].add(ticks_of(rank, ops, trace.step_end), rank.multiplicity);
  }
  for (const auto& [rank, mean] : by_rank) summary.ranks.push_back(mean.mean(rank));
  if (!summary.ranks.empty()) summary.mean = summary.ranks.front();
  summary.mean.pipeline_rank = -1;
  for (const auto& [tick, seconds] : tick_members) {
    Seconds sum;
    for (const RankTime& rank : summary.ranks) sum += rank.*seconds;
    summary.mean.*seconds =
        sum / static_cast<double>(std::max<std::size_t>(1, summary.ranks.size()));
  }

  const double gpu_seconds = summary.step.value * gpus;
  const double tokens = tokens_per_step(plan);
  if (gpu_seconds <= 0 || tokens <= 0 || bf16_peak.value <= 0) return summary;
  const double sequence = plan.batch.sequence_length;
  const Flops causal = model_flops_per_token(model, sequence, AttentionCounting::causal);
  const Flops full = model_flops_per_token(model, sequence, AttentionCounting::full);
  const Flops available{bf16_peak.value * gpu_seconds / tokens};  // of one token
  summary.mfu_causal = causal / available;
  summary.mfu_full = full / available;
  summary.hfu_causal = (causal + recompute_and_mtp_flops_per_token) / available;
  summary.tokens_per_second_per_gpu = tokens / gpu_seconds;
  summary.gpu_hours_per_trillion_tokens = 1e12 / tokens * gpu_seconds / 3600.0;
  return summary;
}

std::vector<LaneShare> lane_shares(const StepTrace& trace) {
  std::map<std::pair<Lane, PartKind>, SimTime> sums;
  SimTime weight = 0;
  for (const RankTrace& rank : trace.ranks) {
    if (!rank.parts.empty()) weight += rank.multiplicity;
    for (const PartSpan& part : rank.parts) {
      sums[{part.lane, part.kind}] += (part.end - part.start) * rank.multiplicity;
    }
  }
  std::vector<std::pair<std::pair<Lane, PartKind>, SimTime>> sorted(sums.begin(), sums.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& left, const auto& right) {
    return std::pair(left.first.first, -left.second) < std::pair(right.first.first, -right.second);
  });
  std::vector<LaneShare> shares;
  for (const auto& [key, sum] : sorted) {
    shares.push_back({std::string(enum_name(key.second)), std::string(enum_name(key.first)),
                      to_seconds(sum) / static_cast<double>(weight)});
  }
  return shares;
}

}  // namespace reckon

// The report of one prediction: plain values that the terminal, JSON, CSV and (later) HTML writers
// share. Everything in base units: seconds, bytes, dollars; GPU-hours where the field's own figure
// is GPU-hours. report_fields.hpp has the key of each member, README.md says what each block means.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/fields.hpp"
#include "planner/spec/memory.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// How far a number can be trusted; a total has the weakest of its parts (later in this list).
enum class Provenance : std::uint8_t { measured, published, modelled, assumed };

template <>
struct EnumNames<Provenance> {
  static constexpr std::array<std::pair<Provenance, std::string_view>, 4> table{
      {{Provenance::measured, "measured"},
       {Provenance::published, "published"},
       {Provenance::modelled, "modelled"},
       {Provenance::assumed, "assumed"}}};
};

// The weaker of two: what a sum of both can be trusted as.
constexpr Provenance weaker(Provenance left, Provenance right) {
  return left < right ? right : left;
}

// Where the time of one pipeline rank goes. The classes are those of ISCA'25 Table 4
// (arXiv:2505.09343, section 5.1.2): 1F and 1B and 1W are ops that run alone (a full backward
// counts as 1B), 1F1B are overlapped pairs, `optimizer` is the gradient reduction, the optimizer
// and the gather of weights after the last backward; the bubble is the rest of the step. The six
// add up to the step.
struct RankTime {
  int pipeline_rank = 0;  // -1: the mean over all ranks
  Seconds forward{};
  Seconds backward{};
  Seconds backward_weight{};
  Seconds overlapped_pair{};
  Seconds optimizer{};
  Seconds bubble{};
  Seconds compute_busy{};
  Seconds communication_busy{};
  Seconds exchange_busy{};
  // Inside 1F, 1B, 1W and 1F1B, compute lane idle: it waits for communication. What is exposed
  // between ops is part of the bubble, what is exposed after the last backward part of the
  // optimizer.
  Seconds exposed_communication{};
  int forwards = 0;  // how many ops of each class
  int backwards = 0;
  int backward_weights = 0;
  int pairs = 0;
  bool operator==(const RankTime&) const = default;
};

struct StepSummary {
  Seconds step{};
  RankTime mean{};                // over all ranks; counts are those of rank 0
  std::vector<RankTime> ranks{};  // by pipeline rank, each the mean of its data-parallel replicas
  double mfu_causal = 0;          // model FLOPs / (BF16 peak x step), causal attention, no MTP
  double mfu_full = 0;            // the same with the full attention matrix
  double hfu_causal = 0;          // with recomputation and MTP
  double tokens_per_second_per_gpu = 0;
  double gpu_hours_per_trillion_tokens = 0;
  bool operator==(const StepSummary&) const = default;
};

// Time of one kind of part (attention, dispatch, ...) in the compute or communication lane of one
// rank and step, mean over ranks.
struct LaneShare {
  std::string name{};
  std::string lane{};
  Seconds time{};
  bool operator==(const LaneShare&) const = default;
};

// One named effect: what the step takes when it is added to the ones above it.
struct EffectShare {
  std::string name{};
  bool on = true;
  Seconds step{};   // with this effect and all before it
  Seconds added{};  // against the line before
  std::string source{};
  bool operator==(const EffectShare&) const = default;
};

// What one fault of the cluster costs by itself, for as long as it lasts.
struct FaultCost {
  std::string name{};
  Seconds step{};   // with the other effects
  Seconds added{};  // against the step without any fault
  double lost_gpu_hours_per_day = 0;
  Usd lost_usd_per_day{};
  std::string source{};
  bool operator==(const FaultCost&) const = default;
};

// One figure of the publication beside ours. `unit` is for people; values are in base units.
struct PublishedFigure {
  std::string id{};    // stable: two reports are joined on it
  std::string name{};  // for people
  std::string unit{};  // "s", "share", "gpu_hours", "usd"
  double published = 0;
  double bare = 0;
  std::optional<double> with_effects{};  // empty: no effect is on, or none applies
  double tolerance_bare = 0;  // allowed |relative error|, or absolute for shares; 0: none stated
  double tolerance_with_effects = 0;
  bool tolerance_is_absolute = false;
  std::string remark{};
  std::string source{};
  bool operator==(const PublishedFigure&) const = default;
};

struct PhaseCost {
  std::string name{};
  PhaseKind kind = PhaseKind::pretrain;
  double tokens = 0;  // 0 where GPU-hours are given
  double steps = 0;
  double gpu_hours = 0;
  Usd usd{};
  Seconds duration{};
  double published_gpu_hours = 0;  // 0: not published
  Provenance provenance = Provenance::modelled;
  std::string note{};
  bool operator==(const PhaseCost&) const = default;
};

struct RunCost {
  std::vector<PhaseCost> phases{};
  double gpu_hours = 0;
  Usd usd{};
  Seconds duration{};
  double published_gpu_hours = 0;  // 0: not published for all phases
  Usd usd_per_gpu_hour{};
  std::string price_source{};
  Provenance provenance = Provenance::modelled;  // of gpu_hours: the weakest of the phases
  bool operator==(const RunCost&) const = default;
};

// From ideal compute to the bill: each line adds GPU-hours to the ones above; together they are the
// run (with effects).
struct WaterfallLine {
  std::string id{};      // stable: two reports are joined on it
  std::string name{};    // for people
  double gpu_hours = 0;  // this line alone
  Usd usd{};
  bool operator==(const WaterfallLine&) const = default;
};

struct Warning {
  std::string code{};
  std::string message{};
  bool operator==(const Warning&) const = default;
};

// What the errors of predictions for published runs say of this one.
struct StepBand {
  Seconds expected;  // with effects and the measured efficiency of the plan's software, if known
  Seconds low, high;
  int runs = 0;
  std::string source;  // what it is made of
  bool operator==(const StepBand&) const = default;
};

struct Report {
  std::string tool{};  // name and version of the program; may stay empty
  ModelSpec model{};
  ClusterSpec cluster{};
  Plan plan{};
  std::string device{};
  double gpus = 0;
  FlopsPerSecond bf16_peak{};  // of one GPU, dense: the denominator of MFU
  double parameters = 0;
  double active_parameters = 0;
  Flops model_flops_per_token_causal{};
  Flops model_flops_per_token_full{};
  StepSummary bare{};
  StepSummary with_effects{};
  std::optional<StepBand> band{};
  std::vector<EffectShare> effects{};
  std::vector<FaultCost> faults{};
  Seconds chunk_pair{};  // one overlapped pair of full MoE chunks, bare; 0 when the plan has none
  std::vector<LaneShare> lanes{};
  std::vector<RankMemory> memory{};
  Bytes memory_limit{};
  RunCost bare_run{};
  RunCost run{};  // with effects
  std::vector<WaterfallLine> waterfall{};
  std::vector<PublishedFigure> published{};
  std::vector<Warning> warnings{};
  bool operator==(const Report&) const = default;
};

// Whether any named effect is switched on, so that `with_effects` differs from `bare`.
inline bool has_effects(const Report& report) {
  for (const EffectShare& effect : report.effects) {
    if (effect.on) return true;
  }
  return false;
}

}  // namespace reckon

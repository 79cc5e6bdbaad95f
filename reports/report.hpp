// The report of one prediction: plain values that the terminal, JSON, CSV and (later) HTML writers
// share. Everything in base units: seconds, bytes, dollars.
#pragma once

#include <string>
#include <vector>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
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

// Where the time of one pipeline rank goes. The classes are those of ISCA'25 Table 4 (arXiv:2505.09343,
// section 5.1.2): 1F and 1B and 1W are ops that run alone (a full backward counts as 1B), 1F1B are
// overlapped pairs, `optimizer` is the gradient reduction, the optimizer and the gather of weights
// after the last backward; the bubble is the rest of the step.
struct RankTime {
  int pipeline_rank = 0;
  Seconds forward;
  Seconds backward;
  Seconds backward_weight;
  Seconds overlapped_pair;
  Seconds optimizer;
  Seconds bubble;
  Seconds compute_busy;
  Seconds communication_busy;
  Seconds exposed_communication;  // communication lane busy, compute lane idle
  int forwards = 0, backwards = 0, backward_weights = 0, pairs = 0;  // how many ops of each class
  bool operator==(const RankTime&) const = default;
};

struct StepSummary {
  Seconds step;
  RankTime mean;  // over all ranks; counts are those of rank 0
  std::vector<RankTime> ranks;
  double mfu_causal = 0;  // model FLOPs / (BF16 peak x step), causal attention, MTP not counted
  double mfu_full = 0;    // the same with the full attention matrix
  double hfu_causal = 0;  // with recomputation and MTP
  double tokens_per_second_per_gpu = 0;
  double gpu_hours_per_trillion_tokens = 0;
  bool operator==(const StepSummary&) const = default;
};

// Time of one kernel family or transfer in the compute or communication lane, mean over ranks.
struct LaneShare {
  std::string name;
  std::string lane;
  Seconds time;
  bool operator==(const LaneShare&) const = default;
};

// One named effect: what the step takes when it is added to the ones above it.
struct EffectShare {
  std::string name;
  bool on = true;
  Seconds step;   // with this effect and all before it
  Seconds added;  // against the line before
  std::string source;
  bool operator==(const EffectShare&) const = default;
};

// One figure of the publication beside ours. `unit` is for people; values are in base units.
struct PublishedFigure {
  std::string name;
  std::string unit;
  double published = 0;
  double bare = 0;
  double with_effects = 0;
  double tolerance_bare = 0;  // allowed |relative error|, or absolute for shares; 0: none stated
  double tolerance_with_effects = 0;
  bool tolerance_is_absolute = false;
  std::string remark;
  bool operator==(const PublishedFigure&) const = default;
};

struct PhaseCost {
  std::string name;
  double tokens = 0;
  double steps = 0;
  double gpu_hours = 0;
  Usd usd;
  Seconds duration;
  double published_gpu_hours = 0;  // 0: not published
  Provenance provenance = Provenance::modelled;
  std::string note;
  bool operator==(const PhaseCost&) const = default;
};

struct RunCost {
  std::vector<PhaseCost> phases;
  double gpu_hours = 0;
  Usd usd;
  Seconds duration;
  double published_gpu_hours = 0;
  Usd usd_per_gpu_hour;
  std::string price_source;
  bool operator==(const RunCost&) const = default;
};

// From ideal compute to the bill: each line adds GPU-hours to the one above.
struct WaterfallLine {
  std::string name;
  double gpu_hours = 0;  // this line alone
  Usd usd;
  bool operator==(const WaterfallLine&) const = default;
};

struct Warning {
  std::string code;
  std::string message;
  bool operator==(const Warning&) const = default;
};

struct Report {
  ModelSpec model;
  ClusterSpec cluster;
  Plan plan;
  std::string device;
  double parameters = 0;
  double active_parameters = 0;
  Flops model_flops_per_token_causal;
  Flops model_flops_per_token_full;
  StepSummary bare;
  StepSummary with_effects;
  std::vector<EffectShare> effects;
  Seconds chunk_pair;  // one overlapped pair of full MoE chunks, bare; 0 when the plan has none
  std::vector<LaneShare> lanes;
  std::vector<RankMemory> memory;
  Bytes memory_limit;
  RunCost bare_run;
  RunCost run;  // with effects
  std::vector<WaterfallLine> waterfall;
  std::vector<PublishedFigure> published;
  std::vector<Warning> warnings;
  bool operator==(const Report&) const = default;
};

}  // namespace reckon

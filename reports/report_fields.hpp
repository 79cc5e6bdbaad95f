// The field tables of report/1: which keys a report has, in which unit. README.md says in prose
// what each block means. Everything is in base units, so no field has a scale.
#pragma once

#include <tuple>

#include "planner/spec/spec_fields.hpp"
#include "reports/report.hpp"

namespace reckon {

template <>
struct Fields<RankTime> {
  static constexpr std::tuple table{
      required("pipeline_rank", &RankTime::pipeline_rank).min(-1).doc("-1: the mean over ranks"),
      required("forward_s", &RankTime::forward).min(0).doc("1F: forwards that run alone"),
      required("backward_s", &RankTime::backward)
          .min(0)
          .doc("1B: backwards that run alone, with or without their weight gradients"),
      required("backward_weight_s", &RankTime::backward_weight)
          .min(0)
          .doc("1W: weight gradients that run alone"),
      required("overlapped_pair_s", &RankTime::overlapped_pair)
          .min(0)
          .doc("1F1B: overlapped forward-and-backward pairs"),
      required("optimizer_s", &RankTime::optimizer)
          .min(0)
          .doc("gradient reduction, optimizer, gather of weights after the last backward"),
      required("bubble_s", &RankTime::bubble).doc("the rest of the step"),
      required("compute_busy_s", &RankTime::compute_busy).min(0),
      required("communication_busy_s", &RankTime::communication_busy).min(0),
      optional("exchange_busy_s", &RankTime::exchange_busy)
          .min(0)
          .doc("of reductions and gathers beside compute"),
      required("exposed_communication_s", &RankTime::exposed_communication)
          .min(0)
          .doc("inside 1F, 1B, 1W and 1F1B: no kernel runs, it waits for communication"),
      required("forwards", &RankTime::forwards).min(0).doc("number of ops"),
      required("backwards", &RankTime::backwards).min(0),
      required("backward_weights", &RankTime::backward_weights).min(0),
      required("pairs", &RankTime::pairs).min(0)};
};

template <>
struct Fields<StepSummary> {
  static constexpr std::tuple table{
      required("step_s", &StepSummary::step).min(0),
      required("mean", &StepSummary::mean).doc("over ranks; counts are those of rank 0"),
      required("ranks", &StepSummary::ranks),
      required("mfu_causal", &StepSummary::mfu_causal)
          .min(0)
          .doc("model FLOPs / (BF16 peak x step); lower triangle of the attention matrix, no MTP"),
      required("mfu_full", &StepSummary::mfu_full).min(0).doc("whole attention matrix"),
      required("hfu_causal", &StepSummary::hfu_causal)
          .min(0)
          .doc("as mfu_causal, with recomputation and MTP"),
      required("tokens_per_s_per_gpu", &StepSummary::tokens_per_second_per_gpu).min(0),
      required("gpu_hours_per_trillion_tokens", &StepSummary::gpu_hours_per_trillion_tokens)
          .min(0)};
};

template <>
struct Fields<LaneShare> {
  static constexpr std::tuple table{
      required("name", &LaneShare::name).doc("a kind of part: attention_forward, ..."),
      required("lane", &LaneShare::lane).doc("compute or communication"),
      required("time_s", &LaneShare::time).min(0).doc("of one rank and step, mean over ranks")};
};

template <>
struct Fields<EffectShare> {
  static constexpr std::tuple table{
      required("name", &EffectShare::name), required("on", &EffectShare::on),
      required("step_s", &EffectShare::step).min(0).doc("with this effect and all before it"),
      required("added_s", &EffectShare::added).doc("against the line before"),
      optional("source", &EffectShare::source)};
};

template <>
struct Fields<FaultCost> {
  static constexpr std::tuple table{
      required("name", &FaultCost::name),
      required("step_s", &FaultCost::step).min(0).doc("with this fault alone and the effects"),
      required("added_s", &FaultCost::added).doc("against the step without faults"),
      required("lost_gpu_hours_per_day", &FaultCost::lost_gpu_hours_per_day)
          .doc("all GPUs, for each day that it lasts"),
      required("lost_usd_per_day", &FaultCost::lost_usd_per_day),
      optional("source", &FaultCost::source)};
};

template <>
struct Fields<PublishedFigure> {
  static constexpr std::tuple table{
      required("id", &PublishedFigure::id).doc("stable: two reports are joined on it"),
      required("name", &PublishedFigure::name).doc("for people"),
      required("unit", &PublishedFigure::unit).doc("s, share, gpu_hours or usd"),
      required("published", &PublishedFigure::published).positive(),
      required("bare", &PublishedFigure::bare)
          .doc("balanced routing, no jitter, nominal clocks, no contention"),
      optional("with_effects", &PublishedFigure::with_effects)
          .doc("with the named effects; absent if none is on or none applies"),
      required("tolerance_bare", &PublishedFigure::tolerance_bare)
          .min(0)
          .doc("allowed error, relative unless tolerance_is_absolute; 0: none stated"),
      required("tolerance_with_effects", &PublishedFigure::tolerance_with_effects).min(0),
      required("tolerance_is_absolute", &PublishedFigure::tolerance_is_absolute),
      required("remark", &PublishedFigure::remark).doc("what a difference is made of"),
      optional("source", &PublishedFigure::source)};
};

template <>
struct Fields<RankMemory> {
  static constexpr std::tuple table{
      required("pipeline_rank", &RankMemory::pipeline_rank).min(0),
      required("weights_bytes", &RankMemory::weights).min(0).doc("the copies that GEMMs read"),
      required("gradients_bytes", &RankMemory::gradients).min(0),
      required("master_weights_bytes", &RankMemory::master_weights)
          .min(0)
          .doc("of this rank's ZeRO shard"),
      required("moments_bytes", &RankMemory::moments).min(0).doc("of this rank's ZeRO shard"),
      required("activations_bytes", &RankMemory::activations)
          .min(0)
          .doc("micro-batches in flight, kept for the backward"),
      required("logits_bytes", &RankMemory::logits).min(0),
      required("communication_bytes", &RankMemory::communication).min(0).doc("buffers"),
      required("workspace_bytes", &RankMemory::workspace)
          .min(0)
          .doc("one layer's temporaries, CUDA context, allocator slack"),
      required("chunks_in_flight", &RankMemory::chunks_in_flight).min(0),
      required("parameters", &RankMemory::parameters).min(0).doc("second copies included")};
};

template <>
struct Fields<PhaseCost> {
  static constexpr std::tuple table{
      required("name", &PhaseCost::name),
      required("kind", &PhaseCost::kind),
      required("tokens", &PhaseCost::tokens).min(0).doc("0 where GPU-hours are given"),
      required("steps", &PhaseCost::steps).min(0),
      required("gpu_hours", &PhaseCost::gpu_hours).min(0),
      required("cost_usd", &PhaseCost::usd).min(0),
      required("duration_s", &PhaseCost::duration).min(0).doc("without failures and waits"),
      required("published_gpu_hours", &PhaseCost::published_gpu_hours)
          .min(0)
          .doc("0: not published"),
      required("provenance", &PhaseCost::provenance),
      required("note", &PhaseCost::note)};
};

template <>
struct Fields<RunCost> {
  static constexpr std::tuple table{
      required("phases", &RunCost::phases),
      required("gpu_hours", &RunCost::gpu_hours).min(0),
      required("cost_usd", &RunCost::usd).min(0),
      required("duration_s", &RunCost::duration).min(0).doc("without failures and waits"),
      required("published_gpu_hours", &RunCost::published_gpu_hours)
          .min(0)
          .doc("0: not published for all phases"),
      required("usd_per_gpu_hour", &RunCost::usd_per_gpu_hour).min(0),
      required("price_source", &RunCost::price_source),
      required("provenance", &RunCost::provenance).doc("of gpu_hours: the weakest of the phases")};
};

template <>
struct Fields<WaterfallLine> {
  static constexpr std::tuple table{
      required("id", &WaterfallLine::id).doc("stable: two reports are joined on it"),
      required("name", &WaterfallLine::name).doc("for people"),
      required("gpu_hours", &WaterfallLine::gpu_hours).doc("this line alone"),
      required("cost_usd", &WaterfallLine::usd)};
};

template <>
struct Fields<Warning> {
  static constexpr std::tuple table{required("code", &Warning::code).not_empty(),
                                    required("message", &Warning::message)};
};

template <>
struct Fields<StepBand> {
  static constexpr std::tuple table{
      required("expected_s", &StepBand::expected)
          .min(0)
          .doc("with effects, at the measured efficiency of the plan's software if it is known"),
      required("low_s", &StepBand::low).min(0).doc("80 % of runs like it lie between this"),
      required("high_s", &StepBand::high).min(0).doc("and this"),
      required("runs", &StepBand::runs).min(0), required("source", &StepBand::source)};
};
template <>
struct Fields<Report> {
  static constexpr std::tuple table{
      optional("tool", &Report::tool).doc("the program that wrote this"),
      required("model", &Report::model).doc("input, as in model/1"),
      required("cluster", &Report::cluster).doc("input, as in cluster/1"),
      required("plan", &Report::plan).doc("input with all defaults filled in, as in plan/1"),
      required("device", &Report::device).doc("name of the device profile"),
      required("gpus", &Report::gpus).min(0),
      required("bf16_peak_flops_per_s", &Report::bf16_peak)
          .min(0)
          .doc("of one GPU, dense: the denominator of MFU"),
      required("parameters", &Report::parameters).min(0).doc("without MTP modules"),
      required("active_parameters", &Report::active_parameters)
          .min(0)
          .doc("per token, embedding and head included"),
      required("causal_flops_per_token", &Report::model_flops_per_token_causal)
          .min(0)
          .doc("model FLOPs of training, lower triangle of the attention matrix, no MTP"),
      required("full_flops_per_token", &Report::model_flops_per_token_full)
          .min(0)
          .doc("the same with the whole attention matrix"),
      required("bare", &Report::bare)
          .doc("the step with balanced routing, no jitter, nominal clocks, no contention"),
      required("with_effects", &Report::with_effects).doc("the step with the named effects"),
      optional("band", &Report::band).doc("80 % band of the step, from published runs like it"),
      required("effects", &Report::effects),
      optional("faults", &Report::faults).doc("what each fault of the cluster costs by itself"),
      required("chunk_pair_s", &Report::chunk_pair)
          .min(0)
          .doc("one overlapped pair without sends, bare; 0: the plan has none"),
      required("lanes", &Report::lanes).doc("where the lanes' time goes"),
      required("memory", &Report::memory).doc("by pipeline rank, at its worst moment"),
      required("memory_limit_bytes", &Report::memory_limit).min(0).doc("of one GPU"),
      required("bare_run", &Report::bare_run),
      required("run", &Report::run).doc("with the named effects"),
      required("waterfall", &Report::waterfall)
          .doc("from ideal compute to the run's cost; the lines add up to `run`"),
      required("published", &Report::published).doc("published figures beside ours"),
      required("warnings", &Report::warnings)};
};

}  // namespace reckon

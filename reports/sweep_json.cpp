#include "planner/spec/json_io.hpp"
#include "planner/spec/units.hpp"
#include "reports/sweep.hpp"

namespace reckon {

template <>
struct Fields<SweepAxis> {
  static constexpr std::tuple table{
      required("key", &SweepAxis::key).not_empty().doc("a short name, or document#/pointer"),
      required("unit", &SweepAxis::unit).doc("of its values; empty: a count, or in the key"),
      required("meaning", &SweepAxis::meaning).doc("for people: what moves with it")};
};
template <>
struct Fields<SweepSetting> {
  static constexpr std::tuple table{
      required("key", &SweepSetting::key).not_empty(), required("value", &SweepSetting::value),
      optional("number", &SweepSetting::number).doc("the value; absent for a word")};
};
template <>
struct Fields<SweepFigures> {
  static constexpr std::tuple table{
      required("step_s", &SweepFigures::step).min(0),
      required("mfu_causal", &SweepFigures::mfu_causal).min(0),
      required("tokens_per_s_per_gpu", &SweepFigures::tokens_per_second_per_gpu).min(0),
      required("exposed_communication_s", &SweepFigures::exposed_communication)
          .min(0)
          .doc("mean over pipeline ranks, inside ops, as in report/1"),
      required("bubble_s", &SweepFigures::bubble).doc("mean over pipeline ranks"),
      required("gpu_hours_per_trillion_tokens", &SweepFigures::gpu_hours_per_trillion_tokens)
          .min(0),
      required("usd_per_trillion_tokens", &SweepFigures::usd_per_trillion_tokens).min(0),
      required("relative_change", &SweepFigures::relative_change)
          .doc("of GPU-hours a token against the reference")};
};
template <>
struct Fields<SweepPoint> {
  static constexpr std::tuple table{
      required("settings", &SweepPoint::settings).doc("what was set, in the order of the axes"),
      required("followed", &SweepPoint::followed).doc("for people: what changed with it"),
      required("gpus", &SweepPoint::gpus).min(0),
      required("state", &SweepPoint::state),
      required("peak_memory_bytes", &SweepPoint::peak_memory)
          .min(0)
          .doc("of the pipeline rank that needs most; 0: not looked at"),
      required("memory_limit_bytes", &SweepPoint::memory_limit).min(0),
      required("reasons", &SweepPoint::reasons).doc("why it is not predicted, or does not fit"),
      optional("figures", &SweepPoint::figures).doc("absent if it is not predicted")};
};
template <>
struct Fields<Sweep> {
  static constexpr std::tuple table{
      optional("tool", &Sweep::tool).doc("the program that wrote this"),
      required("plan", &Sweep::plan),
      required("model", &Sweep::model),
      required("cluster", &Sweep::cluster),
      required("device", &Sweep::device),
      required("effects", &Sweep::effects).doc("those that are on; empty: the bare step"),
      required("axes", &Sweep::axes),
      required("partial", &Sweep::partial).doc("it was stopped: some points are not_simulated"),
      required("is_against_plan", &Sweep::is_against_plan)
          .doc("relative_change is against the plan as it stands, else the first predicted point"),
      required("unmodified", &Sweep::unmodified).doc("the plan as it stands"),
      required("points", &Sweep::points).doc("the last axis varies fastest")};
};

std::string sweep_json(const Sweep& sweep) { return write(sweep, "sweep/1").dump(2) + "\n"; }
std::string sweep_schema() { return json_schema<Sweep>("sweep/1").dump(2) + "\n"; }

}  // namespace reckon

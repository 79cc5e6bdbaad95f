#include <fmt/format.h>

#include "planner/spec/json_document.hpp"
#include "planner/spec/json_io.hpp"
#include "planner/spec/spec_fields.hpp"
#include "reports/plan_search_report.hpp"

namespace reckon {

template <>
struct Fields<FoundPlan> {
  static constexpr std::tuple table{
      required("number", &FoundPlan::number).min(0).doc("of the plan in the space"),
      required("choice", &FoundPlan::choice).doc("value of each axis, as --fix spells it"),
      required("data_parallel", &FoundPlan::data_parallel).min(1),
      required("gpus", &FoundPlan::gpus).min(1),
      required("steps", &FoundPlan::steps).min(1).doc("of the run"),
      required("step_ps", &FoundPlan::step_ps).min(0).doc("simulated, without effects"),
      required("run_s", &FoundPlan::run).min(0),
      required("gpu_hours", &FoundPlan::gpu_hours).min(0),
      required("usd", &FoundPlan::usd).min(0),
      required("mfu_causal", &FoundPlan::mfu).min(0),
      required("memory_bytes", &FoundPlan::memory).min(0).doc("of the fullest GPU"),
      required("headroom_gib", &FoundPlan::headroom_gib).doc("whole GiB that it has left")};
};
template <>
struct Fields<PrunedPlans> {
  static constexpr std::tuple table{required("reason", &PrunedPlans::reason),
                                    required("plans", &PrunedPlans::plans).min(0)};
};
template <>
struct Fields<TightestConstraint> {
  static constexpr std::tuple table{
      required("constraint", &TightestConstraint::constraint),
      required("message", &TightestConstraint::message),
      optional("nearest", &TightestConstraint::nearest).doc("the best plan without it")};
};
template <>
struct Fields<PlanSearchReport> {
  using R = PlanSearchReport;
  static constexpr std::tuple table{
      required("tool", &R::tool),
      required("model", &R::model),
      required("cluster", &R::cluster),
      required("device", &R::device),
      required("inputs", &R::inputs).doc("fingerprint of what was searched"),
      required("tokens", &R::tokens).positive().doc("of the whole run"),
      required("sequence_length", &R::sequence_length).min(1),
      required("global_batch_size", &R::global_batch_size).min(1),
      required("most_days", &R::most_days).min(0).doc("0: no limit"),
      required("budget_usd", &R::budget).min(0).doc("0: no limit"),
      required("memory_margin", &R::memory_margin).min(0).max(1).doc("share left free"),
      required("front_within", &R::front_within)
          .min(1)
          .doc("the front holds plans of at most so many times the fewest GPU-hours"),
      required("usd_per_gpu_hour", &R::usd_per_gpu_hour).min(0),
      required("axes", &R::axes).doc("values that were searched"),
      required("shard", &R::shard).min(0),
      required("shards", &R::shards).min(1),
      required("complete", &R::complete).doc("false: ended early, nothing is proven"),
      required("space", &R::space).min(0).doc("plans looked at, those that cannot run included"),
      required("legal", &R::legal).min(0).doc("that can run, memory aside"),
      required("kept", &R::kept).min(0).doc("that no reason rules out"),
      required("pruned", &R::pruned),
      required("top_plans", &R::top_plans).min(1),
      required("top", &R::top).doc("by time"),
      required("front", &R::front).doc("none beats another in time, dollars and headroom"),
      optional("nothing", &R::nothing).doc("why no plan is left")};
};

namespace {

constexpr std::string_view schema_name = "plan_search/1";

void add_rows(const std::vector<FoundPlan>& plans, std::string_view list, std::string& csv) {
  int rank = 0;
  for (const FoundPlan& plan : plans) {
    csv +=
        fmt::format("{},{},{},{},{},{:.12g},{:.12g},{:.12g},{:.6g},{:.12g},{}", list, ++rank,
                    plan.number, plan.gpus, plan.data_parallel, to_seconds(plan.step_ps).value,
                    plan.run.value, plan.usd.value, plan.mfu, plan.memory.value, plan.headroom_gib);
    for (const auto& [axis, value] : plan.choice) csv += "," + value;
    csv += "\n";
  }
}

}  // namespace

std::string plan_search_json(const PlanSearchReport& report) {
  return write(report, schema_name).dump(2) + "\n";
}

PlanSearchReport read_plan_search(std::string_view text, const std::string& file_name) {
  return read<PlanSearchReport>(parse_document(text, file_name), schema_name);
}

std::string plan_search_schema() {
  return json_schema<PlanSearchReport>(schema_name).dump(2) + "\n";
}

std::string plan_search_csv(const PlanSearchReport& report) {
  std::string csv =
      "list,rank,number,gpus,data_parallel,step_s,run_s,usd,mfu_causal,memory_bytes,headroom_gib";
  for (const auto& [axis, values] : report.axes) csv += ",choice_" + axis;
  csv += "\n";
  add_rows(report.top, "top", csv);
  add_rows(report.front, "front", csv);
  return csv;
}

}  // namespace reckon

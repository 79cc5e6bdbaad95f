#include <fmt/format.h>

#include <string>
#include <tuple>

#include "planner/spec/json_io.hpp"
#include "planner/spec/spec_fields.hpp"
#include "reports/accuracy.hpp"

namespace reckon {

template <>
struct Fields<RunCheck> {
  static constexpr std::tuple table{
      required("id", &RunCheck::id),
      required("group", &RunCheck::group).doc("model and GPU"),
      required("gpu", &RunCheck::gpu),
      required("architecture", &RunCheck::architecture),
      required("precision", &RunCheck::precision),
      required("software", &RunCheck::software),
      required("family", &RunCheck::family),
      required("gpus", &RunCheck::gpus).min(0),
      required("measured_s", &RunCheck::measured).positive(),
      required("ideal_s", &RunCheck::ideal).min(0).doc("predicted, with ideal software"),
      required("predicted_s", &RunCheck::predicted)
          .min(0)
          .doc("with the software's factor; 0: not expressed"),
      required("held_out_s", &RunCheck::held_out)
          .min(0)
          .doc("with the factor that the other groups give"),
      required("band_low_s", &RunCheck::band_low).min(0).doc("80 % band, from other groups"),
      required("band_high_s", &RunCheck::band_high).min(0),
      required("band_source", &RunCheck::band_source),
      required("measured_memory_bytes", &RunCheck::measured_memory).min(0),
      required("predicted_memory_bytes", &RunCheck::predicted_memory).min(0),
      required("memory_limit_bytes", &RunCheck::memory_limit).min(0),
      required("spread", &RunCheck::spread).doc("of repeats of the same run"),
      required("carried_over", &RunCheck::carried_over).doc("kernel models of another device"),
      required("assumptions", &RunCheck::assumptions),
      required("problems", &RunCheck::problems),
      optional("source", &RunCheck::source)};
};
template <>
struct Fields<AccuracySummary> {
  static constexpr std::tuple table{
      required("name", &AccuracySummary::name),
      required("rows", &AccuracySummary::rows).min(0),
      required("expressed", &AccuracySummary::expressed).min(0),
      required("groups", &AccuracySummary::groups).min(0),
      required("median", &AccuracySummary::median).min(0).doc("of |predicted / measured - 1|"),
      required("p90", &AccuracySummary::p90).min(0),
      required("group_median", &AccuracySummary::group_median)
          .min(0)
          .doc("over groups, each the mean of its runs"),
      required("group_p90", &AccuracySummary::group_p90).min(0),
      required("bias", &AccuracySummary::bias).doc("mean over groups of predicted / measured - 1"),
      required("rank_correlation", &AccuracySummary::rank_correlation).doc("Spearman's"),
      required("held_out_median", &AccuracySummary::held_out_median)
          .min(0)
          .doc("over groups, each with the factor of the others"),
      required("held_out_p90", &AccuracySummary::held_out_p90).min(0)};
};
template <>
struct Fields<WorstRun> {
  static constexpr std::tuple table{
      required("id", &WorstRun::id), required("error", &WorstRun::error),
      required("measured_s", &WorstRun::measured), required("predicted_s", &WorstRun::predicted),
      required("reason", &WorstRun::reason)};
};
template <>
struct Fields<MemoryAccuracy> {
  static constexpr std::tuple table{
      required("rows", &MemoryAccuracy::rows).min(0),
      required("median", &MemoryAccuracy::median).min(0),
      required("p90", &MemoryAccuracy::p90).min(0),
      required("bias", &MemoryAccuracy::bias),
      required("above_limit", &MemoryAccuracy::above_limit).min(0),
      required("called_impossible", &MemoryAccuracy::called_impossible).min(0)};
};
template <>
struct Fields<Accuracy> {
  static constexpr std::tuple table{
      required("all", &Accuracy::all),
      required("classes", &Accuracy::classes),
      required("families", &Accuracy::families).doc("of software"),
      required("groups", &Accuracy::groups),
      required("worst", &Accuracy::worst),
      required("memory", &Accuracy::memory),
      required("band_coverage", &Accuracy::band_coverage).doc("share of runs within their band"),
      required("runs", &Accuracy::runs)};
};

namespace {
constexpr std::string_view schema_name = "accuracy/1";

std::string quoted(std::string text) {
  for (std::size_t i = text.find('"'); i != std::string::npos; i = text.find('"', i + 2)) {
    text.insert(i, 1, '"');
  }
  return '"' + text + '"';
}
}  // namespace

std::string accuracy_json(const Accuracy& accuracy) {
  return write(accuracy, schema_name).dump(2) + "\n";
}

std::string accuracy_schema() { return json_schema<Accuracy>(schema_name).dump(2) + "\n"; }

std::string accuracy_csv(const Accuracy& accuracy) {
  std::string csv =
      "id,group,gpu,architecture,precision,software,gpus,measured_s,ideal_s,predicted_s,"
      "held_out_s,band_low_s,band_high_s,measured_memory_bytes,predicted_memory_bytes,problem\n";
  for (const RunCheck& r : accuracy.runs) {
    csv += fmt::format(
        "{},{},{},{},{},{},{},{:.12g},{:.12g},{:.12g},{:.12g},{:.12g},{:.12g},{:.0f},"
        "{:.0f},{}\n",
        quoted(r.id), quoted(r.group), quoted(r.gpu), r.architecture, quoted(r.precision),
        quoted(r.software), r.gpus, r.measured.value, r.ideal.value, r.predicted.value,
        r.held_out.value, r.band_low.value, r.band_high.value, r.measured_memory.value,
        r.predicted_memory.value, quoted(r.problems.empty() ? "" : r.problems.front()));
  }
  return csv;
}

}  // namespace reckon

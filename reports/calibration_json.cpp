#include "reports/calibration_json.hpp"

#include "planner/spec/json_document.hpp"
#include "planner/spec/json_io.hpp"
#include "planner/spec/spec_fields.hpp"

namespace reckon {

template <>
struct Fields<Problem> {
  static constexpr std::tuple table{
      required("file", &Problem::file), optional("line", &Problem::line).min(0),
      optional("column", &Problem::column).min(0), optional("pointer", &Problem::pointer),
      required("message", &Problem::message)};
};
template <>
struct Fields<ErrorSummary> {
  static constexpr std::tuple table{
      required("rows", &ErrorSummary::rows).min(0),
      required("median", &ErrorSummary::median).min(0).doc("of |predicted / measured - 1|"),
      required("p90", &ErrorSummary::p90).min(0),
      required("bias", &ErrorSummary::bias).doc("median of predicted / measured - 1")};
};
template <>
struct Fields<CalibrationGroup> {
  static constexpr std::tuple table{
      required("family", &CalibrationGroup::family),
      required("variant", &CalibrationGroup::variant),
      required("size_class", &CalibrationGroup::size_class)
          .doc("empty: all shapes for which accuracy is promised"),
      required("fitted", &CalibrationGroup::fitted),
      required("held_back", &CalibrationGroup::held_back).doc("shapes that were not fitted")};
};
template <>
struct Fields<CalibrationPoint> {
  static constexpr std::tuple table{
      required("family", &CalibrationPoint::family),
      required("variant", &CalibrationPoint::variant),
      required("shape", &CalibrationPoint::shape),
      required("measured_us", &CalibrationPoint::measured, micro).positive(),
      required("predicted_us", &CalibrationPoint::predicted, micro).min(0),
      required("held_back", &CalibrationPoint::held_back),
      required("file", &CalibrationPoint::file),
      optional("line", &CalibrationPoint::line).min(0),
      optional("pointer", &CalibrationPoint::pointer)};
};
template <>
struct Fields<UnmodelledRows> {
  static constexpr std::tuple table{required("family", &UnmodelledRows::family),
                                    required("variant", &UnmodelledRows::variant),
                                    required("rows", &UnmodelledRows::rows).min(0)};
};
template <>
struct Fields<CalibrationCheck> {
  static constexpr std::tuple table{
      required("tool", &CalibrationCheck::tool),
      required("device", &CalibrationCheck::device),
      required("rows", &CalibrationCheck::rows).min(0),
      required("rows_left_out", &CalibrationCheck::rows_left_out)
          .min(0)
          .doc("unreadable or impossible"),
      required("groups", &CalibrationCheck::groups),
      required("worst", &CalibrationCheck::worst).doc("the ten largest errors"),
      required("unmodelled", &CalibrationCheck::unmodelled).doc("measured, but not in the profile"),
      required("problems", &CalibrationCheck::problems)};
};

namespace {
constexpr std::string_view schema_name = "calibration/1";
}  // namespace

std::string calibration_json(const CalibrationCheck& check) {
  return write(check, schema_name).dump(2) + "\n";
}

CalibrationCheck read_calibration(std::string_view text, const std::string& file_name) {
  return read<CalibrationCheck>(parse_document(text, file_name), schema_name);
}

std::string calibration_schema() {
  return json_schema<CalibrationCheck>(schema_name).dump(2) + "\n";
}

}  // namespace reckon

#include "planner/spec/residual_json.hpp"

#include <tuple>

#include "planner/spec/json_io.hpp"

namespace reckon {

template <>
struct Fields<RunTraits> {
  static constexpr std::tuple table{
      required("family", &RunTraits::family).doc("of software"),
      required("architecture", &RunTraits::architecture).doc("dense or moe"),
      required("generation", &RunTraits::generation).doc("ampere, hopper, blackwell"),
      required("precision", &RunTraits::precision).doc("bf16, fp8, fp4"),
      required("gpus", &RunTraits::gpus).min(1),
      required("step_s", &RunTraits::step).min(0)};
};
template <>
struct Fields<Residual> {
  static constexpr std::tuple table{
      required("group", &Residual::group).doc("model and GPU"),
      required("traits", &Residual::traits),
      required("log_ratio", &Residual::log_ratio)
          .doc("ln(measured / predicted), the software's factor from other groups"),
      required("log_ratio_ideal", &Residual::log_ratio_ideal).doc("the same without a factor")};
};
template <>
struct Fields<ResidualTable> {
  static constexpr std::tuple table{required("residuals", &ResidualTable::residuals).not_empty()};
};

namespace {
constexpr std::string_view schema_name = "residuals/1";
}  // namespace

ResidualTable read_residuals(const Document& document) {
  return read<ResidualTable>(document, schema_name);
}

std::string write_residuals(const ResidualTable& table) {
  return write(table, schema_name).dump(1) + "\n";
}

std::string residuals_schema() { return json_schema<ResidualTable>(schema_name).dump(2) + "\n"; }

}  // namespace reckon

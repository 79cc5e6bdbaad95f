#include "reports/report_json.hpp"

#include "planner/spec/json_document.hpp"
#include "planner/spec/json_io.hpp"
#include "reports/report_fields.hpp"

namespace reckon {
namespace {

constexpr std::string_view schema_name = "report/1";

}  // namespace

std::string report_json(const Report& report) { return write(report, schema_name).dump(2) + "\n"; }

Report read_report(std::string_view text, const std::string& file_name) {
  return read<Report>(parse_document(text, file_name), schema_name);
}

std::string report_schema() { return json_schema<Report>(schema_name).dump(2) + "\n"; }

}  // namespace reckon

// The report as a document: `reckon simulate --json`. README.md describes it, schema/report-1.json
// is its JSON Schema.
#pragma once

#include <string>
#include <string_view>

#include "reports/report.hpp"

namespace reckon {

// The "report/1" document: keys in a fixed order, two blanks of indentation, a newline at the end,
// numbers with 12 significant digits. The same report gives the same bytes. Throws
// std::invalid_argument, naming the key, for a number that is not finite.
std::string report_json(const Report& report);

// A report from its document. Throws InputError with every problem found; `file_name` is for the
// messages.
Report read_report(std::string_view text, const std::string& file_name);

// JSON Schema (draft-07) of "report/1"; shipped as reports/schema/report-1.json.
std::string report_schema();

}  // namespace reckon

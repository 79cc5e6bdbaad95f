// import/1: what an import understood, for other programs.
#pragma once

#include <string>

#include "planner/import/import_report.hpp"

namespace reckon {

std::string import_report_json(const ImportReport& report);

// Its JSON Schema (draft-07).
std::string import_report_schema();

}  // namespace reckon

// The report as a table for spreadsheets: `reckon simulate --csv`.
#pragma once

#include <string>

#include "reports/report.hpp"

namespace reckon {

// Long format: one number a line under the header "section,name,unit,value,provenance". RFC 4180:
// fields quoted where needed, lines end in CR LF. Numbers are written so that they read back to the
// same double.
std::string report_csv(const Report& report);

}  // namespace reckon

// The report for a terminal: what a capacity planner reads.
#pragma once

#include <string>

#include "reports/report.hpp"
#include "reports/table.hpp"

namespace reckon {

// Headline, step, published figures beside predicted, effects, memory, from ideal compute to the
// bill, phases, warnings, provenance, what to try next. Sections without content are left out.
// Lines end without blanks; tables want some 100 columns and lose their bars on narrower terminals.
// Not a stable format: scripts read report_json().
std::string report_text(const Report& report, const TextStyle& style);

}  // namespace reckon

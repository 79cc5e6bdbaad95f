// A report with made-up but likely numbers: DeepSeek-V3 on 2,048 H800. Self-contained, so that
// golden texts change only when the writers do.
#pragma once

#include "reports/report.hpp"

namespace reckon {

// Complete (begin_report, summaries, finish_report). All three effects on.
Report example_report();

// The same with no effect on.
Report example_report_bare();

// A small dense model without published figures, phases or effects, too big for its memory.
Report small_report();

}  // namespace reckon

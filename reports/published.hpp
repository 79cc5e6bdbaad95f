// The publication's figures beside ours, each with the error that the project promises to stay
// below.
#pragma once

#include <optional>
#include <vector>

#include "planner/spec/schedule.hpp"
#include "planner/spec/units.hpp"
#include "reports/report.hpp"

namespace reckon {

// One row for each figure that the plan has a published value of, in the order of a report: the
// parts of the step, the step, MFU, GPU-hours a trillion tokens, the whole run. Nothing is fitted
// to them; a remark says what a difference is made of. Reads plan, bare, with_effects, effects,
// chunk_pair, bare_run and run.
std::vector<PublishedFigure> published_figures(const Report& report);

// predicted / published - 1, or predicted - published where the tolerance is absolute.
double error_of(const PublishedFigure& figure, double predicted);

// Whether both predictions stay within their tolerances; empty where none is stated.
std::optional<bool> is_within_tolerance(const PublishedFigure& figure);

// The bubble that a schedule's published formula gives with the mean op times of a summary; empty
// if the summary lacks an op of the formula. Formulas: DualPipe README for 1F1B, ZB1P, DualPipe and
// DualPipeV; arXiv:2104.04473, section 2.2 for GPipe and interleaved 1F1B.
std::optional<Seconds> formula_bubble(const StepSummary& summary, const ScheduleShape& shape);

}  // namespace reckon

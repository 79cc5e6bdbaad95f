// Why a search is left with nothing, and what there would be without the limit or fix to blame.
#pragma once

#include "planner/plan_search.hpp"

namespace reckon {

// Searches again with less asked for. `result`: of the search that found nothing.
TightestConstraint why_nothing(const SearchTask& task, const Workers& workers, const GoOn& go_on,
                               const SearchResult& result);

// A simulated plan as reports show it.
FoundPlan found_plan(const SearchTask& task, const ScoredPlan& scored);

}  // namespace reckon

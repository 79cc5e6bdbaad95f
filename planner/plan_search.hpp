// A search over plans with the simulator as its judge: what planner/search asks for, and nothing of
// files or terminals. Part of the composition root, as predict.hpp.
#pragma once

#include <string>

#include "planner/predict.hpp"
#include "planner/search/search.hpp"

namespace reckon {

// The simulator's times of parts, exchanges and updates on a cluster. Refers to `inputs`.
SearchCosts search_costs(const Inputs& inputs);

// So many threads, and fewer where there is less to do.
Workers threads(std::size_t count);

// Simulates plans of the space bare. Refers to both.
ScorePlans plan_scorer(const SearchProblem& problem, const Workers& workers);

// The inputs of one plan of the space.
Inputs inputs_of(const SearchProblem& problem, std::uint64_t number);

}  // namespace reckon

// Networks from files to results: the hops of `reckon network`. Part of the composition root, as
// predict.hpp is.
#pragma once

#include <string>
#include <vector>

#include "planner/spec/flow_scenario.hpp"

namespace reckon {

// Simulates every scenario of a file. Throws InputError with every problem of the file, with place.
std::vector<FlowOutcome> run_scenarios(const std::string& path);

}  // namespace reckon

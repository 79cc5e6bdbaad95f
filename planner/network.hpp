// Networks from files to results: the hops of `reckon network`. Part of the composition root, as
// predict.hpp is.
#pragma once

#include <string>
#include <vector>

#include "planner/spec/collective_forecast.hpp"
#include "planner/spec/flow_scenario.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// Simulates every scenario of a file. Throws InputError with every problem of the file, with place.
std::vector<FlowOutcome> run_scenarios(const std::string& path);

// Which flow (or makespan) misses by how much what its file expects, the worst of all; empty if all
// are within 1e-9.
std::string missed_text(const std::vector<FlowOutcome>& outcomes);

// What NCCL would choose on `nodes` nodes of a type, by its own model (topologies/nccl), for each
// size. Throws InputError for a node type that the model does not know.
CollectiveForecast forecast_collective(const std::string& data_dir, NcclOperation operation,
                                       const std::string& node, int nodes,
                                       const std::vector<Bytes>& sizes);

}  // namespace reckon

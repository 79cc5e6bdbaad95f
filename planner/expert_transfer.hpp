// Transfers over a cluster's links, from names to results: the hops of `reckon network dispatch`,
// `combine` and of the collectives that are flows. Part of the composition root, as predict.hpp is.
#pragma once

#include <string>
#include <vector>

#include "planner/spec/expert_forecast.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// Each throws InputError with all that is wrong with the request.
ExpertForecast forecast_expert_transfer(const std::string& data_dir, const ExpertRequest& request);

FlowCollectiveForecast forecast_flow_collective(const std::string& data_dir,
                                                const NetworkRequest& request,
                                                FlowOperation operation,
                                                const std::vector<Bytes>& sizes);

}  // namespace reckon

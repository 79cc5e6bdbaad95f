// `reckon network` as text and JSON.
#pragma once

#include <string>
#include <vector>

#include "planner/spec/collective_forecast.hpp"
#include "planner/spec/flow_scenario.hpp"
#include "reports/table.hpp"

namespace reckon {

// When the flows of each scenario end; of large ones the first and last.
std::string flows_text(const std::vector<FlowOutcome>& outcomes, const TextStyle& style);

// The same with every flow: schema flows/1 (`reckon schema flows/1`).
std::string flows_json(const std::vector<FlowOutcome>& outcomes);
std::string flows_schema();

// One line a size: algorithm, protocol, time, algbw and busbw as nccl-tests define them.
std::string collective_text(const CollectiveForecast& forecast, const TextStyle& style);

// The same: schema collective/1.
std::string collective_json(const CollectiveForecast& forecast);
std::string collective_schema();

}  // namespace reckon

// `reckon network dispatch | combine` and collectives as flows, as text and JSON.
#pragma once

#include <string>

#include "planner/spec/expert_forecast.hpp"
#include "reports/table.hpp"

namespace reckon {

// One line a placement and network; then what balancing gains.
std::string expert_text(const ExpertForecast& forecast, const TextStyle& style);
// Schema experts/1.
std::string expert_json(const ExpertForecast& forecast);
std::string expert_schema();

// One line a size, as of collective_text().
std::string flow_collective_text(const FlowCollectiveForecast& forecast, const TextStyle& style);
// Schema flow_collective/1.
std::string flow_collective_json(const FlowCollectiveForecast& forecast);
std::string flow_collective_schema();

}  // namespace reckon

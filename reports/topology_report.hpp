// `reckon network describe` as text, JSON and pictures.
#pragma once

#include <string>

#include "planner/spec/topology_drawing.hpp"
#include "planner/spec/topology_report.hpp"
#include "reports/table.hpp"

namespace reckon {

std::string topology_text(const TopologyReport& report, const TextStyle& style);

// Schema topology_report/1 (`reckon schema topology_report/1`).
std::string topology_json(const TopologyReport& report);
std::string topology_report_schema();

// A drawing from the nodes at the bottom to the top layer, planes in colours, what has failed red.
std::string topology_svg(const TopologyDrawing& drawing);

// The same for Graphviz (dot -Tsvg).
std::string topology_dot(const TopologyDrawing& drawing);

}  // namespace reckon

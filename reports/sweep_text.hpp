// A sweep as a table for a terminal.
#pragma once

#include <string>

#include "reports/sweep.hpp"
#include "reports/table.hpp"

namespace reckon {

// The plan as it stands, then one row a point; below them the reasons of those that cannot run.
std::string sweep_text(const Sweep& sweep, const TextStyle& style);

}  // namespace reckon

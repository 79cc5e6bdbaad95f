// Residuals of published runs from and to JSON (residuals/1).
#pragma once

#include <string>

#include "planner/spec/json_document.hpp"
#include "planner/spec/residual.hpp"

namespace reckon {

// Throws InputError with every problem of the file.
ResidualTable read_residuals(const Document& document);
std::string write_residuals(const ResidualTable& table);
std::string residuals_schema();

}  // namespace reckon

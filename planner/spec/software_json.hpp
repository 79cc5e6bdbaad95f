// The table of training frameworks from JSON (software/1).
#pragma once

#include <string>

#include "planner/spec/json_document.hpp"
#include "planner/spec/software.hpp"

namespace reckon {

// Throws InputError with every problem of the file.
SoftwareTable read_software(const Document& document);
std::string write_software(const SoftwareTable& table);
std::string software_schema();

}  // namespace reckon

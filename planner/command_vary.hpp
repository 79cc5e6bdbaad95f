// The option --vary of `reckon simulate`: its text of help, and from words to axes.
#pragma once

#include <string>
#include <vector>

#include "planner/command_line.hpp"

namespace reckon {

// The keys that can vary, a line each.
std::string vary_help();

// Problems go to `a`.
void read_vary(const std::vector<std::string>& texts, Arguments& a);

}  // namespace reckon

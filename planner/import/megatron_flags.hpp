// Megatron-LM's arguments that change neither time nor memory of a step, and those that do and that
// a plan cannot say.
#pragma once

#include <string_view>

namespace reckon {

// Why an argument is without effect; empty if it is not known to be.
std::string_view why_harmless(std::string_view name);

// What an argument changes that neither model/1 nor plan/1 has a field for; empty if nothing known.
std::string_view why_refused(std::string_view name);

}  // namespace reckon

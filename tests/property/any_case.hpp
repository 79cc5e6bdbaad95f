// Random small plans that can run: dense models and such with experts, all six schedules, one to
// eight pipeline ranks.
#pragma once

#include <rapidcheck.h>

#include <ostream>

#include "tests/sim/cases.hpp"

namespace reckon::test {

rc::Gen<Case> any_case();

// How RapidCheck prints a counterexample; it chooses the name.
void showValue(const Case& given, std::ostream& out);  // NOLINT(readability-identifier-naming)

}  // namespace reckon::test

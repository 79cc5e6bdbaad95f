// Many predictions of one plan, each with other values of what varies. Part of the composition
// root, like predict.hpp.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "planner/predict.hpp"
#include "planner/vary.hpp"
#include "reports/sweep.hpp"

namespace reckon {

struct SweepOptions {
  EffectSwitches effects = all_effects;
  bool ignore_memory = false;  // predict points that do not fit, too
  int threads = 0;             // 0: as many as the machine has
  // Told how many points are done, some ten times a second; false stops the sweep.
  std::function<bool(std::size_t done, std::size_t points)> progress{};
};

// Points that cannot run are in the result with their reasons. The same inputs give the same
// result, however many threads there are. Throws InputError for an axis that names nothing of the
// documents, or a value that they do not take.
Sweep sweep(const Inputs& inputs, const std::vector<VaryAxis>& axes, const SweepOptions& options);

}  // namespace reckon

// Time and memory against the size of what is simulated.
#pragma once

#include <string>
#include <vector>

namespace reckon {

struct GrowthRow {
  std::string what;
  double ms = 0;         // of the processor, best of three
  double peak_mib = 0;   // of a process that does nothing else
  double limit_mib = 0;  // 0: none
};

// A million flows at once, and the V3 step on 256 to 131,072 GPUs, each in a process of its own.
// To be called before anything big is in memory: a child starts with what its parent has.
std::vector<GrowthRow> measure_growth();

}  // namespace reckon

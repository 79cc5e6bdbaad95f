// Which data-parallel ranks a simulation tells apart: each has a lane, and stands for those alike.
#pragma once

#include <cstddef>
#include <vector>

#include "planner/spec/placement.hpp"
#include "sim/simulate.hpp"

namespace reckon {

struct Lanes {
  std::vector<int> data_rank;     // [lane]
  std::vector<int> multiplicity;  // [lane]: GPUs of a pipeline rank that it stands for
  std::size_t group = 1;          // lanes that exchange tokens with each other, side by side
  std::size_t size() const { return data_rank.size(); }
};

// One lane for one GPU of each pipeline rank.
inline const Lanes one_lane{{0}, {1}, 1};

// Alike ranks: one lane. Effects that differ by rank: one expert-parallel group, or a handful of
// replicas where there is none (the rest are draws from the same distribution). A GPU with a fault
// of its own: its expert-parallel group beside a healthy one. `unfold`: all of them.
Lanes lanes_of(const SimulateInputs& inputs, const SimulateOptions& options);

}  // namespace reckon

// Collectives that are no ring or tree: every transfer at once, over the links that they share.
#pragma once

#include <span>
#include <vector>

#include "planner/spec/expert_forecast.hpp"
#include "planner/spec/units.hpp"
#include "sim/flows/routed_flows.hpp"

namespace reckon {

// `bytes` as nccl-tests count them: what a rank of an all-to-all sends, its own part included; all
// that the root (the first GPU) of a gather gets or of a scatter sends, its own part included; what
// each rank of a ring sends to the next. Not for all_to_all_v, which has a matrix.
std::vector<RoutedTransfer> collective_transfers(FlowOperation operation, std::span<const int> gpus,
                                                 Bytes bytes);

// matrix[from * gpus + to] bytes; the diagonal stays where it is.
std::vector<RoutedTransfer> all_to_all_v(std::span<const int> gpus, std::span<const double> matrix);

// Every rank sends `bytes`, its own part included, by the shares of the receivers.
std::vector<double> matrix_by_shares(std::span<const double> shares, Bytes bytes);

// busbw / algbw of n ranks (nccl-tests, PERFORMANCE.md).
double bus_factor(FlowOperation operation, int ranks);

}  // namespace reckon

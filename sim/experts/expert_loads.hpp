// How the routed tokens of a layer spread over its experts: fractions of all choices that sum to 1.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace reckon {

using ExpertLoads = std::vector<double>;

ExpertLoads balanced_loads(int experts);

// Drawn from a symmetric Dirichlet distribution with this concentration for each expert: the larger
// it is, the more even the loads. The same on any machine, up to its libm.
ExpertLoads dirichlet_loads(int experts, double concentration, std::uint64_t seed);

// Scaled to sum to 1; none are left if they sum to nothing.
ExpertLoads normalised(ExpertLoads loads);

// max / mean - 1, as the loss-free balancing paper defines MaxVio.
double max_violation(std::span<const double> loads);
double gini(std::span<const double> loads);

// By expert, the share of its tokens that it takes if none may take more than `factor` times the
// mean: 1 everywhere for a factor of 0, which stands for no limit.
std::vector<double> kept_shares(std::span<const double> loads, double capacity_factor);

// The share of all choices that such a limit drops.
double dropped_share(std::span<const double> loads, std::span<const double> kept);

}  // namespace reckon

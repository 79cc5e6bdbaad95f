// Parameters that make a model fit measurements, a few wild ones among them notwithstanding.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sim/kernel_models/family_model.hpp"

namespace reckon {

// Writes ln(predicted / measured) of every row for these parameters.
using ResidualsOf =
    std::function<void(std::span<const double> parameters, std::span<double> residuals)>;

struct RobustFitOptions {
  double scale = 0.05;   // errors well above it count by size, not by square (soft L1)
  int iterations = 40;   // of Levenberg-Marquardt, at most
  int restarts = 2;      // from random starts around the best so far
  int random_steps = 0;  // of a random walk at the end, for kinks that no slope shows
  std::uint32_t seed = 1;
  double prior = 0.003;  // loss of a parameter that is e times the table's start: what the rows
                         // do not decide stays where physics would put it
  std::vector<double> start;  // parameters to start from; empty: those of the table
};

struct RobustFit {
  std::vector<double> parameters;
  double loss = 0;  // weighted mean of soft-L1
  int evaluations = 0;
};

// Minimises the weighted mean of soft-L1(residual / scale), and `prior` times the squared
// logarithms of parameters over their typical values, within bounds: Levenberg-Marquardt on their
// logarithms with a numeric Jacobian (Marquardt 1963; soft L1 by iteratively reweighted squares as
// in Triggs et al. 2000). Deterministic for a seed. Precondition: weights and residuals have the
// same, positive, number of rows.
RobustFit fit_robustly(std::span<const ModelParameter> parameters, std::span<const double> weights,
                       const ResidualsOf& residuals_of, const RobustFitOptions& options);

}  // namespace reckon

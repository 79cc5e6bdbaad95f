#include "sim/experts/expert_loads.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "topologies/random.hpp"

namespace reckon {
namespace {

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : seed_(seed) {}

  // In (0, 1): 53 bits, never an end.
  double uniform() { return (static_cast<double>(mix(seed_, counter_++) >> 11) + 0.5) * 0x1.0p-53; }

  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    constexpr double turn = 6.283185307179586;
    return radius * std::cos(turn * uniform());
  }

  // ln of a gamma variate: Marsaglia and Tsang 2000, and below a shape of 1 their section 6. In
  // logarithms, as a small shape makes numbers that no double holds.
  double log_gamma_variate(double shape) {
    if (shape < 1) {
      const double boost = std::log(uniform()) / shape;
      return log_gamma_variate(shape + 1) + boost;
    }
    const double d = shape - 1.0 / 3;
    const double c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = normal();
      const double v = std::pow(1 + c * x, 3);
      if (v <= 0) continue;
      if (std::log(uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) {
        return std::log(d) + std::log(v);
      }
    }
  }

 private:
  std::uint64_t seed_;
  std::uint64_t counter_ = 0;
};

}  // namespace

ExpertLoads balanced_loads(int experts) {
  return ExpertLoads(static_cast<std::size_t>(experts), 1.0 / experts);
}

ExpertLoads dirichlet_loads(int experts, double concentration, std::uint64_t seed) {
  Draws draws(seed);
  ExpertLoads loads(static_cast<std::size_t>(experts));
  for (double& load : loads) load = draws.log_gamma_variate(concentration);
  const double largest = *std::max_element(loads.begin(), loads.end());
  for (double& load : loads) load = std::exp(load - largest);
  return normalised(std::move(loads));
}

ExpertLoads normalised(ExpertLoads loads) {
  const double sum = std::accumulate(loads.begin(), loads.end(), 0.0);
  if (!(sum > 0)) return {};
  for (double& load : loads) load /= sum;
  return loads;
}

double max_violation(std::span<const double> loads) {
  if (loads.empty()) return 0;
  const double sum = std::accumulate(loads.begin(), loads.end(), 0.0);
  const double largest = *std::max_element(loads.begin(), loads.end());
  return largest * static_cast<double>(loads.size()) / sum - 1;
}

double gini(std::span<const double> loads) {
  std::vector<double> sorted(loads.begin(), loads.end());
  std::sort(sorted.begin(), sorted.end());
  const double n = static_cast<double>(sorted.size());
  double weighted = 0, sum = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    weighted += static_cast<double>(i + 1) * sorted[i];
    sum += sorted[i];
  }
  return sum > 0 ? 2 * weighted / (n * sum) - (n + 1) / n : 0;
}

std::vector<double> kept_shares(std::span<const double> loads, double capacity_factor) {
  std::vector<double> kept(loads.size(), 1.0);
  if (capacity_factor <= 0) return kept;
  const double sum = std::accumulate(loads.begin(), loads.end(), 0.0);
  const double capacity = capacity_factor * sum / static_cast<double>(loads.size());
  for (std::size_t e = 0; e < loads.size(); ++e) {
    if (loads[e] > capacity) kept[e] = capacity / loads[e];
  }
  return kept;
}

double dropped_share(std::span<const double> loads, std::span<const double> kept) {
  double dropped = 0, sum = 0;
  for (std::size_t e = 0; e < loads.size(); ++e) {
    dropped += loads[e] * (1 - kept[e]);
    sum += loads[e];
  }
  return sum > 0 ? dropped / sum : 0;
}

}  // namespace reckon

#include "sim/calibrate/robust_fit.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>

namespace reckon {
namespace {

// Parameters as logarithms within bounds.
struct Space {
  Space(std::span<const ModelParameter> table, std::span<const double> from) {
    for (std::size_t i = 0; i < table.size(); ++i) {
      const ModelParameter& parameter = table[i];
      typical.push_back(std::log(parameter.start));
      start.push_back(from.empty() ? typical.back() : std::log(from[i]));
      low.push_back(std::log(parameter.low));
      high.push_back(std::log(parameter.high));
    }
  }

  std::vector<double> clamped(std::vector<double> point) const {
    for (std::size_t i = 0; i < point.size(); ++i) point[i] = std::clamp(point[i], low[i], high[i]);
    return point;
  }

  static std::vector<double> values(const std::vector<double>& point) {
    std::vector<double> result(point.size());
    std::transform(point.begin(), point.end(), result.begin(),
                   [](double x) { return std::exp(x); });
    return result;
  }

  std::vector<double> typical, start, low, high;
};

class Fitter {
 public:
  Fitter(const Space& space, std::span<const double> weights, const ResidualsOf& residuals_of,
         const RobustFitOptions& options)
      : space_(space),
        weights_(weights),
        residuals_of_(residuals_of),
        options_(options),
        total_weight_(0) {
    for (const double weight : weights) total_weight_ += weight;
  }

  double evaluate(const std::vector<double>& point, std::vector<double>& residuals) {
    ++evaluations_;
    residuals_of_(Space::values(point), residuals);
    double loss = 0;
    for (std::size_t row = 0; row < residuals.size(); ++row) {
      const double ratio = residuals[row] / options_.scale;
      loss += weights_[row] * 2 * (std::sqrt(1 + ratio * ratio) - 1);
    }
    loss /= total_weight_;
    for (std::size_t i = 0; i < point.size(); ++i) {
      const double away = point[i] - space_.typical[i];
      loss += options_.prior * away * away;
    }
    return std::isfinite(loss) ? loss : std::numeric_limits<double>::infinity();
  }

  // Descends from `point`; returns the loss that it reached.
  double descend(std::vector<double>& point) {
    std::vector<double> residuals(weights_.size());
    std::vector<double> trial(weights_.size());
    double loss = evaluate(point, residuals);
    double damping = 1e-2;
    for (int iteration = 0; iteration < options_.iterations; ++iteration) {
      linearise(point, residuals);
      bool improved = false;
      double gain = 0;
      for (int attempt = 0; attempt < 6 && !improved; ++attempt) {
        const std::vector<double> next = step(point, damping);
        const double next_loss = evaluate(next, trial);
        improved = next_loss < loss;
        if (improved) {
          gain = loss - next_loss;
          point = next;
          loss = next_loss;
          residuals.swap(trial);
        }
        damping = std::clamp(damping * (improved ? 0.3 : 4.0), 1e-9, 1e9);
      }
      if (!improved || gain < 1e-6 * loss) break;
    }
    return loss;
  }

  // Keeps random steps that help: kinks of tiles and waves hide valleys from the slopes.
  double wander(std::vector<double>& point, double loss, std::mt19937& random) {
    std::vector<double> residuals(weights_.size());
    double reach = 0.1;
    for (int i = 0; i < options_.random_steps; ++i) {
      std::vector<double> next = point;
      const std::size_t changed = 1 + random() % 3;
      for (std::size_t j = 0; j < changed; ++j) {
        next[random() % next.size()] += reach * spread(random);
      }
      next = space_.clamped(std::move(next));
      const double next_loss = evaluate(next, residuals);
      if (next_loss < loss) {
        point = std::move(next);
        loss = next_loss;
        reach = std::min(0.3, reach * 1.5);
      } else {
        reach = std::max(0.005, reach * 0.97);
      }
    }
    return loss;
  }

  // In -1 to 1, the same on every machine (the standard distributions are not).
  static double spread(std::mt19937& random) {
    return 2.0 * static_cast<double>(random()) / 4294967295.0 - 1.0;
  }

  int evaluations() const { return evaluations_; }

 private:
  // Normal equations of the reweighted squares at `point`.
  void linearise(const std::vector<double>& point, const std::vector<double>& residuals) {
    const auto unknowns = static_cast<Eigen::Index>(point.size());
    const auto rows = static_cast<Eigen::Index>(residuals.size());
    jacobian_.resize(rows, unknowns);
    std::vector<double> moved(residuals.size());
    for (Eigen::Index column = 0; column < unknowns; ++column) {
      const auto i = static_cast<std::size_t>(column);
      std::vector<double> near = point;
      const double difference = point[i] + 1e-3 > space_.high[i] ? -1e-3 : 1e-3;
      near[i] += difference;
      evaluate(near, moved);
      for (Eigen::Index row = 0; row < rows; ++row) {
        const auto r = static_cast<std::size_t>(row);
        jacobian_(row, column) = (moved[r] - residuals[r]) / difference;
      }
    }
    Eigen::VectorXd value(rows);
    Eigen::VectorXd weight(rows);
    for (Eigen::Index row = 0; row < rows; ++row) {
      const auto r = static_cast<std::size_t>(row);
      const double ratio = residuals[r] / options_.scale;
      value(row) = residuals[r];
      weight(row) = weights_[r] / std::sqrt(1 + ratio * ratio);
    }
    normal_ = jacobian_.transpose() * weight.asDiagonal() * jacobian_;
    gradient_ = jacobian_.transpose() * weight.cwiseProduct(value);
    // The prior in the units of the squares above.
    const double prior = options_.prior * options_.scale * options_.scale * total_weight_;
    for (Eigen::Index i = 0; i < unknowns; ++i) {
      const auto p = static_cast<std::size_t>(i);
      normal_(i, i) += prior;
      gradient_(i) += prior * (point[p] - space_.typical[p]);
    }
  }

  std::vector<double> step(const std::vector<double>& point, double damping) const {
    Eigen::MatrixXd damped = normal_;
    const double floor = 1e-9 * (1 + normal_.diagonal().maxCoeff());
    for (Eigen::Index i = 0; i < damped.rows(); ++i) {
      damped(i, i) += damping * std::max(normal_(i, i), floor);
    }
    const Eigen::VectorXd move = damped.ldlt().solve(-gradient_);
    std::vector<double> next = point;
    for (std::size_t i = 0; i < next.size(); ++i) {
      const double change = move(static_cast<Eigen::Index>(i));
      next[i] += std::isfinite(change) ? std::clamp(change, -0.7, 0.7) : 0.0;
    }
    return space_.clamped(std::move(next));
  }

  const Space& space_;
  std::span<const double> weights_;
  const ResidualsOf& residuals_of_;
  const RobustFitOptions& options_;
  double total_weight_;
  int evaluations_ = 0;
  Eigen::MatrixXd jacobian_;
  Eigen::MatrixXd normal_;
  Eigen::VectorXd gradient_;
};

}  // namespace

RobustFit fit_robustly(std::span<const ModelParameter> parameters, std::span<const double> weights,
                       const ResidualsOf& residuals_of, const RobustFitOptions& options) {
  const Space space(parameters, options.start);
  Fitter fitter(space, weights, residuals_of, options);
  std::mt19937 random(options.seed);
  std::vector<double> best = space.clamped(space.start);
  double best_loss = fitter.descend(best);
  for (int restart = 0; restart < options.restarts; ++restart) {
    std::vector<double> point = best;
    for (double& value : point) value += 0.5 * Fitter::spread(random);
    point = space.clamped(std::move(point));
    const double loss = fitter.descend(point);
    if (loss < best_loss) {
      best = std::move(point);
      best_loss = loss;
    }
  }
  if (options.random_steps > 0) {
    best_loss = fitter.wander(best, best_loss, random);
    std::vector<double> point = best;
    const double loss = fitter.descend(point);
    if (loss < best_loss) {
      best = std::move(point);
      best_loss = loss;
    }
  }
  return {Space::values(best), best_loss, fitter.evaluations()};
}

}  // namespace reckon

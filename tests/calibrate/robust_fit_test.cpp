#include "sim/calibrate/robust_fit.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace reckon {
namespace {

constexpr std::array<ModelParameter, 2> line{
    {{"start_us", 1, 0.01, 100, "at size 0"}, {"rate", 1, 0.01, 100, "sizes a us"}}};

// Times 5 + size / 4 for the sizes 1 to 200; every `wild`-th is ten times too slow.
std::vector<double> times(std::size_t wild) {
  std::vector<double> result;
  for (std::size_t i = 1; i <= 200; ++i) {
    const double time = 5 + static_cast<double>(i) / 4;
    result.push_back(i % wild == 0 ? 10 * time : time);
  }
  return result;
}

ResidualsOf residuals_to(const std::vector<double>& measured) {
  return [&measured](std::span<const double> p, std::span<double> residuals) {
    for (std::size_t i = 0; i < measured.size(); ++i) {
      residuals[i] = std::log((p[0] + static_cast<double>(i + 1) / p[1]) / measured[i]);
    }
  };
}

TEST(RobustFit, FindsTheParametersThatMadeTheData) {
  const std::vector<double> measured = times(1000);
  const std::vector<double> weights(measured.size(), 1.0);
  RobustFitOptions options;
  options.prior = 0;
  const RobustFit fit = fit_robustly(line, weights, residuals_to(measured), options);
  EXPECT_NEAR(fit.parameters[0], 5, 1e-4);
  EXPECT_NEAR(fit.parameters[1], 4, 1e-4);
  EXPECT_LT(fit.loss, 1e-8);
}

// Least squares would move by the wild rows' ln 10 / 8 = 0.29.
TEST(RobustFit, WildRowsHardlyMoveIt) {
  const std::vector<double> measured = times(8);
  const std::vector<double> weights(measured.size(), 1.0);
  const RobustFit fit = fit_robustly(line, weights, residuals_to(measured), {});
  EXPECT_NEAR(fit.parameters[0], 5, 0.1);
  EXPECT_NEAR(fit.parameters[1], 4, 0.08);
}

TEST(RobustFit, RowsOfNoWeightDoNotCount) {
  std::vector<double> measured = times(1000);
  std::vector<double> weights(measured.size(), 1.0);
  for (std::size_t i = 0; i < 150; ++i) {
    measured[i] *= 3;
    weights[i] = 0;
  }
  RobustFitOptions options;
  options.prior = 0;
  const RobustFit fit = fit_robustly(line, weights, residuals_to(measured), options);
  EXPECT_NEAR(fit.parameters[1], 4, 1e-3);
}

TEST(RobustFit, StaysWithinTheBounds) {
  std::array<ModelParameter, 2> narrow = line;
  narrow[1].high = 2;
  const std::vector<double> measured = times(1000);
  const std::vector<double> weights(measured.size(), 1.0);
  RobustFitOptions options;
  options.random_steps = 200;
  const RobustFit fit = fit_robustly(narrow, weights, residuals_to(measured), options);
  EXPECT_NEAR(fit.parameters[1], 2, 1e-9);
  EXPECT_GE(fit.parameters[0], 0.01 - 1e-12);
}

// A step function has no slopes; the random walk still finds where it steps.
TEST(RobustFit, TheRandomWalkPassesKinks) {
  constexpr std::array<ModelParameter, 1> place{{{"place", 10, 1, 100, "where times double"}}};
  const ResidualsOf residuals = [](std::span<const double> p, std::span<double> out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto size = static_cast<double>(i);
      out[i] = std::log((size < p[0] ? 1.0 : 2.0) / (size < 55 ? 1.0 : 2.0));
    }
  };
  const std::vector<double> weights(100, 1.0);
  RobustFitOptions options;
  options.random_steps = 2000;
  const RobustFit fit = fit_robustly(place, weights, residuals, options);
  EXPECT_GT(fit.parameters[0], 54);
  EXPECT_LE(fit.parameters[0], 55);
}

// A parameter that no row depends on stays at its typical value.
TEST(RobustFit, WhatTheRowsDoNotDecideStaysTypical) {
  constexpr std::array<ModelParameter, 2> two{{{"used", 1, 0.01, 100, ""}, {"idle", 3, 1, 9, ""}}};
  const ResidualsOf residuals = [](std::span<const double> p, std::span<double> out) {
    for (double& residual : out) residual = std::log(p[0] / 7);
  };
  const std::vector<double> weights(20, 1.0);
  RobustFitOptions options;
  options.random_steps = 300;
  const RobustFit fit = fit_robustly(two, weights, residuals, options);
  EXPECT_NEAR(fit.parameters[0], 7, 0.02);
  EXPECT_NEAR(fit.parameters[1], 3, 0.05);
}

TEST(RobustFit, IsTheSameEveryTime) {
  const std::vector<double> measured = times(7);
  const std::vector<double> weights(measured.size(), 1.0);
  RobustFitOptions options;
  options.random_steps = 100;
  const RobustFit one = fit_robustly(line, weights, residuals_to(measured), options);
  const RobustFit two = fit_robustly(line, weights, residuals_to(measured), options);
  EXPECT_EQ(one.parameters, two.parameters);
  EXPECT_EQ(one.evaluations, two.evaluations);
}

}  // namespace
}  // namespace reckon

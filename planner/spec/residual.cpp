#include "planner/spec/residual.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace reckon {
namespace {

constexpr std::size_t nearest = 48;
constexpr double coverage = 0.8;

// Weights of what differs: architecture and software tell most of a model's error, size and step
// length the rest. Only their order matters, as residuals are counted, not weighed.
double distance(const RunTraits& a, const RunTraits& b) {
  const auto differ = [](const std::string& x, const std::string& y) { return x != y ? 1.0 : 0.0; };
  const double gpus = std::abs(std::log2(std::max(1, a.gpus)) - std::log2(std::max(1, b.gpus)));
  const double step = a.step.value > 0 && b.step.value > 0
                          ? std::abs(std::log2(a.step.value) - std::log2(b.step.value))
                          : 3;
  return 4 * differ(a.architecture, b.architecture) + 3 * differ(a.family, b.family) +
         2 * differ(a.generation, b.generation) + differ(a.precision, b.precision) + 0.2 * gpus +
         0.2 * step;
}

// The |log ratio| that 80 % stay within, each group counting once, however many runs it has: runs
// of one group are wrong together. Of n groups the (n + 1)-th may be the worst, so that the share
// is taken of (n + 1) / n (split conformal prediction, with groups for samples).
double size_that_covers(const std::vector<const Residual*>& chosen) {
  std::map<std::string, int> runs_of_group;
  for (const Residual* residual : chosen) ++runs_of_group[residual->group];
  std::vector<std::pair<double, double>> sizes;  // with the weight of each
  for (const Residual* residual : chosen) {
    sizes.emplace_back(std::abs(residual->log_ratio), 1.0 / runs_of_group[residual->group]);
  }
  std::sort(sizes.begin(), sizes.end());
  const auto groups = static_cast<double>(runs_of_group.size());
  const double wanted = coverage * (groups + 1);
  double sum = 0;
  for (const auto& [size, weight] : sizes) {
    sum += weight;
    if (sum >= wanted) return size;
  }
  return sizes.back().first;
}

// "22 nemo, 8 composer", the most first.
std::string counted(const std::map<std::string, int>& counts) {
  std::vector<std::pair<int, std::string>> sorted;
  for (const auto& [name, count] : counts) sorted.emplace_back(-count, name);
  std::sort(sorted.begin(), sorted.end());
  std::string text;
  for (const auto& [count, name] : sorted) {
    text += (text.empty() ? "" : ", ") + std::to_string(-count) + " " +
            (name.empty() ? "unknown" : name);
  }
  return text;
}

// The value below which `share` of the weight lies, each group weighing the same.
double ideal_quantile(const std::vector<const Residual*>& chosen, double share) {
  std::map<std::string, int> runs_of_group;
  for (const Residual* residual : chosen) ++runs_of_group[residual->group];
  std::vector<std::pair<double, double>> ratios;
  for (const Residual* residual : chosen) {
    ratios.emplace_back(residual->log_ratio_ideal, 1.0 / runs_of_group[residual->group]);
  }
  std::sort(ratios.begin(), ratios.end());
  const double wanted = share * static_cast<double>(runs_of_group.size());
  double sum = 0;
  for (const auto& [ratio, weight] : ratios) {
    sum += weight;
    if (sum >= wanted) return ratio;
  }
  return ratios.back().first;
}

std::string source_of(const std::vector<const Residual*>& chosen) {
  std::map<std::string, int> families;
  std::map<std::string, int> machines;
  for (const Residual* residual : chosen) {
    ++families[residual->traits.family];
    ++machines[residual->traits.generation + " " + residual->traits.architecture];
  }
  return "the " + std::to_string(chosen.size()) +
         " published runs most alike, each without its own group: " + counted(families) + "; " +
         counted(machines);
}

}  // namespace

std::string precision_class(const std::string& precision) {
  const auto has = [&](const char* part) { return precision.find(part) != std::string::npos; };
  if (has("FP4") || has("fp4")) return "fp4";
  return has("FP8") || has("fp8") ? "fp8" : "bf16";
}

std::string generation_of(const std::string& gpu) {
  const auto has = [&](std::string_view part) { return gpu.find(part) != std::string::npos; };
  if (has("B200") || has("B300") || has("b200") || has("b300")) return "blackwell";
  if (has("H100") || has("H200") || has("H800") || has("H20")) return "hopper";
  if (has("A100") || has("A800")) return "ampere";
  return "other";
}

ErrorBand band_near(const RunTraits& traits, std::span<const Residual> residuals,
                    const std::string& without_group) {
  std::vector<std::pair<double, const Residual*>> order;
  for (const Residual& residual : residuals) {
    if (residual.group == without_group) continue;
    order.emplace_back(distance(traits, residual.traits), &residual);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  order.resize(std::min(order.size(), nearest));
  ErrorBand band;
  if (order.empty()) return band;
  std::vector<const Residual*> chosen;
  for (const auto& [far, residual] : order) chosen.push_back(residual);
  if (traits.family.empty()) {
    band.low = std::exp(ideal_quantile(chosen, (1 - coverage) / 2));
    band.high = std::exp(ideal_quantile(chosen, (1 + coverage) / 2));
  } else {
    const double size = size_that_covers(chosen);
    band.low = std::exp(-size);
    band.high = std::exp(size);
  }
  band.runs = static_cast<int>(chosen.size());
  band.source = source_of(chosen);
  return band;
}

}  // namespace reckon

// The routed experts of one layer on one GPU: gate and up projection, activation, down projection,
// as grouped GEMMs over the experts that the GPU holds; rows are tokens times chosen experts.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "sim/kernel_models/families.hpp"

namespace reckon {
namespace {

constexpr std::array<std::string_view, 3> routings{"balanced", "power_law_1.01", "power_law_1.2"};
enum Size : std::size_t { tokens, hidden, inter, topk, experts, tp, ep, routing, matrices };
constexpr std::array<SizeColumn, 9> sizes{{{"tokens"},
                                           {"hidden"},
                                           {"inter"},
                                           {"topk", {}, -1, 1, 1024},
                                           {"experts", {}, -1, 1, 65536},
                                           {"tp", {}, -1, 1, 65536},
                                           {"ep", {}, -1, 1, 65536},
                                           {"routing", routings},
                                           // gate, up and down; 2 without a gate
                                           {"matrices", {}, 3, 2, 3}}};

enum Parameter : std::size_t {
  launch_us,
  expert_us,
  tensor_share,
  tile_rows,
  operand_rows,
  memory_share,
  row_share,
  tail,
  busiest
};
constexpr std::array<ModelParameter, 9> parameters{{
    {"launch_us", 30, 1, 200, "start and end of all kernels"},
    {"expert_us", 0.1, 0.001, 10, "each expert that has rows"},
    {"tensor_share", 0.7, 0.1, 1, "of the tensor peak, in a tile without end"},
    {"tile_rows", 96, 16, 256, "rows of the largest tile"},
    {"operand_rows", 20, 0.5, 300, "tile rows whose time loading both operands takes"},
    {"memory_share", 0.85, 0.05, 1, "of the nominal HBM bandwidth, for weights"},
    {"row_share", 0.5, 0.02, 1, "of the nominal HBM bandwidth, for rows in, between and out"},
    {"tail", 0.5, 0.001, 2, "of the time of one tile of each product, in which not all SMs work"},
    {"busiest", 0.8, 0.05, 1.5, "excess of the busiest rank over the mean / that of normal loads"},
}};

bool is_fp8(const ModelContext& context) { return context.variant.starts_with("fp8"); }
double peak(const ModelContext& context) {
  return is_fp8(context) && context.gpu->fp8_peak.value > 0 ? context.gpu->fp8_peak.value
                                                            : context.gpu->bf16_peak.value;
}

// Routed rows that each expert gets follow x^-alpha between 1 and 0.8 x tokens, scaled to the mean
// (the benchmark's rule). The busiest of the ranks is measured.
struct Loads {
  double alpha;  // 0: balanced
  double most;   // of the unscaled law
};

Loads loads_of(const KernelSizes& s) {
  const double alpha = s[routing] == 0 ? 0 : s[routing] == 1 ? 1.01 : 1.2;
  return {alpha, std::max(1.5, 0.8 * s[tokens])};
}

// Integral of x^(power - alpha) over the law's range.
double moment(const Loads& loads, double power) {
  const double exponent = power + 1 - loads.alpha;
  return (std::pow(loads.most, exponent) - 1) / exponent;
}

double quantile(const Loads& loads, double share) {
  const double exponent = 1 - loads.alpha;
  return std::pow((std::pow(loads.most, exponent) - 1) * share + 1, 1 / exponent);
}

struct Shape {
  double rows;   // of the mean rank
  double local;  // experts
  double width;  // of one expert on this GPU
};
Shape shape_of(const KernelSizes& s) {
  return {s[tokens] * s[topk] / s[ep], s[experts] / s[ep], s[inter] / s[tp]};
}

// Rows of the busiest rank over those of the mean one: the largest of `ep` sums of `local` loads.
double skew_of(const Loads& loads, const KernelSizes& s, double local, double excess) {
  if (s[ep] <= 1) return 1;
  const double all = moment(loads, 0);
  const double mean = moment(loads, 1) / all;
  const double variance = moment(loads, 2) / all - mean * mean;
  const double deviations = std::sqrt(2 * std::log(s[ep])) - 0.5;  // expected maximum of normals
  const double sum = 1 + excess * deviations * std::sqrt(variance / local) / mean;
  return std::min(sum, loads.most / mean);
}

double weight_bytes_each(const ModelContext& context, const KernelSizes& s) {
  return s[matrices] * s[hidden] * shape_of(s).width * (is_fp8(context) ? 1 : 2);
}

double power4(double x) { return x * x * x * x; }

// Seconds that one expert with `rows` rows keeps the GPU busy.
struct ExpertCost {
  double weights;  // reading them
  double per_row;
  double tile;
  double start;
  double at(double rows) const {
    if (rows < 0.5) return 0;
    const double compute = std::ceil(rows / tile) * tile * per_row;
    // The longer of both, rounded where they are alike: an eighth-power norm.
    const double longer = std::max(compute, weights);
    const double share = std::min(compute, weights) / longer;
    const double eighth = power4(share) * power4(share);
    return start + longer * std::sqrt(std::sqrt(std::sqrt(1 + eighth)));
  }
};

double time(const ModelContext& context, std::span<const double> p, const KernelSizes& s) {
  const Shape shape = shape_of(s);
  const double hbm = context.gpu->hbm_bandwidth.value;
  // Kernels are chosen for the rows of a mean expert.
  const double mean_rows = std::max(1.0, s[tokens] * s[topk] / s[experts]);
  const double tile = std::clamp(mean_rows, 16.0, p[tile_rows]);
  const double loading = 1 + p[operand_rows] * (1 / tile + 1.0 / 128);
  const double rate = peak(context) * p[tensor_share] / loading;
  const ExpertCost cost{weight_bytes_each(context, s) / (hbm * p[memory_share]),
                        2 * s[matrices] * s[hidden] * shape.width / rate, tile,
                        p[expert_us] * 1e-6};
  double rows = shape.rows;
  double busy = 0;
  if (s[routing] == 0) {
    const double touched = std::max(1.0, std::min(shape.local, rows));
    busy = touched * cost.at(std::max(1.0, rows / touched));
  } else {
    const Loads loads = loads_of(s);
    rows *= skew_of(loads, s, shape.local, p[busiest]);
    constexpr double most_quantiles = 10;
    const double count = std::min(most_quantiles, shape.local);
    double sum = 0;
    std::array<double, 10> load{};
    for (std::size_t i = 0; static_cast<double>(i) < count; ++i) {
      load[i] = quantile(loads, (static_cast<double>(i) + 0.5) / count);
      sum += load[i];
    }
    for (const double one : load) busy += cost.at(rows / shape.local * count * one / sum);
    busy = std::max(busy * shape.local / count, cost.at(1));  // somebody has a row
  }
  const double tile_flops = 2 * tile * 128 * (s[hidden] + shape.width);
  busy += p[tail] * tile_flops * context.gpu->sms / rate;
  const double streams =
      rows * (s[hidden] * 4 + shape.width * 2 * s[matrices]) / (hbm * p[row_share]);
  return p[launch_us] * 1e-6 + busy + streams;
}

double flops_of(const KernelSizes& s) {
  const Shape shape = shape_of(s);
  return shape.rows * 2 * s[matrices] * s[hidden] * shape.width;
}

LeastWork least(const ModelContext& context, const KernelSizes& s) {
  // At the least one expert is read.
  return {flops_of(s), peak(context), weight_bytes_each(context, s),
          context.gpu->hbm_bandwidth.value};
}

bool held_back(const KernelSizes& s) {
  return hash_holds_back({s[hidden], s[inter], s[topk], s[experts]});
}

std::string_view size_class(const KernelSizes& s) {
  const bool balanced = s[routing] == 0;
  if (s[tokens] < 512) return balanced ? "balanced, below 512 tokens" : "skewed, below 512 tokens";
  return balanced ? "balanced, from 512 tokens" : "skewed, from 512 tokens";
}

bool is_promised(const KernelSizes& s) { return s[tokens] >= 512; }

std::string_view misfit(const KernelSizes& s) {
  if (s[ep] > s[experts]) return "has more ranks than experts";
  return s[topk] > s[experts] ? "chooses more experts than there are" : "";
}

}  // namespace

const FamilyModel& moe_family() {
  static const FamilyModel family{ModelFamily::moe, "dtype",     "latency_us", sizes,
                                  parameters,       held_back,   time,         least,
                                  size_class,       is_promised, misfit};
  return family;
}

}  // namespace reckon

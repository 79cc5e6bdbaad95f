#include "sim/calibrate/fit.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "sim/calibrate/robust_fit.hpp"
#include "sim/kernel_models/family_model.hpp"

namespace reckon {
namespace {

// Rows outside of the promised region guide the fit less than those inside.
constexpr double outside_weight = 0.15;
constexpr std::size_t most_searched_rows = 2000;
constexpr double search_evaluations = 4e6;  // rows x tries of the random walk

using Rows = std::vector<const MeasuredKernel*>;

struct Halves {
  Rows fitted, held_back;
};

Halves halves_of(const FamilyModel& family, const Rows& rows) {
  Halves halves;
  for (const MeasuredKernel* row : rows) {
    (family.is_held_back(row->sizes) ? halves.held_back : halves.fitted).push_back(row);
  }
  return halves;
}

double relative_error(const FamilyModel& family, const ModelContext& context,
                      std::span<const double> parameters, const MeasuredKernel& row) {
  return family.time(context, parameters, row.sizes) / row.time.value - 1;
}

std::map<std::string, SizeRange> ranges_of(const FamilyModel& family, const Rows& rows) {
  std::map<std::string, SizeRange> ranges;
  for (std::size_t i = 0; i < family.sizes.size(); ++i) {
    if (!family.sizes[i].words.empty()) continue;
    SizeRange range{rows.front()->sizes[i], rows.front()->sizes[i]};
    for (const MeasuredKernel* row : rows) {
      range.least = std::min(range.least, row->sizes[i]);
      range.most = std::max(range.most, row->sizes[i]);
    }
    ranges[std::string(family.sizes[i].name)] = range;
  }
  return ranges;
}

// Six significant digits: enough for any prediction, and files that can be read.
double rounded(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

void add_residuals(const FamilyModel& family, const ModelContext& context,
                   std::span<const double> parameters, const Rows& rows, bool held_back,
                   std::vector<RegionResidual>& residuals) {
  std::map<std::string_view, std::vector<double>> errors;
  for (const MeasuredKernel* row : rows) {
    errors[family.size_class(row->sizes)].push_back(
        relative_error(family, context, parameters, *row));
  }
  for (auto& [region, values] : errors) {
    const ErrorSummary summary = summarize_errors(std::move(values));
    residuals.push_back({std::string(region), held_back, summary.rows, rounded(summary.median),
                         rounded(summary.p90), rounded(summary.bias)});
  }
}

// At most `most` of the rows, evenly chosen.
Rows thinned(const Rows& rows, std::size_t most) {
  Rows kept;
  const std::size_t every = 1 + (rows.size() - 1) / most;
  for (std::size_t i = 0; i < rows.size(); i += every) kept.push_back(rows[i]);
  return kept;
}

std::vector<double> fit_rows(const FamilyModel& family, const ModelContext& context,
                             const Rows& rows, const RobustFitOptions& options) {
  std::vector<double> weights;
  for (const MeasuredKernel* row : rows) {
    weights.push_back(family.is_promised(row->sizes) ? 1.0 : outside_weight);
  }
  const ResidualsOf residuals_of = [&](std::span<const double> parameters,
                                       std::span<double> residuals) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const MeasuredKernel& row = *rows[i];
      residuals[i] = std::log(family.time(context, parameters, row.sizes) / row.time.value);
    }
  };
  return fit_robustly(family.parameters, weights, residuals_of, options).parameters;
}

// A search on a sample of the rows, then a descent on all of them.
std::vector<double> search_and_descend(const FamilyModel& family, const ModelContext& context,
                                       const Rows& rows) {
  const Rows sample = thinned(rows, most_searched_rows);
  RobustFitOptions options;
  options.restarts = 4;
  options.random_steps = static_cast<int>(search_evaluations / static_cast<double>(sample.size()));
  options.start = fit_rows(family, context, sample, options);
  options.restarts = 0;
  options.random_steps = 0;
  options.iterations = 15;
  return sample.size() == rows.size() ? options.start : fit_rows(family, context, rows, options);
}

KernelModel fit_variant(const GpuSpec& gpu, const FamilyModel& family, const std::string& variant,
                        const Rows& rows, const std::string& source) {
  const Halves halves = halves_of(family, rows);
  const std::string name =
      std::string(enum_name(family.family)) + (variant.empty() ? "" : " " + variant);
  if (halves.fitted.size() < 2 * family.parameters.size()) {
    throw InputError(
        {{name, 0, 0, "",
          std::to_string(halves.fitted.size()) + " rows to fit (" +
              std::to_string(halves.held_back.size()) + " more are held back) cannot decide " +
              std::to_string(family.parameters.size()) + " parameters; measure more shapes"}});
  }
  const ModelContext context{&gpu, variant};
  std::vector<double> values = search_and_descend(family, context, halves.fitted);
  for (const MeasuredKernel* row : rows) {
    if (std::isfinite(relative_error(family, context, values, *row))) continue;
    throw InputError(
        {{name, row->line, 0, "",
          "cannot be predicted: " + shape_text(family, row->sizes) + "; leave this row out"}});
  }
  KernelModel model;
  model.family = family.family;
  model.variant = variant;
  for (std::size_t i = 0; i < family.parameters.size(); ++i) {
    values[i] = rounded(values[i]);
    model.parameters[std::string(family.parameters[i].name)] = values[i];
  }
  model.fitted = ranges_of(family, halves.fitted);
  add_residuals(family, context, values, halves.fitted, false, model.residuals);
  add_residuals(family, context, values, halves.held_back, true, model.residuals);
  model.source = source;
  return model;
}

}  // namespace

std::vector<KernelModel> fit_family(const GpuSpec& gpu, ModelFamily family,
                                    std::span<const MeasuredKernel> rows,
                                    const std::string& source) {
  std::map<std::string, Rows> by_variant;
  for (const MeasuredKernel& row : rows) {
    if (row.family == family) by_variant[row.variant].push_back(&row);
  }
  if (by_variant.empty()) {
    throw InputError({{std::string(enum_name(family)), 0, 0, "",
                       "no measured row is of this family; give a file that holds some"}});
  }
  std::vector<KernelModel> models;
  for (const auto& [variant, of_variant] : by_variant) {
    models.push_back(fit_variant(gpu, family_model(family), variant, of_variant, source));
  }
  return models;
}

std::vector<KernelModel> transferred_models(const DeviceProfile& measured) {
  std::vector<KernelModel> models = measured.kernels;
  for (KernelModel& model : models) {
    if (model.transfer.empty()) {
      model.transfer = "parameters of " + measured.name +
                       ", not measured here: shares of this device's peaks and bandwidths; times "
                       "of launches, rates of one SM and cache sizes as they are";
    }
    model.residuals.clear();
    if (model.source.rfind("assumed: ", 0) != 0) model.source = "assumed: " + model.source;
  }
  return models;
}

DeviceProfile with_models(DeviceProfile device, const std::vector<KernelModel>& models) {
  for (const KernelModel& model : models) {
    const auto old = std::find_if(
        device.kernels.begin(), device.kernels.end(), [&model](const KernelModel& other) {
          return other.family == model.family && other.variant == model.variant;
        });
    if (old != device.kernels.end()) {
      *old = model;
    } else {
      device.kernels.push_back(model);
    }
  }
  std::stable_sort(device.kernels.begin(), device.kernels.end(),
                   [](const KernelModel& left, const KernelModel& right) {
                     return std::pair(left.family, left.variant) <
                            std::pair(right.family, right.variant);
                   });
  return device;
}

ErrorSummary summarize_errors(std::vector<double> relative_errors) {
  ErrorSummary summary;
  if (relative_errors.empty()) return summary;
  const auto quantile = [&relative_errors](double share) {
    const auto index = static_cast<std::size_t>(
        std::llround(share * static_cast<double>(relative_errors.size() - 1)));
    std::nth_element(relative_errors.begin(),
                     relative_errors.begin() + static_cast<std::ptrdiff_t>(index),
                     relative_errors.end());
    return relative_errors[index];
  };
  summary.rows = static_cast<int>(relative_errors.size());
  summary.bias = quantile(0.5);
  for (double& error : relative_errors) error = std::abs(error);
  summary.median = quantile(0.5);
  summary.p90 = quantile(0.9);
  return summary;
}

}  // namespace reckon

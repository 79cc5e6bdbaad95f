#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "sim/calibrate/fit.hpp"
#include "sim/kernel_models/family_model.hpp"

namespace reckon {
namespace {

constexpr std::size_t worst_shown = 10;

struct Errors {
  std::vector<double> fitted, held_back;
  double seconds = 0;  // of all
};

// Size classes of a family and variant; "" is the promised region as a whole.
using Classes = std::map<std::string_view, Errors>;
using Groups = std::map<std::pair<ModelFamily, std::string>, Classes>;

void add_error(Errors& errors, const MeasuredKernel& row, double error, bool held_back) {
  (held_back ? errors.held_back : errors.fitted).push_back(error);
  errors.seconds += row.time.value;
}

// The whole first, then classes from short kernels to long ones.
std::vector<std::string_view> in_order(const Classes& classes) {
  std::vector<std::string_view> names;
  for (const auto& [name, errors] : classes) names.push_back(name);
  const auto mean = [&classes](std::string_view name) {
    const Errors& errors = classes.at(name);
    const std::size_t rows = errors.fitted.size() + errors.held_back.size();
    return name.empty() ? 0 : errors.seconds / static_cast<double>(rows);
  };
  std::sort(names.begin(), names.end(), [&mean](std::string_view left, std::string_view right) {
    return mean(left) < mean(right);
  });
  return names;
}

double absolute_error(const CalibrationPoint& point) {
  return std::abs(point.predicted / point.measured - 1);
}

std::vector<CalibrationPoint> worst_of(std::vector<CalibrationPoint> points) {
  const auto middle =
      points.begin() + static_cast<std::ptrdiff_t>(std::min(worst_shown, points.size()));
  std::partial_sort(points.begin(), middle, points.end(),
                    [](const CalibrationPoint& left, const CalibrationPoint& right) {
                      return std::pair(-absolute_error(left), left.line) <
                             std::pair(-absolute_error(right), right.line);
                    });
  points.erase(middle, points.end());
  return points;
}

}  // namespace

CalibrationCheck check_profile(const DeviceProfile& device, const MeasuredKernels& measured) {
  CalibrationCheck check;
  check.device = device.name;
  check.rows = static_cast<int>(measured.rows.size());
  check.rows_left_out = measured.rows_left_out;
  check.problems = measured.problems;
  Groups groups;
  std::map<std::pair<ModelFamily, std::string>, int> unmodelled;
  std::map<std::pair<ModelFamily, std::string>, std::vector<double>> parameters;
  for (const MeasuredKernel& row : measured.rows) {
    const std::pair key(row.family, row.variant);
    const FamilyModel& family = family_model(row.family);
    if (parameters.count(key) == 0) {
      const KernelModel* model = find_model(device, row.family, row.variant);
      parameters[key] = model == nullptr
                            ? std::vector<double>()
                            : parameter_values(family, *model).value_or(std::vector<double>());
    }
    const std::vector<double>& values = parameters[key];
    if (values.empty()) {
      ++unmodelled[key];
      continue;
    }
    const Seconds predicted{family.time({&device.gpu, row.variant}, values, row.sizes)};
    const double error = predicted / row.time - 1;
    const bool held_back = family.is_held_back(row.sizes);
    Classes& classes = groups[key];
    if (family.is_promised(row.sizes)) add_error(classes[""], row, error, held_back);
    add_error(classes[family.size_class(row.sizes)], row, error, held_back);
    check.points.push_back(
        {row.family, row.variant, shape_text(family, row.sizes), row.time, predicted, held_back,
         measured.files[static_cast<std::size_t>(row.file)], row.line, row.pointer});
  }
  for (auto& [key, classes] : groups) {
    for (const std::string_view name : in_order(classes)) {
      Errors& errors = classes.at(name);
      check.groups.push_back({key.first, key.second, std::string(name),
                              summarize_errors(std::move(errors.fitted)),
                              summarize_errors(std::move(errors.held_back))});
    }
  }
  for (const auto& [key, rows] : unmodelled) {
    check.unmodelled.push_back({key.first, key.second, rows});
  }
  check.worst = worst_of(check.points);
  return check;
}

}  // namespace reckon

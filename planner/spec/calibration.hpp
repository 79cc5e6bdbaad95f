// How well a device profile predicts measured kernels: what `reckon calibrate` finds out and
// reports show.
#pragma once

#include <string>
#include <vector>

#include "planner/spec/kernel_model.hpp"
#include "planner/spec/problems.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// Relative errors predicted / measured - 1 of a group of measured kernels.
struct ErrorSummary {
  int rows = 0;
  double median = 0;  // of the absolute error
  double p90 = 0;     // of the absolute error
  double bias = 0;    // median of the signed error
  bool operator==(const ErrorSummary&) const = default;
};

// One line of a check: a family, a variant (dtype) and a size class; `size_class` empty: all of it.
struct CalibrationGroup {
  ModelFamily family = ModelFamily::gemm;
  std::string variant;
  std::string size_class;
  ErrorSummary fitted;     // shapes of the half that the parameters were fitted on
  ErrorSummary held_back;  // shapes of the other half: the number to believe
  bool operator==(const CalibrationGroup&) const = default;
};

struct CalibrationPoint {
  ModelFamily family = ModelFamily::gemm;
  std::string variant;
  std::string shape;  // "m 4096, n 7168, k 2048"
  Seconds measured;
  Seconds predicted;
  bool held_back = false;
  std::string file;
  int line = 0;
  std::string pointer{};  // where there are no lines
  bool operator==(const CalibrationPoint&) const = default;
};

// A variant that was measured and has no model in the profile.
struct UnmodelledRows {
  ModelFamily family = ModelFamily::gemm;
  std::string variant;
  int rows = 0;
  bool operator==(const UnmodelledRows&) const = default;
};

struct CalibrationCheck {
  std::string tool;
  std::string device;
  std::vector<CalibrationGroup> groups;
  std::vector<CalibrationPoint> points;  // every row that has a model, as it was read
  std::vector<CalibrationPoint> worst;   // the ten largest errors
  std::vector<UnmodelledRows> unmodelled;
  int rows = 0;
  int rows_left_out = 0;  // unreadable or impossible; each has a problem
  std::vector<Problem> problems;
  bool operator==(const CalibrationCheck&) const = default;
};

}  // namespace reckon

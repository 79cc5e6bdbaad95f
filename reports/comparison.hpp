// Two reports, line by line: which inputs differ, what that does to every figure, and what the
// difference of the step is made of.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "planner/spec/device_profile.hpp"
#include "planner/spec/units.hpp"
#include "reports/report.hpp"

namespace reckon {

// One value of a document that is not the same in both. As JSON; empty: not there.
struct InputDifference {
  std::string document{};  // "plan", "cluster", "model", "device"
  std::string pointer{};
  std::string before{};
  std::string after{};
  bool operator==(const InputDifference&) const = default;
};

// One part of the step. Together the parts are the step with effects: kernels, exposed
// communication, bubble and optimizer of the bare step, then each effect.
struct StepContribution {
  std::string id{};
  std::string name{};
  Seconds before{};
  Seconds after{};
  Seconds difference{};
  double share = 0;   // of the difference of the step; 0 if that is 0
  std::string why{};  // the kinds of part, sizes or switches behind it
  bool operator==(const StepContribution&) const = default;
};

// One figure of both reports. In base units.
struct FigureDifference {
  std::string section{};  // step, parts, memory, run, waterfall
  std::string id{};
  std::string name{};
  std::string unit{};  // "s", "share", "bytes", "gpu_hours", "usd", "tokens/s", "gpus"
  double before = 0;
  double after = 0;
  double difference = 0;
  std::optional<double> relative{};  // after / before - 1; empty where before is 0
  bool operator==(const FigureDifference&) const = default;
};

// What one side is called, for people.
struct ComparedSide {
  std::string given{};  // the word of the command line
  std::string plan{};
  std::string model{};
  std::string cluster{};
  std::string device{};
  double gpus = 0;
  Seconds step{};
  bool operator==(const ComparedSide&) const = default;
};

struct Comparison {
  std::string tool{};
  ComparedSide before{};
  ComparedSide after{};
  bool has_device = false;  // both device profiles were at hand, not only their names
  std::vector<InputDifference> inputs{};
  std::vector<StepContribution> step{};  // the largest difference first
  std::vector<FigureDifference> figures{};
  bool operator==(const Comparison&) const = default;
};

// One side: what it is called, its report, and the device profile if the step was simulated here.
struct ComparisonInput {
  std::string given{};
  Report report{};
  std::optional<DeviceProfile> device{};
};

Comparison compare(const ComparisonInput& before, const ComparisonInput& after);

// Values of two JSON documents that differ; sources and notes are left out. comparison_json.cpp
std::vector<InputDifference> differences(const std::string& document, std::string_view before,
                                         std::string_view after);

// The document "comparison/1" and its JSON Schema (draft-07); one line a difference.
std::string comparison_json(const Comparison& comparison);
std::string comparison_schema();
std::string comparison_csv(const Comparison& comparison);

}  // namespace reckon

// A sensitivity sweep: one plan at many values of what varies. Plain values that text, JSON and CSV
// share, in base units.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "planner/spec/fields.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// What became of a point.
enum class PointState : std::uint8_t {
  predicted,
  cannot_run,     // the plan breaks a rule
  does_not_fit,   // in the memory of a GPU
  too_large,      // to simulate
  not_simulated,  // the sweep was stopped before
};

template <>
struct EnumNames<PointState> {
  static constexpr std::array<std::pair<PointState, std::string_view>, 5> table{{
      {PointState::predicted, "predicted"},
      {PointState::cannot_run, "cannot_run"},
      {PointState::does_not_fit, "does_not_fit"},
      {PointState::too_large, "too_large"},
      {PointState::not_simulated, "not_simulated"},
  }};
};

// What varies.
struct SweepAxis {
  std::string key{};
  std::string unit{};  // for people; empty: a count, or said by the key
  std::string meaning{};
  bool operator==(const SweepAxis&) const = default;
};

// One of them at one of its values.
struct SweepSetting {
  std::string key{};
  std::string value{};             // as it was asked for
  std::optional<double> number{};  // the same; empty for a word
  bool operator==(const SweepSetting&) const = default;
};

struct SweepFigures {
  Seconds step{};
  double mfu_causal = 0;
  double tokens_per_second_per_gpu = 0;
  Seconds exposed_communication{};  // mean over pipeline ranks, as in a report
  Seconds bubble{};
  double gpu_hours_per_trillion_tokens = 0;
  Usd usd_per_trillion_tokens{};
  // Of GPU-hours per token against the reference: those of the step if batch and GPUs stay.
  double relative_change = 0;
  bool operator==(const SweepFigures&) const = default;
};

struct SweepPoint {
  std::vector<SweepSetting> settings{};  // in the order of the axes
  std::vector<std::string> followed{};   // what changed with them: "dp 128 -> 64"
  double gpus = 0;
  PointState state = PointState::not_simulated;
  Bytes peak_memory{};  // of the pipeline rank that needs most; 0: not looked at
  Bytes memory_limit{};
  std::vector<std::string> reasons{};     // why it is not predicted, or does not fit
  std::optional<SweepFigures> figures{};  // of predicted ones
  bool operator==(const SweepPoint&) const = default;
};

struct Sweep {
  std::string tool{};
  std::string plan{};
  std::string model{};
  std::string cluster{};
  std::string device{};
  std::string effects{};  // those that are on, by name; empty: the bare step
  std::vector<SweepAxis> axes{};
  bool partial = false;  // stopped before the end
  bool is_against_plan =
      true;  // the reference is the plan as it stands, else the first predicted point
  SweepPoint unmodified{};  // the plan as it stands
  std::vector<SweepPoint> points{};
  bool operator==(const Sweep&) const = default;
};

// Sets relative_change of every predicted point and what it is against.
void compare_points(Sweep& sweep);

// The point with the fewest dollars a token, then the fewest GPU-hours; none if no point is
// predicted.
const SweepPoint* best_point(const Sweep& sweep);

// The document "sweep/1" and its JSON Schema (draft-07); one line a point.
std::string sweep_json(const Sweep& sweep);
std::string sweep_schema();
std::string sweep_csv(const Sweep& sweep);

}  // namespace reckon

#include "reports/calibration_csv.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

namespace reckon {
namespace {

// RFC 4180: quotes around all texts, doubled inside.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"') result += '"';
    result += letter;
  }
  return result + '"';
}

}  // namespace

std::string calibration_csv(const CalibrationCheck& check) {
  std::string csv =
      "family,variant,shape,measured_us,predicted_us,relative_error,held_back,file,line\n";
  for (const CalibrationPoint& point : check.points) {
    fmt::format_to(std::back_inserter(csv), "{},{},{},{:.6g},{:.6g},{:.4f},{},{},{}\n",
                   enum_name(point.family), quoted(point.variant), quoted(point.shape),
                   point.measured.value * 1e6, point.predicted.value * 1e6,
                   point.predicted / point.measured - 1, point.held_back ? 1 : 0,
                   quoted(point.file), point.line);
  }
  return csv;
}

}  // namespace reckon

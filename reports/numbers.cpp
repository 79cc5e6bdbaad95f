#include "reports/numbers.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace reckon {
namespace {

// Four significant digits, at least one decimal: 2.788, 14.80, 180.2, 2788.0.
std::string four_digits(double value) {
  const double size = std::abs(value);
  return fmt::format("{:.{}f}", value, size >= 99.995 ? 1 : size >= 9.9995 ? 2 : 3);
}

}  // namespace

std::string with_commas(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  const std::size_t first = text.front() == '-' ? 1 : 0;
  for (std::size_t at = text.find_first_of(".ine") == std::string::npos
                            ? text.size()
                            : text.find_first_of(".ine");
       at > first + 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string scaled(double value) {
  constexpr std::array<std::pair<double, std::string_view>, 4> units{
      {{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "K"}}};
  for (const auto& [size, name] : units) {
    if (std::abs(value) >= 0.99995 * size) {
      return fmt::format("{} {}", four_digits(value / size), name);
    }
  }
  return fmt::format("{:.1f}", value);
}

std::string usd_text(Usd usd) {
  const std::string_view sign = usd.value < 0 ? "-$" : "$";
  const double size = std::abs(usd.value);
  return size < 1000 ? fmt::format("{}{:.2f}", sign, size)
                     : fmt::format("{}{}", sign, scaled(size));
}

std::string percent(double share, int decimals) {
  return fmt::format("{:.{}f} %", 100 * share, decimals);
}

std::string signed_percent(double share) { return fmt::format("{:+.1f} %", 100 * share); }

std::string signed_points(double share) { return fmt::format("{:+.2f} pt", 100 * share); }

std::string seconds_text(Seconds time) {
  if (std::abs(time.value) >= 1) return fmt::format("{:.2f} s", time.value);
  if (std::abs(time.value) >= 1e-3 || time.value == 0)
    return fmt::format("{:.1f} ms", 1e3 * time.value);
  return fmt::format("{:.1f} us", 1e6 * time.value);
}

std::string days_text(Seconds time) {
  const double hours = time.value / 3600.0;
  return hours >= 48 ? with_commas(hours / 24, 1) + " days" : fmt::format("{:.1f} hours", hours);
}

std::string short_days_text(Seconds time) {
  const double hours = time.value / 3600.0;
  return hours >= 48 ? with_commas(hours / 24, 1) + " d" : fmt::format("{:.1f} h", hours);
}

std::string gib_text(Bytes bytes) { return fmt::format("{:.1f}", bytes.value / gib); }

}  // namespace reckon

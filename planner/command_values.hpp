// From the words of a command line to values, and what to say of those that are none.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "planner/spec/json_document.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {

inline Problem flag_problem(std::string_view flag, std::string message) {
  return {printable(flag, 200), 0, 0, "", std::move(message)};
}

// What `word` can be instead: "; did you mean "near"? There are a, b, c".
inline std::string instead(std::string_view word, const std::vector<std::string_view>& known) {
  const auto near = closest(word, known);
  return fmt::format("; {}there are {}",
                     near ? fmt::format("did you mean \"{}\"? ", *near) : std::string(),
                     fmt::join(known, ", "));
}

// A decimal number within [least, most]; nothing but a problem if it is none.
inline std::optional<double> parse_number(std::string_view flag, const std::string& text,
                                          double least, double most, std::string_view unit,
                                          std::vector<Problem>& problems) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (is_number && value >= least && value <= most) return value + 0.0;  // no negative zero
  problems.push_back(flag_problem(
      flag, fmt::format("{} is no number from {} to {}{}", in_quotes(text), least, most, unit)));
  return std::nullopt;
}

// "a,b" to its words; one empty word of a trailing comma.
inline std::vector<std::string> words_of_list(const std::string& text) {
  std::vector<std::string> words;
  std::string rest = text.empty() ? "" : text + ",";
  for (std::size_t comma = rest.find(','); comma != std::string::npos; comma = rest.find(',')) {
    words.push_back(rest.substr(0, comma));
    rest.erase(0, comma + 1);
  }
  return words;
}

}  // namespace reckon

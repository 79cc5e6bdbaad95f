// From the words of --vary to axes.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "planner/spec/json_document.hpp"
#include "planner/vary.hpp"

namespace reckon {
namespace {

constexpr std::size_t longest_value = 200;

// The name of a value that is a word, not a number.
constexpr std::string_view schedule_pointer = "plan#/schedule";

std::string full_key(const std::string& key) {
  return key == "schedule" ? std::string(schedule_pointer) : key;
}

Problem axis_problem(const std::string& key, std::string message) {
  return {"--vary", 0, 0, printable(key), std::move(message)};
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> words(1);
  for (const char letter : text) {
    if (letter == by) {
      words.emplace_back();
    } else {
      words.back() += letter;
    }
  }
  return words;
}

// FROM, FROM + STEP, ... or FROM, FROM x FACTOR, ... up to TO; empty if it never gets there. One
// more than can be run is enough to tell that there are too many.
std::vector<std::string> range(double from, double to, double step, bool is_factor) {
  std::vector<std::string> values;
  const double slack = 1e-9 * std::abs(is_factor ? to : step);  // 0.1 + 0.2 reaches 0.3
  const bool is_up = to >= from;
  for (std::size_t index = 0; index <= most_sweep_points; ++index) {
    const auto n = static_cast<double>(index);
    const double value = is_factor ? from * std::pow(step, n) : from + step * n;
    if (is_up ? value > to + slack : value < to - slack) break;
    values.push_back(number_to_text(value));
  }
  return values;
}

// The values of "FROM:TO:STEP" or "FROM:TO:xFACTOR"; the reason why not goes to `problem`.
std::vector<std::string> range_of(const std::string& text, std::string& problem) {
  const std::vector<std::string> words = split(text, ':');
  const bool is_factor = words.size() == 3 && words[2].starts_with('x');
  std::vector<double> numbers;
  for (const std::string& word : words) {
    const bool is_last = &word == &words.back();
    const auto value = number_of(is_factor && is_last ? std::string_view(word).substr(1) : word);
    if (value) numbers.push_back(*value);
  }
  if (words.size() != 3 || numbers.size() != 3) {
    problem = in_quotes(text) + " is no range; write FROM:TO:STEP or FROM:TO:xFACTOR";
    return {};
  }
  const auto [from, to, step] = std::array{numbers[0], numbers[1], numbers[2]};
  const bool arrives = is_factor ? step > 0 && from > 0 && to > 0 && (to - from) * (step - 1) > 0
                                 : (to - from) * step > 0;
  if (from != to && !arrives) {
    problem = fmt::format("{} never gets from {} to {}; give another {}", in_quotes(text), words[0],
                          words[1], is_factor ? "factor" : "step");
    return {};
  }
  return from == to ? std::vector{number_to_text(from)} : range(from, to, step, is_factor);
}

// Why a short name does not take a value; empty if it does.
std::string value_problem(const VaryKey& key, const std::string& value) {
  const std::optional<double> number = number_of(value);
  if (!number) return in_quotes(value) + " is no number";
  if (key.is_whole && *number != std::floor(*number)) return value + " is no whole number";
  if (*number >= key.least && *number <= key.most) return {};
  return fmt::format("{} is not between {} and {}", value, key.least, key.most);
}

std::string unknown_key(const std::string& key) {
  std::vector<std::string_view> names;
  std::string list;
  for (const VaryKey& known : vary_keys()) names.push_back(known.name);
  names.push_back("schedule");
  for (const std::string_view name : names) list += (list.empty() ? "" : ", ") + std::string(name);
  const auto near = closest(key, names);
  return fmt::format(
      "unknown key; {}there are {}; any other value by its pointer, like "
      "plan#/parallelism/tensor_parallel, cluster#/nic/latency_us",
      near ? fmt::format("did you mean \"{}\"? ", *near) : "", list);
}

// Why a value says nothing about the step of the documents at hand; empty if it may.
std::string pointless(std::string_view key) {
  if (key == "plan#/model" || key == "plan#/cluster" || key == "cluster#/device") {
    return "names another document, which a sweep does not load; run one sweep for each (--model, "
           "--cluster, --device)";
  }
  const bool is_of_run = key.starts_with("plan#/phases") || key.starts_with("plan#/published");
  return is_of_run ? "is of the run, not of its step, which alone is predicted here" : "";
}

bool is_document(std::string_view name) {
  return name == "plan" || name == "cluster" || name == "device" || name == "model";
}

}  // namespace

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

bool is_pointer_key(std::string_view key) { return key.find('#') != std::string_view::npos; }

std::optional<VaryAxis> parse_axis(const std::string& text, std::vector<Problem>& problems) {
  const std::size_t equals = text.find('=');
  VaryAxis axis{full_key(text.substr(0, equals)), {}};
  const auto refuse = [&](std::string message) {
    problems.push_back(axis_problem(axis.key, std::move(message)));
    return std::nullopt;
  };
  const VaryKey* const key = find_vary_key(axis.key);
  if (is_pointer_key(axis.key)) {
    const std::string document = axis.key.substr(0, axis.key.find('#'));
    if (!is_document(document)) {
      return refuse("the document before # is plan, cluster, device or model");
    }
    if (const std::string why = pointless(axis.key); !why.empty()) return refuse(why);
  } else if (key == nullptr) {
    return refuse(unknown_key(axis.key));
  }
  const std::string values = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (values.empty()) return refuse("no values; write KEY=FROM:TO:STEP or KEY=a,b,c");
  if (values.find(':') != std::string::npos) {
    std::string problem;
    axis.values = range_of(values, problem);
    if (!problem.empty()) return refuse(std::move(problem));
  } else {
    axis.values = split(values, ',');
  }
  std::set<std::string> known;
  for (std::string& value : axis.values) {
    if (value.size() > longest_value) return refuse("a value of more than 200 bytes");
    if (value.empty()) return refuse("an empty value; write KEY=a,b,c");
    if (key != nullptr) {
      const std::string problem = value_problem(*key, value);
      if (!problem.empty()) return refuse(problem);
    }
    if (const auto number = number_of(value)) value = number_to_text(*number + 0.0);
    if (!known.insert(value).second) return refuse(value + " is given twice");
  }
  return axis;
}

std::vector<Problem> axes_problems(const std::vector<VaryAxis>& axes) {
  std::vector<Problem> problems;
  std::set<std::string> known;
  double points = 1;
  for (const VaryAxis& axis : axes) {
    points *= static_cast<double>(axis.values.size());
    if (!known.insert(axis.key).second) {
      problems.push_back(axis_problem(axis.key, "varied twice; give all its values at once"));
    }
  }
  if (points > static_cast<double>(most_sweep_points)) {
    problems.push_back(
        {"--vary", 0, 0, "",
         fmt::format("more than {} points, the most of one sweep; take larger steps, or vary less",
                     most_sweep_points)});
  }
  return problems;
}

}  // namespace reckon

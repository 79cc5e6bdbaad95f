#include "planner/import/megatron_arguments.hpp"

#include <algorithm>
#include <cctype>

#include "planner/import/text_lines.hpp"

namespace reckon {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
  });
}

bool is_dump_start(std::string_view line) {
  return line.find("--- arguments ---") != std::string_view::npos;
}

// "['a', 'b']" to its words; numbers in brackets stay one value.
std::vector<std::string> python_values(std::string_view text) {
  if (text == "True" || text == "False" || text == "None") {
    return {text == "True" ? "true" : text == "False" ? "false" : "none"};
  }
  if (text.size() < 2 || text.front() != '[' || text.find('\'') == std::string_view::npos) {
    return {std::string(text)};
  }
  std::vector<std::string> values;
  for (std::size_t open = text.find('\''); open != std::string_view::npos;) {
    const std::size_t close = text.find('\'', open + 1);
    if (close == std::string_view::npos) break;
    values.emplace_back(text.substr(open + 1, close - open - 1));
    open = text.find('\'', close + 1);
  }
  return values;
}

// "[rank0]:   num_layers ........ 61": whatever a launcher put in front is cut off. Names of 48
// letters and more have no dots.
void add_dump_line(std::string_view line, int number, std::vector<MegatronArgument>& list) {
  std::size_t end = line.find(" ..");
  std::size_t value = end == std::string_view::npos ? end : line.find_first_not_of('.', end + 1);
  if (end == std::string_view::npos) {
    end = line.find_last_not_of(' ');
    const std::size_t gap = line.rfind("  ", end);
    if (gap == std::string_view::npos || gap == 0) return;
    value = gap + 1;
    end = line.find_last_not_of(' ', gap);
    if (end == std::string_view::npos) return;
    ++end;
  }
  const std::size_t before = line.rfind(' ', end == 0 ? 0 : end - 1);
  const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
  if (start > end) return;
  const std::string_view name = line.substr(start, end - start);
  if (!is_name(name)) return;
  const std::string_view text =
      value == std::string_view::npos ? std::string_view() : trimmed(line.substr(value));
  list.push_back({std::string(name), python_values(text), number});
}

}  // namespace

std::vector<MegatronArgument> flags_of(const std::vector<std::pair<std::string, int>>& words) {
  std::vector<MegatronArgument> list;
  for (const auto& [word, line] : words) {
    if (word.size() > 2 && word.starts_with("--")) {
      const std::size_t equals = word.find('=');
      std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
      std::replace(name.begin(), name.end(), '-', '_');
      list.push_back({name, {}, line});
      if (equals != std::string::npos) list.back().values.push_back(word.substr(equals + 1));
    } else if (!list.empty() && !word.empty()) {  // an empty array in quotes is no value
      list.back().values.push_back(word);
    }
  }
  for (MegatronArgument& one : list) {
    if (one.values.empty()) one.values = {"true"};
  }
  return list;
}

MegatronArguments parse_megatron_log(std::string_view text) {
  MegatronArguments result;
  result.carrier = MegatronCarrier::log;
  bool inside = false;
  int number = 0;
  for (const std::string_view line : lines_of_text(text)) {
    ++number;
    if (is_dump_start(line)) {
      // A later run in the same log stands for the whole: its arguments are the last word.
      inside = true;
      result.list.clear();
    } else if (line.find("end of arguments ---") != std::string_view::npos) {
      inside = false;
    } else if (inside) {
      add_dump_line(line, number, result.list);
    }
  }
  return result;
}

MegatronArguments parse_megatron(std::string_view text, const std::string& file_name) {
  for (const std::string_view line : lines_of_text(text)) {
    if (is_dump_start(line)) return parse_megatron_log(text);
    if (line.starts_with("MODEL_ARGS:")) return parse_megatron_yaml(text, file_name);
  }
  return parse_megatron_script(text, file_name);
}

}  // namespace reckon

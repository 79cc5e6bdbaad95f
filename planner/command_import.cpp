#include "planner/command_import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "planner/catalog.hpp"
#include "planner/command_values.hpp"
#include "planner/import/hf_config.hpp"
#include "planner/import/import_report_json.hpp"
#include "planner/output_file.hpp"
#include "planner/spec/parameters.hpp"
#include "planner/spec/spec_json.hpp"

namespace reckon {
namespace {

// Columns of a list, each as wide as its widest cell up to a limit.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  constexpr std::size_t widest = 40;
  std::vector<std::size_t> widths;
  for (const std::vector<std::string>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], std::min(widest, row[i].size()));
    }
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 < row.size() ? fmt::format(" {:<{}} ", row[i], widths[i]) : " " + row[i];
    }
    text += line + "\n";
  }
  return text;
}

std::string report_text(const ImportReport& report) {
  std::vector<std::vector<std::string>> taken{{"key", "given", "field", "value"}};
  for (const Interpreted& row : report.interpreted) {
    taken.push_back({row.key, row.given, row.field, row.value});
  }
  std::string text =
      fmt::format("{} ({})\ninterpreted:\n{}", report.file, report.carrier, table(taken));
  std::vector<std::vector<std::string>> left{{"key", "given", "why it is ignored"}};
  for (const Ignored& row : report.ignored) left.push_back({row.key, row.given, row.reason});
  if (left.size() > 1) text += "ignored:\n" + table(left);
  return text;
}

std::string size_text(const ModelSpec& model) {
  const ParameterCount count = count_parameters(model);
  return fmt::format("{}: {:.2f} billion parameters, {:.2f} billion active for a token\n",
                     printable(model.name), count.total / 1e9, count.active / 1e9);
}

void tell(const Arguments& a, const ImportReport& report, const std::string& summary) {
  if (a.json.empty()) {
    std::fputs((report_text(report) + summary).c_str(), stderr);
  } else {
    write_output(a.json, import_report_json(report));
  }
}

void import_hf_file(const Arguments& a, const std::string& text, const std::string& file) {
  const HfImport result = import_hf(text, file, {a.name, a.source, a.architecture});
  tell(a, result.report, size_text(result.model));
  write_output(a.output.empty() ? "-" : a.output, write_model(result.model));
}

}  // namespace

void read_import_words(const ImportTexts& texts, Arguments& a) {
  const std::vector<std::string_view> formats{"hf"};
  const std::string format = texts.words.empty() ? "" : texts.words.front();
  if (std::find(formats.begin(), formats.end(), format) == formats.end()) {
    a.problems.push_back(flag_problem(
        format,
        (format.empty() ? "no format given" : "unknown format") + instead(format, formats)));
    return;
  }
  if (texts.words.size() != 2) {
    a.problems.push_back(flag_problem(format, "give one file, or - for standard input"));
    return;
  }
  a.import_file = texts.words[1];
  a.measurements = {a.import_file};  // no output may overwrite it
  a.name = texts.name;
  a.source = texts.source;
  a.architecture = texts.architecture;
  const bool prints_document = a.output.empty() || a.output == "-";
  if (prints_document && a.json == "-") {
    a.problems.push_back(
        flag_problem("--json", "standard output has the document; give one of the two a file"));
  }
}

void import_command(const Arguments& arguments) {
  const bool is_piped = arguments.import_file == "-";
  const std::string text = read_text_file(is_piped ? "/dev/stdin" : arguments.import_file);
  import_hf_file(arguments, text, is_piped ? "standard input" : arguments.import_file);
}

}  // namespace reckon

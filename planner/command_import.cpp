#include "planner/command_import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "planner/catalog.hpp"
#include "planner/command_values.hpp"
#include "planner/import/hf_config.hpp"
#include "planner/import/import_report_json.hpp"
#include "planner/import/megatron.hpp"
#include "planner/import/text_lines.hpp"
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

// Both documents as one JSON object: {"model": ..., "plan": ...}.
std::string both(const std::string& model, const std::string& plan) {
  return "{\n\"model\": " + model + ",\n\"plan\": " + plan + "}\n";
}

void import_megatron_file(const Arguments& a, const std::string& text, const std::string& file) {
  const MegatronImport result =
      import_megatron(text, file, {a.name, a.source, a.cluster, a.gpus, a.vocabulary});
  const Parallelism& p = result.plan.parallelism;
  const std::string summary = fmt::format(
      "{}tensor x pipeline x context x data parallel: {} x {} x {} x {}, experts over {}\n",
      size_text(result.model), p.tensor_parallel, p.pipeline_parallel, p.context_parallel,
      p.data_parallel, p.expert_parallel);
  tell(a, result.report, summary);
  const std::string model = write_model(result.model);
  const std::string plan = write_plan(result.plan);
  if (!a.output_model.empty()) write_output(a.output_model, model);
  if (!a.output_plan.empty()) write_output(a.output_plan, plan);
  if (a.output_model.empty() && a.output_plan.empty()) {
    write_output("-", both(model, plan));
  } else if (a.output_model.empty() || a.output_plan.empty()) {
    write_output("-", a.output_model.empty() ? model : plan);
  }
}

void problem(Arguments& a, std::string_view flag, std::string message) {
  a.problems.push_back(flag_problem(flag, std::move(message)));
}

int count(Arguments& a, std::string_view flag, const std::string& text) {
  if (text.empty()) return 0;
  const auto value = parse_number(flag, text, 1, 1e8, "", a.problems);
  if (value && *value != std::floor(*value))
    problem(a, flag, in_quotes(text) + " is no whole number");
  return static_cast<int>(value.value_or(0));
}

// Documents that have no file of their own go to standard output.
bool prints_document(const Arguments& a) {
  if (a.import_format == ImportFormat::hf) return a.output.empty() || a.output == "-";
  return a.output_model.empty() || a.output_plan.empty() || a.output_model == "-" ||
         a.output_plan == "-";
}

void check_uses(const ImportTexts& texts, const std::string& format, Arguments& a) {
  for (const ImportOption& option : import_options) {
    if (!(texts.*option.value).empty() && !option.of.empty() && option.of != format) {
      problem(a, option.flag, "does not belong to import " + format);
    }
  }
  if (format == "megatron" && !a.output.empty()) {
    problem(a, "--output", "belongs to import hf; give --output-model and --output-plan");
  }
}

}  // namespace

void read_import_words(const ImportTexts& texts, Arguments& a) {
  const std::vector<std::string_view> formats{"hf", "megatron"};
  const std::string format = texts.words.empty() ? "" : texts.words.front();
  const auto found = std::find(formats.begin(), formats.end(), format);
  if (found == formats.end()) {
    problem(a, format,
            (format.empty() ? "no format given" : "unknown format") + instead(format, formats));
    return;
  }
  a.import_format = static_cast<ImportFormat>(found - formats.begin());
  if (texts.words.size() != 2) {
    problem(a, format, "give one file, or - for standard input");
    return;
  }
  a.import_file = texts.words[1];
  a.measurements = {a.import_file};  // no output may overwrite it
  a.name = texts.name;
  a.source = texts.source;
  for (const auto& [flag, text] :
       {std::pair<std::string_view, const std::string&>{"--name", a.name},
        {"--source", a.source},
        {"--cluster", texts.cluster}}) {
    if (!is_utf8(text)) problem(a, flag, "holds bytes that are no UTF-8");
  }
  a.architecture = texts.architecture;
  a.cluster = texts.cluster;
  a.gpus = count(a, "--gpus", texts.gpus);
  a.vocabulary = count(a, "--vocabulary", texts.vocabulary);
  a.output_model = texts.output_model;
  a.output_plan = texts.output_plan;
  check_uses(texts, format, a);
  if (prints_document(a) && a.json == "-") {
    problem(a, "--json", "standard output has a document; give one of the two a file");
  }
}

void import_command(const Arguments& arguments) {
  const bool is_piped = arguments.import_file == "-";
  const std::string text = read_text_file(is_piped ? "/dev/stdin" : arguments.import_file);
  const std::string file = is_piped ? "standard input" : arguments.import_file;
  if (arguments.import_format == ImportFormat::hf) {
    import_hf_file(arguments, text, file);
  } else {
    import_megatron_file(arguments, text, file);
  }
}

}  // namespace reckon

#include "planner/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "planner/command_import.hpp"
#include "planner/command_network.hpp"
#include "planner/command_plan.hpp"
#include "planner/command_texts.hpp"
#include "planner/command_values.hpp"
#include "planner/command_vary.hpp"
#include "planner/faults.hpp"
#include "planner/output_file.hpp"
#include "planner/spec/fields.hpp"

namespace reckon {
namespace {

constexpr std::array<std::string_view, 21> documents{
    "plan/1",      "model/1",        "cluster/1",         "device/1",      "topology/1",
    "transport/1", "expert_loads/1", "software/1",        "report/1",      "calibration/1",
    "flows/1",     "collective/1",   "flow_collective/1", "experts/1",     "topology_report/1",
    "sweep/1",     "comparison/1",   "import/1",          "plan_search/1", "accuracy/1",
    "residuals/1"};

struct EffectName {
  std::string_view name;
  bool EffectSwitches::*on;
};
constexpr std::array<EffectName, 6> effect_names{{{"clock", &EffectSwitches::clock},
                                                  {"sends", &EffectSwitches::pipeline_sends},
                                                  {"links", &EffectSwitches::links},
                                                  {"routing", &EffectSwitches::routing},
                                                  {"jitter", &EffectSwitches::jitter},
                                                  {"faults", &EffectSwitches::faults}}};

// --- problems
// ---------------------------------------------------------------------------------------

std::vector<std::string_view> command_names() {
  std::vector<std::string_view> names;
  for (const CommandTexts& texts : commands) names.push_back(texts.name);
  return names;
}

// --- CLI11
// ------------------------------------------------------------------------------------------

// All values are taken as text, so that the messages about them are ours.
struct Parser {
  CLI::App app{std::string(program_summary), "reckon"};
  Arguments arguments;
  std::string word;  // behind the command: the plan, kind, document or command
  std::string effects = "all";
  std::string usd_per_gpu_hour, faults, width, families;
  NetworkTexts network;
  ImportTexts imported;
  PlanTexts plan;
  std::vector<std::string> words;  // behind `calibrate`, `network`, `import` and `compare`
  std::vector<std::string> vary;
  std::vector<CLI::Option*> with_value;

  Parser() {
    app.allow_extras();
    app.set_help_flag("-h,--help", "print this text");
    app.add_flag_callback(
        "--version", [] { throw CLI::CallForVersion(std::string(version), 0); },
        "print the version");
    option(app, "--data", arguments.data, "FOLDER",
           "folder with planner/ and topologies/ in place of the shipped one");
    for (const CommandTexts& texts : commands) add_command(texts);
  }

 private:
  void option(CLI::App& command, const std::string& name, std::string& value,
              const std::string& type, const std::string& description) {
    with_value.push_back(command.add_option(name, value, description)->type_name(type));
  }

  // The same for an option that may be given several times.
  void options(CLI::App& command, const std::string& name, std::vector<std::string>& values,
               const std::string& type, const std::string& description) {
    CLI::Option* const option = command.add_option(name, values, description);
    with_value.push_back(
        option->type_name(type)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
  }

  void add_command(const CommandTexts& texts) {
    CLI::App& c = *app.add_subcommand(std::string(texts.name), std::string(texts.summary));
    c.fallthrough();
    switch (texts.command) {
      case Command::simulate:
        add_plan(c);
        add_simulate(c);
        break;
      case Command::schedule:
        add_plan(c);
        add_inputs(c);
        break;
      case Command::plan:
        add_search(c);
        break;
      case Command::validate:
        add_validate(c);
        break;
      case Command::calibrate:
        add_calibrate(c);
        break;
      case Command::network:
        add_network(c);
        break;
      case Command::import:
        add_import(c);
        break;
      case Command::compare:
        add_compare(c);
        break;
      case Command::catalog:
        c.add_option("KIND", word, "model, cluster, device, plan or topology; all of them without");
        break;
      case Command::schema:
        c.add_option("DOCUMENT", word, "one of those below");
        break;
      case Command::print:
        c.add_option("COMMAND", word, "the name of a command (reckon --help)");
        break;
    }
  }

  void add_plan(CLI::App& c) {
    c.add_option("PLAN", word, "name of a shipped plan (reckon catalog plan), or a plan file");
  }

  void add_inputs(CLI::App& c) {
    option(c, "--cluster", arguments.cluster, "NAME", "cluster in place of the plan's, or a file");
    option(c, "--model", arguments.model, "NAME", "model in place of the plan's, or a file");
    option(c, "--device", arguments.device, "NAME",
           "device profile in place of the cluster's, or a file");
  }

  void add_simulate(CLI::App& c) {
    option(c, "--effects", effects, "LIST", "all (default), none, or some of those below");
    option(c, "--fault", faults, "LIST", "what does not work (see below), separated by commas");
    option(c, "--usd-per-gpu-hour", usd_per_gpu_hour, "USD",
           "dollars for an hour of one GPU in place of the cluster's price");
    options(c, "--vary", vary, "KEY=VALUES", "predict at each of many values (see below); repeat");
    add_inputs(c);
    option(c, "--json", arguments.json, "FILE", "write the report as JSON; - is standard output");
    option(c, "--csv", arguments.csv, "FILE", "write the report as CSV; - is standard output");
    option(c, "--trace", arguments.trace, "FILE",
           "write the step as a trace: .pftrace (ui.perfetto.dev) or .json");
    c.add_flag("--unfold", arguments.unfold, "simulate every rank, whatever the symmetry");
    c.add_flag("--ignore-memory", arguments.ignore_memory, "predict a plan that does not fit too");
    add_style(c);
  }

  void add_search(CLI::App& c) {
    c.add_option("MODEL CLUSTER", words, "names (reckon catalog) or files; or merge RESULT...");
    for (const PlanOption& one : plan_options) {
      std::string& value = plan.*one.value;
      option(c, std::string(one.flag), value, std::string(one.type), std::string(one.description));
    }
    options(c, "--fix", plan.fixes, "AXIS=LIST",
            "only these values of an axis (see below), as in pp=8,16; repeat");
    c.add_flag("--batch-at-most", plan.batch_at_most,
               "the largest batch that divides, not more than --batch");
    option(c, "--device", arguments.device, "NAME",
           "device profile in place of the cluster's, or a file");
    option(c, "--usd-per-gpu-hour", usd_per_gpu_hour, "USD",
           "dollars for an hour of one GPU in place of the cluster's price");
    option(c, "--save-dir", arguments.search.save_folder, "FOLDER",
           "write the ranked plans there: plan/1 files and Megatron-LM arguments");
    option(c, "--resume", arguments.search.resume, "FILE",
           "keep what is simulated there (SQLite), and go on from it");
    option(c, "--slurm", arguments.search.slurm, "FILE",
           "write a job array that runs the search in shards, and stop");
    option(c, "--json", arguments.json, "FILE", "write the result as JSON; - is standard output");
    option(c, "--csv", arguments.csv, "FILE", "write the plans as CSV; - is standard output");
    option(c, "--svg", arguments.svg, "FILE", "draw the front; - is standard output");
    add_style(c);
  }

  void add_validate(CLI::App& c) {
    c.add_option("FILE", word, "records of published runs; those that are shipped without");
    option(c, "--software", arguments.software, "FILE",
           "factors of training frameworks (software/1) in place of the shipped ones");
    option(c, "--fit-software", arguments.fit_software, "FILE",
           "write the table with factors taken from these runs; - is standard output");
    option(c, "--residuals", arguments.residuals, "FILE",
           "write the errors that bands of predictions come from");
    option(c, "--json", arguments.json, "FILE", "write every run and all errors as JSON");
    option(c, "--csv", arguments.csv, "FILE", "write every run with its prediction as CSV");
    option(c, "--svg", arguments.svg, "FILE", "draw predicted against measured steps");
    add_style(c);
  }

  void add_calibrate(CLI::App& c) {
    c.add_option("ACTION DATA", words, "check, fit or transfer, then files of measurements");
    option(c, "--device", arguments.device, "NAME", "device profile to fit into or to check");
    option(c, "--family", families, "LIST", "only these kernel families, separated by commas");
    option(c, "--output", arguments.output, "FILE",
           "fit, transfer: write the profile; - (default) is standard output");
    option(c, "--from", arguments.from, "NAME",
           "transfer: the measured device to take models from");
    option(c, "--json", arguments.json, "FILE", "check: write the errors as JSON");
    option(c, "--csv", arguments.csv, "FILE", "check: write every row with its prediction");
    option(c, "--svg", arguments.svg, "FILE", "check: plot predicted over measured");
    add_style(c);
  }

  void add_network(CLI::App& c) {
    c.add_option("ACTION WHAT", words,
                 "run FILE, collective OPERATION, dispatch, combine or describe CLUSTER");
    for (const NetworkOption& one : network_options) {
      std::string& value = network.*one.value;
      option(c, std::string(one.flag), value, std::string(one.type), std::string(one.description));
    }
    c.add_flag("--low-latency", network.low_latency, "dispatch, combine: the kernels for decoding");
    c.add_flag("--in-series", network.in_series,
               "dispatch, combine: NVLink waits for the network, not beside it");
    options(c, "--fail", arguments.fails, "WHAT",
            "describe: plane:N, switch:NAME, link:A-B, links:N at random; repeat");
    options(c, "--route", arguments.routes, "A,B", "describe: the way between two GPUs; repeat");
    option(c, "--json", arguments.json, "FILE", "write the result as JSON; - is standard output");
    option(c, "--svg", arguments.svg, "FILE", "describe: draw the network");
    option(c, "--dot", arguments.dot, "FILE", "describe: the drawing for Graphviz");
    add_style(c);
  }

  void add_import(CLI::App& c) {
    c.add_option("FORMAT FILE", words,
                 "hf and a config.json; megatron and a script, YAML or log; - is stdin");
    for (const ImportOption& one : import_options) {
      option(c, std::string(one.flag), imported.*one.value, std::string(one.type),
             std::string(one.description));
    }
    option(c, "--output", arguments.output, "FILE",
           "hf: write the model document; - (default) is standard output");
    option(c, "--json", arguments.json, "FILE",
           "write what became of every value as JSON, in place of the list");
  }

  void add_compare(CLI::App& c) {
    c.add_option("A B", words, "two reports (simulate --json), or plans, simulated on the spot");
    option(c, "--effects", effects, "LIST",
           "of plans: all (default), none, or some of those of simulate");
    c.add_flag("--ignore-memory", arguments.ignore_memory, "predict a plan that does not fit too");
    option(c, "--json", arguments.json, "FILE",
           "write the comparison as JSON; - is standard output");
    option(c, "--csv", arguments.csv, "FILE", "write the comparison as CSV; - is standard output");
    add_style(c);
  }

  void add_style(CLI::App& c) {
    option(c, "--width", width, "COLUMNS", "of the text report, 40 to 400; else the terminal's");
    option(c, "--color", arguments.colour, "WHEN", "auto, always or never; NO_COLOR is heeded");
    c.add_flag("--ascii", arguments.ascii, "no box drawing or block characters");
  }
};

std::string row(std::string_view left, std::string_view right) {
  return fmt::format("  {:<24}  {}\n", left, right);
}

// The positionals, or the options with --help at their end.
std::string option_rows(const CLI::App& app, bool positional) {
  std::string rows;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() != positional || option == app.get_help_ptr()) continue;
    std::string left = option->get_name(positional, !positional);
    if (!positional && !option->get_type_name().empty()) left += " " + option->get_type_name();
    rows += row(left, option->get_description());
  }
  return rows;
}

std::string command_help(const CommandTexts& texts, const Parser& parser) {
  const CLI::App& command = *parser.app.get_subcommand(std::string(texts.name));
  const CLI::Option& data = *parser.app.get_option("--data");
  const std::string keys = texts.command == Command::simulate ? vary_help() : "";
  return fmt::format(
      "reckon {}: {}\n\nExamples:\n{}\nUsage: reckon {}\n{}\nOptions:\n{}{}{}\n{}{}{}", texts.name,
      texts.summary, texts.examples, texts.usage, option_rows(command, true),
      option_rows(command, false), row("--data FOLDER", data.get_description()),
      row("-h, --help", command.get_help_ptr()->get_description()), texts.notes, keys, exit_codes);
}

std::string general_help(const Parser& parser) {
  std::string rows;
  for (const CommandTexts& texts : commands) rows += row(texts.name, texts.summary);
  return fmt::format(
      "{}\nExamples:\n{}\nUsage: reckon COMMAND [OPTION...]\n\nCommands:\n{}\nOptions:\n{}{}\n{}",
      program_summary, program_examples, rows, option_rows(parser.app, false),
      row("-h, --help", parser.app.get_help_ptr()->get_description()), exit_codes);
}

// --- from text to values
// ----------------------------------------------------------------------------

// What is left of the command line that belongs to no option. The word behind an unknown option is
// taken for its value.
void check_extras(Parser& parser, const CommandTexts& texts) {
  const CLI::App& command = *parser.app.get_subcommand(std::string(texts.name));
  std::vector<std::string> names;
  for (const CLI::App* app : {&command, static_cast<const CLI::App*>(&parser.app)}) {
    for (const CLI::Option* option : app->get_options()) {
      if (!option->get_positional()) names.push_back("--" + option->get_lnames().front());
    }
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  bool is_value = false;
  for (const std::string& extra : parser.app.remaining()) {
    const bool is_option = extra.size() > 1 && extra[0] == '-';
    if (is_option) {
      const std::string name = extra.substr(0, extra.find('='));
      const auto near = closest(name, known);
      const bool is_known = std::find(known.begin(), known.end(), name) != known.end();
      parser.arguments.problems.push_back(flag_problem(
          name,
          is_known
              ? fmt::format("stands before the command; write it behind \"{}\"", texts.name)
              : fmt::format("unknown option; {}reckon help {} lists the options",
                            near ? fmt::format("did you mean \"{}\"? ", *near) : "", texts.name)));
    } else if (!is_value) {
      parser.arguments.problems.push_back(
          flag_problem(extra, fmt::format("one word too many; usage: reckon {}", texts.usage)));
    }
    is_value = is_option && extra.find('=') == std::string::npos;
  }
}

// Options that were given an empty value, or the next option as their value.
void check_values(Parser& parser) {
  for (const CLI::Option* option : parser.with_value) {
    if (option->count() == 0) continue;
    for (const std::string& value : option->results()) {
      if (!value.empty() && !value.starts_with("--")) continue;
      parser.arguments.problems.push_back(flag_problem(
          option->get_name(), value.empty() ? "the value is empty; give one or leave the option out"
                                            : fmt::format("has no value; {} is an option", value)));
    }
  }
}

EffectSwitches parse_effects(const std::string& text, std::vector<Problem>& problems) {
  if (text == "all") return all_effects;
  EffectSwitches on;
  if (text == "none") return on;
  std::string rest = text + ",";
  for (std::size_t comma = rest.find(','); comma != std::string::npos; comma = rest.find(',')) {
    const std::string word = rest.substr(0, comma);
    rest.erase(0, comma + 1);
    const auto* const effect =
        std::find_if(effect_names.begin(), effect_names.end(),
                     [&word](const EffectName& name) { return name.name == word; });
    if (effect != effect_names.end()) {
      on.*effect->on = true;
      continue;
    }
    const bool alone = word == "all" || word == "none";
    const auto near = closest(word, {"clock", "sends", "links", "routing", "jitter", "faults"});
    problems.push_back(flag_problem(
        "--effects",
        alone ? fmt::format("\"{}\" stands alone", word)
              : fmt::format("unknown effect {}; {}give all, none, or some of clock, sends, "
                            "links, routing, jitter, faults separated by commas",
                            in_quotes(word),
                            near ? fmt::format("did you mean \"{}\"? ", *near) : "")));
  }
  return on;
}

// What a path stands for, whether or not there is such a file yet.
std::filesystem::path real_place(const std::string& path) {
  std::error_code error;
  return path == "-" ? std::filesystem::path(path)
                     : std::filesystem::weakly_canonical(std::filesystem::absolute(path), error);
}

// The flag of an output or input that `path`, the value of `flag`, would overwrite; empty if none.
std::string overwritten(const Arguments& a, std::string_view flag, const std::string& path) {
  using Value = std::pair<std::string_view, const std::string&>;
  for (const auto& [other, taken] :
       {Value{"--output", a.output}, Value{"--json", a.json}, Value{"--csv", a.csv},
        Value{"--svg", a.svg}, Value{"--output-model", a.output_model},
        Value{"--output-plan", a.output_plan}}) {
    if (other == flag) break;
    if (!taken.empty() && real_place(taken) == real_place(path)) return std::string(other);
  }
  std::vector<Value> inputs{{"PLAN", a.plan}, {"--model", a.model}, {"--cluster", a.cluster}};
  // A profile may be fitted into its own file; nothing else may be written over an input.
  if (flag != "--output") inputs.emplace_back("--device", a.device);
  for (const std::string& data : a.measurements) inputs.emplace_back("an input", data);
  for (const auto& [other, taken] : inputs) {
    std::error_code error;
    if (std::filesystem::is_regular_file(taken, error) &&
        std::filesystem::equivalent(taken, path, error)) {
      return std::string(other);
    }
  }
  return {};
}

void check_output(Arguments& a, std::string_view flag, const std::string& path) {
  if (path.empty()) return;
  if (const std::string other = overwritten(a, flag, path); !other.empty()) {
    a.problems.push_back(flag_problem(
        flag, fmt::format("{} is what {} names; give another file", printable(path, 200), other)));
  } else if (const std::string why = why_not_writable(path); !why.empty()) {
    a.problems.push_back(flag_problem(flag, fmt::format("{}: {}", printable(path, 200), why)));
  }
}

void read_style(Parser& parser) {
  Arguments& a = parser.arguments;
  if (!parser.width.empty()) {
    const auto width =
        parse_number("--width", parser.width, least_columns, most_columns, " columns", a.problems);
    a.width = static_cast<int>(std::floor(width.value_or(least_columns)));
  }
  if (a.colour != "auto" && a.colour != "always" && a.colour != "never") {
    a.problems.push_back(flag_problem(
        "--color",
        in_quotes(a.colour) + " is unknown" + instead(a.colour, {"auto", "always", "never"})));
  }
}

// "gemm,moe" to families.
void read_families(Parser& parser) {
  std::string rest = parser.families.empty() ? "" : parser.families + ",";
  for (std::size_t comma = rest.find(','); comma != std::string::npos; comma = rest.find(',')) {
    const std::string word = rest.substr(0, comma);
    rest.erase(0, comma + 1);
    if (const auto family = enum_from_name<ModelFamily>(word)) {
      parser.arguments.families.push_back(*family);
    } else {
      parser.arguments.problems.push_back(flag_problem(
          "--family",
          "unknown family " + in_quotes(word) + instead(word, enum_names<ModelFamily>())));
    }
  }
}

void read_validate(Parser& parser) {
  Arguments& a = parser.arguments;
  a.runs = parser.word;
  for (const std::string& file : {a.runs, a.software}) {
    if (!file.empty()) a.measurements.push_back(file);  // no output may overwrite it
  }
  read_style(parser);
  check_output(a, "--json", a.json);
  check_output(a, "--csv", a.csv);
  check_output(a, "--svg", a.svg);
  check_output(a, "--fit-software", a.fit_software);
  check_output(a, "--residuals", a.residuals);
}

void read_calibrate(Parser& parser) {
  Arguments& a = parser.arguments;
  const std::string action = parser.words.empty() ? "" : parser.words.front();
  const std::vector<std::string_view> actions{"check", "fit", "transfer"};
  if (std::find(actions.begin(), actions.end(), action) != actions.end()) {
    a.action = action == "fit"     ? CalibrateAction::fit
               : action == "check" ? CalibrateAction::check
                                   : CalibrateAction::transfer;
    a.measurements.assign(parser.words.begin() + 1, parser.words.end());
  } else {
    a.problems.push_back(flag_problem(
        action,
        (action.empty() ? "no action given" : "unknown action") + instead(action, actions)));
  }
  if (a.device.empty()) {
    a.problems.push_back(flag_problem(
        "--device", "missing; give the name of a device (reckon catalog device) or its file"));
  }
  read_families(parser);
  read_style(parser);
  const bool fits = a.action != CalibrateAction::check;
  const bool transfers = a.action == CalibrateAction::transfer;
  if (transfers && a.from.empty()) {
    a.problems.push_back(flag_problem("--from", "missing; name the measured device to take from"));
  }
  if (!transfers && !a.from.empty()) {
    a.problems.push_back(flag_problem("--from", "belongs to calibrate transfer"));
  }
  for (std::size_t i = 0; transfers && i < a.measurements.size(); ++i) {
    a.problems.push_back(flag_problem(a.measurements[i], "transfer takes no measurements"));
  }
  const std::array<std::pair<std::string_view, const std::string*>, 3> of_check{
      {{"--json", &a.json}, {"--csv", &a.csv}, {"--svg", &a.svg}}};
  for (const auto& [flag, value] : of_check) {
    if (fits && !value->empty()) {
      a.problems.push_back(flag_problem(flag, "belongs to calibrate check"));
    }
  }
  if (!fits && !a.output.empty()) {
    a.problems.push_back(flag_problem("--output", "belongs to calibrate fit and transfer"));
  }
  check_output(a, "--output", fits ? a.output : "");
  check_output(a, "--json", a.json);
  check_output(a, "--csv", a.csv);
  check_output(a, "--svg", a.svg);
}

void read_network(Parser& parser) {
  Arguments& a = parser.arguments;
  parser.network.words = parser.words;
  read_network_words(parser.network, a);
  read_style(parser);
  check_output(a, "--json", a.json);
  check_output(a, "--svg", a.svg);
  check_output(a, "--dot", a.dot);
}

void read_import(Parser& parser) {
  Arguments& a = parser.arguments;
  parser.imported.words = parser.words;
  read_import_words(parser.imported, a);
  check_output(a, "--output", a.output);
  check_output(a, "--output-model", a.output_model);
  check_output(a, "--output-plan", a.output_plan);
  check_output(a, "--json", a.json);
}

void read_price(Parser& parser) {
  if (parser.usd_per_gpu_hour.empty()) return;
  parser.arguments.usd_per_gpu_hour = parse_number("--usd-per-gpu-hour", parser.usd_per_gpu_hour, 0,
                                                   1e6, " dollars", parser.arguments.problems);
}

void read_plan(Parser& parser) {
  Arguments& a = parser.arguments;
  parser.plan.words = parser.words;
  read_plan_words(parser.plan, a);
  read_price(parser);
  read_style(parser);
  check_output(a, "--json", a.json);
  check_output(a, "--csv", a.csv);
  check_output(a, "--svg", a.svg);
  check_output(a, "--slurm", a.search.slurm);
}

void read_simulate(Parser& parser) {
  Arguments& a = parser.arguments;
  if (!parser.effects.empty()) a.effects = parse_effects(parser.effects, a.problems);
  a.faults = parse_faults(parser.faults, a.problems);
  read_price(parser);
  read_vary(parser.vary, a);
  read_style(parser);
  check_output(a, "--json", a.json);
  check_output(a, "--csv", a.csv);
  const bool is_trace = a.trace.ends_with(".json") || a.trace.ends_with(".pftrace") ||
                        a.trace.ends_with(".perfetto-trace");
  if (!a.trace.empty() && !is_trace) {
    a.problems.push_back(flag_problem(
        "--trace", printable(a.trace, 200) + ": give a name that ends in .pftrace (Perfetto's own "
                                             "format) or .json (Chrome trace events)"));
  } else {
    check_output(a, "--trace", a.trace);
  }
}

void read_compare(Parser& parser) {
  Arguments& a = parser.arguments;
  a.compared = parser.words;
  a.measurements = parser.words;  // no output may overwrite them
  if (a.compared.size() != 2) {
    a.problems.push_back(flag_problem(
        "compare",
        fmt::format("{} given; give two reports or plans: reckon compare A B",
                    a.compared.empty() ? "nothing" : std::to_string(a.compared.size()))));
  }
  a.effects = parse_effects(parser.effects, a.problems);
  read_style(parser);
  check_output(a, "--json", a.json);
  check_output(a, "--csv", a.csv);
}

// A data folder that holds nothing would only show as names that are unknown.
void check_data(Arguments& a) {
  std::error_code error;
  if (a.data.empty() || std::filesystem::is_directory(a.data + "/planner", error)) return;
  a.problems.push_back(flag_problem(
      "--data", fmt::format("{}: holds no folder planner; give a folder with planner/ and "
                            "topologies/ like the shipped one",
                            printable(a.data, 200))));
}

void read_word(Parser& parser) {
  Arguments& a = parser.arguments;
  switch (a.command) {
    case Command::simulate:
    case Command::schedule:
      a.plan = parser.word;
      break;
    case Command::plan:
    case Command::validate:
    case Command::calibrate:
    case Command::network:
    case Command::import:
    case Command::compare:
      break;
    case Command::catalog:
      if (parser.word.empty()) break;
      for (const auto& [kind, name] : EnumNames<DocumentKind>::table) {
        if (name == parser.word) a.kind = kind;
      }
      if (!a.kind) {
        a.problems.push_back(flag_problem(
            parser.word, "unknown kind" + instead(parser.word, {"model", "cluster", "device",
                                                                "plan", "topology"})));
      }
      break;
    case Command::schema:
      a.document = parser.word;
      if (std::find(documents.begin(), documents.end(), a.document) == documents.end()) {
        a.problems.push_back(flag_problem(
            a.document, (a.document.empty() ? "no document given" : "unknown document") +
                            instead(a.document, {documents.begin(), documents.end()})));
      }
      break;
    case Command::print:
      a.text = help_text(parser.word);
      break;
  }
}

[[noreturn]] void fail_without_command(const CLI::App& app) {
  const std::vector<std::string> words = app.remaining();
  const auto word = std::find_if(words.begin(), words.end(), [](const std::string& text) {
    return text.empty() || text[0] != '-';
  });
  if (word != words.end()) {
    throw InputError({flag_problem(*word, "unknown command" + instead(*word, command_names()))});
  }
  std::vector<Problem> problems;
  for (const std::string& option : words) {
    problems.push_back(flag_problem(option, "unknown option; reckon --help lists them"));
  }
  problems.push_back(flag_problem("", "no command given" + instead("", command_names())));
  throw InputError(std::move(problems));
}

// What CLI11 finds in our use of it: an option without its value or given twice, a flag with one.
Problem without_value(const CLI::ParseError& error) {
  const std::string what = error.what();
  const std::size_t colon = what.find(": ");
  if (error.get_name() == "ArgumentMismatch" && colon != std::string::npos) {
    const bool twice = what.find("received") != std::string::npos;
    return flag_problem(what.substr(0, colon), twice ? "given more than once; give it once"
                                                     : "has no value; give one behind it");
  }
  if (error.get_name() == "ConversionError") {  // "Could not convert: --unfold = x"
    const std::size_t equals = what.find(" = ");
    return flag_problem(what.substr(colon + 2, equals - colon - 2), "takes no value");
  }
  return flag_problem("", what + "; reckon --help lists commands and options");
}

}  // namespace

std::string help_text(const std::string& command) {
  const Parser parser;
  if (command.empty()) return general_help(parser);
  const CommandTexts* const texts = find_command(command);
  if (texts == nullptr) {
    throw InputError(
        {flag_problem(command, "unknown command" + instead(command, command_names()))});
  }
  return command_help(*texts, parser);
}

Arguments parse_arguments(int argc, const char* const* argv) {
  Parser parser;
  if (argc <= 1) {
    throw InputError(
        {flag_problem("", help_text() + "\nno command given; see the examples above")});
  }
  try {
    parser.app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const std::vector<CLI::App*> asked = parser.app.get_subcommands();
    parser.arguments.text = help_text(asked.empty() ? "" : asked.front()->get_name());
    return parser.arguments;
  } catch (const CLI::CallForVersion& asked) {
    parser.arguments.text = std::string(asked.what()) + "\n";
    return parser.arguments;
  } catch (const CLI::ParseError& error) {
    throw InputError({without_value(error)});
  }
  if (parser.app.get_subcommands().empty()) fail_without_command(parser.app);
  std::vector<CLI::App*> found = parser.app.get_subcommands();
  const CommandTexts& texts = *find_command(found.front()->get_name());
  // `help COMMAND` and `catalog plan`: what stands behind is the name of a command too.
  if (found.size() > 1 &&
      (texts.name == "help" || (texts.name == "catalog" && found[1]->get_name() == "plan"))) {
    parser.word = found[1]->get_name();
    found.erase(found.begin());
  }
  for (std::size_t index = 1; index < found.size(); ++index) {
    parser.arguments.problems.push_back(
        flag_problem(found[index]->get_name(), "a second command; give one"));
  }
  parser.arguments.command = texts.command;
  check_extras(parser, texts);
  check_values(parser);
  check_data(parser.arguments);
  read_word(parser);
  parser.arguments.search.words.assign(argv + 1, argv + argc);
  if (texts.command == Command::simulate) read_simulate(parser);
  if (texts.command == Command::plan) read_plan(parser);
  if (texts.command == Command::validate) read_validate(parser);
  if (texts.command == Command::calibrate) read_calibrate(parser);
  if (texts.command == Command::network) read_network(parser);
  if (texts.command == Command::import) read_import(parser);
  if (texts.command == Command::compare) read_compare(parser);
  return std::move(parser.arguments);
}

}  // namespace reckon

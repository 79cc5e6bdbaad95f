// reckon: the capacity-planning command line. main() reads like the list of hops in the README.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "planner/catalog.hpp"
#include "planner/output_file.hpp"
#include "planner/predict.hpp"
#include "planner/spec/spec_json.hpp"
#include "reports/chrome_trace.hpp"
#include "reports/perfetto_trace.hpp"
#include "reports/report_csv.hpp"
#include "reports/report_json.hpp"
#include "reports/report_text.hpp"

namespace reckon {
namespace {

constexpr std::string_view version = "0.1.0";

// Exit codes of every command.
enum Exit : int { ok = 0, bad_input = 2, cannot_run = 3, internal = 70 };

struct Arguments {
  std::string data;
  std::string plan, model, cluster, device;  // names or files; empty: what the plan says
  std::optional<double> usd_per_gpu_hour;
  std::string effects = "all";
  bool unfold = false;
  bool ignore_memory = false;
  std::string json, csv, trace;
  std::string colour = "auto";
  bool ascii = false;
  int width = 0;
  std::string kind;    // catalog
  std::string schema;  // schema
};

// Installed data lie beside the program, those of a build in the source tree.
std::string data_folder(const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path installed = self.parent_path() / RECKON_INSTALLED_DATA_DIR;
  return !error && std::filesystem::is_directory(installed, error) ? installed.string()
                                                                   : RECKON_DATA_DIR;
}

InputError flag_error(const std::string& flag, const std::string& message) {
  return InputError({{flag, 0, 0, "", message}});
}

EffectSwitches parse_effects(const std::string& text) {
  if (text == "all") return all_effects;
  if (text == "none") return no_effects;
  EffectSwitches on;
  std::string rest = text + ",";
  for (std::size_t comma = rest.find(','); comma != std::string::npos; comma = rest.find(',')) {
    const std::string word = rest.substr(0, comma);
    rest.erase(0, comma + 1);
    if (word == "clock")
      on.clock = true;
    else if (word == "sends")
      on.pipeline_sends = true;
    else if (word == "routing")
      on.routing = true;
    else if (word == "jitter")
      on.jitter = true;
    else {
      const auto near = closest(word, {"clock", "sends", "routing", "jitter", "all", "none"});
      throw flag_error("--effects",
                       fmt::format("unknown effect \"{}\"{}; give all, none, or some of clock, "
                                   "sends, routing, jitter separated by commas",
                                   word, near ? fmt::format("; did you mean \"{}\"?", *near) : ""));
    }
  }
  return on;
}

Inputs load_inputs(const Arguments& arguments, const std::string& data) {
  Inputs inputs;
  inputs.plan = load_plan(data, arguments.plan);
  if (!arguments.model.empty()) inputs.plan.model = arguments.model;
  if (!arguments.cluster.empty()) inputs.plan.cluster = arguments.cluster;
  inputs.model = load_model(data, inputs.plan.model);
  inputs.cluster = load_cluster(data, inputs.plan.cluster);
  if (!arguments.device.empty()) inputs.cluster.device = arguments.device;
  inputs.device = load_device(data, inputs.cluster.device);
  if (arguments.usd_per_gpu_hour) {
    if (!(*arguments.usd_per_gpu_hour >= 0 && *arguments.usd_per_gpu_hour <= 1e6)) {
      throw flag_error("--usd-per-gpu-hour", "must lie between 0 and 1000000");
    }
    inputs.cluster.pricing = {{*arguments.usd_per_gpu_hour}, "--usd-per-gpu-hour"};
  }
  return inputs;
}

int refuse(const Arguments& arguments, const std::vector<PlanProblem>& problems) {
  std::string text;
  for (const PlanProblem& problem : problems) {
    text += fmt::format("{}: {}: {}\n",
                        problem.document == DocumentKind::plan
                            ? arguments.plan
                            : std::string(enum_name(problem.document)),
                        problem.pointer, problem.message);
  }
  fmt::print(stderr, "{}error: this plan cannot run ({} problem{})\n", text, problems.size(),
             problems.size() == 1 ? "" : "s");
  return cannot_run;
}

bool is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

TextStyle style_of(const Arguments& arguments) {
  const char* const no_colour = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  const char* const columns = std::getenv("COLUMNS");
  TextStyle style;
  style.colour =
      arguments.colour == "always" || (arguments.colour == "auto" && is_terminal() &&
                                       (no_colour == nullptr || *no_colour == '\0') &&
                                       (term == nullptr || std::string_view(term) != "dumb"));
  style.unicode = !arguments.ascii;
  style.width = arguments.width > 0 ? arguments.width : 100;
  if (arguments.width == 0 && columns != nullptr && std::atoi(columns) >= 40) {
    style.width = std::atoi(columns);
  }
  return style;
}

bool ends_with(std::string_view text, std::string_view tail) {
  return text.size() >= tail.size() && text.substr(text.size() - tail.size()) == tail;
}

void write_trace(const std::string& path, const Prediction& prediction) {
  const bool chrome = ends_with(path, ".json");
  if (!chrome && !ends_with(path, ".pftrace") && !ends_with(path, ".perfetto-trace")) {
    throw flag_error("--trace",
                     fmt::format("{}: give a name that ends in .json (Chrome trace events) or "
                                 ".pftrace (Perfetto's own format)",
                                 path));
  }
  write_output(path, [&](const TextSinkTo& sink) {
    if (chrome)
      write_chrome_trace(prediction.trace, prediction.schedule, sink);
    else
      write_perfetto_trace(prediction.trace, prediction.schedule, sink);
  });
}

int simulate_command(const Arguments& arguments) {
  const EffectSwitches effects = parse_effects(arguments.effects);
  const Inputs inputs = load_inputs(arguments, data_folder(arguments.data));
  const std::vector<PlanProblem> problems = problems_of(inputs);
  if (!problems.empty()) return refuse(arguments, problems);
  const std::vector<PlanProblem> too_large =
      memory_problems(inputs, memory_of(inputs, schedule_of(inputs.plan)));
  if (!too_large.empty() && !arguments.ignore_memory) {
    const int code = refuse(arguments, too_large);
    fmt::print(stderr, "hint: --ignore-memory predicts it all the same\n");
    return code;
  }
  Prediction prediction =
      predict(inputs, {effects, arguments.unfold, !arguments.trace.empty(), true});
  prediction.report.tool = fmt::format("reckon {}", version);
  if (!arguments.trace.empty()) write_trace(arguments.trace, prediction);
  if (!arguments.csv.empty()) write_output(arguments.csv, report_csv(prediction.report));
  if (!arguments.json.empty()) write_output(arguments.json, report_json(prediction.report));
  if (arguments.json == "-" || arguments.csv == "-") return ok;
  write_output("-", report_text(prediction.report, style_of(arguments)));
  return ok;
}

int schedule_command(const Arguments& arguments) {
  const Inputs inputs = load_inputs(arguments, data_folder(arguments.data));
  const std::vector<PlanProblem> problems = problems_of(inputs);
  if (!problems.empty()) return refuse(arguments, problems);
  write_output("-", to_text(schedule_of(inputs.plan)));
  return ok;
}

int catalog_command(const Arguments& arguments) {
  const std::string data = data_folder(arguments.data);
  std::string text;
  for (const auto& [kind, name] : EnumNames<DocumentKind>::table) {
    if (!arguments.kind.empty() && arguments.kind != name) continue;
    text += fmt::format("{}s\n", name);
    for (const std::string& document : shipped_names(data, kind)) text += "  " + document + "\n";
  }
  write_output("-", text);
  return ok;
}

int schema_command(const Arguments& arguments) {
  const std::string text =
      arguments.schema == "report/1" ? report_schema() : input_schema(arguments.schema);
  if (text.empty()) {
    const auto near =
        closest(arguments.schema, {"model/1", "cluster/1", "device/1", "plan/1", "report/1"});
    throw flag_error(arguments.schema,
                     fmt::format("unknown document{}; there are model/1, cluster/1, device/1, "
                                 "plan/1 and report/1",
                                 near ? fmt::format("; did you mean \"{}\"?", *near) : ""));
  }
  write_output("-", text);
  return ok;
}

void add_inputs(CLI::App& command, Arguments& a) {
  command.add_option("plan", a.plan, "a shipped plan (reckon catalog plan) or a plan file")
      ->required();
  command.add_option("--model", a.model, "model in place of the plan's: name or file");
  command.add_option("--cluster", a.cluster, "cluster in place of the plan's: name or file");
  command.add_option("--device", a.device,
                     "device profile in place of the cluster's: name or file");
}

void add_simulate(CLI::App& app, Arguments& a, std::function<int()>& run) {
  CLI::App* const c = app.add_subcommand(
      "simulate", "predict one plan: step time, MFU, memory, GPU-hours, dollars");
  add_inputs(*c, a);
  c->add_option("--effects", a.effects,
                "all, none, or some of clock,sends,routing,jitter: what makes a real step longer");
  c->add_option("--usd-per-gpu-hour", a.usd_per_gpu_hour, "price in place of the cluster's");
  c->add_flag("--unfold", a.unfold, "simulate every rank, whatever the symmetry");
  c->add_flag("--ignore-memory", a.ignore_memory, "predict a plan that does not fit");
  c->add_option("--json", a.json, "write the report as JSON to this file (- is stdout)");
  c->add_option("--csv", a.csv, "write the report as CSV to this file (- is stdout)");
  c->add_option("--trace", a.trace,
                "write the step as a trace: .json (Chrome) or .pftrace (Perfetto)");
  c->add_option("--color", a.colour, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  c->add_flag("--ascii", a.ascii, "no box drawing or block characters");
  c->add_option("--width", a.width, "columns of the text report")->check(CLI::Range(40, 400));
  c->callback([&] { run = [&a] { return simulate_command(a); }; });
}

void add_commands(CLI::App& app, Arguments& a, std::function<int()>& run) {
  app.add_option("--data", a.data,
                 "folder with planner/ and topologies/ in place of the shipped one");
  add_simulate(app, a, run);
  CLI::App* const schedule =
      app.add_subcommand("schedule", "print what every pipeline rank of a plan does, in order");
  add_inputs(*schedule, a);
  schedule->callback([&] { run = [&a] { return schedule_command(a); }; });
  CLI::App* const catalog = app.add_subcommand("catalog", "list what is shipped");
  catalog->add_option("kind", a.kind, "model, cluster, device or plan")
      ->check(CLI::IsMember({"model", "cluster", "device", "plan"}));
  catalog->callback([&] { run = [&a] { return catalog_command(a); }; });
  CLI::App* const schema = app.add_subcommand("schema", "print the JSON Schema of a document");
  schema->add_option("document", a.schema, "model/1, cluster/1, device/1, plan/1 or report/1")
      ->required();
  schema->callback([&] { run = [&a] { return schema_command(a); }; });
}

// Words that CLI11 would only call unexpected, with what was meant.
std::string did_you_mean(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> known;
  const CLI::App* command = &app;
  for (int i = 1; i < argc && command == &app; ++i) {
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
      if (sub->get_name() == argv[i]) command = sub;
    }
  }
  for (const CLI::Option* option : command->get_options()) known.push_back(option->get_name());
  if (command == &app) {
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(sub->get_name());
    }
  }
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  for (int i = 1; i < argc; ++i) {
    const std::string word = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
    bool exact = false;
    for (const std::string& name : known) exact = exact || name == word;
    const bool is_flag = word.size() > 1 && word[0] == '-';
    if (exact || (!is_flag && (command != &app || i > 1))) continue;
    if (const auto near = closest(word, candidates))
      return fmt::format("hint: did you mean \"{}\"?\n", *near);
  }
  return {};
}

int run(int argc, char** argv) {
  Arguments arguments;
  std::function<int()> command;
  CLI::App app{"reckon predicts what a large training run takes and costs on a GPU cluster",
               "reckon"};
  app.set_version_flag("--version", fmt::format("reckon {}", version));
  app.require_subcommand(1);
  app.footer(
      "Start with: reckon simulate deepseek-v3-2048-h800\n"
      "Exit codes: 0 done, 2 bad input, 3 the plan cannot run");
  add_commands(app, arguments, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked) == 0 ? ok : bad_input;
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "error: {}\n{}hint: reckon --help lists commands and options\n",
               error.what(), did_you_mean(app, argc, argv));
    return bad_input;
  }
  return command();
}

}  // namespace
}  // namespace reckon

int main(int argc, char** argv) {
  try {
    return reckon::run(argc, argv);
  } catch (const reckon::InputError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return reckon::bad_input;
  } catch (const std::exception& error) {
    fmt::print(stderr, "internal error: {}; please report it with the command line\n",
               error.what());
    return reckon::internal;
  }
}

// reckon: the capacity-planning command line. main() reads like the list of hops in the README.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "planner/catalog.hpp"
#include "planner/command_import.hpp"
#include "planner/command_line.hpp"
#include "planner/command_progress.hpp"
#include "planner/describe.hpp"
#include "planner/error_band.hpp"
#include "planner/expert_transfer.hpp"
#include "planner/import/import_report_json.hpp"
#include "planner/main_parts.hpp"
#include "planner/network.hpp"
#include "planner/output_file.hpp"
#include "planner/predict.hpp"
#include "planner/spec/expert_transport_json.hpp"
#include "planner/spec/json_document.hpp"
#include "planner/spec/residual_json.hpp"
#include "planner/spec/software_json.hpp"
#include "planner/spec/spec_json.hpp"
#include "planner/sweep.hpp"
#include "reports/accuracy.hpp"
#include "reports/calibration_json.hpp"
#include "reports/chrome_trace.hpp"
#include "reports/comparison_text.hpp"
#include "reports/expert_report.hpp"
#include "reports/network_report.hpp"
#include "reports/perfetto_trace.hpp"
#include "reports/plan_search_report.hpp"
#include "reports/report_csv.hpp"
#include "reports/report_json.hpp"
#include "reports/report_text.hpp"
#include "reports/sweep_text.hpp"
#include "reports/topology_report.hpp"
#include "topologies/topology_spec.hpp"

namespace reckon {
namespace {

void write_trace(const std::string& path, const Prediction& prediction) {
  write_output(path, [&](const TextSinkTo& sink) {
    if (path.ends_with(".json"))
      write_chrome_trace(prediction.trace, prediction.schedule, sink);
    else
      write_perfetto_trace(prediction.trace, prediction.schedule, sink);
  });
}

// --- commands
// -----------------------------------------------------------------------------------------

// Set by the first Ctrl-C during a sweep; the second ends the program.
volatile std::sig_atomic_t is_interrupted = 0;

void stop_at_interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int) { is_interrupted = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
}

Sweep run_sweep(const Inputs& inputs, const Arguments& arguments) {
  stop_at_interrupt();
  ProgressBar bar;
  SweepOptions options;
  options.effects = arguments.effects;
  options.ignore_memory = arguments.ignore_memory;
  options.progress = [&bar](std::size_t done, std::size_t points) {
    bar.show(static_cast<double>(done) / static_cast<double>(points),
             fmt::format("{} of {} points", done, points));
    return is_interrupted == 0;
  };
  return sweep(inputs, arguments.vary, options);
}

int sweep_command(const Arguments& arguments, const Inputs& inputs) {
  Sweep result = run_sweep(inputs, arguments);
  result.tool = version;
  if (!arguments.csv.empty()) write_output(arguments.csv, sweep_csv(result));
  if (!arguments.json.empty()) write_output(arguments.json, sweep_json(result));
  if (arguments.json != "-" && arguments.csv != "-") {
    write_output("-", sweep_text(result, style_of(arguments)));
  }
  if (result.partial) return interrupted;
  if (best_point(result) != nullptr) return ok;
  complain(fmt::format("error: none of the {} points can run; see their reasons\n",
                       result.points.size()));
  return cannot_run;
}

// Whether a plan can run, fits and is not too large; the reasons why not go to standard error.
bool can_be_predicted(const LoadedInputs& loaded, const PredictOptions& options,
                      bool ignore_memory) {
  const Inputs& inputs = loaded.values;
  std::vector<PlanProblem> problems = problems_of(inputs);
  if (problems.empty() && !ignore_memory) {
    problems = memory_problems(inputs, memory_of(inputs, schedule_of(inputs.plan)));
    if (!problems.empty()) {
      refuse(loaded, problems);
      complain("hint: --ignore-memory predicts it all the same\n");
      return false;
    }
  }
  if (problems.empty()) problems = size_problems(inputs, options);
  if (!problems.empty()) refuse(loaded, problems);
  return problems.empty();
}

// Around the step with effects; none where the shipped residuals are not there.
std::optional<StepBand> band_of(const Arguments& arguments, const Inputs& inputs, Seconds step) {
  const std::string folder = data_folder(arguments.data) + "/planner/runs/";
  std::error_code error;
  if (!std::filesystem::exists(folder + "residuals.json", error)) return std::nullopt;
  const auto document = [&](const char* name) {
    return parse_document(read_text_file(folder + name), folder + name);
  };
  return error_band(inputs, step, read_software(document("software.json")),
                    read_residuals(document("residuals.json")));
}

int simulate_command(const Arguments& arguments) {
  const LoadedInputs loaded = load_inputs(arguments);
  if (!arguments.vary.empty()) return sweep_command(arguments, loaded.values);
  const Inputs& inputs = loaded.values;
  const PredictOptions options{arguments.effects, arguments.unfold, true, true};
  if (!can_be_predicted(loaded, options, arguments.ignore_memory)) return cannot_run;
  Prediction prediction = predict(inputs, options);
  prediction.report.tool = version;
  prediction.report.band = band_of(arguments, inputs, prediction.report.with_effects.step);
  if (!arguments.trace.empty()) write_trace(arguments.trace, prediction);
  if (!arguments.csv.empty()) write_output(arguments.csv, report_csv(prediction.report));
  if (!arguments.json.empty()) write_output(arguments.json, report_json(prediction.report));
  if (arguments.json == "-" || arguments.csv == "-") return ok;
  write_output("-", report_text(prediction.report, style_of(arguments)));
  return ok;
}

// What a file says it is; empty for a name, or a file that says nothing.
std::string schema_in(const std::string& word) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(word, error)) return {};
  const Document document = parse_document(read_text_file(word), word);
  const auto* const members = std::get_if<JsonNode::Object>(&document.root().value);
  if (members == nullptr) return {};
  for (const JsonMember& member : *members) {
    const auto* const name = std::get_if<std::string>(&member.value.value);
    if (member.key == "schema" && name != nullptr) return *name;
  }
  return {};
}

// One side of a comparison: a report as it was written, or a plan that is simulated here. Empty,
// with the reasons on standard error, for a plan that cannot run.
std::optional<ComparisonInput> compared_side(const Arguments& arguments, const std::string& word) {
  const std::string schema = schema_in(word);
  if (schema.starts_with("report/")) {
    return ComparisonInput{word, read_report(read_text_file(word), word), {}};
  }
  Arguments simulated = arguments;
  simulated.plan = word;
  const LoadedInputs loaded = load_inputs(simulated);
  const PredictOptions options{arguments.effects, false, true, true};
  if (!can_be_predicted(loaded, options, arguments.ignore_memory)) return std::nullopt;
  Report report = predict(loaded.values, options).report;
  return ComparisonInput{word, std::move(report), loaded.values.device};
}

int compare_command(const Arguments& arguments) {
  std::vector<ComparisonInput> sides;
  std::vector<Problem> problems;
  for (const std::string& word : arguments.compared) {
    try {
      if (auto side = compared_side(arguments, word)) sides.push_back(std::move(*side));
    } catch (const InputError& error) {
      problems.insert(problems.end(), error.problems.begin(), error.problems.end());
    }
  }
  if (!problems.empty()) throw InputError(std::move(problems));
  if (sides.size() < 2) return cannot_run;
  Comparison comparison = compare(sides[0], sides[1]);
  comparison.tool = version;
  if (!arguments.csv.empty()) write_output(arguments.csv, comparison_csv(comparison));
  if (!arguments.json.empty()) write_output(arguments.json, comparison_json(comparison));
  if (arguments.json == "-" || arguments.csv == "-") return ok;
  write_output("-", comparison_text(comparison, style_of(arguments)));
  return ok;
}

int schedule_command(const Arguments& arguments) {
  const LoadedInputs loaded = load_inputs(arguments);
  const std::vector<PlanProblem> problems = problems_of(loaded.values);
  if (!problems.empty()) return refuse(loaded, problems);
  write_output("-", to_text(schedule_of(loaded.values.plan)));
  return ok;
}

int collective_command(const Arguments& arguments) {
  std::vector<Bytes> sizes;
  for (const double bytes : arguments.bytes) sizes.push_back({bytes});
  if (arguments.flow_operation) {
    const FlowCollectiveForecast forecast = forecast_flow_collective(
        data_folder(arguments.data), arguments.expert.network, *arguments.flow_operation, sizes);
    if (!arguments.json.empty()) write_output(arguments.json, flow_collective_json(forecast));
    if (arguments.json != "-") {
      write_output("-", flow_collective_text(forecast, style_of(arguments)));
    }
    return ok;
  }
  const CollectiveForecast forecast = forecast_collective(
      data_folder(arguments.data), arguments.operation, arguments.node, arguments.nodes, sizes);
  if (!arguments.json.empty()) write_output(arguments.json, collective_json(forecast));
  if (arguments.json != "-") write_output("-", collective_text(forecast, style_of(arguments)));
  return ok;
}

int expert_command(const Arguments& arguments) {
  const ExpertForecast forecast =
      forecast_expert_transfer(data_folder(arguments.data), arguments.expert);
  if (!arguments.json.empty()) write_output(arguments.json, expert_json(forecast));
  if (arguments.json != "-") write_output("-", expert_text(forecast, style_of(arguments)));
  return ok;
}

int describe_command(const Arguments& arguments) {
  DescribedNetwork network = describe_network(
      data_folder(arguments.data), arguments.network_words.front(),
      {arguments.fails, arguments.routes, arguments.seed, arguments.expert.network.routing});
  network.report.tool = version;
  const bool draws = !arguments.svg.empty() || !arguments.dot.empty();
  if (draws && network.drawing.boxes.empty()) {
    throw InputError({{arguments.svg.empty() ? "--dot" : "--svg", 0, 0, "",
                       "this network is only counted: there is nothing to draw"}});
  }
  if (!arguments.svg.empty()) write_output(arguments.svg, topology_svg(network.drawing));
  if (!arguments.dot.empty()) write_output(arguments.dot, topology_dot(network.drawing));
  if (!arguments.json.empty()) write_output(arguments.json, topology_json(network.report));
  if (arguments.json == "-" || arguments.svg == "-" || arguments.dot == "-") return ok;
  write_output("-", topology_text(network.report, style_of(arguments)));
  return ok;
}

int network_command(const Arguments& arguments) {
  switch (arguments.network_action) {
    case NetworkAction::collective:
      return collective_command(arguments);
    case NetworkAction::dispatch:
    case NetworkAction::combine:
      return expert_command(arguments);
    case NetworkAction::describe:
      return describe_command(arguments);
    case NetworkAction::run:
      break;
  }
  const std::vector<FlowOutcome> outcomes = run_scenarios(arguments.network_words.front());
  if (!arguments.json.empty()) write_output(arguments.json, flows_json(outcomes));
  if (arguments.json != "-") write_output("-", flows_text(outcomes, style_of(arguments)));
  const std::string what_missed = missed_text(outcomes);
  if (what_missed.empty()) return ok;
  complain(what_missed + "\n");
  return missed;
}

int catalog_command(const Arguments& arguments) {
  const std::string data = data_folder(arguments.data);
  std::string text;
  for (const auto& [kind, name] : EnumNames<DocumentKind>::table) {
    if (arguments.kind && arguments.kind != kind) continue;
    text += kind == DocumentKind::topology ? "topologies\n" : fmt::format("{}s\n", name);
    for (const std::string& document : shipped_names(data, kind)) text += "  " + document + "\n";
  }
  write_output("-", text);
  return ok;
}

std::string schema_of(const std::string& document) {
  if (document == "report/1") return report_schema();
  if (document == "calibration/1") return calibration_schema();
  if (document == "sweep/1") return sweep_schema();
  if (document == "comparison/1") return comparison_schema();
  if (document == "flows/1") return flows_schema();
  if (document == "collective/1") return collective_schema();
  if (document == "flow_collective/1") return flow_collective_schema();
  if (document == "experts/1") return expert_schema();
  if (document == "topology/1") return topology_schema();
  if (document == "topology_report/1") return topology_report_schema();
  if (document == "import/1") return import_report_schema();
  if (document == "plan_search/1") return plan_search_schema();
  if (document == "accuracy/1") return accuracy_schema();
  if (document == "software/1") return software_schema();
  if (document == "residuals/1") return residuals_schema();
  const std::string schema = expert_input_schema(document);
  return schema.empty() ? input_schema(document) : schema;
}

int schema_command(const Arguments& arguments) {
  write_output("-", schema_of(arguments.document));
  return ok;
}

int run(int argc, char** argv) {
  const Arguments arguments = parse_arguments(argc, argv);
  const bool loads =
      arguments.command == Command::simulate || arguments.command == Command::schedule;
  if (!loads && !arguments.problems.empty()) throw InputError(arguments.problems);
  switch (arguments.command) {
    case Command::simulate:
      return simulate_command(arguments);
    case Command::schedule:
      return schedule_command(arguments);
    case Command::plan:
      return plan_command(arguments);
    case Command::validate:
      return validate_command(arguments);
    case Command::calibrate:
      return calibrate_command(arguments);
    case Command::network:
      return network_command(arguments);
    case Command::import:
      import_command(arguments);
      return ok;
    case Command::compare:
      return compare_command(arguments);
    case Command::catalog:
      return catalog_command(arguments);
    case Command::schema:
      return schema_command(arguments);
    case Command::print:
      write_output("-", arguments.text);
      return ok;
  }
  return internal;
}

}  // namespace
}  // namespace reckon

int main(int argc, char** argv) {
  try {
    return reckon::run(argc, argv);
  } catch (const reckon::InputError& error) {
    reckon::complain(error.what(), "bad input", error.problems.size());
    return reckon::bad_input;
  } catch (const std::bad_alloc&) {
    reckon::complain("error: out of memory; give the program more, or a smaller plan\n");
    return reckon::internal;
  } catch (const std::exception& error) {
    reckon::complain(
        fmt::format("internal error: {}; please report it with the command line\n", error.what()));
    return reckon::internal;
  }
}

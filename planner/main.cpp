// reckon: the capacity-planning command line. main() reads like the list of hops in the README.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "planner/calibrate.hpp"
#include "planner/catalog.hpp"
#include "planner/command_line.hpp"
#include "planner/command_progress.hpp"
#include "planner/describe.hpp"
#include "planner/expert_transfer.hpp"
#include "planner/faults.hpp"
#include "planner/megatron_arguments.hpp"
#include "planner/network.hpp"
#include "planner/output_file.hpp"
#include "planner/plan_search.hpp"
#include "planner/predict.hpp"
#include "planner/search_store.hpp"
#include "planner/slurm_script.hpp"
#include "planner/spec/expert_transport_json.hpp"
#include "planner/spec/json_document.hpp"
#include "planner/spec/spec_json.hpp"
#include "reports/calibration_csv.hpp"
#include "reports/calibration_json.hpp"
#include "reports/calibration_svg.hpp"
#include "reports/calibration_text.hpp"
#include "reports/chrome_trace.hpp"
#include "reports/expert_report.hpp"
#include "reports/network_report.hpp"
#include "reports/perfetto_trace.hpp"
#include "reports/plan_search_report.hpp"
#include "reports/report_csv.hpp"
#include "reports/report_json.hpp"
#include "reports/report_text.hpp"
#include "reports/topology_report.hpp"
#include "sim/calibrate/fit.hpp"
#include "sim/kernel_models/family_model.hpp"
#include "topologies/topology_spec.hpp"

namespace reckon {
namespace {

// Exit codes of every command.
enum Exit : int { ok = 0, bad_input = 2, cannot_run = 3, missed = 5, internal = 70 };

// To standard error, whether or not anyone listens.
void complain(const std::string& text) { std::fputs(text.c_str(), stderr); }

// A list of problems and what they come to.
void complain(const std::string& list, std::string_view verdict, std::size_t problems) {
  complain(fmt::format("{}\nerror: {} ({} problem{})\n", list, verdict, problems,
                       problems == 1 ? "" : "s"));
}

// Installed data lie beside the program, those of a build in the source tree.
std::string data_folder(const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path installed = self.parent_path() / RECKON_INSTALLED_DATA_DIR;
  return !error && std::filesystem::is_directory(installed, error) ? installed.string()
                                                                   : RECKON_DATA_DIR;
}

// --- from names to values
// ---------------------------------------------------------------------------

struct LoadedInputs {
  Inputs values;
  std::map<DocumentKind, std::string> files;
};

// The files of problems that are found after reading, read again to tell line and column.
class Places {
 public:
  // The problem with the place of the value that `pointer` names, or of the nearest that holds it
  // (a key that was left out has its default).
  Problem located(const std::string& file, const std::string& pointer, const std::string& message) {
    Problem problem{file, 0, 0, pointer, message};
    const std::optional<Document>& document = read(file);
    if (!document) return problem;
    std::string at = pointer;
    std::optional<Position> place = document->find(at);
    while (!place && !at.empty()) {
      at.erase(at.rfind('/'));
      place = document->find(at);
    }
    if (place) problem.line = place->line;
    if (place) problem.column = place->column;
    return problem;
  }

 private:
  const std::optional<Document>& read(const std::string& file) {
    const auto [known, is_new] = documents_.try_emplace(file);
    if (!is_new) return known->second;
    try {
      known->second = parse_document(read_text_file(file), file);
    } catch (const InputError&) {  // gone since it was read: no line to tell
    }
    return known->second;
  }

  std::map<std::string, std::optional<Document>> documents_;
};

// What is wrong with the kernel models of a device, at its place.
std::vector<Problem> model_problems_of(const DeviceProfile& device, const std::string& file) {
  Places places;
  std::vector<Problem> problems;
  for (const ModelProblem& one : model_problems(device)) {
    problems.push_back(places.located(file, one.pointer, one.message));
  }
  return problems;
}

DeviceProfile load_checked_device(const std::string& data, const std::string& name) {
  DeviceProfile device = load_device(data, name);
  const std::vector<Problem> problems =
      model_problems_of(device, find_document(data, DocumentKind::device, name));
  if (!problems.empty()) throw InputError(problems);
  return device;
}

// Loads the documents that a plan names; what is wrong with any of them comes together.
class Loader {
 public:
  Loader(const Arguments& arguments, std::string data)
      : arguments_(arguments), data_(std::move(data)), problems_(arguments.problems) {}

  LoadedInputs load() {
    Inputs& in = result_.values;
    if (!load_plan_of(in)) return fail();
    read(in.model, in.plan.model, arguments_.model, "--model", DocumentKind::model,
         DocumentKind::plan, load_model);
    const bool cluster = read(in.cluster, in.plan.cluster, arguments_.cluster, "--cluster",
                              DocumentKind::cluster, DocumentKind::plan, load_cluster);
    if (cluster || !arguments_.device.empty()) {
      const bool device = read(in.device, in.cluster.device, arguments_.device, "--device",
                               DocumentKind::device, DocumentKind::cluster, load_device);
      if (device) add_problems(model_problems_of(in.device, result_.files[DocumentKind::device]));
    }
    if (!problems_.empty()) return fail();
    if (arguments_.usd_per_gpu_hour) {
      in.cluster.pricing = {{*arguments_.usd_per_gpu_hour}, "--usd-per-gpu-hour"};
    }
    add_problems(add_faults(arguments_.faults, in.cluster));
    if (!problems_.empty()) return fail();
    return std::move(result_);
  }

 private:
  LoadedInputs fail() const { throw InputError(problems_); }

  void add_problems(const std::vector<Problem>& found) {
    problems_.insert(problems_.end(), found.begin(), found.end());
  }

  bool load_plan_of(Inputs& in) {
    if (arguments_.plan.empty()) {
      std::string shipped;
      for (const std::string& name : shipped_names(data_, DocumentKind::plan)) {
        shipped += "\n  " + name;
      }
      problems_.push_back({"", 0, 0, "",
                           "no plan given; give a plan file of your own, or the name of a shipped "
                           "plan:" +
                               shipped});
      return false;
    }
    try {
      result_.files[DocumentKind::plan] = find_document(data_, DocumentKind::plan, arguments_.plan);
      in.plan = load_plan(data_, arguments_.plan);
      return true;
    } catch (const InputError& error) {
      problems_.insert(problems_.end(), error.problems.begin(), error.problems.end());
      return false;
    }
  }

  // Reads one document: the one that a flag names, else the one that another document names.
  template <class Value, class Load>
  bool read(Value& value, std::string& name, const std::string& flag_value, const char* flag,
            DocumentKind kind, DocumentKind named_in, const Load& load) {
    const bool by_flag = !flag_value.empty();
    if (by_flag) name = flag_value;
    try {
      result_.files[kind] = find_document(data_, kind, name);
      value = load(data_, name);
      return true;
    } catch (const InputError& error) {
      for (const Problem& problem : error.problems) {
        problems_.push_back(problem);
        if (problem.line > 0) continue;  // inside the document
        const std::string message = problem.file + ": " + problem.message;
        problems_.back() = by_flag ? Problem{flag, 0, 0, "", message}
                                   : Places().located(result_.files[named_in],
                                                      "/" + std::string(enum_name(kind)), message);
      }
      return false;
    }
  }

  const Arguments& arguments_;
  std::string data_;
  std::vector<Problem> problems_;
  LoadedInputs result_;
};

LoadedInputs load_inputs(const Arguments& arguments) {
  return Loader(arguments, data_folder(arguments.data)).load();
}

// Lists why the plan cannot run, each reason with its place in its file.
int refuse(const LoadedInputs& inputs, const std::vector<PlanProblem>& problems) {
  Places places;
  std::vector<Problem> placed;
  for (const PlanProblem& problem : problems) {
    placed.push_back(
        places.located(inputs.files.at(problem.document), problem.pointer, problem.message));
  }
  complain(to_text(placed), "this plan cannot run", problems.size());
  return cannot_run;
}

// --- how the report looks
// -----------------------------------------------------------------------------

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

// The columns that were asked for, those of COLUMNS or of the terminal, or 100.
int columns(const Arguments& arguments) {
  if (arguments.width > 0) return arguments.width;
  const int told = std::atoi(environment("COLUMNS").c_str());
  winsize window{};
  if (told < least_columns && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 &&
      window.ws_col > 0) {
    return std::clamp(int{window.ws_col}, least_columns, most_columns);
  }
  return told >= least_columns ? std::min(told, most_columns) : 100;
}

// Whether the locale is one of those without Unicode, if there is a locale at all.
bool is_ascii_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string locale = environment(name);
    if (!locale.empty()) return locale == "C" || locale == "POSIX";
  }
  return false;
}

TextStyle style_of(const Arguments& arguments) {
  const bool wanted = ::isatty(STDOUT_FILENO) == 1 && environment("NO_COLOR").empty() &&
                      environment("TERM") != "dumb";
  TextStyle style;
  style.colour = arguments.colour == "always" || (arguments.colour == "auto" && wanted);
  style.unicode = !arguments.ascii && !is_ascii_locale();
  style.width = columns(arguments);
  return style;
}

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

int simulate_command(const Arguments& arguments) {
  const LoadedInputs loaded = load_inputs(arguments);
  const Inputs& inputs = loaded.values;
  const std::vector<PlanProblem> problems = problems_of(inputs);
  if (!problems.empty()) return refuse(loaded, problems);
  const std::vector<PlanProblem> does_not_fit =
      memory_problems(inputs, memory_of(inputs, schedule_of(inputs.plan)));
  if (!does_not_fit.empty() && !arguments.ignore_memory) {
    const int code = refuse(loaded, does_not_fit);
    complain("hint: --ignore-memory predicts it all the same\n");
    return code;
  }
  const PredictOptions options{arguments.effects, arguments.unfold, true, true};
  const std::vector<PlanProblem> too_large = size_problems(inputs, options);
  if (!too_large.empty()) return refuse(loaded, too_large);
  Prediction prediction = predict(inputs, options);
  prediction.report.tool = version;
  if (!arguments.trace.empty()) write_trace(arguments.trace, prediction);
  if (!arguments.csv.empty()) write_output(arguments.csv, report_csv(prediction.report));
  if (!arguments.json.empty()) write_output(arguments.json, report_json(prediction.report));
  if (arguments.json == "-" || arguments.csv == "-") return ok;
  write_output("-", report_text(prediction.report, style_of(arguments)));
  return ok;
}

int schedule_command(const Arguments& arguments) {
  const LoadedInputs loaded = load_inputs(arguments);
  const std::vector<PlanProblem> problems = problems_of(loaded.values);
  if (!problems.empty()) return refuse(loaded, problems);
  write_output("-", to_text(schedule_of(loaded.values.plan)));
  return ok;
}

// --- plan

volatile std::sig_atomic_t interrupted = 0;

// The first Ctrl-C ends a search at its next step, a second one the program.
void interrupt(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);
}

// Model, cluster and device of the command line; what is wrong with any of them comes together.
Inputs load_search_inputs(const Arguments& arguments) {
  const std::string data = data_folder(arguments.data);
  std::vector<Problem> problems;
  const auto load = [&problems](const auto& read) {
    try {
      read();
    } catch (const InputError& error) {
      problems.insert(problems.end(), error.problems.begin(), error.problems.end());
    }
  };
  Inputs in;
  load([&] { in.model = load_model(data, arguments.model); });
  load([&] { in.cluster = load_cluster(data, arguments.cluster); });
  load([&] {
    const std::string& name = arguments.device;
    if (name.empty() && in.cluster.device.empty()) return;  // no cluster
    in.device = load_checked_device(data, name.empty() ? in.cluster.device : name);
  });
  if (!problems.empty()) throw InputError(std::move(problems));
  if (arguments.usd_per_gpu_hour) {
    in.cluster.pricing = {{*arguments.usd_per_gpu_hour}, "--usd-per-gpu-hour"};
  }
  return in;
}

// The ranked plans as files that can be run.
void save_plans(const std::string& folder, const SearchTask& task, const PlanSearchReport& report,
                const Arguments& arguments) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  int rank = 0;
  for (const FoundPlan& found : report.top) {
    const std::string name = fmt::format("{}/plan-{:02}", folder, ++rank);
    Plan plan = ready_plan(task, found, rank);
    plan.model = arguments.model;
    plan.cluster = arguments.cluster;
    if (found.gpus != gpus(task.inputs.cluster)) {
      ClusterSpec part = task.inputs.cluster;
      part.nodes = found.gpus / part.gpus_per_node;
      plan.cluster = name + ".cluster.json";
      write_output(plan.cluster, write_cluster(part));
    }
    write_output(name + ".json", write_plan(plan));
    write_output(name + ".megatron.sh",
                 megatron_arguments(task.inputs.model, plan, task.request.tokens));
  }
}

int write_search(PlanSearchReport report, const Arguments& arguments) {
  report.tool = version;
  if (!arguments.json.empty()) write_output(arguments.json, plan_search_json(report));
  if (!arguments.csv.empty()) write_output(arguments.csv, plan_search_csv(report));
  if (!arguments.svg.empty()) write_output(arguments.svg, plan_search_svg(report));
  if (arguments.json != "-" && arguments.csv != "-" && arguments.svg != "-") {
    write_output("-", plan_search_text(report, style_of(arguments)));
  }
  if (!report.nothing) return ok;
  complain(fmt::format("error: {}\n", report.nothing->message));
  return cannot_run;
}

int merge_command(const Arguments& arguments) {
  std::vector<std::pair<std::string, PlanSearchReport>> shards;
  std::vector<Problem> problems;
  for (const std::string& file : arguments.measurements) {
    try {
      shards.emplace_back(file, read_plan_search(read_text_file(file), file));
    } catch (const InputError& error) {
      problems.insert(problems.end(), error.problems.begin(), error.problems.end());
    }
  }
  if (!problems.empty()) throw InputError(std::move(problems));
  return write_search(merge_searches(shards), arguments);
}

int plan_command(const Arguments& arguments) {
  const PlanRequest& request = arguments.search;
  if (request.merges) return merge_command(arguments);
  const SearchTask task = search_task(load_search_inputs(arguments), request);
  if (!request.slurm.empty()) {
    write_output(request.slurm, slurm_script(request));
    return ok;
  }
  const Workers workers = threads(static_cast<std::size_t>(request.threads));
  std::optional<SearchStore> store;
  if (!request.resume.empty()) store.emplace(request.resume, fingerprint_of(task));
  const Remember remember = [&store](ScorePlans scorer) {
    return store ? store->remembering(std::move(scorer)) : std::move(scorer);
  };
  std::signal(SIGINT, interrupt);
  PlanSearchReport report;
  {
    ProgressBar bar;
    report = search_plans(task, workers, remember, [&bar](const SearchProgress& progress) {
      bar.show(progress.enumerated,
               progress.best == nullptr
                   ? ""
                   : fmt::format("{} simulated, {} open, best step {:.3f} s", progress.simulated,
                                 progress.open, to_seconds(progress.best->step).value));
      return interrupted == 0;
    });
  }
  if (!request.save_folder.empty()) save_plans(request.save_folder, task, report, arguments);
  return write_search(std::move(report), arguments);
}

// The device document of the command line with other kernel models.
void write_profile(const Arguments& arguments, const DeviceProfile& profile) {
  const std::string file =
      find_document(data_folder(arguments.data), DocumentKind::device, arguments.device);
  write_output(arguments.output.empty() ? "-" : arguments.output,
               with_kernels_of(read_text_file(file), profile));
}

std::vector<KernelModel> wanted_of(std::vector<KernelModel> models, const Arguments& arguments) {
  const std::vector<ModelFamily>& wanted = arguments.families;
  std::erase_if(models, [&wanted](const KernelModel& model) {
    return !wanted.empty() && std::find(wanted.begin(), wanted.end(), model.family) == wanted.end();
  });
  return models;
}

// A transfer that would lose measurements, or carry nothing.
void refuse_odd_transfer(const DeviceProfile& device, const DeviceProfile& measured,
                         const Arguments& arguments) {
  std::vector<Problem> problems;
  const std::vector<KernelModel> wanted = wanted_of(measured.kernels, arguments);
  if (wanted.empty()) {
    problems.push_back({"--from", 0, 0, "", measured.name + " has no such kernel models"});
  }
  for (const KernelModel& model : wanted) {
    const std::string name = std::string(enum_name(model.family)) + " " + model.variant;
    const KernelModel* own = find_model(device, model.family, model.variant);
    if (own != nullptr && own->transfer.empty()) {
      problems.push_back({"--device", 0, 0, "",
                          device.name + " has its own measured model of " + name +
                              "; leave the family out (--family)"});
    }
    if (model.variant.starts_with("fp8") && device.gpu.fp8_peak.value == 0) {
      problems.push_back({"--device", 0, 0, "",
                          device.name + " has no FP8 tensor cores for " + name +
                              "; leave the family out (--family)"});
    }
  }
  if (!problems.empty()) throw InputError(std::move(problems));
}

int calibrate_command(const Arguments& arguments) {
  const std::string data = data_folder(arguments.data);
  const DeviceProfile device = load_checked_device(data, arguments.device);
  if (arguments.action == CalibrateAction::transfer) {
    const DeviceProfile measured = load_checked_device(data, arguments.from);
    refuse_odd_transfer(device, measured, arguments);
    write_profile(arguments,
                  with_models(device, wanted_of(transferred_models(measured), arguments)));
    return ok;
  }
  const std::vector<std::string> files = arguments.measurements.empty()
                                             ? shipped_measurements(data, arguments.device)
                                             : arguments.measurements;
  if (files.empty()) {
    throw InputError({{printable(arguments.device, 200), 0, 0, "",
                       "no measurements are shipped for this device; give files of your own"}});
  }
  const MeasuredKernels measured = read_measurements(files, device.gpu, arguments.families);
  if (arguments.action == CalibrateAction::fit) {
    const DeviceProfile fitted = fit_profile(device, measured, arguments.families);
    if (!measured.problems.empty()) complain(to_text(measured.problems) + "\n");
    write_profile(arguments, fitted);
    return ok;
  }
  CalibrationCheck check = check_profile(device, measured);
  check.tool = version;
  if (check.groups.empty()) {
    std::vector<Problem> problems = check.problems;
    problems.push_back({"", 0, 0, "", "no measured row has a model in this profile"});
    throw InputError(std::move(problems));
  }
  if (!arguments.svg.empty()) write_output(arguments.svg, calibration_svg(check));
  if (!arguments.json.empty()) write_output(arguments.json, calibration_json(check));
  if (!arguments.csv.empty()) write_output(arguments.csv, calibration_csv(check));
  if (arguments.json == "-" || arguments.csv == "-" || arguments.svg == "-") return ok;
  write_output("-", calibration_text(check, style_of(arguments)));
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
  if (document == "flows/1") return flows_schema();
  if (document == "collective/1") return collective_schema();
  if (document == "flow_collective/1") return flow_collective_schema();
  if (document == "experts/1") return expert_schema();
  if (document == "topology/1") return topology_schema();
  if (document == "topology_report/1") return topology_report_schema();
  if (document == "plan_search/1") return plan_search_schema();
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
    case Command::calibrate:
      return calibrate_command(arguments);
    case Command::network:
      return network_command(arguments);
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

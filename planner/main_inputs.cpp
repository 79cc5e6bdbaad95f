#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "planner/catalog.hpp"
#include "planner/faults.hpp"
#include "planner/main_parts.hpp"
#include "planner/spec/json_document.hpp"
#include "sim/kernel_models/family_model.hpp"

namespace reckon {

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

namespace {

// --- from names to values
// ---------------------------------------------------------------------------

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

}  // namespace

DeviceProfile load_checked_device(const std::string& data, const std::string& name) {
  DeviceProfile device = load_device(data, name);
  const std::vector<Problem> problems =
      model_problems_of(device, find_document(data, DocumentKind::device, name));
  if (!problems.empty()) throw InputError(problems);
  return device;
}

namespace {

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

}  // namespace

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

namespace {

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

}  // namespace

TextStyle style_of(const Arguments& arguments) {
  const bool wanted = ::isatty(STDOUT_FILENO) == 1 && environment("NO_COLOR").empty() &&
                      environment("TERM") != "dumb";
  TextStyle style;
  style.colour = arguments.colour == "always" || (arguments.colour == "auto" && wanted);
  style.unicode = !arguments.ascii && !is_ascii_locale();
  style.width = columns(arguments);
  return style;
}

}  // namespace reckon

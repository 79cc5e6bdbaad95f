// Who may include whom. The folders form an acyclic graph; this test is the graph.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/architecture/source_tree.hpp"

namespace reckon::architecture {
namespace {

using Names = std::set<std::string>;

bool starts_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// The module a path belongs to: its folder, but for planner/spec, and for the composition roots.
std::string module_of(const std::string& path) {
  if (starts_with(path, "planner/main") || path == "trainer/main.cpp") return "main";
  if (starts_with(path, "planner/command_")) return "command_line";
  for (const char* root :
       {"planner/check_runs.", "planner/error_band.", "planner/express_run.", "planner/predict.",
        "planner/calibrate.", "planner/describe.", "planner/network.", "planner/expert_transfer.",
        "planner/sweep.", "planner/plan_search"}) {
    if (starts_with(path, root)) return "predict";
  }
  if (starts_with(path, "planner/spec/")) return "planner/spec";
  if (starts_with(path, "planner/import/")) return "planner/import";
  return path.substr(0, path.find('/'));
}

const std::map<std::string, Names>& allowed_modules() {
  static const std::map<std::string, Names> table{
      {"planner/spec", {"planner/spec"}},
      // Foreign configurations: usable without the rest of the planner.
      {"planner/import", {"planner/import", "planner/spec"}},
      {"kernels", {"kernels"}},
      {"topologies", {"topologies", "planner/spec"}},
      {"planner", {"planner", "planner/spec"}},
      {"sim", {"sim", "planner/spec", "topologies"}},
      {"trainer", {"trainer", "planner/spec", "kernels"}},
      {"reports", {"reports", "planner/spec"}},
      // The hops of a prediction, of a calibration and of a network, which main.cpp and the tests
      // call: the only files beside main.cpp that know planner, simulator and reports at once.
      {"predict", {"predict", "planner/spec", "planner", "sim", "reports", "topologies"}},
      // argv to values: what main.cpp would be too long with.
      {"command_line", {"command_line", "planner/spec", "planner/import", "planner", "sim"}},
      {"main",
       {"main", "planner/spec", "planner/import", "kernels", "topologies", "planner", "predict",
        "command_line", "sim", "trainer", "reports"}},
      {"tests",
       {"planner/spec", "planner/import", "kernels", "topologies", "planner", "predict", "sim",
        "trainer", "reports", "tests"}},
  };
  return table;
}

// Packages that only some files may see: heavy to parse, or an edge that the inside must not know.
bool may_include_package(const std::string& path, const std::string& package) {
  const std::string module = module_of(path);
  if (module == "tests") return true;
  if (package == "nlohmann") {
    return ends_with(path, "_json.cpp") || starts_with(path, "planner/spec/json_") ||
           ((module == "reports" || module == "main") && ends_with(path, ".cpp"));
  }
  if (package == "boost") return module == "topologies" && ends_with(path, ".cpp");
  if (package == "sqlite3.h") return path == "planner/search_store.cpp";
  if (package == "CLI") return module == "main" || module == "command_line";
  if (package == "Eigen") {
    return (module == "kernels" || module == "trainer" || starts_with(path, "sim/calibrate/")) &&
           ends_with(path, ".cpp");
  }
  return true;
}

// Pure functions on values, to be compiled anywhere (a browser, a device): no files, no threads,
// and nothing that the oldest supported compilers lack.
bool is_portable_core(const std::string& path) {
  if (starts_with(path, "planner/spec/")) {
    return !ends_with(path, "_json.cpp") && !starts_with(path, "planner/spec/json_");
  }
  return starts_with(path, "planner/schedules/") || starts_with(path, "planner/communicate.") ||
         starts_with(path, "planner/validate") || starts_with(path, "sim/");
}

const Names& outside_portable_core() {
  static const Names headers{"iostream",   "thread", "mutex",  "fstream",
                             "filesystem", "ranges", "format", "expected"};
  return headers;
}

std::vector<std::string> include_problems(const std::vector<SourceFile>& files) {
  static const std::regex include(R"(^\s*#\s*include\s*(["<])([^">]+)[">])");
  Names paths;
  for (const SourceFile& file : files) paths.insert(file.path);

  std::vector<std::string> problems;
  for (const SourceFile& file : files) {
    const auto report = [&](const std::string& header, const std::string& why) {
      problems.push_back(file.path + " includes " + header + ": " + why);
    };
    const auto allowed = allowed_modules().find(module_of(file.path));
    if (allowed == allowed_modules().end()) {
      problems.push_back(file.path + ": this folder is not in the table of allowed includes");
      continue;
    }
    for (const std::string& line : lines_of(file.text)) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      const std::string header = match[2];
      if (match[1] == "\"") {
        if (paths.count(header) == 0) {
          report(header, "no such file; write the path from the repository root");
        } else if (module_of(header) == "main" && allowed->first != "main") {
          report(header, "nobody includes a composition root");
        } else if (allowed->second.count(module_of(header)) == 0) {
          report(header, allowed->first + " may not know " + module_of(header));
        }
      } else if (is_portable_core(file.path) && outside_portable_core().count(header) != 0) {
        report(header, "the portable core does without it");
      } else if (!may_include_package(file.path, header.substr(0, header.find('/')))) {
        report(header, "this package does not belong here");
      }
    }
  }
  return problems;
}

TEST(IncludeDirection, FollowsTheTable) {
  const std::vector<SourceFile> files = read_tree({".hpp", ".cpp", ".cu", ".cuh"});
  ASSERT_FALSE(files.empty());
  const std::vector<std::string> problems = include_problems(files);
  EXPECT_TRUE(problems.empty()) << join(problems);
}

TEST(IncludeDirection, FindsEveryPlantedViolation) {
  const std::vector<SourceFile> files{
      {"planner/main.cpp", "#include \"sim/simulate.hpp\"\n#include <CLI/CLI.hpp>\n"},
      {"planner/spec/plan.hpp", "#include <vector>\n"},
      {"planner/spec/json_io.hpp", "#include <nlohmann/json.hpp>\n#include <fstream>\n"},
      {"sim/simulate.hpp", "#include \"planner/spec/plan.hpp\"\n"},
      {"planner/search.cpp", "  #  include \"sim/simulate.hpp\"\n"},              // wrong direction
      {"sim/network.cpp", "#include \"planner/main.cpp\"\n#include <thread>\n"},  // two
      {"sim/cost_model.cpp",
       "#include \"simulate.hpp\"\n#include <boost/graph/graph_traits.hpp>\n"},
      {"reports/cost.hpp", "#include <nlohmann/json.hpp>\n"},
      {"helpers/strings.hpp", ""},
  };
  const std::vector<std::string> expected{
      "planner/search.cpp includes sim/simulate.hpp: planner may not know sim",
      "sim/network.cpp includes planner/main.cpp: nobody includes a composition root",
      "sim/network.cpp includes thread: the portable core does without it",
      "sim/cost_model.cpp includes simulate.hpp: no such file; write the path from the repository "
      "root",
      "sim/cost_model.cpp includes boost/graph/graph_traits.hpp: this package does not belong here",
      "reports/cost.hpp includes nlohmann/json.hpp: this package does not belong here",
      "helpers/strings.hpp: this folder is not in the table of allowed includes",
  };
  EXPECT_EQ(include_problems(files), expected);
}

TEST(IncludeDirection, TheTableIsAcyclic) {
  // Repeatedly take away modules whose every dependency is gone; a cycle would stay.
  Names left;
  for (const auto& [module, allowed] : allowed_modules()) left.insert(module);
  for (bool shrank = true; shrank;) {
    shrank = false;
    for (const auto& [module, allowed] : allowed_modules()) {
      bool is_leaf = true;
      for (const std::string& other : allowed) {
        if (other != module && left.count(other) != 0) is_leaf = false;
      }
      if (is_leaf && left.erase(module) != 0) shrank = true;
    }
  }
  EXPECT_EQ(left, Names{});
}

}  // namespace
}  // namespace reckon::architecture

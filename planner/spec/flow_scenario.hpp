// A file of flow scenarios: links by name, flows over them, and when each flow should end, if that
// is known. The format of the reference scenarios (tests/flows/data/scenarios.json).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "planner/spec/flow_set.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {

struct ScenarioLink {
  std::string id;
  double capacity = 0;  // bytes/s, one direction
  double latency = 0;   // s
  bool operator==(const ScenarioLink&) const = default;
};

struct ScenarioFlow {
  std::vector<std::string> path;  // ids of links
  double bytes = 0;
  double start = 0;        // s
  std::vector<int> after;  // flows that must have ended, by number
  bool operator==(const ScenarioFlow&) const = default;
};

struct ScenarioExpectation {
  std::vector<double> finish;  // s, of each flow
  std::optional<double> makespan;
  bool operator==(const ScenarioExpectation&) const = default;
};

struct FlowScenario {
  std::string name;
  std::vector<ScenarioLink> links;
  std::vector<ScenarioFlow> flows;
  std::optional<ScenarioExpectation> expect;
  bool operator==(const FlowScenario&) const = default;
};

struct FlowScenarioFile {
  std::string semantics;
  std::vector<FlowScenario> scenarios;
  bool is_list = true;  // the text has a list of scenarios, not one alone
  bool operator==(const FlowScenarioFile&) const = default;
};

// Reads one scenario, or a file with a list of them. Throws InputError with every problem of the
// text (most_problems at most), flows over links that no id names, ids given twice and ends
// expected of more or fewer flows than there are among them.
FlowScenarioFile read_flow_scenarios(std::string_view text, const std::string& file_name);

// The JSON pointer of a scenario in its text: "" or "/scenarios/3".
std::string scenario_pointer(const FlowScenarioFile& file, std::size_t index);

// What happened in a scenario.
struct FlowOutcome {
  std::string name;
  std::vector<double> finish;  // s, by flow
  double makespan = 0;
  // Largest |finish / expected - 1| of flows and makespan (of what is expected at 0: seconds);
  // absent if nothing was expected.
  std::optional<double> worst_error;
  std::optional<std::size_t> worst_flow;  // whose that is; absent: the makespan's
  double worst_expected = 0;              // s
  bool operator==(const FlowOutcome&) const = default;
};

// Links and flows by number, as the simulator takes them. Precondition: read_flow_scenarios() made
// the scenario.
struct NumberedScenario {
  std::vector<FlowLink> links;
  FlowSet flows;
};
NumberedScenario numbered(const FlowScenario& scenario);

}  // namespace reckon

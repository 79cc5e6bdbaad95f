#include <map>
#include <tuple>
#include <utility>

#include "planner/spec/flow_scenario.hpp"
#include "planner/spec/json_io.hpp"

namespace reckon {

template <>
struct Fields<ScenarioLink> {
  static constexpr std::tuple table{
      required("id", &ScenarioLink::id).not_empty(),
      required("cap", &ScenarioLink::capacity).positive().doc("bytes/s, one direction"),
      required("lat", &ScenarioLink::latency).min(0).doc("seconds")};
};
template <>
struct Fields<ScenarioFlow> {
  static constexpr std::tuple table{
      required("path", &ScenarioFlow::path).doc("ids of links, all used at once"),
      required("bytes", &ScenarioFlow::bytes).min(0).doc("at most 2^63"),
      optional("start", &ScenarioFlow::start).min(0).doc("seconds"),
      optional("after", &ScenarioFlow::after).min(0).doc("flows that must have ended, from 0")};
};
template <>
struct Fields<ScenarioExpectation> {
  static constexpr std::tuple table{
      required("finish", &ScenarioExpectation::finish).min(0).doc("seconds, by flow"),
      optional("makespan", &ScenarioExpectation::makespan).min(0)};
};
template <>
struct Fields<FlowScenario> {
  static constexpr std::tuple table{optional("name", &FlowScenario::name),
                                    required("links", &FlowScenario::links).not_empty(),
                                    required("flows", &FlowScenario::flows).not_empty(),
                                    optional("expect", &FlowScenario::expect)};
};
template <>
struct Fields<FlowScenarioFile> {
  static constexpr std::tuple table{
      optional("semantics", &FlowScenarioFile::semantics),
      required("scenarios", &FlowScenarioFile::scenarios).not_empty()};
};

namespace {

// InputError prints no more problems, so nobody reads a hint of a later one.
constexpr std::size_t problems_with_hint = 20;

// A problem at the value that `pointer` names.
Problem placed(const Document& document, const std::string& pointer, std::string message) {
  Problem problem{document.file_name(), 0, 0, pointer, std::move(message)};
  if (const auto place = document.find(pointer)) {
    problem.line = place->line;
    problem.column = place->column;
  }
  return problem;
}

// Ids and numbers of flows that do not fit.
void check_references(const Document& document, const FlowScenario& scenario, const std::string& at,
                      std::vector<Problem>& problems) {
  std::map<std::string, std::size_t> ids;
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < scenario.links.size(); ++i) {
    const ScenarioLink& link = scenario.links[i];
    known.push_back(link.id);
    if (ids.try_emplace(link.id, i).second || problems.size() == most_problems) continue;
    problems.push_back(placed(document, at + "/links/" + std::to_string(i) + "/id",
                              in_quotes(link.id) + " is the id of an earlier link too"));
  }
  for (std::size_t f = 0; f < scenario.flows.size(); ++f) {
    const std::vector<std::string>& path = scenario.flows[f].path;
    for (std::size_t i = 0; i < path.size(); ++i) {
      if (ids.count(path[i]) != 0) continue;
      if (problems.size() == most_problems) return;
      const auto near =
          problems.size() < problems_with_hint ? closest(path[i], known) : std::nullopt;
      problems.push_back(
          placed(document, at + "/flows/" + std::to_string(f) + "/path/" + std::to_string(i),
                 in_quotes(path[i]) + " is the id of no link" +
                     (near ? "; did you mean " + in_quotes(*near) + "?" : std::string())));
    }
  }
  if (!scenario.expect || scenario.expect->finish.size() == scenario.flows.size()) return;
  if (problems.size() == most_problems) return;
  problems.push_back(
      placed(document, at + "/expect/finish",
             "must have one end for each flow: " + std::to_string(scenario.flows.size()) +
                 ", not " + std::to_string(scenario.expect->finish.size())));
}

}  // namespace

FlowScenarioFile read_flow_scenarios(std::string_view text, const std::string& file_name) {
  const Document document = parse_document(text, file_name);
  FlowScenarioFile file;
  if (document.find("/scenarios")) {
    file = read<FlowScenarioFile>(document, "");
  } else {
    file.is_list = false;
    file.scenarios = {read<FlowScenario>(document, "")};
  }
  std::vector<Problem> problems;
  for (std::size_t i = 0; i < file.scenarios.size(); ++i) {
    check_references(document, file.scenarios[i], scenario_pointer(file, i), problems);
  }
  if (!problems.empty()) throw InputError(std::move(problems));
  return file;
}

std::string scenario_pointer(const FlowScenarioFile& file, std::size_t index) {
  return file.is_list ? "/scenarios/" + std::to_string(index) : "";
}

NumberedScenario numbered(const FlowScenario& scenario) {
  NumberedScenario result;
  std::map<std::string, int> numbers;
  for (const ScenarioLink& link : scenario.links) {
    numbers[link.id] = static_cast<int>(result.links.size());
    result.links.push_back({link.capacity, link.latency});
  }
  for (const ScenarioFlow& flow : scenario.flows) {
    std::vector<int> path;
    for (const std::string& id : flow.path) path.push_back(numbers.at(id));
    result.flows.add(path, flow.bytes, flow.start, flow.after);
  }
  return result;
}

}  // namespace reckon

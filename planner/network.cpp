#include "planner/network.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "planner/catalog.hpp"
#include "planner/spec/json_document.hpp"
#include "planner/spec/nccl_tuning_json.hpp"
#include "sim/flows/flow_simulator.hpp"
#include "sim/nccl_model.hpp"

namespace reckon {
namespace {

// What the simulator found, at its place in the text.
void add_problems(const std::vector<FlowProblem>& found, const Document& document,
                  const std::string& at, std::vector<Problem>& problems) {
  for (const FlowProblem& one : found) {
    if (problems.size() == most_problems) return;
    const std::string pointer = at +
                                (one.flow >= 0 ? "/flows/" + std::to_string(one.flow)
                                               : "/links/" + std::to_string(one.link)) +
                                one.place;
    Problem problem{document.file_name(), 0, 0, pointer, one.message};
    if (const auto place = document.find(pointer)) {
      problem.line = place->line;
      problem.column = place->column;
    }
    problems.push_back(std::move(problem));
  }
}

FlowOutcome outcome_of(const FlowScenario& scenario, const NumberedScenario& given) {
  FlowResult result = simulate_flows(given.links, given.flows);
  FlowOutcome outcome;
  outcome.name = scenario.name;
  outcome.finish = std::move(result.finish);
  outcome.makespan = result.makespan;
  if (!scenario.expect) return outcome;
  const auto compare = [&outcome](double time, double expected, std::optional<std::size_t> flow) {
    const double difference = std::abs(time - expected);
    const double error = expected > 0 ? difference / expected : difference;
    if (outcome.worst_error && error <= *outcome.worst_error) return;
    outcome.worst_error = error;
    outcome.worst_flow = flow;
    outcome.worst_expected = expected;
  };
  for (std::size_t flow = 0; flow < outcome.finish.size(); ++flow) {
    compare(outcome.finish[flow], scenario.expect->finish[flow], flow);
  }
  if (scenario.expect->makespan) compare(outcome.makespan, *scenario.expect->makespan, {});
  return outcome;
}

}  // namespace

std::vector<FlowOutcome> run_scenarios(const std::string& path) {
  const std::string text = read_text_file(path);
  const FlowScenarioFile file = read_flow_scenarios(text, path);
  const Document document = parse_document(text, path);
  std::vector<NumberedScenario> given;
  std::vector<Problem> problems;
  for (std::size_t i = 0; i < file.scenarios.size(); ++i) {
    given.push_back(numbered(file.scenarios[i]));
    add_problems(flow_problems(given[i].links, given[i].flows), document, scenario_pointer(file, i),
                 problems);
  }
  if (!problems.empty()) throw InputError(std::move(problems));
  std::vector<FlowOutcome> outcomes;
  for (std::size_t i = 0; i < given.size(); ++i) {
    outcomes.push_back(outcome_of(file.scenarios[i], given[i]));
  }
  return outcomes;
}

std::string missed_text(const std::vector<FlowOutcome>& outcomes) {
  constexpr double tolerance = 1e-9;  // what the simulator is held to
  const FlowOutcome* worst = nullptr;
  std::size_t missed = 0;
  for (const FlowOutcome& outcome : outcomes) {
    if (outcome.worst_error.value_or(0) <= tolerance) continue;
    ++missed;
    if (worst == nullptr || *outcome.worst_error > *worst->worst_error) worst = &outcome;
  }
  if (worst == nullptr) return "";
  const std::optional<std::size_t> flow = worst->worst_flow;
  std::string text = worst->name.empty() ? "" : in_quotes(worst->name) + ": ";
  text += flow ? "flow " + std::to_string(*flow) : "the last flow";
  text += " ends after " + number_to_text(flow ? worst->finish[*flow] : worst->makespan) +
          " s, expected after " + number_to_text(worst->worst_expected) + " s: wrong by " +
          number_to_text(*worst->worst_error) + (worst->worst_expected > 0 ? " of that" : " s");
  if (missed > 1) text += " (the worst of " + std::to_string(missed) + " scenarios that miss)";
  return text;
}

CollectiveForecast forecast_collective(const std::string& data_dir, NcclOperation operation,
                                       const std::string& node, int nodes,
                                       const std::vector<Bytes>& sizes) {
  const std::string file = data_dir + "/topologies/nccl/nccl-2.30.7.json";
  const NcclTuning tuning = read_nccl_tuning(read_text_file(file), file);
  const NcclNode* type = find_nccl_node(tuning, node);
  if (type == nullptr) {
    std::string known;
    for (const NcclNode& one : tuning.nodes) known += (known.empty() ? "" : ", ") + one.name;
    throw InputError({{"--node", 0, 0, "", in_quotes(node) + " is unknown; there are " + known}});
  }
  CollectiveForecast forecast{tuning.version, operation, node, nodes, nodes * type->gpus, {}};
  for (const Bytes bytes : sizes) {
    const NcclChoice choice = nccl_choice(tuning, *type, nodes, operation, bytes);
    forecast.lines.push_back({bytes, choice.algorithm, choice.protocol, choice.time, choice.latency,
                              choice.algbw, choice.busbw});
  }
  return forecast;
}

}  // namespace reckon

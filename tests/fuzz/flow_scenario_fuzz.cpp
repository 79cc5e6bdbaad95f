#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "planner/spec/flow_scenario.hpp"
#include "sim/flows/flow_simulator.hpp"

namespace {

// Flows end no sooner than their heads can arrive; events this close in time are one.
void check_ends(const reckon::NumberedScenario& given, const std::vector<double>& finish) {
  constexpr double same_time = 1e-11;
  for (std::size_t flow = 0; flow < given.flows.size(); ++flow) {
    double least = given.flows.start(flow);
    for (const int before : given.flows.after(flow)) {
      least = std::max(least, finish[static_cast<std::size_t>(before)]);
    }
    for (const int link : given.flows.path(flow)) {
      least += given.links[static_cast<std::size_t>(link)].latency;
    }
    if (!std::isfinite(finish[flow]) || finish[flow] < least * (1 - same_time)) std::abort();
  }
}

}  // namespace

// Whatever can be read is either refused with a reason or ends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const reckon::FlowScenarioFile file = reckon::read_flow_scenarios(
        std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
    for (const reckon::FlowScenario& scenario : file.scenarios) {
      const reckon::NumberedScenario given = reckon::numbered(scenario);
      if (!reckon::flow_problems(given.links, given.flows).empty()) continue;
      const reckon::FlowResult result = reckon::simulate_flows(given.links, given.flows);
      if (result.finish.size() != scenario.flows.size()) std::abort();
      check_ends(given, result.finish);
    }
  } catch (const reckon::InputError&) {
  }
  return 0;
}

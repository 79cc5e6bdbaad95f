#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "planner/spec/flow_scenario.hpp"
#include "sim/flows/flow_simulator.hpp"

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
    }
  } catch (const reckon::InputError&) {
  }
  return 0;
}

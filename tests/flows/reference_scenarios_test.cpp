// 23 scenarios whose finish times were computed with SimGrid 3.32 (equal penalties, no TCP factors)
// and by an independent fluid program, which agree to 1.6e-14 (tests/flows/data/scenarios.json).
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/flows/flow_simulator.hpp"

namespace reckon {
namespace {

const nlohmann::json& reference() {
  static const nlohmann::json document = nlohmann::json::parse(
      std::ifstream(std::string(RECKON_SOURCE_DIR) + "/tests/flows/data/scenarios.json"));
  return document;
}

struct Scenario {
  std::vector<FlowLink> links;
  FlowSet flows;
};

Scenario scenario_of(const nlohmann::json& given) {
  Scenario scenario;
  std::map<std::string, int> numbers;
  for (const nlohmann::json& link : given["links"]) {
    numbers[link["id"]] = static_cast<int>(scenario.links.size());
    scenario.links.push_back({link["cap"], link["lat"]});
  }
  for (const nlohmann::json& flow : given["flows"]) {
    std::vector<int> path;
    for (const nlohmann::json& link : flow["path"]) path.push_back(numbers.at(link));
    const std::vector<int> after = flow.value("after", std::vector<int>());
    scenario.flows.add(path, flow["bytes"], flow["start"], after);
  }
  return scenario;
}

class ReferenceScenario : public testing::TestWithParam<std::size_t> {};

TEST_P(ReferenceScenario, EndsWhenItShould) {
  const nlohmann::json& given = reference()["scenarios"][GetParam()];
  const Scenario scenario = scenario_of(given);
  ASSERT_TRUE(flow_problems(scenario.links, scenario.flows).empty());
  const FlowResult result = simulate_flows(scenario.links, scenario.flows);
  const std::vector<double> expected = given["expect"]["finish"];
  ASSERT_EQ(result.finish.size(), expected.size());
  for (std::size_t flow = 0; flow < expected.size(); ++flow) {
    ASSERT_NEAR(result.finish[flow] / expected[flow], 1, 1e-9) << given["name"] << " " << flow;
  }
  EXPECT_NEAR(result.makespan / given["expect"]["makespan"].get<double>(), 1, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(All, ReferenceScenario, testing::Range<std::size_t>(0, 23));

TEST(ReferenceScenario, AllAreThere) { EXPECT_EQ(reference()["scenarios"].size(), 23u); }

}  // namespace
}  // namespace reckon

// `reckon network` as its user has it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/run_reckon.hpp"

namespace reckon {
namespace {

const std::string two_flows = R"({"name": "two", "links": [{"id": "a", "cap": 1e9, "lat": 1e-6}],
 "flows": [{"path": ["a"], "bytes": 1000000}, {"path": ["a"], "bytes": 2000000}],
 "expect": {"finish": [0.002001, 0.003001]}})";

TEST(Network, RunsAScenario) {
  const Folder folder;
  folder.write("s.json", two_flows);
  const Outcome outcome = folder.run({"network", "run", "s.json", "--json", "r.json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("2 flows, the last ends after 3.001 ms"), std::string::npos);
  const nlohmann::json result = nlohmann::json::parse(folder.read("r.json"));
  EXPECT_EQ(result["schema"], "flows/1");
  EXPECT_NEAR(result["scenarios"][0]["finish_s"][0], 0.002001, 1e-12);
  EXPECT_LT(result["scenarios"][0]["worst_error"], 1e-12);
}

TEST(Network, NamesEveryProblemOfAFile) {
  const Folder folder;
  folder.write("s.json", R"({"links": [{"id": "a", "cap": 0, "lat": 0}],
 "flows": [{"path": ["b"], "bytes": -1}]})");
  expect_failure(folder.run({"network", "run", "s.json"}), 2,
                 {"/links/0/cap: must be greater than 0", "/flows/0/bytes: must be at least 0"});
  folder.write("s.json", R"({"links": [{"id": "abc", "cap": 1, "lat": 0}],
 "flows": [{"path": ["abd"], "bytes": 1}]})");
  expect_failure(
      folder.run({"network", "run", "s.json"}), 2,
      {"s.json:2:22: /flows/0/path/0: \"abd\" is the id of no link; did you mean \"abc\""});
  folder.write("s.json", R"({"links": [{"id": "a", "cap": 1, "lat": 0}],
 "flows": [{"path": ["a"], "bytes": 1, "after": [0]}, {"path": ["a"], "bytes": 1, "after": [7]}]})");
  expect_failure(folder.run({"network", "run", "s.json"}), 2,
                 {"/flows/1: waits for a flow that does not exist"});
  expect_failure(folder.run({"network", "walk", "s.json"}), 2, {"unknown action"});
  expect_failure(folder.run({"network", "run"}), 2, {"give one file of scenarios"});
}

}  // namespace
}  // namespace reckon

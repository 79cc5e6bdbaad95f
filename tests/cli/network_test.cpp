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

// H800's ring of 8 channels at 20 GB/s ends at 160 GB/s of bus bandwidth.
TEST(Network, ForecastsACollective) {
  const Folder folder;
  const Outcome outcome = folder.run({"network", "collective", "all_gather", "--node", "h800",
                                      "--bytes", "1048576,8589934592", "--json", "c.json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("all_gather on 8 ranks  1 h800 node,"), std::string::npos);
  const nlohmann::json result = nlohmann::json::parse(folder.read("c.json"));
  EXPECT_EQ(result["schema"], "collective/1");
  ASSERT_EQ(result["lines"].size(), 2u);
  EXPECT_EQ(result["lines"][1]["protocol"], "simple");
  EXPECT_NEAR(result["lines"][1]["busbw_gigabytes_per_s"], 160, 16);
  expect_failure(
      folder.run({"network", "collective", "all_to_all", "--nodes", "0", "--bytes", "x"}), 2,
      {"unknown operation", "--nodes", "--bytes", "(3 problems)"});
  expect_failure(folder.run({"network", "collective", "reduce", "--node", "h9"}), 2,
                 {"\"h9\" is unknown; there are h800"});
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

// `reckon network` as its user has it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "tests/cli/run_reckon.hpp"

namespace reckon {
namespace {

const std::string two_flows = R"({"name": "two", "links": [{"id": "a", "cap": 1e9, "lat": 1e-6}],
 "flows": [{"path": ["a"], "bytes": 1000000}, {"path": ["a"], "bytes": 2000000}],
 "expect": {"finish": [0.002001, 0.003001]}})";

void expect_as_its_schema_says(const nlohmann::json& document) {
  const auto text = Folder().run({"schema", document["schema"].get<std::string>()}).out;
  const nlohmann::json schema_document = nlohmann::json::parse(text);
  valijson::Schema schema;
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_document),
                                          schema);
  const valijson::adapters::NlohmannJsonAdapter target(document);
  EXPECT_TRUE(valijson::Validator().validate(schema, target, nullptr));
}

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
      folder.run({"network", "collective", "all_to_none", "--nodes", "0", "--bytes", "x"}), 2,
      {"unknown operation", "--nodes", "--bytes", "(3 problems)"});
  expect_failure(folder.run({"network", "collective", "reduce", "--node", "h9"}), 2,
                 {"\"h9\" is unknown; there are h800"});
}

TEST(Network, DispatchesToUnevenExperts) {
  const Folder folder;
  const Outcome outcome =
      folder.run({"network", "dispatch", "--gpus", "32", "--loads", "dirichlet:1", "--redundant",
                  "32", "--capacity", "3", "--fault", "failed_plane:2", "--json", "d.json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("dispatch on 32 ranks  4 nodes of h800-2048-mpft"), std::string::npos);
  const nlohmann::json result = nlohmann::json::parse(folder.read("d.json"));
  EXPECT_EQ(result["schema"], "experts/1");
  expect_as_its_schema_says(result);
  ASSERT_EQ(result["lines"].size(), 4u);  // in order and balanced, healthy and broken
  EXPECT_GT(result["lines"][0]["gpu_imbalance"], result["lines"][2]["gpu_imbalance"]);
  EXPECT_GE(result["lines"][1]["time_us"], result["lines"][0]["time_us"]);
  EXPECT_GT(result["balanced_gain"], 0);
  EXPECT_GT(result["dropped"], 0);
  EXPECT_LT(result["dropped"], 0.5);
}

// Recorded with a MaxVio of 0.04: DeepSeek-V3's limit on groups made it 0.32.
TEST(Network, DispatchKeepsRecordedLoads) {
  const Folder folder;
  const Outcome outcome =
      folder.run({"network", "dispatch", "--loads", "recorded:loss-free", "--json", "d.json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out.find("no routing within the limits"), std::string::npos);
  // Even choice of groups uses fewer than DeepSeek-V3's router.
  EXPECT_NE(outcome.out.find("3.63"), std::string::npos);
  EXPECT_NE(outcome.out.find("--nodes-per-token 3.97"), std::string::npos);
  const nlohmann::json result = nlohmann::json::parse(folder.read("d.json"));
  EXPECT_NEAR(result["max_violation"], 0.04, 0.01);
  EXPECT_LE(result["load_residual"], 1e-9);
}

TEST(Network, DispatchSaysWhichLoadsNoRoutingGives) {
  const Folder folder;
  const Outcome outcome =
      folder.run({"network", "dispatch", "--gpus", "8", "--experts", "512", "--topk", "128",
                  "--groups", "1", "--loads", "dirichlet:0.05", "--json", "d.json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("no routing within the limits gives these loads; nearest: busiest "
                             "expert 4.00 x mean"),
            std::string::npos);
  EXPECT_EQ(outcome.out.find("--nodes-per-token"), std::string::npos);
  const nlohmann::json result = nlohmann::json::parse(folder.read("d.json"));
  expect_as_its_schema_says(result);
  EXPECT_GT(result["load_residual"], 1);
  EXPECT_EQ(result["lines"][0]["rdma_gigabytes_per_s"], 0);
}

// These ended in memory that was not theirs, or not at all.
TEST(Network, DispatchCountsManyChoicesOrSaysThatThereAreTooMany) {
  const Folder folder;
  for (const std::vector<std::string>& size :
       {std::vector<std::string>{"4096", "2048", "1", "1"}, {"65536", "8", "65536", "65536"}}) {
    const Outcome outcome =
        folder.run({"network", "dispatch", "--gpus", "8", "--experts", size[0], "--topk", size[1],
                    "--groups", size[2], "--node-limit", size[3]});
    EXPECT_EQ(outcome.code, 0);
  }
  expect_failure(folder.run({"network", "dispatch", "--gpus", "8", "--experts", "65536", "--topk",
                             "4096", "--groups", "1"}),
                 2, {"--experts: the chances of 4096 of 65536 experts in 1 of 1 groups take"});
  expect_failure(folder.run({"network", "dispatch", "--gpus", "64", "--experts", "65536", "--topk",
                             "8", "--groups", "65536", "--node-limit", "65535"}),
                 2, {"in 65535 of 65536 groups take"});
}

// As many bytes back in BF16 as out in FP8 with its scales: 14336 / 7392.
TEST(Network, CombinesWhatItDispatched) {
  const Folder folder;
  for (const char* action : {"dispatch", "combine"}) {
    const Outcome outcome = folder.run(
        {"network", action, "--tokens", "100000", "--json", std::string(action) + ".json"});
    EXPECT_EQ(outcome.code, 0);
  }
  const nlohmann::json out = nlohmann::json::parse(folder.read("dispatch.json"));
  const nlohmann::json back = nlohmann::json::parse(folder.read("combine.json"));
  const double ratio =
      back["lines"][0]["time_us"].get<double>() / out["lines"][0]["time_us"].get<double>();
  EXPECT_NEAR(ratio, 14336.0 / 7392, 0.02);
}

TEST(Network, SimulatesAnAllToAll) {
  const Folder folder;
  const Outcome outcome = folder.run({"network", "collective", "all_to_all", "--gpus", "16",
                                      "--bytes", "1073741824", "--json", "a.json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("all_to_all on 16 ranks"), std::string::npos);
  const nlohmann::json result = nlohmann::json::parse(folder.read("a.json"));
  EXPECT_EQ(result["schema"], "flow_collective/1");
  expect_as_its_schema_says(result);
  // Half of the bytes over a NIC that reaches 40 GB/s.
  EXPECT_NEAR(result["lines"][0]["time_us"], 536870912 / 40e3, 20);
}

TEST(Network, WritesOverNoFileOfLoads) {
  const Folder folder;
  const std::string loads =
      R"({"schema": "expert_loads/1", "loads": [{"name": "two", "shares": [3, 1]}]})";
  folder.write("two.json", loads);
  expect_failure(
      folder.run({"network", "dispatch", "--loads", "recorded:./two.json", "--experts", "2",
                  "--topk", "1", "--groups", "1", "--gpus", "2", "--json", "two.json"}),
      2, {"two.json is what an input names"});
  EXPECT_EQ(folder.read("two.json"), loads);
}

// A NIC at half its rate is what an even exchange waits for; ECMP makes some links busier.
TEST(Network, FaultsOfTheClusterAndRoutingCost) {
  const Folder folder;
  const auto time = [&folder](std::vector<std::string> more) {
    std::vector<std::string> words{"network", "collective", "all_to_all", "--gpus",  "512",
                                   "--bytes", "268435456",  "--json",     "out.json"};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(folder.run(words).code, 0);
    return nlohmann::json::parse(folder.read("out.json"))["lines"][0]["time_us"].get<double>();
  };
  const double healthy = time({});
  EXPECT_NEAR(time({"--fault", "slow_nic:1.3=0.5"}) / healthy, 2, 0.05);
  EXPECT_GT(time({"--routing", "ecmp"}), healthy);
  folder.write(
      "slow.json",
      changed("topologies/clusters/h800-2048-mpft.json",
              {{"/faults", {{{"kind", "slow_nic"}, {"node", 1}, {"gpu", 3}, {"speed", 0.5}}}}}));
  EXPECT_NEAR(time({"--cluster", "slow.json"}) / healthy, 2, 0.05);
}

// One expert draws nearly all: it takes each token once, and the others what it cannot take.
TEST(Network, NoExpertTakesMoreThanAllTokens) {
  const Folder folder;
  const Outcome outcome =
      folder.run({"network", "dispatch", "--loads", "dirichlet:0.001", "--json", "d.json"});
  EXPECT_EQ(outcome.code, 0);
  const nlohmann::json result = nlohmann::json::parse(folder.read("d.json"));
  const double most = 256.0 / 8;
  EXPECT_NEAR(result["max_violation"].get<double>() + 1, most, 0.01 * most);
}

TEST(Network, SaysWhatDoesNotFitTransfers) {
  const Folder folder;
  expect_failure(folder.run({"network", "dispatch", "--gpus", "12", "--fault", "failed_plane:9"}),
                 2,
                 {"12 do not fill whole nodes",
                  "failed_plane:9: plane 9 is not one of the 8 planes", "(2 problems)"});
  expect_failure(
      folder.run({"network", "dispatch", "--node", "h100", "--sms", "x", "--dtype", "fp8"}), 2,
      {"--node: does not belong to network dispatch", "--sms", "fp8_block"});
  expect_failure(folder.run({"network", "dispatch", "--loads", "recorded:nothing"}), 2,
                 {"\"nothing\" is unknown; there are loss-free"});
  expect_failure(folder.run({"network", "combine", "--loads", "skewed"}), 2,
                 {"give balanced, dirichlet:CONCENTRATION"});
  expect_failure(folder.run({"network", "dispatch", "--topk", "300"}), 2,
                 {"a token chooses more experts than its groups have"});
  folder.write(
      "two.json",
      R"({"schema": "expert_loads/1", "loads": [{"name": "two", "shares": [3, 1, 0, 0]}]})");
  expect_failure(folder.run({"network", "dispatch", "--loads", "recorded:two.json", "--experts",
                             "4", "--topk", "3", "--groups", "1", "--gpus", "2"}),
                 2, {"leave a token fewer than 3 experts"});
  expect_failure(folder.run({"network", "dispatch", "--model", "llama-3-405b"}), 2,
                 {"has no experts"});
  expect_failure(folder.run({"network", "dispatch", "--redundant", "3"}), 2,
                 {"256 experts and 3 redundant ones do not spread evenly over 64 ranks"});
  expect_failure(folder.run({"network", "collective", "gather", "--nodes", "2", "--low-latency"}),
                 2, {"--nodes: does not belong to network collective gather", "--low-latency"});
  expect_failure(
      folder.run({"network", "dispatch", "--fault",
                  "failed_plane:0,failed_plane:1,failed_plane:2,failed_plane:3,failed_plane:4,"
                  "failed_plane:5,failed_plane:6,failed_plane:7,slow_gpu:0.0=0.5"}),
      2, {"no plane is left", "slow_gpu:0.0=0.5 slows no transfer down"});
  expect_failure(folder.run({"network", "combine", "--routing", "ecmq"}), 2,
                 {"\"ecmq\" is unknown; did you mean \"ecmp\"?"});
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
                 {"/flows/1/after/0: waits for a flow that does not exist"});
  expect_failure(folder.run({"network", "walk", "s.json"}), 2, {"unknown action"});
  expect_failure(folder.run({"network", "run"}), 2, {"give one file of scenarios"});
}

// Expectations that were passed over in silence.
TEST(Network, ChecksWhatAScenarioExpects) {
  const Folder folder;
  const auto run = [&folder](const std::string& expect) {
    folder.write("s.json", R"({"name": "n", "links": [{"id": "a", "cap": 1, "lat": 0}],
 "flows": [{"path": ["a"], "bytes": 10}], "expect": )" +
                               expect + "}");
    return folder.run({"network", "run", "s.json"});
  };
  expect_failure(run(R"({"finish": []})"), 2,
                 {"/expect/finish: must have one end for each flow: 1, not 0"});
  expect_failure(run(R"({"finish": [10, 10, 10]})"), 2,
                 {"/expect/finish: must have one end for each flow: 1, not 3"});
  EXPECT_EQ(run(R"({"finish": [10]})").code, 0);
  EXPECT_EQ(run(R"({"finish": [10], "makespan": 10})").code, 0);
  const Outcome late = run(R"({"finish": [20]})");
  EXPECT_EQ(late.code, 5);
  EXPECT_EQ(late.err, "\"n\": flow 0 ends after 10 s, expected after 20 s: wrong by 0.5 of that\n");
  EXPECT_NE(late.out.find("worst error 5.0e-01"), std::string::npos);
  const Outcome last = run(R"({"finish": [10], "makespan": 77})");
  EXPECT_EQ(last.code, 5);
  EXPECT_NE(last.err.find("the last flow ends after 10 s, expected after 77 s"), std::string::npos);
}

// 2000 of them were parsed 2000 times.
TEST(Network, RunsManyScenariosAndNamesManyUnknownLinks) {
  const Folder folder;
  std::string all, ids;
  for (int i = 0; i < 4000; ++i) {
    all += std::string(i > 0 ? "," : "") + R"({"links": [{"id": "a", "cap": 1, "lat": 0}],
 "flows": [{"path": ["a"], "bytes": 10}]})";
    ids += std::string(i > 0 ? "," : "") + R"({"id": "link_)" + std::to_string(i) +
           R"(", "cap": 1, "lat": 0})";
  }
  folder.write("s.json", R"({"scenarios": [)" + all + "]}");
  EXPECT_EQ(folder.run({"network", "run", "s.json"}).code, 0);
  std::string unknown;
  for (int i = 0; i < 40000; ++i)
    unknown += (i > 0 ? ",\"lonk_" : "\"lonk_") + std::to_string(i) + '"';
  folder.write("s.json", R"({"links": [)" + ids + R"(], "flows": [{"path": [)" + unknown +
                             R"(], "bytes": 1}]})");
  expect_failure(folder.run({"network", "run", "s.json"}), 2,
                 {"\"lonk_19\" is the id of no link; did you mean \"link_19\"?", "and 980 more"});
}

// All of one flow stand in one place.
TEST(Network, SaysWhereAFlowCannotRun) {
  const Folder folder;
  folder.write("s.json", R"({"scenarios": [{"links": [{"id": "a", "cap": 1e-250, "lat": 1e308}],
 "flows": [{"path": ["a"], "bytes": 1e19, "start": 1e300, "after": [0]}]}]})");
  expect_failure(folder.run({"network", "run", "s.json"}), 2,
                 {"/scenarios/0/links/0/cap: has a capacity below 1e-200",
                  "/links/0/lat: ", "/flows/0/bytes: has a size that is not from 0 to 2^63",
                  "/flows/0/start: ", "/flows/0/after/0: waits for itself", "(5 problems)"});
  folder.write("s.json", R"({"links": [{"id": "a", "cap": 1e9, "lat": 0}],
 "flows": [{"path": ["a"], "bytes": 9223372036854775807}]})");
  EXPECT_EQ(folder.run({"network", "run", "s.json"}).code, 0);
}

}  // namespace
}  // namespace reckon

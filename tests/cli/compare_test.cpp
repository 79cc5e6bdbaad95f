// reckon compare as its user has it.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cli/run_reckon.hpp"

namespace reckon {
namespace {

// A folder with the reports a.json and b.json, the latter with faster NICs and half of the experts'
// ranks.
void write_reports(const Folder& folder) {
  folder.write("plan.json", changed_plan({{"/parallelism/expert_parallel", 32}}));
  folder.write("cluster.json", changed("topologies/clusters/h800-2048-mpft.json",
                                       {{"/nic/bandwidth_gigabytes_per_s", 100},
                                        {"/nic/achieved_gigabytes_per_s", 80}}));
  EXPECT_EQ(folder.run({"simulate", v3, "--effects", "none", "--json", "a.json"}).code, 0);
  EXPECT_EQ(folder
                .run({"simulate", "plan.json", "--cluster", "cluster.json", "--effects", "none",
                      "--json", "b.json"})
                .code,
            0);
}

TEST(Compare, TwoReports) {
  const Folder folder;
  write_reports(folder);
  const Outcome outcome = folder.run({"compare", "a.json", "b.json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  for (const char* phrase :
       {"plan#/parallelism/expert_parallel", "cluster#/nic/bandwidth_gigabytes_per_s",
        "INPUTS THAT DIFFER", "WHERE THE STEP DIFFERS", "FIGURES"}) {
    EXPECT_NE(outcome.out.find(phrase), std::string::npos) << phrase;
  }
}

TEST(Compare, AReportAndAPlanGiveTheFiguresOfBoth) {
  const Folder folder;
  write_reports(folder);
  const Outcome outcome = folder.run({"compare", v3, "b.json", "--effects", "none", "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const nlohmann::json comparison = nlohmann::json::parse(outcome.out);
  const auto step_in = [&folder](const char* name) {
    return nlohmann::json::parse(folder.read(name)).at("with_effects").at("step_s").get<double>();
  };
  EXPECT_EQ(comparison.at("before").at("step_s"), step_in("a.json"));
  EXPECT_EQ(comparison.at("after").at("step_s"), step_in("b.json"));
  double sum = 0;
  for (const nlohmann::json& part : comparison.at("step")) {
    sum += part.at("difference_s").get<double>();
  }
  EXPECT_NEAR(sum, step_in("b.json") - step_in("a.json"), 1e-9);
}

TEST(Compare, PlansAreSimulatedOnTheSpot) {
  const Folder folder;
  folder.write("plan.json", changed_plan({{"/parallelism/expert_parallel", 32}}));
  const Outcome outcome =
      folder.run({"compare", v3, "plan.json", "--effects", "none", "--csv", "-"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("input/plan,/parallelism/expert_parallel,,64,32,,,\r\n"),
            std::string::npos);
  EXPECT_EQ(outcome.out.find("input/device"), std::string::npos);
}

// A device that differs is told value by value where both profiles are at hand.
TEST(Compare, DevicesOfPlansAreComparedWhole) {
  const Folder folder;
  folder.write("cluster.json",
               changed("topologies/clusters/h800-2048-mpft.json", {{"/device", "h200-sxm"}}));
  folder.write("plan.json", changed_plan({{"/cluster", "./cluster.json"}}));
  const Outcome outcome =
      folder.run({"compare", v3, "plan.json", "--effects", "none", "--csv", "-"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("input/device,/gpu/hbm_bandwidth_gigabytes_per_s,,3350,4"),
            std::string::npos);
}

TEST(Compare, ABrokenReportIsRefusedWithAllItsProblems) {
  const Folder folder;
  write_reports(folder);
  const std::string whole = folder.read("a.json");
  folder.write("cut.json", whole.substr(0, whole.size() / 2));
  expect_failure(folder.run({"compare", "cut.json", "b.json"}), 2, {"cut.json:", "(1 problem)"});
  nlohmann::json broken = nlohmann::json::parse(whole);
  broken["bare"].erase("step_s");
  broken["run"]["cost_usd"] = "5";
  broken["surprise"] = 1;
  folder.write("broken.json", broken.dump(2));
  broken = nlohmann::json::parse(whole);
  broken["schema"] = "report/2";
  folder.write("newer.json", broken.dump(2));
  expect_failure(
      folder.run({"compare", "broken.json", "newer.json"}), 2,
      {"/bare/step_s: missing", "/run/cost_usd: expected number, got string \"5\"",
       "/surprise: unknown field", "expected \"report/1\", got \"report/2\"", "(4 problems)"});
}

TEST(Compare, WhatIsNoReportAndNoPlan) {
  const Folder folder;
  folder.write("other.json", "{\"schema\": \"sweep/1\"}");
  expect_failure(folder.run({"compare", "other.json", v3}), 2, {"other.json"});
  expect_failure(folder.run({"compare", v3, "no-such-plan"}), 2, {"no-such-plan: no such plan"});
  expect_failure(folder.run({"compare", v3}), 2, {"compare: 1 given; give two reports or plans"});
  expect_failure(folder.run({"compare"}), 2, {"compare: nothing given"});
  expect_failure(folder.run({"compare", v3, v3, v3}), 2, {"compare: 3 given"});
}

TEST(Compare, APlanThatCannotRunIsCodeThree) {
  const Folder folder;
  folder.write("odd.json", changed_plan({{"/parallelism/tensor_parallel", 3}}));
  expect_failure(folder.run({"compare", v3, "odd.json"}), 3,
                 {"odd.json:", "3 ranks do not divide the 128 attention heads"});
}

TEST(Compare, NeverOverwritesWhatItCompares) {
  const Folder folder;
  write_reports(folder);
  expect_failure(folder.run({"compare", "a.json", "b.json", "--json", "a.json"}), 2,
                 {"--json: a.json is what an input names"});
}

}  // namespace
}  // namespace reckon

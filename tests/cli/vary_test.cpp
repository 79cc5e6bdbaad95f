// reckon simulate --vary as its user has it.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "tests/cli/run_reckon.hpp"

namespace reckon {
namespace {

using Words = std::vector<std::string>;

Words vary(const Words& axes, const Words& more = {}) {
  Words words{"simulate", v3, "--effects", "none"};
  for (const std::string& axis : axes) words.insert(words.end(), {"--vary", axis});
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

bool is_valid(const nlohmann::json& document, const std::string& schema_name) {
  const Outcome outcome = Folder().run({"schema", schema_name});
  EXPECT_EQ(outcome.code, 0);
  const nlohmann::json schema_document = nlohmann::json::parse(outcome.out);
  valijson::Schema schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_document), schema);
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  return validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), nullptr);
}

TEST(Vary, OneTable) {
  const Outcome outcome = Folder().run(vary({"nvlink=100:450:50", "sms=120,132"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  for (const char* phrase : {"the bare step", "nvlink", "GB/s", "\n  plan", "\n  best"}) {
    EXPECT_NE(outcome.out.find(phrase), std::string::npos) << phrase;
  }
  EXPECT_EQ(outcome.out, Folder().run(vary({"nvlink=100:450:50", "sms=120,132"})).out);
}

TEST(Vary, JsonFollowsItsSchema) {
  const Outcome outcome =
      Folder().run(vary({"pp=8,16,32", "tp=1,3", "schedule=dual_pipe,gpipe"}, {"--json", "-"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  nlohmann::json sweep = nlohmann::json::parse(outcome.out);
  EXPECT_TRUE(is_valid(sweep, "sweep/1"));
  EXPECT_EQ(sweep.at("points").size(), 12U);
  const nlohmann::json report = report_of(Folder().run(vary({}, {"--json", "-"})));
  EXPECT_EQ(sweep.at("unmodified").at("figures").at("step_s"),
            report.at("with_effects").at("step_s"));
  sweep.at("points").at(0).erase("state");
  EXPECT_FALSE(is_valid(sweep, "sweep/1"));
}

TEST(Vary, FilesBesideTheTable) {
  const Folder folder;
  const Outcome outcome =
      folder.run(vary({"nic=100:800:x2"}, {"--csv", "s.csv", "--json", "s.json"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::string csv = folder.read("s.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 1 + 4);
  EXPECT_EQ(nlohmann::json::parse(folder.read("s.json")).at("schema"), "sweep/1");
  EXPECT_NE(outcome.out.find("nic"), std::string::npos);
}

TEST(Vary, PointsThatCannotRunAreInTheTable) {
  const Outcome outcome = Folder().run(vary({"mbs=1,2", "tp=1,3"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("does not fit"), std::string::npos);
  EXPECT_NE(outcome.out.find("cannot run [1"), std::string::npos);
  EXPECT_NE(outcome.out.find("\n  [1] plan#/parallelism/data_parallel: "), std::string::npos);
  EXPECT_NE(outcome.out.find("1 of 4 points predicted"), std::string::npos);
}

TEST(Vary, NothingThatCanRunIsCodeThree) {
  const Outcome outcome = Folder().run(vary({"tp=3,5"}));
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.out.find("cannot run [1"), std::string::npos);
  EXPECT_EQ(outcome.err, "error: none of the 2 points can run; see their reasons\n");
}

TEST(Vary, EveryProblemAtOnce) {
  const Folder folder;
  expect_failure(folder.run(vary({"nvlnk=1", "tp=1:9", "zero=9", "tp=1", "tp=2"}, {"--unfold"})), 2,
                 {"--vary: nvlnk: unknown key; did you mean \"nvlink\"?",
                  "--vary: tp: \"1:9\" is no range", "--vary: zero: 9 is not between 0 and 3",
                  "--vary: tp: varied twice", "--unfold: does not go with --vary", "(5 problems)"});
  expect_failure(folder.run(vary({"plan#/batch/micro_batchsize=1"})), 2,
                 {"--vary: plan#/batch/micro_batchsize: there is no \"micro_batchsize\"; did you "
                  "mean \"micro_batch_size\"?"});
  expect_failure(folder.run(vary({"tp=1:10001:1"})), 2, {"more than 10000 points"});
  expect_failure(folder.run({"simulate", v3, "--vary", ""}), 2, {"--vary: the value is empty"});
  EXPECT_TRUE(folder.names().empty());
}

TEST(Vary, OptionsChangeThePlanBeforeItVaries) {
  const Outcome outcome =
      Folder().run(vary({"nvlink=200"}, {"--usd-per-gpu-hour", "3", "--json", "-"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const nlohmann::json figures =
      nlohmann::json::parse(outcome.out).at("points").at(0).at("figures");
  EXPECT_NEAR(figures.at("usd_per_trillion_tokens").get<double>(),
              3 * figures.at("gpu_hours_per_trillion_tokens").get<double>(), 1e-3);
}

TEST(Vary, AndAComparisonFollowsItsOwn) {
  const Folder folder;
  folder.write("plan.json", changed_plan({{"/parallelism/expert_parallel", 32}}));
  const Outcome outcome =
      folder.run({"compare", v3, "plan.json", "--effects", "clock", "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  nlohmann::json comparison = nlohmann::json::parse(outcome.out);
  EXPECT_TRUE(is_valid(comparison, "comparison/1"));
  EXPECT_EQ(comparison.at("inputs").at(0).at("pointer"), "/parallelism/expert_parallel");
  comparison.at("figures").at(0).erase("before");
  EXPECT_FALSE(is_valid(comparison, "comparison/1"));
}

// Thousands of points with effects: minutes. What is done when Ctrl-C comes is written.
TEST(Vary, AnInterruptLeavesAPartialResult) {
  const Folder folder;
  const pid_t sweep = folder.start(
      {"simulate", v3, "--vary", "nvlink=100:5100:1", "--json", "s.json", "--csv", "-"});
  std::this_thread::sleep_for(std::chrono::seconds(2));
  ::kill(sweep, SIGINT);
  EXPECT_EQ(wait_for(sweep), 130);
  const nlohmann::json json = nlohmann::json::parse(folder.read("s.json"));
  EXPECT_EQ(json.at("partial"), true);
  EXPECT_EQ(json.at("points").size(), 5001U);
  EXPECT_EQ(json.at("points").back().at("state"), "not_simulated");
  EXPECT_TRUE(is_valid(json, "sweep/1"));
}

}  // namespace
}  // namespace reckon

// What the report says holds together, whatever the flags.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <string_view>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "tests/cli/run_reckon.hpp"

namespace reckon {
namespace {

using nlohmann::json;

json report_with(const std::vector<std::string>& more, const std::string& plan = v3) {
  std::vector<std::string> arguments{"simulate", plan, "--json", "-"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return report_of(Folder().run(arguments));
}

// Removes what a flag may change. Each is a JSON pointer.
json without(json report, const std::vector<std::string>& pointers) {
  for (const std::string& pointer : pointers) {
    const json::json_pointer place(pointer);
    report.at(place.parent_pointer()).erase(place.back());
  }
  return report;
}

TEST(CliReport, IsWhatItsSchemaSays) {
  const json schema_document = json::parse(Folder().run({"schema", "report/1"}).out);
  valijson::Schema schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_document), schema);
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  for (const char* plan : {"deepseek-v3-2048-h800", "llama-3-70b-1024-h100", "gpt-3-175b-1024-a100",
                           "mixtral-8x7b-1024-h100"}) {
    const json report = report_with({}, plan);
    EXPECT_TRUE(
        validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(report), nullptr))
        << plan;
    EXPECT_EQ(report.at("tool"), "reckon 0.1.0");
  }
}

TEST(CliReport, EffectsAddUp) {
  for (const char* const on : {"all", "none", "clock", "sends", "links", "routing", "jitter",
                               "clock,jitter", "sends,routing", "sends,links"}) {
    const json report = report_with({"--effects", on});
    double step = report.at("bare").at("step_s");
    for (const json& effect : report.at("effects")) {
      if (!effect.at("on").get<bool>()) {
        EXPECT_EQ(effect.at("added_s"), 0) << on;
      }
      step += effect.at("added_s").get<double>();
      EXPECT_NEAR(step, effect.at("step_s"), 1e-9) << on;
    }
    ASSERT_EQ(report.at("effects").size(), 5U);
    EXPECT_EQ(report.at("effects").back().at("step_s"), report.at("with_effects").at("step_s"))
        << on;
    if (std::string_view(on) == "none") {
      EXPECT_EQ(report.at("bare"), report.at("with_effects"));
    }
  }
}

// A straggler costs something, its cost is in the report, and the cluster file may have it as well.
TEST(CliReport, FaultsCost) {
  const json healthy = report_with({});
  EXPECT_EQ(healthy.at("faults").size(), 0U);
  const json report = report_with({"--fault", "slow_gpu:17.3=0.8,failed_plane:2"});
  ASSERT_EQ(report.at("faults").size(), 2U);
  ASSERT_EQ(report.at("effects").back().at("name"), "faults");
  const double step = report.at("with_effects").at("step_s");
  for (const json& fault : report.at("faults")) {
    EXPECT_GT(fault.at("added_s"), 0);
    EXPECT_LT(fault.at("step_s"), step);
    EXPECT_EQ(fault.at("source"), "--fault");
    const double lost = fault.at("lost_gpu_hours_per_day");
    EXPECT_NEAR(lost,
                2048 * 24 * fault.at("added_s").get<double>() / fault.at("step_s").get<double>(),
                1e-6 * lost);
  }
  const Folder folder;
  folder.write(
      "c.json",
      changed("topologies/clusters/h800-2048-mpft.json",
              {{"/faults", {{{"kind", "slow_gpu"}, {"node", 17}, {"gpu", 3}, {"speed", 0.8}}}}}));
  const Outcome outcome = folder.run({"simulate", v3, "--cluster", "c.json", "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(json::parse(outcome.out).at("faults").at(0).at("step_s"),
            report.at("faults").at(0).at("step_s"));
}

TEST(CliReport, TwoRunsGiveTheSameBytes) {
  const std::vector<std::string> arguments{"simulate", v3,      "--json",  "r.json",
                                           "--csv",    "r.csv", "--trace", "t.pftrace"};
  const Folder one;
  const Folder two;
  EXPECT_EQ(one.run(arguments).out, two.run(arguments).out);
  for (const char* file : {"r.json", "r.csv", "t.pftrace"}) {
    EXPECT_EQ(one.read(file), two.read(file)) << file;
    EXPECT_FALSE(one.read(file).empty());
  }
}

TEST(CliReport, TheBareStepIsTheSameUnfolded) {
  const json folded = report_with({"--effects", "none"});
  EXPECT_EQ(report_with({"--effects", "none", "--unfold"}), folded);
}

TEST(CliReport, ATraceChangesNoNumber) {
  const Folder folder;
  const Outcome traced = folder.run({"simulate", v3, "--json", "-", "--trace", "t.pftrace"});
  json report = report_of(traced);
  json plain = report_with({});
  for (json* each : {&report, &plain}) each->erase("lanes");  // known where parts are recorded
  EXPECT_EQ(report, plain);
}

TEST(CliReport, TwiceThePriceIsTwiceTheDollarsAndNothingElse) {
  const json two = report_with({"--usd-per-gpu-hour", "2"});
  const json four = report_with({"--usd-per-gpu-hour", "4"});
  for (const char* pointer : {"/run/cost_usd", "/bare_run/cost_usd", "/run/phases/0/cost_usd",
                              "/waterfall/0/cost_usd", "/waterfall/5/cost_usd"}) {
    const json::json_pointer place(pointer);
    const double cost = two.at(place);
    EXPECT_GT(cost, 0) << pointer;
    EXPECT_NEAR(four.at(place).get<double>() / cost, 2, 1e-9) << pointer;
  }
  EXPECT_EQ(four.at("cluster").at("pricing").at("usd_per_gpu_hour"), 4);
  const auto rest = [](json report) {
    for (const char* run : {"run", "bare_run"}) {
      report.at(run).erase("cost_usd");
      report.at(run).erase("usd_per_gpu_hour");
      for (json& phase : report.at(run).at("phases")) phase.erase("cost_usd");
    }
    for (json& line : report.at("waterfall")) line.erase("cost_usd");
    return without(std::move(report), {"/cluster/pricing", "/published", "/warnings"});
  };
  EXPECT_EQ(rest(four), rest(two));
}

TEST(CliReport, NeedsNoWorkingDirectoryAndFollowsLinks) {
  const Folder folder;
  const std::string here = folder.run({"simulate", v3, "--json", "-"}).out;
  std::filesystem::create_directory_symlink(RECKON_SOURCE_DIR, folder.path("data"));
  EXPECT_EQ(folder.run({"--data", "data", "simulate", v3, "--json", "-"}).out, here);
  folder.write("own.json", changed_plan({}));
  EXPECT_EQ(folder.run({"simulate", "own.json", "--json", "-"}).out, here);  // no '/' in the path
  EXPECT_EQ(folder.run({"simulate", folder.path("own.json"), "--json", "-"}).out, here);
}

TEST(CliReport, ADocumentCanBeReplacedByAFlag) {
  const Folder folder;
  folder.write("d.json", changed("topologies/devices/h800-sxm.json", {{"/name", "other"}}));
  const json report = report_of(folder.run({"simulate", v3, "--device", "d.json", "--json", "-"}));
  EXPECT_EQ(report.at("device"), "other");
  EXPECT_EQ(report.at("with_effects"), report_with({}).at("with_effects"));
}

}  // namespace
}  // namespace reckon

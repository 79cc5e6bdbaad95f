#include "reports/report_json.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "planner/spec/problems.hpp"
#include "reports/report_csv.hpp"
#include "tests/reports/example_report.hpp"
#include "tests/reports/golden.hpp"

namespace reckon {
namespace {

TEST(ReportJson, ReadsBackToTheSameDocument) {
  for (const Report& report : {example_report(), example_report_bare(), small_report()}) {
    const std::string text = report_json(report);
    const Report again = read_report(text, "report.json");
    EXPECT_EQ(report_json(again), text);
    EXPECT_EQ(again.plan, report.plan);
    EXPECT_EQ(again.model, report.model);
    EXPECT_EQ(again.warnings, report.warnings);
    EXPECT_EQ(again.published.size(), report.published.size());
    // Numbers keep 12 digits; after that nothing is lost any more.
    EXPECT_EQ(read_report(report_json(again), "report.json"), again);
  }
}

TEST(ReportJson, SaysWhatItIsAndPutsUnitsIntoKeys) {
  const nlohmann::json document = nlohmann::json::parse(report_json(example_report()));
  EXPECT_EQ(document["schema"], "report/1");
  EXPECT_DOUBLE_EQ(document["bare"]["step_s"], 17.873);
  EXPECT_EQ(document["plan"]["parallelism"]["tensor_parallel"], 1);  // a default, resolved
  EXPECT_EQ(document["run"]["phases"][3]["provenance"], "published");
  EXPECT_EQ(document["memory"].size(), 16U);
  EXPECT_FALSE(document["published"][0].contains("with_effects"));
  EXPECT_TRUE(document["published"][1].contains("with_effects"));
}

TEST(ReportJson, NeverWritesANumberThatIsNone) {
  Report report = example_report();
  report.bare.mfu_causal = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(report_json(report), std::invalid_argument);
}

TEST(ReportJson, ListsEveryProblemOfABadDocument) {
  std::string text = report_json(example_report());
  const auto replace = [&text](const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
  };
  replace("\"mfu_causal\"", "\"mfu_casual\"");
  replace("\"kind\": \"pretrain\"", "\"kind\": \"pretraining\"");
  try {
    read_report(text, "report.json");
    FAIL() << "no InputError";
  } catch (const InputError& error) {
    EXPECT_GE(error.problems.size(), 2U);
  }
}

TEST(ReportSchema, IsTheOneThatIsShipped) {
  expect_golden(report_schema(), "reports/schema/report-1.json");
}

TEST(ReportCsv, EachLineHasFiveFieldsAndEndsInCrLf) {
  const std::string text = report_csv(example_report());
  EXPECT_EQ(text.rfind("section,name,unit,value,provenance\r\n", 0), 0U);
  EXPECT_EQ(text.substr(text.size() - 2), "\r\n");
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text.size(); ++lines) {
    const std::size_t end = text.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    const std::string line = text.substr(at, end - at);
    if (line.rfind("warning/", 0) != 0) {  // a sentence, in quotes
      EXPECT_EQ(std::count(line.begin(), line.end(), ','), 4) << line;
    }
    EXPECT_EQ(line.find('\n'), std::string::npos);
    at = end + 2;
  }
  EXPECT_GT(lines, 300U);
  EXPECT_NE(text.find("step/bare,step,s,17.873,modelled\r\n"), std::string::npos);
  EXPECT_NE(text.find("published/step,published,s,19.926,published\r\n"), std::string::npos);
}

TEST(ReportCsv, QuotesWhatNeedsIt) {
  Report report = example_report();
  report.effects[0].name = "routing, \"skewed\"";
  EXPECT_NE(report_csv(report).find("\"effects/routing, \"\"skewed\"\"\",added,s,"),
            std::string::npos);
}

TEST(ReportCsv, NumbersReadBackExactly) {
  Report report = example_report();
  report.bare.step = {0.1 + 0.2};
  EXPECT_NE(report_csv(report).find("step/bare,step,s,0.30000000000000004,"), std::string::npos);
}

}  // namespace
}  // namespace reckon

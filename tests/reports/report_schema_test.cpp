// Reports against their JSON Schema, with an independent validator. Alone in its file: valijson
// takes long to compile.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "reports/report_json.hpp"
#include "tests/reports/example_report.hpp"

namespace reckon {
namespace {

bool is_valid(const nlohmann::json& document) {
  const nlohmann::json schema_document = nlohmann::json::parse(report_schema());
  valijson::Schema schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_document), schema);
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  return validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), nullptr);
}

TEST(ReportSchema, AcceptsEveryReportThatWeWrite) {
  for (const Report& report : {example_report(), example_report_bare(), small_report()}) {
    EXPECT_TRUE(is_valid(nlohmann::json::parse(report_json(report))));
  }
}

TEST(ReportSchema, RefusesWhatIsNoReport) {
  const nlohmann::json document = nlohmann::json::parse(report_json(example_report()));
  nlohmann::json changed = document;
  changed["schema"] = "report/2";
  EXPECT_FALSE(is_valid(changed));
  changed = document;
  changed["bare"].erase("step_s");
  EXPECT_FALSE(is_valid(changed));
  changed = document;
  changed["run"]["cost_usd"] = "5576000";
  EXPECT_FALSE(is_valid(changed));
  changed = document;
  changed["surprise"] = 1;
  EXPECT_FALSE(is_valid(changed));
}

}  // namespace
}  // namespace reckon

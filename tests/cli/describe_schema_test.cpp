// What `reckon network describe` reads and writes against its JSON Schemas, with an independent
// validator. Alone in its file: valijson takes long to compile.
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

TEST(DescribeSchema, AcceptsEveryReport) {
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"slim-fly-32928"},
        {"dgx-h100-pair"},
        {"torus-8x8"},
        {"h800-2048-mpft", "--fail", "plane:3", "--fail", "links:4", "--route", "0,9"}}) {
    std::vector<std::string> arguments{"network", "describe"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.insert(arguments.end(), {"--json", "-"});
    const Outcome outcome = Folder().run(arguments);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    nlohmann::json report = nlohmann::json::parse(outcome.out);
    EXPECT_TRUE(is_valid(report, "topology_report/1")) << more.front();
    report["endpoints"] = "many";
    EXPECT_FALSE(is_valid(report, "topology_report/1"));
  }
}

TEST(DescribeSchema, AcceptsEveryShippedTopology) {
  nlohmann::json last;
  for (const std::string name : {"ft3-65536", "mpft-16384", "dragonfly-1056", "slim-fly-200",
                                 "torus-8x8x16", "nvl72-8-racks"}) {
    last = nlohmann::json::parse(changed("topologies/examples/" + name + ".json", {}));
    EXPECT_TRUE(is_valid(last, "topology/1")) << name;
  }
  last["fat_tree"]["layer"] = 3;
  EXPECT_FALSE(is_valid(last, "topology/1"));
}

}  // namespace
}  // namespace reckon

// What `reckon network describe` reads and writes against its JSON Schemas, with an independent
// validator. Alone in its file: valijson takes long to compile.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#include <vector>

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

// The names of the files in a folder of this repository.
std::vector<std::string> shipped(const std::string& folder) {
  std::vector<std::string> names;
  const std::filesystem::path path = std::string(RECKON_SOURCE_DIR) + "/" + folder;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  EXPECT_FALSE(names.empty());
  return names;
}

// Every shipped network as it is, and with failures those that have a graph.
TEST(DescribeSchema, AcceptsEveryReport) {
  std::vector<std::vector<std::string>> runs{
      {"h800-2048-mpft", "--fail", "plane:3", "--fail", "links:4", "--route", "0,9"},
      {"torus-8x8", "--fail", "links:60", "--route", "0,100"}};
  for (const char* folder : {"topologies/examples", "topologies/clusters"}) {
    for (const std::string& name : shipped(folder)) runs.push_back({name});
  }
  ASSERT_GE(runs.size(), 2u + 11 + 4);
  for (const std::vector<std::string>& more : runs) {
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

TEST(DescribeSchema, AcceptsEveryShippedTopologyAndCluster) {
  for (const auto& [folder, schema] : {std::array{"topologies/examples/", "topology/1"},
                                       std::array{"topologies/clusters/", "cluster/1"}}) {
    for (const std::string& name : shipped(folder)) {
      nlohmann::json document = nlohmann::json::parse(changed(folder + name + ".json", {}));
      EXPECT_TRUE(is_valid(document, schema)) << name;
      document["nodees"] = 3;
      EXPECT_FALSE(is_valid(document, schema)) << name;
    }
  }
}

}  // namespace
}  // namespace reckon

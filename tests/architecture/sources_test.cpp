// A number without a source cannot be trusted, corrected or brought up to date. In a data file a
// number is covered by the object it stands in, or by any object around that: either by a member
// "source", or by an entry for its key in a member "sources".
#include <gtest/gtest.h>

#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/architecture/source_tree.hpp"

namespace reckon::architecture {
namespace {

using Json = nlohmann::ordered_json;

bool is_source(const Json& object, const std::string& key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_string() && !member->get<std::string>().empty();
}

void find_uncovered(const Json& value, const std::string& pointer, bool covered,
                    std::vector<std::string>& uncovered) {
  if (value.is_number() && !covered) uncovered.push_back(pointer);
  if (value.is_array()) {
    for (std::size_t index = 0; index < value.size(); ++index) {
      find_uncovered(value[index], pointer + "/" + std::to_string(index), covered, uncovered);
    }
  }
  if (!value.is_object()) return;
  const bool object_covered = covered || is_source(value, "source");
  const auto sources = value.find("sources");
  for (const auto& [key, member] : value.items()) {
    if (key == "schema") continue;
    const bool key_covered =
        sources != value.end() && sources->is_object() && is_source(*sources, key);
    find_uncovered(member, pointer + "/" + key, object_covered || key_covered, uncovered);
  }
}

std::vector<std::string> numbers_without_source(const std::vector<SourceFile>& files) {
  std::vector<std::string> problems;
  for (const SourceFile& file : files) {
    try {
      std::vector<std::string> uncovered;
      find_uncovered(Json::parse(file.text), "", false, uncovered);
      for (const std::string& pointer : uncovered) {
        problems.push_back(file.path + "#" + pointer + ": number without a source");
      }
    } catch (const std::exception& error) {
      problems.push_back(file.path + ": " + error.what());
    }
  }
  return problems;
}

bool is_data(const SourceFile& file) {
  for (const char* folder : {"topologies/", "planner/models/", "planner/plans/"}) {
    if (file.path.rfind(folder, 0) == 0) return true;
  }
  return false;
}

TEST(Sources, EveryNumberInADataFileHasOne) {
  std::vector<SourceFile> data;
  for (const SourceFile& file : read_tree({".json"})) {
    if (is_data(file)) data.push_back(file);
  }
  ASSERT_FALSE(data.empty());
  const std::vector<std::string> problems = numbers_without_source(data);
  EXPECT_TRUE(problems.empty()) << join(problems);
}

TEST(Sources, ANumberIsCoveredByItsObjectOrByOneAround) {
  const std::vector<SourceFile> files{{"topologies/good.json", R"({
      "schema": 1,
      "own": {"gpus": 8, "source": "data sheet"},
      "around": {"links": [{"lanes": 4}, 5], "source": "data sheet"},
      "by_key": {"gpus": 8, "nodes": {"count": [1, 2]}, "sources": {"gpus": "a", "nodes": "b"}},
      "name": "no number"})"}};
  EXPECT_EQ(numbers_without_source(files), std::vector<std::string>{});
}

TEST(Sources, FindsEveryPlantedNumberWithoutOne) {
  const std::vector<SourceFile> files{{"topologies/bad.json", R"({
      "top": 1,
      "beside": {"source": "covers only this object", "covered": 1},
      "empty": {"gpus": 8, "source": ""},
      "list": [{"lanes": 4}, 5.5],
      "wrong_key": {"gpus": 8, "sources": {"nodes": "a"}}})"},
                                      {"topologies/broken.json", "{"}};
  const std::vector<std::string> problems = numbers_without_source(files);
  ASSERT_EQ(problems.size(), 6u);
  EXPECT_EQ(problems[0], "topologies/bad.json#/top: number without a source");
  EXPECT_EQ(problems[1], "topologies/bad.json#/empty/gpus: number without a source");
  EXPECT_EQ(problems[2], "topologies/bad.json#/list/0/lanes: number without a source");
  EXPECT_EQ(problems[3], "topologies/bad.json#/list/1: number without a source");
  EXPECT_EQ(problems[4], "topologies/bad.json#/wrong_key/gpus: number without a source");
  EXPECT_EQ(problems[5].rfind("topologies/broken.json: ", 0), 0u) << problems[5];
}

}  // namespace
}  // namespace reckon::architecture

#include "planner/spec/json_io.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "planner/spec/problems.hpp"
#include "tests/spec/every_type.hpp"

namespace reckon {
namespace {

using nlohmann::ordered_json;
using test::EveryType;
using test::Link;
using test::Precision;

template <class T>
T parse(std::string_view text, std::string_view schema = "") {
  return read<T>(parse_document(text, "f.json"), schema);
}

template <class T>
std::vector<Problem> problems_of(std::string_view text, std::string_view schema = "") {
  try {
    parse<T>(text, schema);
  } catch (const InputError& error) {
    return error.problems;
  }
  return {};
}

// A document of EveryType with one more field, and the problems it has, one a line.
std::string problems_with(std::string_view field, std::string_view value) {
  ordered_json document = ordered_json::parse(R"({
      "tied": false, "layers": 61, "parameters": 1, "name": "v3", "labels": {},
      "link": {"kind": "nvlink", "bandwidth_gigabytes_per_s": 160, "latency_us": 1}})");
  document.erase(std::string(field));
  std::string text = document.dump();
  text.pop_back();
  text += ", \"" + std::string(field) + "\": " + std::string(value) + "}";
  std::string lines;
  for (const Problem& problem : problems_of<EveryType>(text)) {
    lines += (lines.empty() ? "" : "\n") + problem.pointer + ": " + problem.message;
  }
  return lines;
}

TEST(Read, FillsEveryTypeOfMember) {
  const auto value = parse<EveryType>(R"({
    "schema": "every/1", "tied": true, "layers": 61, "parameters": 671026419200,
    "seed": 18446744073709551615, "dropout": 0.25, "name": "v3", "precision": "fp8",
    "latency_us": 2, "link": {"kind": "nvlink", "bandwidth_gigabytes_per_s": 160, "latency_us": 1},
    "sizes": [1, 2], "links": [{"kind": "ib", "bandwidth_gigabytes_per_s": 50, "latency_us": 0}],
    "flags": [true, false], "latencies_us": [0.1, 3], "limit": 1.5, "spare": null,
    "fallback": "fp32", "prices": {"h100": 3}, "labels": {"source": "kept", "b": ""},
    "named_links": {"x": {"kind": "y", "bandwidth_gigabytes_per_s": 1, "latency_us": 7}}})",
                                      "every/1");
  EveryType expected;
  expected.tied = true;
  expected.layers = 61;
  expected.parameters = 671026419200;
  expected.seed = 18446744073709551615U;
  expected.dropout = 0.25;
  expected.name = "v3";
  expected.precision = Precision::fp8;
  expected.latency = {2e-6};
  expected.link = {"nvlink", {160e9}, {1e-6}, ""};
  expected.sizes = {1, 2};
  expected.links = {{"ib", {50e9}, {0.0}, ""}};
  expected.flags = {true, false};
  expected.latencies = {{0.1 * 1e-6}, {3 * 1e-6}};
  expected.limit = 1.5;
  expected.fallback = Precision::fp32;
  expected.prices = {{"h100", 3.0}};
  expected.named_links = {{"x", {"y", {1e9}, {7 * 1e-6}, ""}}};
  expected.labels = {{"source", "kept"}, {"b", ""}};
  EXPECT_EQ(value, expected);
}

TEST(Read, LeavesOutWhatMayBeLeftOut) {
  EXPECT_EQ(problems_with("seed", "1"), "");
  const auto value = parse<EveryType>(R"({
      "tied": false, "layers": 1, "parameters": 1, "name": "", "labels": {},
      "link": {"kind": "nvlink", "bandwidth_gigabytes_per_s": 160, "latency_us": 1}})");
  EXPECT_EQ(value.latency, Seconds{1e-6});  // the struct's own default
  EXPECT_EQ(value.precision, Precision::bf16);
  EXPECT_EQ(value.sizes, std::vector<int>{8});
  EXPECT_FALSE(value.limit);
}

TEST(Read, EveryProblemComesInOneGoInTheOrderOfTheText) {
  const std::vector<Problem> problems = problems_of<Link>(
      "{\"schema\": \"link/2\",\n"
      " \"knd\": \"nvlink\",\n"
      " \"latency_us\": -1,\n"
      " \"source\": 7, \"banana\": []}",
      "link/1");
  std::string text;
  for (const Problem& problem : problems) text += problem.to_text() + "\n";
  EXPECT_EQ(text,
            "f.json:1:1: /kind: missing; this field is required\n"
            "f.json:1:1: /bandwidth_gigabytes_per_s: missing; this field is required\n"
            "f.json:1:12: /schema: expected \"link/1\", got \"link/2\"\n"
            "f.json:2:2: /knd: unknown field; did you mean \"kind\"?\n"
            "f.json:3:16: /latency_us: must be at least 0, got -1\n"
            "f.json:4:12: /source: expected string, got 7\n"
            "f.json:4:15: /banana: unknown field; known are: kind, bandwidth_gigabytes_per_s, "
            "latency_us, source\n");
}

TEST(Read, TheSchemaMustBeThere) {
  const std::string rest = R"("kind": "x", "bandwidth_gigabytes_per_s": 1, "latency_us": 1})";
  EXPECT_TRUE(problems_of<Link>("{" + rest, "").empty());
  EXPECT_TRUE(problems_of<Link>("{\"schema\": \"link/1\", " + rest, "link/1").empty());
  const std::vector<Problem> missing = problems_of<Link>("{" + rest, "link/1");
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].to_text(), "f.json:1:1: /schema: missing; expected \"link/1\"");
  const std::vector<Problem> number = problems_of<Link>("{\"schema\": 1, " + rest, "link/1");
  ASSERT_EQ(number.size(), 1U);
  EXPECT_EQ(number[0].message, "expected string, got 1");
}

TEST(Read, ARootOfAnotherTypeIsOneProblem) {
  for (const char* text : {"[]", "null", "1", "\"x\"", "true"}) {
    const std::vector<Problem> problems = problems_of<Link>(text, "link/1");
    ASSERT_EQ(problems.size(), 1U) << text;
    EXPECT_EQ(problems[0].pointer, "");
    EXPECT_NE(problems[0].message.find("expected object, got "), std::string::npos);
  }
}

TEST(Read, IntegersAreNeverRoundedCutOrConverted) {
  EXPECT_EQ(problems_with("layers", "\"8\""), "/layers: expected integer, got string \"8\"");
  EXPECT_EQ(problems_with("layers", "1.7"), "/layers: expected integer, got 1.7");
  EXPECT_EQ(problems_with("layers", "1e3"), "/layers: expected integer, got 1e3");
  EXPECT_EQ(problems_with("layers", "1.0"), "/layers: expected integer, got 1.0");
  EXPECT_EQ(problems_with("layers", "true"), "/layers: expected integer, got true");
  EXPECT_EQ(problems_with("layers", "null"), "/layers: expected integer, got null");
  EXPECT_EQ(problems_with("layers", "[8]"), "/layers: expected integer, got an array");
  EXPECT_EQ(problems_with("layers", "0"), "/layers: must be at least 1, got 0");
  EXPECT_EQ(problems_with("layers", "100001"), "/layers: must be at most 100000, got 100001");
  EXPECT_EQ(problems_with("layers", "5000000000"),
            "/layers: 5000000000 is out of range; must be between -2147483648 and 2147483647");
  EXPECT_EQ(problems_with("seed", "-1"),
            "/seed: -1 is out of range; must be between 0 and 18446744073709551615");
  EXPECT_EQ(problems_with("seed", "18446744073709551616"),
            "/seed: 18446744073709551616 is out of range; must be between 0 and "
            "18446744073709551615");
  EXPECT_EQ(problems_with("parameters", "9223372036854775808"),
            "/parameters: 9223372036854775808 is out of range; must be between "
            "-9223372036854775808 and 9223372036854775807");
  EXPECT_EQ(problems_with("parameters", "-9223372036854775808"), "");
}

TEST(Read, NumbersTakeIntegersButNothingElse) {
  EXPECT_EQ(problems_with("dropout", "1"), "");
  EXPECT_EQ(problems_with("dropout", "1.5"), "/dropout: must be at most 1, got 1.5");
  EXPECT_EQ(problems_with("dropout", "false"), "/dropout: expected number, got false");
  EXPECT_EQ(problems_with("dropout", "\"0.5\""), "/dropout: expected number, got string \"0.5\"");
  EXPECT_EQ(problems_with("tied", "0"), "/tied: expected true or false, got 0");
  EXPECT_EQ(problems_with("name", "0"), "/name: expected string, got 0");
}

TEST(Read, LimitsAreInTheUnitOfTheKey) {
  EXPECT_EQ(problems_with("link", R"({"kind": "", "bandwidth_gigabytes_per_s": 0,
                                      "latency_us": -0.5})"),
            "/link/kind: must not be empty\n"
            "/link/bandwidth_gigabytes_per_s: must be greater than 0, got 0\n"
            "/link/latency_us: must be at least 0, got -0.5");
}

TEST(Read, AScaleThatLeavesTheRangeOfDoubleIsAProblem) {
  EXPECT_EQ(problems_with("link", R"({"kind": "x", "bandwidth_gigabytes_per_s": 1e300,
                                      "latency_us": 1})"),
            "/link/bandwidth_gigabytes_per_s: 1e300 is too large for this unit");
  EXPECT_EQ(problems_with("latency_us", "1e-320"),
            "/latency_us: 1e-320 is too small for this unit");
}

TEST(Read, EnumsAreNamesFromTheTable) {
  EXPECT_EQ(problems_with("precision", "\"fp9\""),
            "/precision: unknown name \"fp9\"; did you mean \"fp8\"? (one of: bf16, fp8, fp32)");
  EXPECT_EQ(problems_with("precision", "\"int4 \\u001b\""),
            "/precision: unknown name \"int4 \\u001b\" (one of: bf16, fp8, fp32)");
  EXPECT_EQ(problems_with("precision", "1"),
            "/precision: expected one of: bf16, fp8, fp32 (as a string), got 1");
}

TEST(Read, ElementsHavePointersAndLimits) {
  EXPECT_EQ(problems_with("sizes", "[1, 0, 2.5]"),
            "/sizes/1: must be at least 1, got 0\n/sizes/2: expected integer, got 2.5");
  EXPECT_EQ(problems_with("sizes", "{}"), "/sizes: expected array, got an object");
  EXPECT_EQ(problems_with("flags", "[true, 1]"), "/flags/1: expected true or false, got 1");
  EXPECT_EQ(problems_with("prices", R"({"a/b": "2"})"),
            "/prices/a~1b: expected number, got string \"2\"");
  EXPECT_EQ(problems_with("links", "[{}]"),
            "/links/0/kind: missing; this field is required\n"
            "/links/0/bandwidth_gigabytes_per_s: missing; this field is required\n"
            "/links/0/latency_us: missing; this field is required");
  EXPECT_EQ(problems_with("spare", "7"), "/spare: expected object, got 7");
  EXPECT_EQ(problems_with("limit", "null"), "");
}

TEST(Read, OriginsAreAllowedEverywhere) {
  const std::string origins =
      R"("source": "a", "note": "b", "sources": {"x": "y"}, "schema": "link/1")";
  EXPECT_EQ(problems_with("link",
                          "{\"kind\": \"x\", \"bandwidth_gigabytes_per_s\": 1, "
                          "\"latency_us\": 1, " +
                              origins + "}"),
            "");
  EXPECT_EQ(problems_with("prices", R"({"a": 1, "source": "s", "note": "n", "sources": {}})"), "");
  EXPECT_EQ(problems_with("prices", R"({"source": 1})"), "/prices/source: expected string, got 1");
  EXPECT_EQ(problems_with("note", "1"), "/note: expected string, got 1");
  EXPECT_EQ(problems_with("sources", "\"x\""),
            "/sources: expected object of strings, got string \"x\"");
  EXPECT_EQ(problems_with("sources", R"({"layers": 1})"),
            "/sources/layers: expected string, got 1");
}

TEST(Read, ProblemsAreCappedNotEndless) {
  std::string text = "[0";
  for (int index = 0; index < 5000; ++index) text += ",0";
  EXPECT_EQ(problems_of<EveryType>("{\"sizes\": " + text + "]}").size(), most_problems);
}

TEST(Write, KeysComeInDeclaredOrderAndUnitsLeaveNoTrace) {
  const Link link{"nvlink", {0.1 * 1e9}, {0.1 * 1e-6}, ""};
  EXPECT_EQ(write(link, "link/1").dump(),
            R"({"schema":"link/1","kind":"nvlink","bandwidth_gigabytes_per_s":0.1,)"
            R"("latency_us":0.1})");
  EXPECT_EQ(write(Link{"x", {1.0e9 / 3.0}, {0.0}, "a paper"}, "").dump(),
            R"({"kind":"x","bandwidth_gigabytes_per_s":0.333333333333,"latency_us":0.0,)"
            R"("source":"a paper"})");
}

TEST(Write, TheDefaultsAreWrittenOut) {
  const ordered_json written = write(EveryType{}, "every/1");
  EXPECT_EQ(written.dump(),
            R"({"schema":"every/1","tied":false,"layers":1,"parameters":0,"seed":0,"dropout":0.0,)"
            R"("name":"","precision":"bf16","latency_us":1.0,"link":{"kind":"",)"
            R"("bandwidth_gigabytes_per_s":0.0,"latency_us":0.0},"sizes":[8],"links":[],)"
            R"("flags":[],"latencies_us":[],"prices":{"h800":2.0},"named_links":{},"labels":{}})");
}

TEST(Write, IntegersKeepAllDigits) {
  EveryType value;
  value.parameters = std::numeric_limits<std::int64_t>::min();
  value.seed = std::numeric_limits<std::uint64_t>::max();
  const ordered_json written = write(value, "");
  EXPECT_EQ(written["parameters"].dump(), "-9223372036854775808");
  EXPECT_EQ(written["seed"].dump(), "18446744073709551615");
}

TEST(Write, WhatJsonCannotSayIsRefused) {
  const auto message_of = [](const EveryType& value) -> std::string {
    try {
      write(value, "");
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EveryType value;
  value.latencies = {{0.0}, {std::numeric_limits<double>::infinity()}};
  EXPECT_EQ(message_of(value), "cannot write /latencies_us/1: the number is not finite");
  value.latencies = {};
  value.dropout = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message_of(value), "cannot write /dropout: the number is not finite");
  value.dropout = 0.0;
  value.precision = static_cast<Precision>(77);
  EXPECT_EQ(message_of(value), "cannot write /precision: the enum value has no name");
}

TEST(JsonSchema, SaysWhatTheTableSays) {
  const ordered_json schema = json_schema<EveryType>("every/1");
  EXPECT_EQ(schema["$schema"], "http://json-schema.org/draft-07/schema#");
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"].dump(),
            R"(["tied","layers","parameters","name","link","labels","schema"])");
  const ordered_json& properties = schema["properties"];
  EXPECT_EQ(properties["schema"].dump(), R"({"const":"every/1"})");
  EXPECT_EQ(properties["layers"].dump(), R"({"type":"integer","minimum":1,"maximum":100000,)"
                                         R"("description":"Transformer layers."})");
  EXPECT_EQ(properties["latency_us"].dump(), R"({"type":"number","x-unit":"us","default":1.0})");
  EXPECT_EQ(properties["fallback"].dump(),
            R"({"type":["string","null"],"enum":["bf16","fp8","fp32",null],"default":null})");
  EXPECT_EQ(properties["sizes"].dump(),
            R"({"type":"array","items":{"type":"integer","minimum":1},"default":[8]})");
  EXPECT_EQ(properties["seed"].dump(), R"({"type":"integer","minimum":0,"default":0})");
  EXPECT_EQ(properties["link"]["properties"]["bandwidth_gigabytes_per_s"].dump(),
            R"({"type":"number","exclusiveMinimum":0,"x-unit":"gigabytes_per_s"})");
  EXPECT_EQ(properties["link"]["properties"]["kind"].dump(), R"({"type":"string","minLength":1})");
}

// Whether an independent validator accepts a document under the schema that we print.
bool is_valid(const ordered_json& schema_document, std::string_view text) {
  const nlohmann::json schema_text = nlohmann::json::parse(schema_document.dump());
  const nlohmann::json document = nlohmann::json::parse(text);
  valijson::Schema schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_text), schema);
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  return validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), nullptr);
}

TEST(JsonSchema, AgreesWithTheReader) {
  const ordered_json schema = json_schema<Link>("link/1");
  const std::string good =
      R"("schema":"link/1","kind":"x","bandwidth_gigabytes_per_s":1,"latency_us":1)";
  const std::vector<std::string> texts{
      "{" + good + "}",
      "{" + good + R"(,"source":"s","note":"n","sources":{"kind":"k"}})",
      "{" + good + R"(,"source":1})",
      "{" + good + R"(,"sources":{"kind":1}})",
      "{" + good + R"(,"banana":1})",
      R"({"schema":"link/1","kind":"x","bandwidth_gigabytes_per_s":1})",
      R"({"kind":"x","bandwidth_gigabytes_per_s":1,"latency_us":1})",
      R"({"schema":"link/2","kind":"x","bandwidth_gigabytes_per_s":1,"latency_us":1})",
      R"({"schema":"link/1","kind":"","bandwidth_gigabytes_per_s":1,"latency_us":1})",
      R"({"schema":"link/1","kind":1,"bandwidth_gigabytes_per_s":1,"latency_us":1})",
      R"({"schema":"link/1","kind":"x","bandwidth_gigabytes_per_s":0,"latency_us":1})",
      R"({"schema":"link/1","kind":"x","bandwidth_gigabytes_per_s":1,"latency_us":0})",
      R"({"schema":"link/1","kind":"x","bandwidth_gigabytes_per_s":1,"latency_us":-1})",
      R"({"schema":"link/1","kind":"x","bandwidth_gigabytes_per_s":"1","latency_us":1})",
      "[]",
  };
  int accepted = 0;
  for (const std::string& text : texts) {
    const bool is_read = problems_of<Link>(text, "link/1").empty();
    EXPECT_EQ(is_valid(schema, text), is_read) << text;
    accepted += is_read ? 1 : 0;
  }
  EXPECT_EQ(accepted, 3);
}

TEST(JsonSchema, AcceptsWhatTheWriterWrites) {
  EveryType value;
  value.link = {"nvlink", {160e9}, {1e-6}, "spec sheet"};
  value.spare = value.link;
  value.sizes = {1, 2};
  value.named_links = {{"a", value.link}};
  value.labels = {{"k", "v"}};
  value.fallback = Precision::fp8;
  EXPECT_TRUE(is_valid(json_schema<EveryType>("every/1"), write(value, "every/1").dump()));
}

}  // namespace
}  // namespace reckon

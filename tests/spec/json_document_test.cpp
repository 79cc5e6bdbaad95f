#include "planner/spec/json_document.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "planner/spec/problems.hpp"

namespace reckon {
namespace {

std::vector<Problem> problems_of(std::string_view text) {
  try {
    parse_document(text, "f.json");
  } catch (const InputError& error) {
    return error.problems;
  }
  return {};
}

// The text of the only problem.
std::string problem_of(std::string_view text) {
  const std::vector<Problem> problems = problems_of(text);
  return problems.size() == 1 ? problems[0].to_text()
                              : std::to_string(problems.size()) + " problems";
}

template <class T>
T root_as(std::string_view text) {
  return std::get<T>(parse_document(text, "f.json").root().value);
}

TEST(Document, KeepsEveryKindOfValue) {
  EXPECT_EQ(root_as<std::nullptr_t>("null"), nullptr);
  EXPECT_EQ(root_as<bool>(" true "), true);
  EXPECT_EQ(root_as<std::int64_t>("-9223372036854775808"),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(root_as<std::int64_t>("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(root_as<std::uint64_t>("9223372036854775808"), 9223372036854775808U);
  EXPECT_EQ(root_as<double>("1e3"), 1000.0);
  EXPECT_EQ(root_as<double>("18446744073709551616"), 18446744073709551616.0);
  EXPECT_EQ(root_as<std::string>(R"("\u00fc\n")"), "\u00fc\n");
  EXPECT_TRUE(root_as<JsonNode::Array>("[]").empty());
  EXPECT_TRUE(root_as<JsonNode::Object>("{}").empty());
}

TEST(Document, KeepsTheOrderOfKeysAndElements) {
  const auto object = root_as<JsonNode::Object>(R"({"b": [1, 2], "a": {"c": 3}})");
  ASSERT_EQ(object.size(), 2U);
  EXPECT_EQ(object[0].key, "b");
  EXPECT_EQ(object[1].key, "a");
  EXPECT_EQ(std::get<JsonNode::Array>(object[0].value.value).size(), 2U);
}

TEST(Document, KnowsWhereEachValueStands) {
  const Document document = parse_document(
      "{\r\n"
      "  \"name\" : \"a \\\" ] , : b\",\n"
      "\t\"sizes\": [10,-2.5e3 , true\n"
      "    , null],\n"
      "  \"in/ner~\": {\"x\":[[ ],{ }]}, \"last\":12}\n",
      "f.json");
  EXPECT_EQ(document.find(""), (Position{1, 1}));
  EXPECT_EQ(document.find("/name"), (Position{2, 12}));
  EXPECT_EQ(document.find("/sizes"), (Position{3, 11}));
  EXPECT_EQ(document.find("/sizes/0"), (Position{3, 12}));
  EXPECT_EQ(document.find("/sizes/1"), (Position{3, 15}));
  EXPECT_EQ(document.find("/sizes/2"), (Position{3, 24}));
  EXPECT_EQ(document.find("/sizes/3"), (Position{4, 7}));
  EXPECT_EQ(document.find("/in~1ner~0"), (Position{5, 14}));
  EXPECT_EQ(document.find("/in~1ner~0/x/0"), (Position{5, 20}));
  EXPECT_EQ(document.find("/in~1ner~0/x/1"), (Position{5, 24}));
  EXPECT_EQ(document.find("/last"), (Position{5, 38}));
  for (const char* nowhere :
       {"/nam", "name", "/sizes/4", "/sizes/x", "/sizes/-1", "/name/0", "/"}) {
    EXPECT_EQ(document.find(nowhere), std::nullopt) << nowhere;
  }
}

TEST(Document, SaysWhatANodeIs) {
  const Document document = parse_document(R"([1.70, "8", true, null, {}, [], 1E3])", "f.json");
  const auto& nodes = std::get<JsonNode::Array>(document.root().value);
  const std::vector<std::string> expected{"1.70",      "string \"8\"", "true", "null",
                                          "an object", "an array",     "1E3"};
  ASSERT_EQ(nodes.size(), expected.size());
  for (std::size_t index = 0; index < nodes.size(); ++index) {
    EXPECT_EQ(document.describe(nodes[index]), expected[index]);
  }
  EXPECT_EQ(document.number_text(nodes[6]), "1E3");
  EXPECT_EQ(document.number_text(nodes[1]), "");
}

TEST(Document, SkipsAByteOrderMark) {
  const Document document = parse_document("\xEF\xBB\xBF[7]", "f.json");
  EXPECT_EQ(document.find("/0"), (Position{1, 2}));
}

TEST(Document, SyntaxErrorsHaveAPlaceAndAHint) {
  EXPECT_EQ(problem_of(""),
            "f.json:1:1: syntax error while parsing value - unexpected end of input; "
            "expected '[', '{', or a literal");
  EXPECT_EQ(problem_of("{\"a\":\n  tru}"),
            "f.json:2:3: syntax error while parsing value - invalid literal");
  EXPECT_EQ(problem_of("{\"a\" 12}"),
            "f.json:1:6: syntax error while parsing object separator - unexpected number literal; "
            "expected ':'");
  EXPECT_EQ(problem_of("[1 2]"),
            "f.json:1:4: syntax error while parsing array - unexpected number literal; "
            "expected ']' or ','");
  EXPECT_EQ(problem_of("[1,\n2,\n]"),
            "f.json:3:1: syntax error while parsing value - unexpected ']'; "
            "expected '[', '{', or a literal; remove the comma before");
  EXPECT_EQ(problem_of("[NaN]"),
            "f.json:1:2: syntax error while parsing value - invalid literal; "
            "NaN and infinity are not JSON numbers");
  EXPECT_EQ(problem_of("[1e999]"), "f.json:1:2: number overflow parsing '1e999'");
  EXPECT_EQ(problem_of("{} {}"),
            "f.json:1:4: syntax error while parsing value - unexpected '{'; expected end of input");
}

TEST(Document, HintsAtOtherLanguages) {
  EXPECT_NE(problem_of("[-Infinity]").find("infinity are not JSON"), std::string::npos);
  EXPECT_NE(problem_of("[True]").find("JSON writes true"), std::string::npos);
  EXPECT_NE(problem_of("[1] // c").find("no comments"), std::string::npos);
  EXPECT_NE(problem_of("['a']").find("double quotes"), std::string::npos);
}

TEST(Document, BytesThatAreNoTextAreErrors) {
  EXPECT_EQ(problem_of("[\"ab\xff\"]"),
            "f.json:1:5: syntax error while parsing value - invalid string: ill-formed UTF-8 byte");
  // The library alone would stop reading at the NUL byte and accept what stands before it.
  EXPECT_EQ(problem_of(std::string_view("{}\0x", 4)),
            "f.json:1:3: NUL byte; this is not JSON text");
  EXPECT_NE(problem_of("[\"a\nb\"]").find("f.json:1:4: "), std::string::npos);
  EXPECT_NE(problem_of("\xFF\xFE[1]").find("f.json:1:1: "), std::string::npos);
}

TEST(Document, MessagesAreAlwaysPrintable) {
  for (const std::string text : {"[\"\x1b[31m\xff\"]", "\x1b", "[\x01]", "{\"\x1b\" 1}"}) {
    const std::string message = problem_of(text);
    for (const char letter : message) {
      EXPECT_TRUE(letter >= 0x20 && letter < 0x7f) << message;
    }
  }
}

TEST(Document, EveryRepeatedKeyIsNamedWithBothLines) {
  const std::vector<Problem> problems = problems_of(
      "{\"a\": 1,\n"
      " \"b\": [{\"x~/\": 1, \"x~/\": 2}],\n"
      " \"a\": 3,\n"
      " \"a\": {}}");
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(problems[0].to_text(),
            "f.json:2:19: /b/0/x~0~1: repeated key; it already stands on line 2");
  EXPECT_EQ(problems[1].to_text(), "f.json:3:2: /a: repeated key; it already stands on line 1");
  EXPECT_EQ(problems[2].to_text(), "f.json:4:2: /a: repeated key; it already stands on line 1");
}

TEST(Document, RepeatedKeysAreFoundBeforeASyntaxErrorToo) {
  const std::vector<Problem> problems = problems_of("{\"a\": 1, \"a\": 2, \"c\": {\"d\": 1,");
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0].pointer, "/a");
  EXPECT_NE(problems[1].message.find("unexpected end of input"), std::string::npos);
}

TEST(Document, EscapedAndPlainSpellingsAreOneKey) {
  EXPECT_NE(problem_of(R"({"a": 1, "\u0061": 2})").find("repeated key"), std::string::npos);
}

TEST(Document, NestingHasALimit) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(problems_of(nested(64)).empty());
  const std::vector<Problem> problems = problems_of(nested(65));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].column, 65);
  EXPECT_EQ(problems[0].message, "nested deeper than 64 objects and arrays");
  EXPECT_EQ(problems_of(nested(10000000)).size(), 1U);
}

TEST(Document, SizeHasALimit) {
  const std::string text(std::size_t{65} << 20U, ' ');
  EXPECT_EQ(problem_of(text), "f.json: larger than 64 MiB");
}

TEST(Document, ManyRepeatedKeysEndSoon) {
  std::string text = "{\"k\": 1";
  for (int index = 0; index < 200000; ++index) text += ", \"k\": 1";
  EXPECT_EQ(problems_of(text + "}").size(), most_problems);
}

TEST(Document, ManyKeysAreReadQuickly) {
  std::string text = "{\"k\": 1";
  for (int index = 0; index < 200000; ++index) text += ", \"" + std::to_string(index) + "\": 1";
  EXPECT_TRUE(problems_of(text + "}").empty());
}

}  // namespace
}  // namespace reckon

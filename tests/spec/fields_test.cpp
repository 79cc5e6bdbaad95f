#include "planner/spec/fields.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "planner/spec/problems.hpp"
#include "tests/spec/every_type.hpp"

namespace reckon {
namespace {

using test::Link;
using test::Precision;

TEST(Fields, KeysComeInTheOrderOfTheTable) {
  const std::vector<std::string_view> expected{"kind", "bandwidth_gigabytes_per_s", "latency_us",
                                               "source"};
  EXPECT_EQ(field_keys<Link>(), expected);
}

TEST(Fields, TablesAreConstants) {
  constexpr auto bandwidth = std::get<1>(Fields<Link>::table);
  static_assert(bandwidth.key == "bandwidth_gigabytes_per_s");
  static_assert(bandwidth.scale == 1e9);
  static_assert(bandwidth.is_required);
  static_assert(bandwidth.limits.minimum == 0.0 && bandwidth.limits.minimum_is_exclusive);
  static_assert(!std::get<3>(Fields<Link>::table).is_required);
}

TEST(Fields, LimitsChainAndLeaveTheRestAsItWas) {
  constexpr auto plain = required("kind", &Link::kind);
  constexpr auto limited = plain.min(2).max(8).not_empty().doc("Words.");
  static_assert(limited.limits.minimum == 2.0 && limited.limits.maximum == 8.0);
  static_assert(limited.limits.not_empty && !limited.limits.minimum_is_exclusive);
  static_assert(limited.description == "Words." && limited.key == "kind" && limited.is_required);
  static_assert(!plain.limits.not_empty && plain.description.empty());
  // The last word on the minimum holds.
  static_assert(!plain.positive().min(1).limits.minimum_is_exclusive);
  static_assert(plain.min(1).positive().limits.minimum == 0.0);
}

TEST(EnumNames, GoBothWays) {
  static_assert(enum_name(Precision::fp8) == "fp8");
  static_assert(enum_from_name<Precision>("fp32") == Precision::fp32);
  EXPECT_FALSE(enum_from_name<Precision>("FP8"));
  EXPECT_FALSE(enum_from_name<Precision>(""));
  EXPECT_EQ(enum_name(static_cast<Precision>(99)), "?");
  EXPECT_EQ(enum_names<Precision>().size(), 3U);
}

TEST(EditDistance, CountsInsertionsDeletionsChangesAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("layers", "layer"), 1U);
  EXPECT_EQ(edit_distance("layers", "lawers"), 1U);
  EXPECT_EQ(edit_distance("layers", "alyers"), 1U);  // one swap, not two changes
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("H800", "h800"), 0U);
}

TEST(Closest, FindsWhatWasMeant) {
  EXPECT_EQ(closest("tensor_parallell", {"pipeline_parallel", "tensor_parallel"}),
            "tensor_parallel");
  EXPECT_EQ(closest("paln", {"simulate", "plan", "cost"}), "plan");
  EXPECT_EQ(closest("DEEPSEEK-V3", {"deepseek-v2", "deepseek-v3"}), "deepseek-v3");
  EXPECT_EQ(closest("fp9", {"fp8", "fp4"}), "fp8");  // the first among equals
}

TEST(Closest, IsSilentWhenNothingIsNear) {
  EXPECT_FALSE(closest("banana", {"layers", "hidden"}));
  EXPECT_FALSE(closest("ab", {"cd"}));
  EXPECT_FALSE(closest("", {"x"}));
  EXPECT_FALSE(closest("layers", {}));
  EXPECT_FALSE(closest(std::string(1000000, 'x'), {"layers"}));  // and at once
}

TEST(UnitOfKey, IsTheSuffix) {
  static_assert(unit_of_key("latency_us") == "us");
  static_assert(unit_of_key("bandwidth_gigabytes_per_s") == "gigabytes_per_s");
  static_assert(unit_of_key("price_usd_per_gpu_hour") == "usd_per_gpu_hour");
  static_assert(unit_of_key("total_gpu_hours") == "gpu_hours");
  static_assert(unit_of_key("memory_gib") == "gib");
  static_assert(unit_of_key("layers").empty());
  static_assert(unit_of_key("hidden_size").empty());
  static_assert(unit_of_key("usd_per_gpu_hour") == "usd_per_gpu_hour");
  static_assert(unit_of_key("bytes") == "bytes");
  static_assert(unit_of_key("gpu_hours") == "gpu_hours");
  static_assert(unit_of_key("experts_per_token").empty());
  static_assert(unit_of_key("routed_experts_per_token").empty());
  static_assert(unit_of_key("").empty());
  static_assert(unit_of_key("_per_s").empty());
}

TEST(Problem, TextNamesFileLineColumnAndPointer) {
  const Problem full{"plan.json", 12, 5, "/parallelism/x", "unknown field"};
  EXPECT_EQ(full.to_text(), "plan.json:12:5: /parallelism/x: unknown field");
  EXPECT_EQ((Problem{"plan.json", 12, 5, "", "unexpected"}).to_text(),
            "plan.json:12:5: unexpected");
  EXPECT_EQ((Problem{"plan.json", 0, 0, "", "cannot be opened"}).to_text(),
            "plan.json: cannot be opened");
  EXPECT_EQ((Problem{"", 0, 0, "", "no plan given"}).to_text(), "no plan given");
}

TEST(InputError, ListsTwentyProblemsAndCountsTheRest) {
  std::vector<Problem> problems;
  for (int line = 1; line <= 23; ++line) problems.push_back({"f", line, 1, "", "bad"});
  const InputError error(problems);
  EXPECT_EQ(error.problems, problems);
  const std::string text = error.what();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 20);
  EXPECT_NE(text.find("f:20:1: bad\n... and 3 more"), std::string::npos) << text;
  EXPECT_EQ(text.find("f:21"), std::string::npos);
  EXPECT_STREQ(InputError({problems[0], problems[1]}).what(), "f:1:1: bad\nf:2:1: bad");
}

TEST(Printable, KeepsTerminalsSafeAndLinesShort) {
  EXPECT_EQ(printable("a\x1b[31m\n\x7f"), "a\\u001b[31m\\u000a\\u007f");
  EXPECT_EQ(in_quotes("8"), "\"8\"");
  // Cut between characters: the third ü (bytes 5 and 6) would be split after 5 bytes.
  EXPECT_EQ(printable("\u00fc\u00fc\u00fc\u00fc", 5), "\u00fc\u00fc...");
  EXPECT_EQ(printable("12345", 5), "12345");
}

}  // namespace
}  // namespace reckon

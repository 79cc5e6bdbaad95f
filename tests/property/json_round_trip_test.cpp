// Laws of reading and writing over random values of a struct with every type of member:
//   read(write(x)) is x, but for the 12 digits that numbers with a scale keep;
//   write(read(write(x))) is write(x), byte for byte;
//   a decimal of up to 12 digits is written as it was read, whatever the scale of its unit.
// RC_PARAMS="seed=..." in the environment replaces the fixed seed; a failure prints how to repeat
// it.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "planner/spec/json_io.hpp"
#include "tests/spec/every_type.hpp"

namespace reckon {
namespace {

using test::EveryType;
using test::Link;
using test::Precision;

const bool has_seed = setenv("RC_PARAMS", "seed=20260101", 0) == 0;

// Any Unicode text but lone surrogates; quotes, escapes and control characters often.
rc::Gen<std::string> text() {
  const auto character = rc::gen::oneOf(
      rc::gen::elementOf(std::vector<std::string>{"\"", "\\", "/", "~", "\n", "\x01", "\x7f", "{",
                                                  "]", ":", ",", "\u00fc", "\u4e16", "\U0001F600"}),
      rc::gen::map(rc::gen::inRange('a', 'z'), [](char letter) { return std::string(1, letter); }));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(character),
                      [](const std::vector<std::string>& parts) {
                        std::string joined;
                        for (const std::string& part : parts) joined += part;
                        return joined;
                      });
}

// Any sign of number from 1e-200 to 1e200: beyond, a unit's scale leaves the range of double.
rc::Gen<double> number() {
  return rc::gen::map(
      rc::gen::pair(rc::gen::inRange<std::int64_t>(-9007199254740992, 9007199254740992),
                    rc::gen::inRange(-215, 185)),
      [](const std::pair<std::int64_t, int>& parts) {
        return static_cast<double>(parts.first) * std::pow(10.0, parts.second);
      });
}

rc::Gen<double> positive_number() {
  return rc::gen::map(number(), [](double value) { return value == 0.0 ? 1.0 : std::abs(value); });
}

rc::Gen<Link> link() {
  return rc::gen::build<Link>(
      rc::gen::set(&Link::kind, rc::gen::suchThat(
                                    text(), [](const std::string& kind) { return !kind.empty(); })),
      rc::gen::set(&Link::bandwidth, rc::gen::construct<BytesPerSecond>(positive_number())),
      rc::gen::set(&Link::latency, rc::gen::construct<Seconds>(positive_number())),
      rc::gen::set(&Link::source, text()));
}

// In a map of numbers or objects three keys are not data (json_io.hpp).
template <class T>
rc::Gen<std::map<std::string, T>> keyed(rc::Gen<T> values) {
  const auto key = rc::gen::suchThat(text(), [](const std::string& name) {
    return name != "source" && name != "sources" && name != "note";
  });
  return rc::gen::container<std::map<std::string, T>>(key, std::move(values));
}

rc::Gen<EveryType> every_type() {
  using T = EveryType;
  const auto seconds = rc::gen::construct<Seconds>(number());
  const auto precision = rc::gen::element(Precision::bf16, Precision::fp8, Precision::fp32);
  return rc::gen::build<T>(
      rc::gen::set(&T::tied), rc::gen::set(&T::layers, rc::gen::inRange(1, 100001)),
      rc::gen::set(&T::parameters), rc::gen::set(&T::seed),
      rc::gen::set(&T::dropout, rc::gen::map(rc::gen::inRange(0, 1000001),
                                             [](int value) { return value * 1e-6; })),
      rc::gen::set(&T::name, text()), rc::gen::set(&T::precision, precision),
      rc::gen::set(&T::latency, seconds), rc::gen::set(&T::link, link()),
      rc::gen::set(&T::sizes,
                   rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 2147483647))),
      rc::gen::set(&T::links, rc::gen::container<std::vector<Link>>(link())),
      rc::gen::set(&T::flags),
      rc::gen::set(&T::latencies, rc::gen::container<std::vector<Seconds>>(seconds)),
      rc::gen::set(&T::limit, rc::gen::map(rc::gen::maybe(number()),
                                           [](const rc::Maybe<double>& value) {
                                             return value ? std::optional<double>(*value)
                                                          : std::nullopt;
                                           })),
      rc::gen::set(&T::spare, rc::gen::map(rc::gen::maybe(link()),
                                           [](const rc::Maybe<Link>& value) {
                                             return value ? std::optional<Link>(*value)
                                                          : std::nullopt;
                                           })),
      rc::gen::set(&T::prices, keyed(number())), rc::gen::set(&T::named_links, keyed(link())),
      rc::gen::set(&T::labels,
                   rc::gen::container<std::map<std::string, std::string>>(text(), text())));
}

EveryType read_back(const std::string& written) {
  return read<EveryType>(parse_document(written, "written.json"), "every/1");
}

TEST(JsonRoundTrip, WritingWhatWasReadWritesTheSameBytes) {
  ASSERT_TRUE(has_seed);
  rc::detail::checkGTest([] {
    const EveryType value = *every_type();
    const std::string written = write(value, "every/1").dump();
    RC_ASSERT(write(read_back(written), "every/1").dump() == written);
  });
}

TEST(JsonRoundTrip, ReadingWhatWasWrittenGivesTheValue) {
  rc::detail::checkGTest([] {
    EveryType value = *every_type();
    EveryType again = read_back(write(value, "every/1").dump());
    const auto is_near = [](double a, double b) { return std::abs(a - b) <= 1e-11 * std::abs(a); };
    RC_ASSERT(is_near(value.link.bandwidth.value, again.link.bandwidth.value));
    RC_ASSERT(is_near(value.latency.value, again.latency.value));
    RC_ASSERT(value.latencies.size() == again.latencies.size());
    // What has no unit and no fraction comes back exactly.
    RC_ASSERT(value.tied == again.tied);
    RC_ASSERT(value.layers == again.layers);
    RC_ASSERT(value.parameters == again.parameters);
    RC_ASSERT(value.seed == again.seed);
    RC_ASSERT(value.name == again.name);
    RC_ASSERT(value.precision == again.precision);
    RC_ASSERT(value.sizes == again.sizes);
    RC_ASSERT(value.flags == again.flags);
    RC_ASSERT(value.labels == again.labels);
    RC_ASSERT(value.limit.has_value() == again.limit.has_value());
    RC_ASSERT(value.spare.has_value() == again.spare.has_value());
    RC_ASSERT(value.named_links.size() == again.named_links.size());
  });
}

// 0.3 us is 0.3 * 1e-6 s, and 0.3 * 1e-6 / 1e-6 is not 0.3 in double arithmetic: 3 % of decimals
// would change without the writer's rounding.
TEST(JsonRoundTrip, DecimalsAreWrittenAsTheyWereRead) {
  rc::detail::checkGTest([] {
    const auto digits = rc::gen::inRange<std::int64_t>(-999999999999, 1000000000000);
    const auto point = rc::gen::inRange(-30, 30);
    std::string decimals;
    for (int count = 0; count < 50; ++count) {
      decimals += (count > 0 ? "," : "") + std::to_string(*digits) + "e" + std::to_string(*point);
    }
    nlohmann::ordered_json document = write(EveryType{}, "every/1");
    document["link"]["kind"] = "nvlink";
    document["link"]["bandwidth_gigabytes_per_s"] = 160.0;
    document["latencies_us"] = nlohmann::ordered_json::parse("[" + decimals + "]");
    const std::string text = document.dump();
    RC_ASSERT(write(read_back(text), "every/1").dump() == text);
  });
}

// Damage: one byte of a good document replaced. Reading either succeeds or names a place; it never
// does anything else.
TEST(JsonRoundTrip, ADamagedDocumentIsReadOrRefusedWithAPlace) {
  rc::detail::checkGTest([] {
    std::string text = write(static_cast<EveryType>(*every_type()), "every/1").dump(1);
    const auto place = *rc::gen::inRange<std::size_t>(0, text.size());
    text[place] = *rc::gen::arbitrary<char>();
    try {
      read_back(text);
    } catch (const InputError& error) {
      RC_ASSERT(!error.problems.empty());
      for (const Problem& problem : error.problems) {
        RC_ASSERT(problem.line > 0);
        RC_ASSERT(problem.column > 0);
      }
    }
  });
}

}  // namespace
}  // namespace reckon

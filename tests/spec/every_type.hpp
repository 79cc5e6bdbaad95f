// A struct with every type of member that a table of fields may have, for the tests of the readers.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "planner/spec/fields.hpp"
#include "planner/spec/units.hpp"

namespace reckon::test {

enum class Precision : std::uint8_t { bf16, fp8, fp32 };

struct Link {
  std::string kind;
  BytesPerSecond bandwidth;
  Seconds latency;
  std::string source;
  bool operator==(const Link&) const = default;
};

struct EveryType {
  bool tied = false;
  int layers = 1;
  std::int64_t parameters = 0;
  std::uint64_t seed = 0;
  double dropout = 0.0;
  std::string name;
  Precision precision = Precision::bf16;
  Seconds latency{1e-6};
  Link link;
  std::vector<int> sizes{8};
  std::vector<Link> links;
  std::vector<bool> flags;
  std::vector<Seconds> latencies;
  std::optional<double> limit;
  std::optional<Link> spare;
  std::optional<Precision> fallback;
  std::map<std::string, double> prices{{"h800", 2.0}};
  std::map<std::string, Link> named_links;
  std::map<std::string, std::string> labels;
  bool operator==(const EveryType&) const = default;
};

}  // namespace reckon::test

namespace reckon {

template <>
struct EnumNames<test::Precision> {
  static constexpr std::array<std::pair<test::Precision, std::string_view>, 3> table{
      {{test::Precision::bf16, "bf16"},
       {test::Precision::fp8, "fp8"},
       {test::Precision::fp32, "fp32"}}};
};

template <>
struct Fields<test::Link> {
  static constexpr std::tuple table{
      required("kind", &test::Link::kind).not_empty(),
      required("bandwidth_gigabytes_per_s", &test::Link::bandwidth, 1e9).positive(),
      required("latency_us", &test::Link::latency, 1e-6).non_negative(),
      optional("source", &test::Link::source)};
};

template <>
struct Fields<test::EveryType> {
  using T = test::EveryType;
  static constexpr std::tuple table{
      required("tied", &T::tied),
      required("layers", &T::layers).min(1).max(100000).doc("Transformer layers."),
      required("parameters", &T::parameters),
      optional("seed", &T::seed),
      optional("dropout", &T::dropout).min(0).max(1),
      required("name", &T::name),
      optional("precision", &T::precision),
      optional("latency_us", &T::latency, 1e-6),
      required("link", &T::link),
      optional("sizes", &T::sizes).min(1),
      optional("links", &T::links),
      optional("flags", &T::flags),
      optional("latencies_us", &T::latencies, 1e-6),
      optional("limit", &T::limit),
      optional("spare", &T::spare),
      optional("fallback", &T::fallback),
      optional("prices", &T::prices),
      optional("named_links", &T::named_links),
      required("labels", &T::labels)};
};

}  // namespace reckon

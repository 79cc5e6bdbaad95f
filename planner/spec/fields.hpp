// The table of a struct's fields, written once beside the struct: reading, writing, checking,
// JSON Schema and documentation all come from it. Includes no JSON library, so that every header
// may afford it; json_io.hpp does the work.
//
//   template <> struct Fields<LinkSpec> {
//     static constexpr std::tuple table{
//         required("kind", &LinkSpec::kind).doc("nvlink or infiniband"),
//         required("bandwidth_gigabytes_per_s", &LinkSpec::bandwidth, 1e9).positive(),
//         optional("rails", &LinkSpec::rails).min(1).max(64)};
//   };
//
// Members may be bool, integers, double, std::string, enums with EnumNames, Quantity, structs with
// Fields, and std::vector, std::optional and std::map<std::string, .> of these.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace reckon {

template <int Time, int Data, int Work, int Money>
struct Quantity;  // units.hpp

// Specialise beside each struct that is read or written: `static constexpr std::tuple table{...}`.
template <class T>
struct Fields;

// Specialise for each enum that is read or written:
// `static constexpr std::array<std::pair<E, std::string_view>, N> table{{{E::bf16, "bf16"}, ...}}`.
template <class E>
struct EnumNames;

// What a value must satisfy beyond its type. The numbers are in the unit of the JSON key, not in
// that of the C++ member, and bind each element of a vector, an optional or a map.
struct Limits {
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  bool minimum_is_exclusive = false;  // true: greater than `minimum`
  bool not_empty = false;             // strings, vectors and maps
};

namespace detail {

template <class T>
struct LeafOf {
  using Type = T;
};
template <class T>
struct LeafOf<std::vector<T>> : LeafOf<T> {};
template <class T>
struct LeafOf<std::optional<T>> : LeafOf<T> {};
template <class T>
struct LeafOf<std::map<std::string, T>> : LeafOf<T> {};

template <class T>
inline constexpr bool is_quantity = false;
template <int Time, int Data, int Work, int Money>
inline constexpr bool is_quantity<Quantity<Time, Data, Work, Money>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;

template <class T>
concept Scalable = std::is_same_v<T, double> || is_quantity<T>;

}  // namespace detail

// One row of a table. Made by required() and optional(); the calls below return a changed copy.
template <class Struct, class Member>
struct Field {
  using MemberType = Member;
  using LeafType = typename detail::LeafOf<Member>::Type;

  std::string_view key;
  Member Struct::*member = nullptr;
  bool is_required = true;
  double scale = 1.0;  // member = JSON number * scale
  Limits limits{};
  std::string_view description{};

  // At least `value`.
  constexpr Field min(double value) const {
    Field changed = *this;
    changed.limits.minimum = value;
    changed.limits.minimum_is_exclusive = false;
    return changed;
  }
  // At most `value`.
  constexpr Field max(double value) const {
    Field changed = *this;
    changed.limits.maximum = value;
    return changed;
  }
  // Greater than zero.
  constexpr Field positive() const {
    Field changed = *this;
    changed.limits.minimum = 0.0;
    changed.limits.minimum_is_exclusive = true;
    return changed;
  }
  // Zero or greater.
  constexpr Field non_negative() const { return min(0.0); }
  // Strings, vectors and maps: at least one element.
  constexpr Field not_empty() const {
    Field changed = *this;
    changed.limits.not_empty = true;
    return changed;
  }
  // One sentence for people: what the field means. Goes into the JSON Schema.
  constexpr Field doc(std::string_view sentence) const {
    Field changed = *this;
    changed.description = sentence;
    return changed;
  }
};

// A field that each document must have.
template <class Struct, class Member>
constexpr Field<Struct, Member> required(std::string_view key, Member Struct::*member) {
  return {.key = key, .member = member};
}

// The same for a number kept in another unit than the key says: member = JSON number * scale.
template <class Struct, class Member>
constexpr Field<Struct, Member> required(std::string_view key, Member Struct::*member,
                                         double scale) {
  static_assert(detail::Scalable<typename Field<Struct, Member>::LeafType>,
                "only double and Quantity members have a scale");
  return {.key = key, .member = member, .scale = scale};
}

// A field that may be left out; the member then keeps what the struct's own initialiser gave it.
template <class Struct, class Member>
constexpr Field<Struct, Member> optional(std::string_view key, Member Struct::*member) {
  return {.key = key, .member = member, .is_required = false};
}

// The same with a scale: member = JSON number * scale.
template <class Struct, class Member>
constexpr Field<Struct, Member> optional(std::string_view key, Member Struct::*member,
                                         double scale) {
  static_assert(detail::Scalable<typename Field<Struct, Member>::LeafType>,
                "only double and Quantity members have a scale");
  return {.key = key, .member = member, .is_required = false, .scale = scale};
}

// A struct that has a table of fields.
template <class T>
concept HasFields = requires {
  Fields<T>::table;
};

// An enum that has a table of names.
template <class E>
concept HasEnumNames = std::is_enum_v<E> && requires {
  EnumNames<E>::table;
};

namespace detail {

template <class T>
inline constexpr bool is_text = std::is_same_v<T, std::string> || HasEnumNames<T>;

// Keys that every object may have beside those of its table.
constexpr bool is_annotation(std::string_view key) {
  return key == "source" || key == "sources" || key == "note";
}

}  // namespace detail

// Calls visit(field) for each row of T's table, in order.
template <HasFields T, class Visit>
constexpr void for_each_field(Visit&& visit) {
  std::apply([&visit](const auto&... field) { (visit(field), ...); }, Fields<T>::table);
}

// The keys of T's table, in order.
template <HasFields T>
std::vector<std::string_view> field_keys() {
  std::vector<std::string_view> keys;
  for_each_field<T>([&keys](const auto& field) { keys.push_back(field.key); });
  return keys;
}

// The name of an enum value, as JSON and messages spell it; "?" for a value that is in no table.
template <HasEnumNames E>
constexpr std::string_view enum_name(E value) {
  for (const auto& [listed, name] : EnumNames<E>::table) {
    if (listed == value) return name;
  }
  return "?";
}

// The enum value of a name; empty if there is none of that name (the case of letters counts).
template <HasEnumNames E>
constexpr std::optional<E> enum_from_name(std::string_view word) {
  for (const auto& [listed, name] : EnumNames<E>::table) {
    if (name == word) return listed;
  }
  return std::nullopt;
}

// All names of an enum, in the order of its table.
template <HasEnumNames E>
std::vector<std::string_view> enum_names() {
  std::vector<std::string_view> names;
  names.reserve(EnumNames<E>::table.size());
  for (const auto& row : EnumNames<E>::table) names.push_back(row.second);
  return names;
}

// How many single-letter insertions, deletions, changes and swaps of neighbours turn `left` into
// `right` (Damerau-Levenshtein, each stretch edited once), upper and lower case alike (ASCII).
inline std::size_t edit_distance(std::string_view left, std::string_view right) {
  const auto lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  };
  std::vector<std::size_t> two_back(right.size() + 1);
  std::vector<std::size_t> one_back(right.size() + 1);
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::swap(two_back, one_back);
    std::swap(one_back, row);
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const bool same = lower(left[i - 1]) == lower(right[j - 1]);
      std::size_t best = one_back[j - 1] + (same ? 0 : 1);
      if (one_back[j] + 1 < best) best = one_back[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      const bool swapped = i > 1 && j > 1 && lower(left[i - 1]) == lower(right[j - 2]) &&
                           lower(left[i - 2]) == lower(right[j - 1]);
      if (swapped && two_back[j - 2] + 1 < best) best = two_back[j - 2] + 1;
      row[j] = best;
    }
  }
  return row[right.size()];
}

// "Did you mean": the candidate that `word` was most likely meant to be, the first among equals;
// empty if none is near enough (a third of the longer one's letters may differ, at least one).
inline std::optional<std::string_view> closest(std::string_view word,
                                               std::span<const std::string_view> candidates) {
  std::optional<std::string_view> best;
  std::size_t best_distance = std::numeric_limits<std::size_t>::max();
  for (const std::string_view candidate : candidates) {
    const std::size_t longer = word.size() > candidate.size() ? word.size() : candidate.size();
    const std::size_t shorter = word.size() + candidate.size() - longer;
    const std::size_t allowed = longer < 3 ? 1 : longer / 3;
    if (longer - shorter > allowed) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance <= allowed && distance < longer && distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

// The same for candidates written out in the call.
inline std::optional<std::string_view> closest(std::string_view word,
                                               std::initializer_list<std::string_view> candidates) {
  return closest(word, std::span<const std::string_view>(candidates.begin(), candidates.size()));
}

// The unit that a key ends in: "gib" for "memory_gib", "gigabytes_per_s" for
// "bandwidth_gigabytes_per_s", "usd_per_gpu_hour" for itself; empty for a key without one
// ("experts_per_token").
constexpr std::string_view unit_of_key(std::string_view key) {
  constexpr std::array<std::string_view, 26> units{
      "s",     "ms",     "us",     "ns",    "ps",  "minutes",   "hours",     "days",     "years",
      "bytes", "kib",    "mib",    "gib",   "tib", "gigabytes", "terabytes", "gigabits", "bits",
      "flops", "gflops", "tflops", "watts", "usd", "mhz",       "ghz",       "tokens"};
  const std::size_t per = key.rfind("_per_");
  const std::string_view counted = key.substr(0, per);  // all of it without "_per_"
  const std::size_t before = counted.rfind('_');
  const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
  const std::string_view word = counted.substr(start);
  for (const std::string_view unit : units) {
    if (word != unit) continue;
    const bool is_gpu_hours = word == "hours" && counted.ends_with("gpu_hours");
    return key.substr(is_gpu_hours ? start - 4 : start);
  }
  return {};
}

}  // namespace reckon

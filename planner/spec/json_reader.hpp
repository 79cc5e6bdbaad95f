// From a parsed document to a struct that has a table of fields. Needs no JSON library; json_io.hpp
// says which keys every object may have.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "planner/spec/fields.hpp"
#include "planner/spec/json_document.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {

// The struct that a document holds. `expected_schema` ("plan/1") must be what its "schema" key
// says; empty means that the document need not have one. Throws InputError with every problem of
// the document (most_problems at most), in the order of its text: wrong or missing schema, unknown
// and missing keys, wrong types, numbers out of the range of the C++ type or of the field's limits,
// unknown enum names.
template <class T>
T read(const Document& document, std::string_view expected_schema);

namespace detail {

inline std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

// "; did you mean \"...\"?" if one of the words is near, else nothing.
inline std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& words) {
  const auto near = closest(word, words);
  return near ? "; did you mean \"" + std::string(*near) + "\"?" : std::string();
}

// What a field's values must be and how they are scaled.
struct Expected {
  Limits limits{};
  double scale = 1.0;

  // For the elements of a container: that the container is not empty says nothing about them.
  Expected of_elements() const {
    Expected inner = *this;
    inner.limits.not_empty = false;
    return inner;
  }
};

// Fills structs from nodes and collects every problem on the way.
class Reader {
 public:
  explicit Reader(const Document& document) : document_(document) {}

  void report(std::size_t offset, const JsonPath& path, std::string message) {
    if (is_full()) return;
    problems_.push_back(document_.problem(offset, path.pointer(), std::move(message)));
  }

  // Throws InputError if there was any problem.
  void finish() {
    if (problems_.empty()) return;
    std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
      return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    throw InputError(std::move(problems_));
  }

  void check_schema(std::string_view expected) {
    const auto* members = std::get_if<JsonNode::Object>(&document_.root().value);
    if (members == nullptr || expected.empty()) return;
    const JsonPath root;
    const std::string wanted = in_quotes(expected);
    const JsonNode* schema = find(*members, "schema");
    if (schema == nullptr) {
      report(document_.root().offset, root.at("schema"), "missing; expected " + wanted);
      return;
    }
    const auto* name = std::get_if<std::string>(&schema->value);
    if (name != nullptr && *name != expected) {
      report(schema->offset, root.at("schema"), "expected " + wanted + ", got " + in_quotes(*name));
    }
  }

  template <class T>
  void value(const JsonNode& node, const JsonPath& path, const Expected& expected, T& out) {
    if constexpr (std::is_same_v<T, bool>) {
      if (const auto* flag = as<bool>(node, path, "true or false")) out = *flag;
    } else if constexpr (std::is_integral_v<T>) {
      integer(node, path, expected, out);
    } else if constexpr (std::is_same_v<T, double>) {
      number(node, path, expected, out);
    } else if constexpr (is_quantity<T>) {
      number(node, path, expected, out.value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (const auto* text = as<std::string>(node, path, "string")) {
        check_not_empty(node, path, expected, text->empty());
        out = *text;
      }
    } else if constexpr (HasEnumNames<T>) {
      name(node, path, out);
    } else if constexpr (is_optional<T>) {
      if (std::holds_alternative<std::nullptr_t>(node.value)) {
        out.reset();
      } else {
        value(node, path, expected, out.emplace());
      }
    } else if constexpr (is_vector<T>) {
      array(node, path, expected, out);
    } else if constexpr (is_map<T>) {
      map(node, path, expected, out);
    } else {
      static_assert(HasFields<T>, "no Fields table for this struct, or no support for this type");
      object(node, path, out);
    }
  }

 private:
  // Nothing more would be kept, so a hostile document need not be looked at further.
  bool is_full() const { return problems_.size() >= most_problems; }

  static const JsonNode* find(const JsonNode::Object& members, std::string_view key) {
    for (const JsonMember& member : members) {
      if (member.key == key) return &member.value;
    }
    return nullptr;
  }

  template <class Alternative>
  const Alternative* as(const JsonNode& node, const JsonPath& path, std::string_view what) {
    const auto* found = std::get_if<Alternative>(&node.value);
    if (found == nullptr) report_type(node, path, what);
    return found;
  }

  void report_type(const JsonNode& node, const JsonPath& path, std::string_view what) {
    report(node.offset, path,
           "expected " + std::string(what) + ", got " + document_.describe(node));
  }

  void check_not_empty(const JsonNode& node, const JsonPath& path, const Expected& expected,
                       bool is_empty) {
    if (expected.limits.not_empty && is_empty) report(node.offset, path, "must not be empty");
  }

  void check_limits(const JsonNode& node, const JsonPath& path, const Limits& limits,
                    double given) {
    const bool too_small =
        limits.minimum_is_exclusive ? given <= limits.minimum : given < limits.minimum;
    if (!too_small && given <= limits.maximum) return;
    std::string bound = limits.minimum_is_exclusive ? "greater than " : "at least ";
    bound += number_to_text(limits.minimum);
    if (!too_small) bound = "at most " + number_to_text(limits.maximum);
    report(node.offset, path, "must be " + bound + ", got " + document_.describe(node));
  }

  template <class T>
  void integer(const JsonNode& node, const JsonPath& path, const Expected& expected, T& out) {
    bool fits = false;
    if (const auto* small = std::get_if<std::int64_t>(&node.value)) {
      fits = std::in_range<T>(*small);
      if (fits) out = static_cast<T>(*small);
    } else if (const auto* large = std::get_if<std::uint64_t>(&node.value)) {
      fits = std::in_range<T>(*large);
      if (fits) out = static_cast<T>(*large);
    } else if (document_.number_text(node).empty() ||
               document_.number_text(node).find_first_of(".eE") != std::string_view::npos) {
      report_type(node, path, "integer");
      return;
    }
    if (fits) {
      check_limits(node, path, expected.limits, static_cast<double>(out));
    } else {
      using Range = std::numeric_limits<T>;
      report(node.offset, path,
             document_.describe(node) + " is out of range; must be between " +
                 std::to_string(Range::min()) + " and " + std::to_string(Range::max()));
    }
  }

  void number(const JsonNode& node, const JsonPath& path, const Expected& expected, double& out) {
    double given = 0.0;
    if (const auto* small = std::get_if<std::int64_t>(&node.value)) {
      given = static_cast<double>(*small);
    } else if (const auto* large = std::get_if<std::uint64_t>(&node.value)) {
      given = static_cast<double>(*large);
    } else if (const auto* real = as<double>(node, path, "number")) {
      given = *real;
    } else {
      return;
    }
    check_limits(node, path, expected.limits, given);
    out = given * expected.scale;
    // The way back must exist too, or the writer could not write what was read.
    if (!std::isfinite(out) || !std::isfinite(out / expected.scale)) {
      report(node.offset, path, document_.describe(node) + " is too large for this unit");
    } else if (out == 0.0 && given != 0.0) {
      report(node.offset, path, document_.describe(node) + " is too small for this unit");
    }
  }

  template <HasEnumNames E>
  void name(const JsonNode& node, const JsonPath& path, E& out) {
    const std::vector<std::string_view> names = enum_names<E>();
    const auto* word = std::get_if<std::string>(&node.value);
    if (word == nullptr) {
      report_type(node, path, "one of: " + joined(names) + " (as a string)");
    } else if (const std::optional<E> found = enum_from_name<E>(*word)) {
      out = *found;
    } else {
      report(node.offset, path,
             "unknown name " + in_quotes(*word) + did_you_mean(*word, names) +
                 " (one of: " + joined(names) + ")");
    }
  }

  template <class T>
  void array(const JsonNode& node, const JsonPath& path, const Expected& expected,
             std::vector<T>& out) {
    const auto* elements = as<JsonNode::Array>(node, path, "array");
    if (elements == nullptr) return;
    check_not_empty(node, path, expected, elements->empty());
    out.clear();
    out.reserve(elements->size());
    for (std::size_t index = 0; index < elements->size() && !is_full(); ++index) {
      T element{};
      value((*elements)[index], path.at(index), expected.of_elements(), element);
      out.push_back(std::move(element));
    }
  }

  template <class T>
  void map(const JsonNode& node, const JsonPath& path, const Expected& expected,
           std::map<std::string, T>& out) {
    const auto* members = as<JsonNode::Object>(node, path, "object");
    if (members == nullptr) return;
    out.clear();
    for (const JsonMember& member : *members) {
      if (is_full()) return;
      if (!is_text<T> && is_annotation(member.key)) {
        annotation(member, path);
      } else {
        value(member.value, path.at(member.key), expected.of_elements(), out[member.key]);
      }
    }
    check_not_empty(node, path, expected, out.empty());
  }

  template <HasFields T>
  void object(const JsonNode& node, const JsonPath& path, T& out) {
    const auto* members = as<JsonNode::Object>(node, path, "object");
    if (members == nullptr) return;
    for_each_field<T>([&](const auto& field) {
      const JsonNode* found = find(*members, field.key);
      if (found != nullptr) {
        value(*found, path.at(field.key), Expected{field.limits, field.scale}, out.*field.member);
      } else if (field.is_required) {
        report(node.offset, path.at(field.key), "missing; this field is required");
      }
    });
    const std::vector<std::string_view> keys = field_keys<T>();
    for (const JsonMember& member : *members) {
      if (is_full()) return;
      if (std::find(keys.begin(), keys.end(), member.key) != keys.end()) continue;
      if (is_annotation(member.key) || member.key == "schema") {
        annotation(member, path);
      } else {
        const std::string guess = did_you_mean(member.key, keys);
        report(member.key_offset, path.at(member.key),
               "unknown field" + (guess.empty() ? "; known are: " + joined(keys) : guess));
      }
    }
  }

  // "schema", "source", "note": a string. "sources": an object of strings.
  void annotation(const JsonMember& member, const JsonPath& path) {
    const JsonPath here = path.at(member.key);
    if (member.key != "sources") {
      as<std::string>(member.value, here, "string");
    } else if (const auto* sources =
                   as<JsonNode::Object>(member.value, here, "object of strings")) {
      for (const JsonMember& source : *sources) {
        as<std::string>(source.value, here.at(source.key), "string");
      }
    }
  }

  const Document& document_;
  std::vector<Problem> problems_;
};

}  // namespace detail

template <class T>
T read(const Document& document, std::string_view expected_schema) {
  static_assert(HasFields<T>, "a document is a struct with a Fields table");
  detail::Reader reader(document);
  T result{};
  reader.check_schema(expected_schema);
  reader.value(document.root(), JsonPath{}, detail::Expected{}, result);
  reader.finish();
  return result;
}

}  // namespace reckon

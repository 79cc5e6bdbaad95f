// From a table of fields to the JSON Schema of what json_reader.hpp accepts.
#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "planner/spec/fields.hpp"
#include "planner/spec/json_document.hpp"
#include "planner/spec/json_writer.hpp"

namespace reckon {

// JSON Schema (draft-07) of the documents that read<T>(document, schema_name) accepts; a name that
// is empty leaves "schema" out. Says what a schema can say: types, required keys, legal names,
// limits, no other keys; and for people: description, default, and the unit that a key ends in as
// "x-unit". Not in it: repeated keys, the range of the C++ types (an int has 32 bits). Throws
// std::invalid_argument where write() would for a default.
template <class T>
nlohmann::ordered_json json_schema(std::string_view schema_name);

namespace detail {

class SchemaWriter {
 public:
  using Json = nlohmann::ordered_json;

  template <class T>
  static Json of(const Limits& limits) {
    if constexpr (std::is_same_v<T, bool>) {
      return Json{{"type", "boolean"}};
    } else if constexpr (std::is_integral_v<T>) {
      Limits narrowed = limits;
      if (std::is_unsigned_v<T> && !(limits.minimum >= 0.0)) narrowed.minimum = 0.0;
      return with_limits(Json{{"type", "integer"}}, narrowed);
    } else if constexpr (Scalable<T>) {
      return with_limits(Json{{"type", "number"}}, limits);
    } else if constexpr (std::is_same_v<T, std::string>) {
      return not_empty(text(), limits, "minLength");
    } else if constexpr (HasEnumNames<T>) {
      Json schema = text();
      schema["enum"] = enum_names<T>();
      return schema;
    } else if constexpr (is_optional<T>) {
      return or_null(of<typename T::value_type>(limits));
    } else if constexpr (is_vector<T>) {
      Json schema{{"type", "array"}};
      schema["items"] = of<typename T::value_type>(of_elements(limits));
      return not_empty(std::move(schema), limits, "minItems");
    } else if constexpr (is_map<T>) {
      Json schema{{"type", "object"}};
      if (!is_text<typename T::mapped_type>) add_annotations(schema["properties"]);
      schema["additionalProperties"] = of<typename T::mapped_type>(of_elements(limits));
      return not_empty(std::move(schema), limits, "minProperties");
    } else {
      return object<T>();
    }
  }

  template <class T>
  static Json object() {
    static_assert(HasFields<T>, "no Fields table for this struct, or no support for this type");
    Json properties = Json::object();
    Json required_keys = Json::array();
    const T defaults{};
    for_each_field<T>([&](const auto& field) {
      using Member = typename std::remove_cvref_t<decltype(field)>::MemberType;
      Json property = of<Member>(field.limits);
      if (!field.description.empty()) property["description"] = field.description;
      if (const std::string_view unit = unit_of_key(field.key); !unit.empty()) {
        property["x-unit"] = unit;
      }
      if (field.is_required) {
        required_keys.push_back(field.key);
      } else {
        property["default"] =
            Writer::value(defaults.*field.member, JsonPath{}.at(field.key), field.scale);
      }
      properties[std::string(field.key)] = std::move(property);
    });
    add_annotations(properties);
    if (!properties.contains("schema")) properties["schema"] = text();
    Json schema{{"type", "object"}};
    schema["properties"] = std::move(properties);
    schema["required"] = std::move(required_keys);
    schema["additionalProperties"] = false;
    return schema;
  }

 private:
  static Json text() { return Json{{"type", "string"}}; }

  static Limits of_elements(Limits limits) {
    limits.not_empty = false;
    return limits;
  }

  static void add_annotations(Json& properties) {
    for (const char* key : {"source", "note"}) {
      if (!properties.contains(key)) properties[key] = text();
    }
    if (!properties.contains("sources")) {
      properties["sources"] = Json{{"type", "object"}};
      properties["sources"]["additionalProperties"] = text();
    }
  }

  // Whole numbers without ".0".
  static Json bound(double value) {
    constexpr double exactly_integer = 9007199254740992.0;  // 2^53
    if (std::trunc(value) == value && std::abs(value) < exactly_integer) {
      return static_cast<std::int64_t>(value);
    }
    return value;
  }

  static Json with_limits(Json schema, const Limits& limits) {
    if (std::isfinite(limits.minimum)) {
      schema[limits.minimum_is_exclusive ? "exclusiveMinimum" : "minimum"] = bound(limits.minimum);
    }
    if (std::isfinite(limits.maximum)) schema["maximum"] = bound(limits.maximum);
    return schema;
  }

  static Json not_empty(Json schema, const Limits& limits, const char* keyword) {
    if (limits.not_empty) schema[keyword] = 1;
    return schema;
  }

  static Json or_null(Json schema) {
    Json either{{"type", Json::array({schema["type"], "null"})}};
    schema.erase("type");
    if (schema.contains("enum")) schema["enum"].push_back(nullptr);
    either.update(schema);
    return either;
  }
};

}  // namespace detail

template <class T>
nlohmann::ordered_json json_schema(std::string_view schema_name) {
  nlohmann::ordered_json schema{{"$schema", "http://json-schema.org/draft-07/schema#"}};
  nlohmann::ordered_json object = detail::SchemaWriter::object<T>();
  if (!schema_name.empty()) {
    schema["title"] = schema_name;
    object["properties"]["schema"] = nlohmann::ordered_json{{"const", schema_name}};
    object["required"].push_back("schema");
  }
  schema.update(object);
  return schema;
}

}  // namespace reckon

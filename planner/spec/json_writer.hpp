// From a struct that has a table of fields to JSON.
#pragma once

#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "planner/spec/fields.hpp"
#include "planner/spec/json_document.hpp"

namespace reckon {

// The JSON of a struct, keys in the order of the table, "schema" first unless it is empty. Numbers
// are rounded to 12 significant digits, so that a unit's scale leaves no trace (0.1 us stays 0.1).
// Left out: empty std::optional members of optional fields; empty optional source, sources and
// note. Throws std::invalid_argument, naming the key, for a number that is not finite and for an
// enum value without a name.
template <class T>
nlohmann::ordered_json write(const T& value, std::string_view schema);

namespace detail {

inline double rounded_to_12_digits(double value) {
  const std::string text = number_to_text(value);
  double rounded = value;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return rounded;
}

class Writer {
 public:
  template <class T>
  static nlohmann::ordered_json value(const T& given, const JsonPath& path, double scale) {
    if constexpr (std::is_arithmetic_v<T> && !std::is_floating_point_v<T>) {
      return given;
    } else if constexpr (std::is_same_v<T, std::string>) {
      return given;
    } else if constexpr (std::is_same_v<T, double>) {
      return number(given, path, scale);
    } else if constexpr (is_quantity<T>) {
      return number(given.value, path, scale);
    } else if constexpr (HasEnumNames<T>) {
      return name(given, path);
    } else if constexpr (is_optional<T>) {
      return given ? value(*given, path, scale) : nlohmann::ordered_json(nullptr);
    } else if constexpr (is_vector<T>) {
      return array(given, path, scale);
    } else if constexpr (is_map<T>) {
      return map(given, path, scale);
    } else {
      nlohmann::ordered_json object = nlohmann::ordered_json::object();
      members(given, path, object);
      return object;
    }
  }

  template <class T>
  static void members(const T& given, const JsonPath& path, nlohmann::ordered_json& object) {
    static_assert(HasFields<T>, "no Fields table for this struct, or no support for this type");
    for_each_field<T>([&](const auto& field) {
      const auto& member = given.*field.member;
      if (!field.is_required && is_left_out(field.key, member)) return;
      const std::string key(field.key);
      object[key] = value(member, path.at(field.key), field.scale);
    });
  }

 private:
  template <class T>
  static bool is_left_out(std::string_view key, const T& member) {
    if constexpr (is_optional<T>) {
      return !member.has_value();
    } else if constexpr (std::is_same_v<T, std::string> || is_map<T>) {
      return is_annotation(key) && member.empty();
    } else {
      return false;
    }
  }

  static double number(double given, const JsonPath& path, double scale) {
    const double in_unit_of_key = given / scale;
    if (!std::isfinite(in_unit_of_key)) {
      throw std::invalid_argument("cannot write " + path.pointer() + ": the number is not finite");
    }
    return rounded_to_12_digits(in_unit_of_key);
  }

  template <HasEnumNames E>
  static std::string name(E given, const JsonPath& path) {
    for (const auto& [listed, word] : EnumNames<E>::table) {
      if (listed == given) return std::string(word);
    }
    throw std::invalid_argument("cannot write " + path.pointer() + ": the enum value has no name");
  }

  template <class T>
  static nlohmann::ordered_json array(const std::vector<T>& given, const JsonPath& path,
                                      double scale) {
    nlohmann::ordered_json elements = nlohmann::ordered_json::array();
    for (std::size_t index = 0; index < given.size(); ++index) {
      elements.push_back(value<T>(given[index], path.at(index), scale));
    }
    return elements;
  }

  template <class T>
  static nlohmann::ordered_json map(const std::map<std::string, T>& given, const JsonPath& path,
                                    double scale) {
    nlohmann::ordered_json::object_t members;
    for (const auto& [key, element] : given) {
      // The keys are unique; operator[] would look through all of them each time.
      members.std::vector<nlohmann::ordered_json::object_t::value_type>::emplace_back(
          key, value(element, path.at(key), scale));
    }
    return members;
  }
};

}  // namespace detail

template <class T>
nlohmann::ordered_json write(const T& value, std::string_view schema) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  if (!schema.empty()) object["schema"] = schema;
  detail::Writer::members(value, JsonPath{}, object);
  return object;
}

}  // namespace reckon

// Reading, writing and describing any struct that has a table of fields (fields.hpp). Pulls in the
// JSON library: include it in *_json.cpp files only.
//
// In every object the keys "source" and "note" (strings) and "sources" (an object of strings) are
// allowed, and "schema" (a string), whether or not the table names them: numbers carry their
// origin. In a map they are set apart in the same way, unless the map's values are strings or
// enums.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
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
// the document, in the order of its text: wrong or missing schema, unknown and missing keys, wrong
// types, numbers out of the range of the C++ type or of the field's limits, unknown enum names.
template <class T>
T read(const Document& document, std::string_view expected_schema);

// The JSON of a struct, keys in the order of the table, "schema" first unless it is empty. Numbers
// are rounded to 12 significant digits, so that a unit's scale leaves no trace (0.1 us stays 0.1).
// Left out: empty std::optional of optional fields, empty optional source, sources and note.
// Throws std::invalid_argument, naming the key, for a number that is not finite and an enum value
// without a name.
template <class T>
nlohmann::ordered_json write(const T& value, std::string_view schema);

// JSON Schema (draft-07) of what read() accepts under this schema name.
template <class T>
nlohmann::ordered_json json_schema(std::string_view schema_name);

}  // namespace reckon

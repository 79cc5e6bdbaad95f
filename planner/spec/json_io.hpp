// Reading, writing and describing any struct that has a table of fields (fields.hpp):
//   read<T>(document, "plan/1")   json_reader.hpp
//   write(value, "plan/1")        json_writer.hpp
//   json_schema<T>("plan/1")      json_schema.hpp
// Pulls in the JSON library: include it in *_json.cpp files only.
//
// In every object the keys "source" and "note" (strings), "sources" (an object of strings) and
// "schema" (a string) are allowed, whether or not the table names them: numbers carry their origin.
// In a map source, note and sources are set apart in the same way, unless the map's values are
// strings or enums.
#pragma once

#include "planner/spec/json_document.hpp"  // IWYU pragma: export
#include "planner/spec/json_reader.hpp"    // IWYU pragma: export
#include "planner/spec/json_schema.hpp"    // IWYU pragma: export
#include "planner/spec/json_writer.hpp"    // IWYU pragma: export

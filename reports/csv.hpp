// Fields of CSV as RFC 4180 has them.
#pragma once

#include <string>
#include <string_view>

namespace reckon {

// The field, between quotes where it needs them.
inline std::string csv_field(std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(field);
  std::string text = "\"";
  for (const char letter : field) {
    if (letter == '"') text += '"';
    text += letter;
  }
  return text + '"';
}

}  // namespace reckon

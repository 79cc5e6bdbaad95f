// Text inside of SVG.
#pragma once

#include <string>
#include <string_view>

namespace reckon {

// `text` with what would begin a tag or an entity escaped; control characters become '?'.
inline std::string xml_text(std::string_view text) {
  std::string safe;
  for (const char letter : text) {
    if (letter == '<') {
      safe += "&lt;";
    } else if (letter == '&') {
      safe += "&amp;";
    } else {
      safe += static_cast<unsigned char>(letter) < 0x20 ? '?' : letter;
    }
  }
  return safe;
}

}  // namespace reckon

// What is wrong with an input file, and where: the one error type a user of reckon ever has to
// read. Portable core: no iostream, no file I/O.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reckon {

// One thing wrong with one input. `line` and `column` count from 1, the column in bytes; 0 means
// that the problem has no place in the file (the file cannot be opened, say). `pointer` is a JSON
// pointer (RFC 6901), empty for the document as a whole and for syntax errors.
struct Problem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string pointer;
  std::string message;

  bool operator==(const Problem&) const = default;

  // "plan.json:12:5: /parallelism/tensor_parallell: unknown field; did you mean
  // \"tensor_parallel\"?"
  std::string to_text() const {
    std::string text = file;
    if (line > 0) {
      text += ':' + std::to_string(line);
      if (column > 0) text += ':' + std::to_string(column);
    }
    if (!text.empty()) text += ": ";
    if (!pointer.empty()) text += pointer + ": ";
    return text + message;
  }
};

// All problems, one a line, no newline at the end; after `most` of them "... and N more".
inline std::string to_text(const std::vector<Problem>& problems, std::size_t most = 20) {
  std::string text;
  for (std::size_t index = 0; index < problems.size() && index < most; ++index) {
    if (index > 0) text += '\n';
    text += problems[index].to_text();
  }
  if (problems.size() > most)
    text += "\n... and " + std::to_string(problems.size() - most) + " more";
  return text;
}

// A file, JSON document or flag that cannot be used (exit code 2). Carries every problem that was
// found; what() lists the first 20.
class InputError : public std::runtime_error {
 public:
  explicit InputError(std::vector<Problem> found)
      : std::runtime_error(to_text(found)), problems(std::move(found)) {}

  std::vector<Problem> problems;
};

// Text from an input made safe to print inside a message: control characters (a terminal would obey
// them) become \u001b, and at most `most` bytes are kept, cut between UTF-8 characters, then "...".
// Bytes of 0x80 and above pass, so the caller sees to it that the text is UTF-8.
inline std::string printable(std::string_view text, std::size_t most = 60) {
  constexpr std::string_view digits = "0123456789abcdef";
  const bool is_cut = text.size() > most;
  if (is_cut) {
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text = text.substr(0, end);
  }
  std::string safe;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (code >= 0x20 && code != 0x7F) {
      safe += letter;
    } else {
      safe += "\\u00";
      safe += digits[code >> 4U];
      safe += digits[code & 0xFU];
    }
  }
  return is_cut ? safe + "..." : safe;
}

// printable() between double quotes.
inline std::string in_quotes(std::string_view text) { return '"' + printable(text) + '"'; }

}  // namespace reckon

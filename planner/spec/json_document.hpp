// JSON text to a tree that knows where in the text each value stands. Strict: what the JSON library
// would let pass in silence (repeated keys, text after a NUL byte) is an error here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "planner/spec/problems.hpp"

namespace reckon {

// Nobody reads further: no more problems of one document are kept.
inline constexpr std::size_t most_problems = 1000;

struct JsonMember;

// One value of a document. Integers that fit are std::int64_t, larger ones up to 2^64-1
// std::uint64_t; all other numbers are double.
struct JsonNode {
  using Array = std::vector<JsonNode>;
  using Object = std::vector<JsonMember>;  // in the order of the text; keys are unique
  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object>
      value;
  std::size_t offset = 0;  // of the value's first byte in the text
};

struct JsonMember {
  std::string key;
  std::size_t key_offset = 0;
  JsonNode value;
};

// A number as messages print it: 12 significant digits, no locale.
std::string number_to_text(double value);

// The way from the root to a value, as a list from the leaf up that lives on the reader's stack;
// only a problem turns it into text.
struct JsonPath {
  const JsonPath* parent = nullptr;  // nullptr: this is the root, which has no name
  std::string_view key;              // in an object
  std::size_t index = 0;             // in an array
  bool is_index = false;

  JsonPath at(std::string_view name) const { return {this, name, 0, false}; }
  JsonPath at(std::size_t position) const { return {this, {}, position, true}; }

  // The JSON pointer: "" for the root, else "/layers/3/kind" with ~ and / of keys escaped. Keys are
  // made printable and cut after 60 bytes.
  std::string pointer() const;
};

// A line and a column, both counted from 1, the column in bytes.
struct Position {
  int line = 0;
  int column = 0;
  bool operator==(const Position&) const = default;
};

// A parsed file: the tree, the text it came from and the file's name for messages.
class Document {
 public:
  Document(std::string text, std::string file_name);  // an empty tree (null); see parse_document

  const std::string& file_name() const { return file_name_; }
  const JsonNode& root() const { return root_; }
  JsonNode& root() { return root_; }

  // The line and column of a byte of the text (one past the last byte is allowed).
  Position position(std::size_t offset) const;

  // Where the value of a JSON pointer stands; empty if the document has no such value. For problems
  // that are found long after reading (a plan that does not divide).
  std::optional<Position> find(std::string_view pointer) const;

  // A number as its author wrote it ("1e3"); empty for a node that is no number.
  std::string_view number_text(const JsonNode& node) const;

  // What a node is, in words for a message: "1.7", "string \"8\"", "true", "null", "an object".
  std::string describe(const JsonNode& node) const;

  // A problem at a byte of the text.
  Problem problem(std::size_t offset, std::string pointer, std::string message) const;

 private:
  std::string file_name_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
  JsonNode root_;
};

// Parses a whole file. `file_name` is only used in messages; nothing is opened. A UTF-8 byte order
// mark is skipped. Throws InputError: the first syntax error (NaN, comments, bytes that are not
// UTF-8, numbers beyond double, nesting beyond 64 and texts beyond 64 MiB are such), and every
// repeated key before it, with the lines of both (most_problems at most).
Document parse_document(std::string_view text, std::string file_name);

}  // namespace reckon

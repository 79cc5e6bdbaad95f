#include "planner/spec/json_document.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace reckon {
namespace {

constexpr std::size_t most_bytes = std::size_t{64} << 20U;
constexpr std::size_t most_nesting = 64;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view between_tokens = " \t\r\n,:";
constexpr std::string_view number_letters = "+-.0123456789eE";

std::size_t skip(std::string_view text, std::size_t offset, std::string_view letters) {
  return std::min(text.find_first_not_of(letters, offset), text.size());
}

// The length of the string token at `offset`, quotes included. The JSON library has accepted it.
std::size_t string_length(std::string_view text, std::size_t offset) {
  std::size_t end = offset + 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  return std::min(end + 1, text.size()) - offset;
}

void escape_into(std::string& pointer, std::string_view key) {
  for (const char letter : printable(key)) {
    if (letter == '~') {
      pointer += "~0";
    } else if (letter == '/') {
      pointer += "~1";
    } else {
      pointer += letter;
    }
  }
}

// What a person who wrote the text at a syntax error probably has to change; empty if we cannot
// tell.
std::string_view syntax_hint(std::string_view text, std::size_t offset) {
  const std::string_view rest = text.substr(offset);
  for (const std::string_view word : {"NaN", "nan", "Inf", "inf", "-NaN", "-nan", "-Inf", "-inf"}) {
    if (rest.starts_with(word)) return "; NaN and infinity are not JSON numbers";
  }
  for (const std::string_view word : {"True", "False", "None"}) {
    if (rest.starts_with(word)) return "; JSON writes true, false and null";
  }
  if (rest.starts_with('/') || rest.starts_with('#')) return "; JSON has no comments";
  if (rest.starts_with('\'')) return "; JSON strings stand in double quotes";
  if (rest.starts_with('}') || rest.starts_with(']')) {
    const std::size_t before = text.substr(0, offset).find_last_not_of(" \t\r\n");
    if (before != std::string_view::npos && text[before] == ',') return "; remove the comma before";
  }
  return {};
}

// The library's words without its error number, its own line and column and the raw bytes that it
// read last.
std::string bare_message(std::string text) {
  const std::size_t start = text.find("syntax error");
  const std::size_t bracket = text.find("] ");
  if (start != std::string::npos) {
    text.erase(0, start);
  } else if (bracket != std::string::npos) {
    text.erase(0, bracket + 2);
  }
  const std::size_t last_read = text.find("; last read: '");
  if (last_read != std::string::npos) {
    const std::size_t expected = text.rfind("'; expected ");
    const bool has_more = expected != std::string::npos && expected > last_read;
    text.erase(last_read, has_more ? expected + 1 - last_read : std::string::npos);
  }
  return printable(text, 200);
}

// Receives the library's parse events and builds the tree. The library tells no positions, so a
// cursor follows it through the text, token by token.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, Document& document) : text_(text), document_(document) {}

  bool null() { return add(nullptr, 4) != nullptr; }
  bool boolean(bool value) { return add(value, value ? 4 : 5) != nullptr; }
  bool number_integer(std::int64_t value) { return add(value, 0) != nullptr; }
  bool number_unsigned(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(INT64_MAX)) return add(value, 0) != nullptr;
    return add(static_cast<std::int64_t>(value), 0) != nullptr;
  }
  bool number_float(double value, const std::string&) { return add(value, 0) != nullptr; }
  bool string(std::string& value) { return add(std::move(value), 0) != nullptr; }
  bool binary(const std::vector<std::uint8_t>&) { return false; }  // never in JSON text
  bool start_object(std::size_t) { return open(JsonNode::Object{}); }
  bool start_array(std::size_t) { return open(JsonNode::Array{}); }
  bool key(std::string& name) {
    const std::size_t offset = next_token();
    cursor_ = offset + string_length(text_, offset);
    std::get<JsonNode::Object>(open_.back()->value).push_back({std::move(name), offset, {}});
    return true;
  }
  bool end_object() {
    find_repeated_keys(open_.size());
    return end_array();
  }
  bool end_array() {
    cursor_ = next_token() + 1;
    open_.pop_back();
    return true;
  }
  bool parse_error(std::size_t bytes_read, const std::string&,
                   const nlohmann::detail::exception& error) {
    const std::string message = bare_message(error.what());
    // Inside a string the very byte, else the start of the token that does not fit.
    const std::size_t last = std::min(bytes_read == 0 ? 0 : bytes_read - 1, text_.size());
    const bool in_string = message.find("invalid string") != std::string::npos &&
                           message.find("missing closing quote") == std::string::npos;
    const std::size_t offset = in_string ? last : std::min(next_token(), last);
    std::string hint(in_string ? std::string_view{} : syntax_hint(text_, offset));
    if (message.ends_with("expected ']'") || message.ends_with("expected '}'")) hint = " or ','";
    problems_.push_back(document_.problem(offset, "", message + hint));
    return false;
  }

  // All problems in the order of the text; to be called once, after the parse.
  std::vector<Problem> take_problems() {
    for (std::size_t depth = open_.size(); depth > 0; --depth) find_repeated_keys(depth);
    std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
      return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    return std::move(problems_);
  }

 private:
  std::size_t next_token() const { return skip(text_, cursor_, between_tokens); }

  // Hangs a value into the tree. `length` of its token; 0: a string or number, to be measured.
  template <class Value>
  JsonNode* add(Value value, std::size_t length) {
    const std::size_t offset = next_token();
    if (length > 0) {
      cursor_ = offset + length;
    } else if constexpr (std::is_same_v<Value, std::string>) {
      cursor_ = offset + string_length(text_, offset);
    } else {
      cursor_ = skip(text_, offset, number_letters);
    }
    JsonNode node{std::move(value), offset};
    if (open_.empty()) {
      document_.root() = std::move(node);
      return &document_.root();
    }
    if (auto* array = std::get_if<JsonNode::Array>(&open_.back()->value)) {
      return &array->emplace_back(std::move(node));
    }
    JsonNode& slot = std::get<JsonNode::Object>(open_.back()->value).back().value;
    slot = std::move(node);
    return &slot;
  }

  // A parent's vector does not grow while one of its children is open, so the pointers stay valid.
  template <class Container>
  bool open(Container container) {
    if (open_.size() == most_nesting) {
      problems_.push_back(document_.problem(
          next_token(), pointer_of(open_.size()),
          "nested deeper than " + std::to_string(most_nesting) + " objects and arrays"));
      return false;
    }
    open_.push_back(add(std::move(container), 1));
    return true;
  }

  // The JSON pointer of the `depth`-th open container, counted from 1 at the root.
  std::string pointer_of(std::size_t depth) const {
    std::vector<JsonPath> path(depth);
    for (std::size_t level = 1; level < depth; ++level) {
      const auto& value = open_[level - 1]->value;
      if (const auto* array = std::get_if<JsonNode::Array>(&value)) {
        path[level] = path[level - 1].at(array->size() - 1);
      } else {
        path[level] = path[level - 1].at(std::get<JsonNode::Object>(value).back().key);
      }
    }
    return path.back().pointer();
  }

  void find_repeated_keys(std::size_t depth) {
    const auto* members = std::get_if<JsonNode::Object>(&open_[depth - 1]->value);
    if (members == nullptr || members->size() < 2) return;
    std::vector<const JsonMember*> sorted;
    sorted.reserve(members->size());
    for (const JsonMember& member : *members) sorted.push_back(&member);
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const JsonMember* a, const JsonMember* b) { return a->key < b->key; });
    const JsonMember* first = sorted.front();
    for (std::size_t index = 1; index < sorted.size(); ++index) {
      const JsonMember& again = *sorted[index];
      if (again.key != first->key) {
        first = &again;
      } else if (problems_.size() < most_problems) {
        const int line = document_.position(first->key_offset).line;
        std::string pointer = pointer_of(depth) + "/";
        escape_into(pointer, again.key);
        problems_.push_back(
            document_.problem(again.key_offset, std::move(pointer),
                              "repeated key; it already stands on line " + std::to_string(line)));
      }
    }
  }

  std::string_view text_;
  Document& document_;
  std::vector<JsonNode*> open_;
  std::vector<Problem> problems_;
  std::size_t cursor_ = 0;  // end of the last token that the library reported
};

// The part of a pointer up to the next '/', unescaped.
std::string unescaped(std::string_view part) {
  std::string key;
  for (std::size_t index = 0; index < part.size(); ++index) {
    const bool is_escape = part[index] == '~' && index + 1 < part.size();
    if (is_escape && (part[index + 1] == '0' || part[index + 1] == '1')) {
      key += part[++index] == '0' ? '~' : '/';
    } else {
      key += part[index];
    }
  }
  return key;
}

const JsonNode* child(const JsonNode& node, const std::string& key) {
  if (const auto* members = std::get_if<JsonNode::Object>(&node.value)) {
    for (const JsonMember& member : *members) {
      if (member.key == key) return &member.value;
    }
  } else if (const auto* array = std::get_if<JsonNode::Array>(&node.value)) {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
    const bool is_index = error == std::errc{} && end == key.data() + key.size();
    if (is_index && index < array->size()) return &(*array)[index];
  }
  return nullptr;
}

}  // namespace

std::string number_to_text(double value) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 12);
  return {text.data(), end.ptr};
}

std::string JsonPath::pointer() const {
  std::vector<const JsonPath*> steps;
  for (const JsonPath* step = this; step->parent != nullptr; step = step->parent) {
    steps.push_back(step);
  }
  std::string text;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    text += '/';
    if ((*step)->is_index) {
      text += std::to_string((*step)->index);
    } else {
      escape_into(text, (*step)->key);
    }
  }
  return text;
}

Document::Document(std::string text, std::string file_name)
    : file_name_(std::move(file_name)), text_(std::move(text)), line_starts_{0} {
  for (std::size_t offset = 0; offset < text_.size(); ++offset) {
    if (text_[offset] == '\n') line_starts_.push_back(offset + 1);
  }
}

Position Document::position(std::size_t offset) const {
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  return {static_cast<int>(next - line_starts_.begin()),
          static_cast<int>(offset - *std::prev(next)) + 1};
}

std::optional<Position> Document::find(std::string_view pointer) const {
  const JsonNode* node = &root_;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return std::nullopt;
    const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
    node = child(*node, unescaped(pointer.substr(1, end - 1)));
    if (node == nullptr) return std::nullopt;
    pointer.remove_prefix(end);
  }
  return position(node->offset);
}

std::string_view Document::number_text(const JsonNode& node) const {
  const bool is_number = std::holds_alternative<std::int64_t>(node.value) ||
                         std::holds_alternative<std::uint64_t>(node.value) ||
                         std::holds_alternative<double>(node.value);
  if (!is_number) return {};
  const std::size_t end = skip(text_, node.offset, number_letters);
  return std::string_view(text_).substr(node.offset, end - node.offset);
}

std::string Document::describe(const JsonNode& node) const {
  if (std::holds_alternative<std::nullptr_t>(node.value)) return "null";
  if (const auto* flag = std::get_if<bool>(&node.value)) return *flag ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&node.value)) return "string " + in_quotes(*text);
  if (std::holds_alternative<JsonNode::Array>(node.value)) return "an array";
  if (std::holds_alternative<JsonNode::Object>(node.value)) return "an object";
  return printable(number_text(node));
}

Problem Document::problem(std::size_t offset, std::string pointer, std::string message) const {
  const Position place = position(offset);
  return {file_name_, place.line, place.column, std::move(pointer), std::move(message)};
}

Document parse_document(std::string_view text, std::string file_name) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (text.size() > most_bytes) {
    throw InputError({{std::move(file_name), 0, 0, "", "larger than 64 MiB"}});
  }
  Document document(std::string(text), std::move(file_name));
  // The library takes a NUL byte for the end of the text and would ignore what follows.
  const std::size_t nul = text.find('\0');
  if (nul != std::string_view::npos) {
    throw InputError({document.problem(nul, "", "NUL byte; this is not JSON text")});
  }
  TreeBuilder builder(text, document);
  const bool is_complete = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  std::vector<Problem> problems = builder.take_problems();
  if (!problems.empty()) throw InputError(std::move(problems));
  if (!is_complete) throw InputError({document.problem(0, "", "cannot be read as JSON")});
  return document;
}

}  // namespace reckon

#include "planner/import/shell_text.hpp"

#include <algorithm>
#include <cctype>

#include "planner/spec/problems.hpp"

namespace reckon {
namespace {

constexpr int deepest = 20;

bool is_name_letter(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}
bool is_blank(char letter) { return letter == ' ' || letter == '\t' || letter == '\r'; }

}  // namespace

std::string joined(const ShellWords& words) {
  std::string text;
  for (const ShellWord& word : words) {
    if (!text.empty()) text += ' ';
    text += word.first;
  }
  return text;
}

ShellWords split_words(const ShellWords& texts) {
  ShellWords words;
  for (const auto& [text, line] : texts) {
    std::size_t at = text.find_first_not_of(" \t\n;");
    while (at != std::string::npos) {
      const std::size_t end = std::min(text.find_first_of(" \t\n;", at), text.size());
      words.emplace_back(text.substr(at, end - at), line);
      at = text.find_first_not_of(" \t\n;", end);
    }
  }
  return words;
}

char ShellText::next() {
  const char letter = text_[at_++];
  if (letter == '\n') ++line_;
  return letter;
}

void ShellText::fail(const std::string& what) const {
  throw InputError({{file_, line_, 0, "", what}});
}

std::string ShellText::read_assigned_name(bool& appends) {
  std::size_t end = at_;
  while (end < text_.size() && is_name_letter(text_[end])) ++end;
  if (end == at_ || std::isdigit(static_cast<unsigned char>(text_[at_])) != 0) return {};
  appends = end + 1 < text_.size() && text_[end] == '+' && text_[end + 1] == '=';
  if (!appends && (end >= text_.size() || text_[end] != '=')) return {};
  std::string name(text_.substr(at_, end - at_));
  at_ = end + (appends ? 2 : 1);
  return name;
}

void ShellText::read_word(ShellWords& out, bool whole) {
  ShellWord current{{}, line_};
  bool has = false;
  while (at_ < text_.size()) {
    const char letter = peek();
    if (letter == '\\') {
      next();
      if (at_ >= text_.size()) break;
      if (peek() != '\n') current.first += peek(), has = true;
      next();
    } else if (letter == '\'') {
      next();
      while (at_ < text_.size() && peek() != '\'') current.first += next();
      if (at_ >= text_.size()) fail("a quote without its end");
      next();
      has = true;
    } else if (letter == '"') {
      read_quoted(current, out);
      has = true;
    } else if (letter == '$') {
      add_expansion(current, has, out, whole);
    } else if (letter == '`') {
      read_until_tick(current);
      has = true;
    } else if (is_blank(letter) ||
               std::string_view("\n;&|()<>").find(letter) != std::string_view::npos) {
      break;
    } else {
      current.first += next();
      has = true;
    }
    if (current.first.size() > most_shell_text) fail("a word is too long");
  }
  if (has) out.push_back(current);
}

void ShellText::read_quoted(ShellWord& current, ShellWords& out) {
  next();
  while (at_ < text_.size() && peek() != '"') {
    if (peek() == '\\' && std::string_view("\"\\$`\n").find(peek(1)) != std::string_view::npos &&
        at_ + 1 < text_.size()) {
      next();
      if (peek() != '\n') current.first += peek();
      next();
    } else if (peek() == '$') {
      bool has = true;
      add_expansion(current, has, out, true);
    } else {
      current.first += next();
    }
    if (current.first.size() > most_shell_text) fail("a word is too long");
  }
  if (at_ >= text_.size()) fail("a quote without its end");
  next();
}

void ShellText::read_until_tick(ShellWord& current) {
  current.first += next();
  while (at_ < text_.size() && peek() != '`') current.first += next();
  if (at_ < text_.size()) current.first += next();
}

// One $...; what it stands for goes into `current`, with words in front of the last to `out`.
void ShellText::add_expansion(ShellWord& current, bool& has, ShellWords& out, bool quoted) {
  bool is_array = false;
  ShellWords words;
  const bool known = read_expansion(words, is_array);
  if (!known) {
    current.first += words[0].first;
    has = true;
    return;
  }
  ShellWords pieces;
  if (is_array && quoted) {
    pieces = words;
  } else if (quoted) {
    pieces = {{joined(words), current.second}};
  } else {
    pieces = split_words(words);
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) {
      out.push_back(current);
      current.first.clear();
    }
    if (current.first.empty()) current.second = pieces[i].second;  // where it was written
    current.first += pieces[i].first;
    has = true;
  }
  if (out.size() > most_shell_text / 8) fail("a command is too long");
}

// False and the text itself where the file does not say what it stands for.
bool ShellText::read_expansion(ShellWords& words, bool& is_array) {
  const std::size_t start = at_;
  next();
  if (peek() == '(') {
    skip_brackets('(', ')');
    words = {{std::string(text_.substr(start, at_ - start)), line_}};
    return false;
  }
  if (peek() == '{') {
    skip_brackets('{', '}');
    const std::string_view inside = text_.substr(start + 2, at_ - start - 3);
    if (expand_braces(inside, words, is_array)) return true;
    words = {{std::string(text_.substr(start, at_ - start)), line_}};
    return false;
  }
  std::size_t end = at_;
  while (end < text_.size() && is_name_letter(text_[end])) ++end;
  const std::string name(text_.substr(at_, end - at_));
  at_ = end;
  if (const auto found = variables.find(name); found != variables.end()) {
    words = found->second;
    return true;
  }
  words = {{name.empty() ? "$" : "${" + name + "}", line_}};
  return false;
}

void ShellText::skip_brackets(char open, char close) {
  int depth = 0;
  while (at_ < text_.size()) {
    const char letter = next();
    if (letter == open) ++depth;
    if (letter == close && --depth == 0) return;
  }
  fail(std::string("a ") + open + " without its " + close);
}

// NAME, NAME[@], NAME:-default, NAME-default, NAME:=default.
bool ShellText::expand_braces(std::string_view inside, ShellWords& words, bool& is_array) {
  std::size_t end = 0;
  while (end < inside.size() && is_name_letter(inside[end])) ++end;
  const std::string name(inside.substr(0, end));
  std::string_view rest = inside.substr(end);
  if (rest.starts_with("[@]") || rest.starts_with("[*]")) {
    is_array = rest[1] == '@';
    rest.remove_prefix(3);
  }
  const auto found = variables.find(name);
  if (found != variables.end() && (rest.empty() || !joined(found->second).empty())) {
    words = found->second;
    return rest.empty() || rest[0] == ':' || rest[0] == '-';
  }
  const std::size_t skip_to = rest.starts_with(":-") || rest.starts_with(":=") ? 2
                              : rest.starts_with("-")                          ? 1
                                                                               : 0;
  if (skip_to == 0) return false;
  return expand_default(rest.substr(skip_to), words);
}

bool ShellText::expand_default(std::string_view text, ShellWords& words) {
  if (depth_ >= deepest) fail("defaults inside of defaults, too deep");
  ShellText inner(text, file_);
  inner.variables = variables;
  inner.depth_ = depth_ + 1;
  inner.line_ = line_;
  ShellWords parts;
  while (inner.at_ < text.size()) {
    const std::size_t before = inner.at_;
    inner.read_word(parts, true);
    if (inner.at_ == before) inner.next();
  }
  words = {{joined(parts), line_}};
  return true;
}

}  // namespace reckon

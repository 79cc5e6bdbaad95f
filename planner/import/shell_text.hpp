// The words of a shell script, read without running it: quotes, escapes, and variables that the
// text itself has set.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reckon {

using ShellWord = std::pair<std::string, int>;  // and the line where it was written
using ShellWords = std::vector<ShellWord>;

constexpr std::size_t most_shell_text = std::size_t{1} << 20U;  // of one variable or command

// With blanks between them.
std::string joined(const ShellWords& words);

// All words of texts, at blanks, line ends and ';'.
ShellWords split_words(const ShellWords& texts);

// A text that is read from its start to its end. Throws InputError where the text is broken.
class ShellText {
 public:
  ShellText(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  bool at_end() const { return at_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  char last() const { return at_ > 0 ? text_[at_ - 1] : '\0'; }
  char next();
  int line() const { return line_; }
  [[noreturn]] void fail(const std::string& what) const;

  // "NAME=" or "NAME+=": takes it and gives the name; empty if there is none here.
  std::string read_assigned_name(bool& appends);

  // Appends what one word of the shell becomes: several words for an array, none for an empty
  // variable without quotes. `whole`: a variable without quotes is one word, too.
  void read_word(ShellWords& out, bool whole);

  std::map<std::string, ShellWords> variables;  // an array's words, or one word

 private:
  void read_quoted(ShellWord& current, ShellWords& out);
  void read_until_tick(ShellWord& current);
  void add_expansion(ShellWord& current, bool& has, ShellWords& out, bool quoted);
  bool read_expansion(ShellWords& words, bool& is_array);
  void skip_brackets(char open, char close);
  bool expand_braces(std::string_view inside, ShellWords& words, bool& is_array);
  bool expand_default(std::string_view text, ShellWords& words);

  std::string_view text_;
  std::string file_;
  std::size_t at_ = 0;
  int line_ = 1;
  int depth_ = 0;  // of defaults inside of defaults
};

}  // namespace reckon

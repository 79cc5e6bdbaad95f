// A shell script or argument list, read without running it. Variables and arrays that the file sets
// are put in where it uses them; conditions are followed where the file's own variables decide
// them.
#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "planner/import/megatron_arguments.hpp"
#include "planner/import/shell_text.hpp"

namespace reckon {
namespace {

bool is_blank(char letter) { return letter == ' ' || letter == '\t' || letter == '\r'; }

// What `if` says: a part of the file that counts, or not, or that the environment decides.
enum class Branch { taken, not_taken, unknown };
struct Frame {
  Branch now;
  bool some_taken;    // one of its branches counts already
  bool some_unknown;  // or may count
};

class Script {
 public:
  Script(std::string_view text, std::string file) : in_(text, std::move(file)) {}

  void read() {
    while (!in_.at_end()) {
      if (!read_statement_part()) end_statement();
    }
    end_statement();
  }

  ShellWords command() const;
  std::vector<Ignored> skipped;

 private:
  bool active() const {
    return std::all_of(frames_.begin(), frames_.end(),
                       [](const Frame& frame) { return frame.now == Branch::taken; });
  }

  // Takes one word, assignment or separator of a statement; false at the statement's end.
  bool read_statement_part() {
    const char letter = in_.peek();
    if (is_blank(letter)) {
      in_.next();
    } else if (letter == '\\' && in_.peek(1) == '\n') {
      in_.next();
      in_.next();
    } else if (letter == '#') {
      while (!in_.at_end() && in_.peek() != '\n') in_.next();
    } else if (letter == '<' || letter == '>') {
      skip_redirection();
    } else if (letter == '\n' || letter == ';' || letter == '&' || letter == '|' || letter == '(' ||
               letter == ')') {
      in_.next();
      return false;
    } else if (!read_assignment()) {
      in_.read_word(statement_, false);
      if (is_opening_word()) return false;
    }
    return true;
  }

  // "then", "else", "do" and "{" are statements of their own, whatever follows in the line.
  bool is_opening_word() const {
    if (statement_.size() != 1) return false;
    const std::string& word = statement_[0].first;
    return word == "then" || word == "else" || word == "do" || word == "{";
  }

  // ">file", "2>&1", "<<EOF": the word behind it is no argument.
  void skip_redirection() {
    const bool numbered = std::isdigit(static_cast<unsigned char>(in_.last())) != 0;
    if (numbered && !statement_.empty() && statement_.back().first.size() == 1) {
      statement_.pop_back();
    }
    while (in_.peek() == '<' || in_.peek() == '>' || in_.peek() == '&' || in_.peek() == '-')
      in_.next();
    while (is_blank(in_.peek())) in_.next();
    ShellWords dropped;
    in_.read_word(dropped, false);
  }

  // "NAME=value", "NAME+=(a b)", with or without "export" in front.
  bool read_assignment() {
    const bool exported = statement_.size() == 1 && statement_[0].first == "export";
    if (!statement_.empty() && !exported) return false;
    bool appends = false;
    const std::string name = in_.read_assigned_name(appends);
    if (name.empty()) return false;
    ShellWords value;
    if (in_.peek() == '(') {
      read_array(value);
    } else if (!is_blank(in_.peek()) && in_.peek() != '\n' && in_.peek() != ';' && !in_.at_end()) {
      in_.read_word(value, true);
      value = {{joined(value), in_.line()}};
    }
    statement_.clear();
    assign(name, value, appends);
    return true;
  }

  void read_array(ShellWords& value) {
    in_.next();
    while (!in_.at_end() && in_.peek() != ')') {
      if (is_blank(in_.peek()) || in_.peek() == '\n' ||
          (in_.peek() == '\\' && in_.peek(1) == '\n')) {
        in_.next();
      } else if (in_.peek() == '#') {
        while (!in_.at_end() && in_.peek() != '\n') in_.next();
      } else {
        const std::size_t before = value.size();
        const char first = in_.peek();
        in_.read_word(value, false);
        const bool ends_words = std::string_view(";&|()<>").find(first) != std::string_view::npos;
        if (ends_words && value.size() == before && !in_.at_end()) in_.next();
      }
    }
    if (in_.at_end()) in_.fail("an array without its closing bracket");
    in_.next();
  }

  void assign(const std::string& name, const ShellWords& value, bool appends) {
    if (!active()) {
      skip(value);
      return;
    }
    ShellWords& variable = in_.variables[name];
    if (!appends) variable.clear();
    variable.insert(variable.end(), value.begin(), value.end());
    if (joined(variable).size() > most_shell_text)
      in_.fail("the value of " + printable(name) + " is too long");
  }

  // Flags of a branch that the environment decides are worth a word; those of a branch that is
  // decided are not.
  void skip(const ShellWords& words) {
    const bool undecided = std::none_of(frames_.begin(), frames_.end(), [](const Frame& frame) {
      return frame.now == Branch::not_taken;
    });
    if (!undecided) return;
    for (const MegatronArgument& one : flags_of(words)) {
      skipped.push_back({printable(one.name), printable(one.values.front()),
                         "line " + std::to_string(one.line) +
                             ": under a condition that the file does not decide"});
    }
  }

  void end_statement() {
    ShellWords words = std::move(statement_);
    statement_.clear();
    if (words.empty()) return;
    const std::string first = words[0].first;
    if (first == "if" || first == "elif") {
      words.erase(words.begin());
      if (first == "if") frames_.push_back({Branch::unknown, false, false});
      if (!frames_.empty()) enter(condition(words));
    } else if (first == "else") {
      if (!frames_.empty()) enter(Branch::taken);
    } else if (first == "fi") {
      if (!frames_.empty()) frames_.pop_back();
    } else if (active()) {
      commands_.push_back(std::move(words));
    } else {
      skip(words);
    }
  }

  void enter(Branch wanted) {
    Frame& frame = frames_.back();
    frame.now = frame.some_taken                                ? Branch::not_taken
                : frame.some_unknown && wanted == Branch::taken ? Branch::unknown
                                                                : wanted;
    frame.some_taken = frame.some_taken || frame.now == Branch::taken;
    frame.some_unknown = frame.some_unknown || frame.now == Branch::unknown;
  }

  // [ A = B ], [ A != B ], [ -n A ], [ -z A ] of words without unknown variables.
  static Branch condition(const ShellWords& words) {
    std::vector<std::string> parts;
    for (const ShellWord& word : words) {
      const std::string& text = word.first;
      if (text.find("${") != std::string::npos || text.find("$(") != std::string::npos) {
        return Branch::unknown;
      }
      if (text != "[" && text != "]" && text != "[[" && text != "]]" && text != "test") {
        parts.push_back(text);
      }
    }
    const auto branch = [](bool holds) { return holds ? Branch::taken : Branch::not_taken; };
    if (parts.size() == 2 && parts[0] == "-n") return branch(!parts[1].empty());
    if (parts.size() == 2 && parts[0] == "-z") return branch(parts[1].empty());
    if (parts.size() != 3) return Branch::unknown;
    if (parts[1] == "=" || parts[1] == "==" || parts[1] == "-eq") {
      return branch(parts[0] == parts[2]);
    }
    if (parts[1] == "!=" || parts[1] == "-ne") return branch(parts[0] != parts[2]);
    return Branch::unknown;
  }

  ShellText in_;
  std::vector<Frame> frames_;
  ShellWords statement_;
  std::vector<ShellWords> commands_;
};

std::size_t flags_in(const ShellWords& words) {
  return static_cast<std::size_t>(
      std::count_if(words.begin(), words.end(),
                    [](const ShellWord& word) { return word.first.starts_with("--"); }));
}

// The command with the most flags; else a variable that holds such a command; else all flags of
// the file, which is a list of arguments then.
ShellWords Script::command() const {
  ShellWords best;
  for (const ShellWords& words : commands_) {
    if (flags_in(words) > flags_in(best) && !words[0].first.starts_with("--")) best = words;
  }
  const auto runs_program = [](const ShellWords& words) {
    return std::any_of(words.begin(), words.end(),
                       [](const ShellWord& word) { return word.first.ends_with(".py"); });
  };
  if (runs_program(best)) return best;
  for (const auto& [name, value] : in_.variables) {
    ShellWords words = split_words(value);  // for sbatch or ssh
    if (runs_program(words) && flags_in(words) > 0) return words;
  }
  ShellWords all;
  for (const ShellWords& words : commands_) {
    if (words[0].first.starts_with("--")) all.insert(all.end(), words.begin(), words.end());
  }
  if (!all.empty() || !best.empty()) return all.empty() ? best : all;
  for (const auto& [name, value] : in_.variables) {
    const ShellWords words = split_words(value);
    if (!words.empty() && words[0].first.starts_with("--")) {
      all.insert(all.end(), words.begin(), words.end());
    }
  }
  return all;
}

}  // namespace

MegatronArguments parse_megatron_script(std::string_view text, const std::string& file_name) {
  Script script(text, file_name);
  script.read();
  ShellWords words = script.command();
  MegatronArguments result;
  const auto program = std::find_if(words.begin(), words.end(), [](const ShellWord& word) {
    return word.first.ends_with(".py");
  });
  if (program != words.end()) {
    result.launcher = flags_of({words.begin(), program});
    words.erase(words.begin(), program + 1);
  }
  result.list = flags_of(words);
  result.skipped = std::move(script.skipped);
  return result;
}

}  // namespace reckon

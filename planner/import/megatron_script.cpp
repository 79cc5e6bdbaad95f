// A shell script or argument list, read without running it. Variables and arrays that the file sets
// are put in where it uses them; conditions are followed where the file's own variables decide
// them.
#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "planner/import/megatron_arguments.hpp"

namespace reckon {
namespace {

using Word = std::pair<std::string, int>;  // and its line
using Words = std::vector<Word>;

constexpr std::size_t most_text = std::size_t{1} << 20U;  // of one variable or command
constexpr int deepest = 20;

bool is_name_letter(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}
bool is_blank(char letter) { return letter == ' ' || letter == '\t' || letter == '\r'; }

std::string joined(const Words& words) {
  std::string text;
  for (const Word& word : words) {
    if (!text.empty()) text += ' ';
    text += word.first;
  }
  return text;
}

// What `if` says: a part of the file that counts, or not, or that the environment decides.
enum class Branch { taken, not_taken, unknown };
struct Frame {
  Branch now;
  bool some_taken;    // one of its branches counts already
  bool some_unknown;  // or may count
};

class Script {
 public:
  Script(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  void read() {
    while (at_ < text_.size()) {
      if (!read_statement_part()) end_statement();
    }
    end_statement();
  }

  Words command() const;
  std::vector<Ignored> skipped;

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError({{file_, line_, 0, "", what}});
  }

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  char next() {
    const char letter = text_[at_++];
    if (letter == '\n') ++line_;
    return letter;
  }

  bool active() const {
    return std::all_of(frames_.begin(), frames_.end(),
                       [](const Frame& frame) { return frame.now == Branch::taken; });
  }

  // Takes one word, assignment or separator of a statement; false at the statement's end.
  bool read_statement_part() {
    const char letter = peek();
    if (is_blank(letter)) {
      next();
    } else if (letter == '\\' && peek(1) == '\n') {
      next();
      next();
    } else if (letter == '#') {
      while (at_ < text_.size() && peek() != '\n') next();
    } else if (letter == '<' || letter == '>') {
      skip_redirection();
    } else if (letter == '\n' || letter == ';' || letter == '&' || letter == '|' || letter == '(' ||
               letter == ')') {
      next();
      return false;
    } else if (!read_assignment()) {
      read_word(statement_, false);
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
    const bool numbered = at_ > 0 && std::isdigit(static_cast<unsigned char>(text_[at_ - 1])) != 0;
    if (numbered && !statement_.empty() && statement_.back().first.size() == 1) {
      statement_.pop_back();
    }
    while (peek() == '<' || peek() == '>' || peek() == '&' || peek() == '-') next();
    while (is_blank(peek())) next();
    Words dropped;
    read_word(dropped, false);
  }

  // "NAME=value", "NAME+=(a b)", with or without "export" in front.
  bool read_assignment() {
    const bool exported = statement_.size() == 1 && statement_[0].first == "export";
    if (!statement_.empty() && !exported) return false;
    std::size_t end = at_;
    while (end < text_.size() && is_name_letter(text_[end])) ++end;
    if (end == at_ || std::isdigit(static_cast<unsigned char>(text_[at_])) != 0) return false;
    const bool appends = end + 1 < text_.size() && text_[end] == '+' && text_[end + 1] == '=';
    if (!appends && (end >= text_.size() || text_[end] != '=')) return false;
    const std::string name(text_.substr(at_, end - at_));
    at_ = end + (appends ? 2 : 1);
    Words value;
    if (peek() == '(') {
      read_array(value);
    } else if (!is_blank(peek()) && peek() != '\n' && peek() != ';' && at_ < text_.size()) {
      read_word(value, true);
      value = {{joined(value), line_}};
    }
    statement_.clear();
    assign(name, value, appends);
    return true;
  }

  void read_array(Words& value) {
    next();
    while (at_ < text_.size() && peek() != ')') {
      if (is_blank(peek()) || peek() == '\n' || (peek() == '\\' && peek(1) == '\n')) {
        next();
      } else if (peek() == '#') {
        while (at_ < text_.size() && peek() != '\n') next();
      } else {
        const std::size_t before = at_;
        read_word(value, false);
        if (at_ == before) next();  // a letter that ends every word, like ;
      }
    }
    if (at_ >= text_.size()) fail("an array without its closing bracket");
    next();
  }

  void assign(const std::string& name, const Words& value, bool appends) {
    if (!active()) {
      skip(value);
      return;
    }
    Words& variable = variables_[name];
    if (!appends) variable.clear();
    variable.insert(variable.end(), value.begin(), value.end());
    if (joined(variable).size() > most_text)
      fail("the value of " + printable(name) + " is too long");
  }

  // Flags of a branch that the environment decides are worth a word; those of a branch that is
  // decided are not.
  void skip(const Words& words) {
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
    Words words = std::move(statement_);
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
  static Branch condition(const Words& words) {
    std::vector<std::string> parts;
    for (const Word& word : words) {
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

  // --- words
  // -------------------------------------------------------------------------------------

  // Appends what one word of the shell becomes: several words for an array, none for an empty
  // variable without quotes.
  void read_word(Words& out, bool whole) {
    Word current{{}, line_};
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
      if (current.first.size() > most_text) fail("a word is too long");
    }
    if (has) out.push_back(current);
  }

  void read_quoted(Word& current, Words& out) {
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
      if (current.first.size() > most_text) fail("a word is too long");
    }
    if (at_ >= text_.size()) fail("a quote without its end");
    next();
  }

  void read_until_tick(Word& current) {
    current.first += next();
    while (at_ < text_.size() && peek() != '`') current.first += next();
    if (at_ < text_.size()) current.first += next();
  }

  // One $...; what it stands for goes into `current`, with words in front of the last to `out`.
  void add_expansion(Word& current, bool& has, Words& out, bool quoted) {
    bool is_array = false;
    Words words;
    const bool known = read_expansion(words, is_array);
    if (!known) {
      current.first += words[0].first;
      has = true;
      return;
    }
    Words pieces;
    if (is_array && quoted) {
      pieces = words;
    } else if (quoted) {
      pieces = {{joined(words), current.second}};
    } else {
      split(words, pieces);
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
    if (out.size() > most_text / 8) fail("a command is too long");
  }

  static void split(const Words& words, Words& pieces) {
    for (const auto& [text, line] : words) {
      std::size_t at = text.find_first_not_of(" \t\n");
      while (at != std::string::npos) {
        const std::size_t end = std::min(text.find_first_of(" \t\n", at), text.size());
        pieces.emplace_back(text.substr(at, end - at), line);
        at = text.find_first_not_of(" \t\n", end);
      }
    }
  }

  // False and the text itself where the file does not say what it stands for.
  bool read_expansion(Words& words, bool& is_array) {
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
    if (const auto found = variables_.find(name); found != variables_.end()) {
      words = found->second;
      return true;
    }
    words = {{name.empty() ? "$" : "${" + name + "}", line_}};
    return false;
  }

  void skip_brackets(char open, char close) {
    int depth = 0;
    while (at_ < text_.size()) {
      const char letter = next();
      if (letter == open) ++depth;
      if (letter == close && --depth == 0) return;
    }
    fail(std::string("a ") + open + " without its " + close);
  }

  // NAME, NAME[@], NAME:-default, NAME-default, NAME:=default.
  bool expand_braces(std::string_view inside, Words& words, bool& is_array) {
    std::size_t end = 0;
    while (end < inside.size() && is_name_letter(inside[end])) ++end;
    const std::string name(inside.substr(0, end));
    std::string_view rest = inside.substr(end);
    if (rest.starts_with("[@]") || rest.starts_with("[*]")) {
      is_array = rest[1] == '@';
      rest.remove_prefix(3);
    }
    const auto found = variables_.find(name);
    if (found != variables_.end() && (rest.empty() || !joined(found->second).empty())) {
      words = found->second;
      return rest.empty() || rest[0] == ':' || rest[0] == '-';
    }
    const std::size_t skip_to = rest.starts_with(":-") || rest.starts_with(":=") ? 2
                                : rest.starts_with("-")                          ? 1
                                                                                 : 0;
    if (skip_to == 0) return false;
    return expand_default(rest.substr(skip_to), words);
  }

  bool expand_default(std::string_view text, Words& words) {
    if (depth_ >= deepest) fail("defaults inside of defaults, too deep");
    Script inner(text, file_);
    inner.variables_ = variables_;
    inner.depth_ = depth_ + 1;
    inner.line_ = line_;
    Words parts;
    while (inner.at_ < text.size()) {
      const std::size_t before = inner.at_;
      inner.read_word(parts, true);
      if (inner.at_ == before) inner.next();
    }
    words = {{joined(parts), line_}};
    return true;
  }

  std::string_view text_;
  std::string file_;
  std::size_t at_ = 0;
  int line_ = 1;
  int depth_ = 0;
  std::map<std::string, Words> variables_;
  std::vector<Frame> frames_;
  Words statement_;
  std::vector<Words> commands_;
};

std::size_t flags_in(const Words& words) {
  return static_cast<std::size_t>(std::count_if(
      words.begin(), words.end(), [](const Word& word) { return word.first.starts_with("--"); }));
}

// A command that a variable holds as text ("python pretrain_gpt.py --a 1", for sbatch or ssh).
Words command_in_text(const Words& value) {
  Words words;
  for (const auto& [text, line] : value) {
    std::size_t at = text.find_first_not_of(" \t\n;");
    while (at != std::string::npos) {
      const std::size_t end = std::min(text.find_first_of(" \t\n;", at), text.size());
      words.emplace_back(text.substr(at, end - at), line);
      at = text.find_first_not_of(" \t\n;", end);
    }
  }
  return words;
}

// The command with the most flags; else a variable that holds such a command; else all flags of
// the file, which is a list of arguments then.
Words Script::command() const {
  Words best;
  for (const Words& words : commands_) {
    if (flags_in(words) > flags_in(best) && !words[0].first.starts_with("--")) best = words;
  }
  const auto runs_program = [](const Words& words) {
    return std::any_of(words.begin(), words.end(),
                       [](const Word& word) { return word.first.ends_with(".py"); });
  };
  if (runs_program(best)) return best;
  for (const auto& [name, value] : variables_) {
    const Words words = command_in_text(value);
    if (runs_program(words) && flags_in(words) > 0) return words;
  }
  Words all;
  for (const Words& words : commands_) {
    if (words[0].first.starts_with("--")) all.insert(all.end(), words.begin(), words.end());
  }
  if (!all.empty() || !best.empty()) return all.empty() ? best : all;
  for (const auto& [name, value] : variables_) {
    Words words;
    split(value, words);
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
  Words words = script.command();
  MegatronArguments result;
  const auto program = std::find_if(words.begin(), words.end(),
                                    [](const Word& word) { return word.first.ends_with(".py"); });
  if (program != words.end()) {
    result.launcher = flags_of({words.begin(), program});
    words.erase(words.begin(), program + 1);
  }
  result.list = flags_of(words);
  result.skipped = std::move(script.skipped);
  return result;
}

}  // namespace reckon

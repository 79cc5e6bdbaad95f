// expression = term {"+" term}; term = factor {"*" number}; factor = "[" numbers "]" | "("
// expression ")". A number may also stand in front: 3*[1].
#include <cctype>
#include <charconv>
#include <stdexcept>
#include <string>

#include "planner/import/megatron_arguments.hpp"

namespace reckon {
namespace {

constexpr std::size_t most_numbers = 100000;
constexpr int deepest = 50;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::vector<int> all() {
    std::vector<int> list = expression(0);
    if (peek() != '\0') fail();
    return list;
  }

 private:
  [[noreturn]] void fail() const {
    throw std::invalid_argument("is no list expression; give one like [0]*3+[1]*58");
  }
  [[noreturn]] void too_long() const {
    throw std::invalid_argument("makes a list of more than 100000 numbers");
  }

  char peek() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  int number() {
    peek();
    int value = 0;
    const char* const first = text_.data() + at_;
    const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) fail();
    at_ += static_cast<std::size_t>(end - first);
    return value;
  }

  std::vector<int> expression(int depth) {
    if (depth > deepest) fail();
    std::vector<int> list = term(depth);
    while (take('+')) {
      const std::vector<int> more = term(depth);
      if (list.size() + more.size() > most_numbers) too_long();
      list.insert(list.end(), more.begin(), more.end());
    }
    return list;
  }

  std::vector<int> term(int depth) {
    if (std::isdigit(static_cast<unsigned char>(peek())) != 0) {
      const int times = number();
      if (!take('*')) fail();
      return repeated(factor(depth), times);
    }
    std::vector<int> list = factor(depth);
    while (take('*')) list = repeated(list, number());
    return list;
  }

  std::vector<int> factor(int depth) {
    std::vector<int> list;
    if (take('(')) {
      list = expression(depth + 1);
      if (!take(')')) fail();
      return list;
    }
    if (!take('[')) fail();
    if (take(']')) return list;
    do {
      if (peek() == ']') break;  // Python takes a trailing comma
      list.push_back(number());
      if (list.size() > most_numbers) too_long();
    } while (take(','));
    if (!take(']')) fail();
    return list;
  }

  std::vector<int> repeated(const std::vector<int>& list, int times) const {
    if (list.size() * static_cast<std::size_t>(times) > most_numbers) too_long();
    std::vector<int> result;
    for (int i = 0; i < times && !list.empty(); ++i) {
      result.insert(result.end(), list.begin(), list.end());
    }
    return result;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<int> list_expression(std::string_view text) { return Parser(text).all(); }

}  // namespace reckon

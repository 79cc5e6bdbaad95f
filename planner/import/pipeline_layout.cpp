// sequence = {item ["*" number]}; item = letter | "|" | "(" sequence ")". Commas and blanks mean
// nothing.
#include "planner/import/pipeline_layout.hpp"

#include <charconv>
#include <stdexcept>
#include <string>

namespace reckon {
namespace {

constexpr std::size_t most_letters = 100000;
constexpr int deepest = 50;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::string all() {
    std::string letters = sequence(0);
    if (at_ < text_.size()) throw std::invalid_argument("a ) without its (");
    return letters;
  }

 private:
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ',' || text_[at_] == ' ')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  std::string sequence(int depth) {
    if (depth > deepest) throw std::invalid_argument("too many brackets");
    std::string letters;
    while (peek() != '\0' && peek() != ')') {
      const std::string item = one_item(depth);
      std::size_t times = 1;
      while (peek() == '*') times *= number();
      if (letters.size() + item.size() * times > most_letters) {
        throw std::invalid_argument("more than 100000 layers and stages");
      }
      for (std::size_t i = 0; i < times && !item.empty(); ++i) letters += item;
    }
    return letters;
  }

  std::string one_item(int depth) {
    const char letter = peek();
    ++at_;
    if (letter == '(') {
      std::string letters = sequence(depth + 1);
      if (peek() != ')') throw std::invalid_argument("a ( without its )");
      ++at_;
      return letters;
    }
    if (std::string_view("EtmL|").find(letter) == std::string_view::npos) {
      throw std::invalid_argument(
          "unknown letters; there are E, t, m, L, | and ( ) * with numbers");
    }
    return std::string(1, letter);
  }

  std::size_t number() {
    ++at_;
    peek();
    std::size_t value = 0;
    const char* const first = text_.data() + at_;
    const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
    if (error != std::errc() || value > most_letters) {
      throw std::invalid_argument("a * without a number of repetitions");
    }
    at_ += static_cast<std::size_t>(end - first);
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<LayoutStage> pipeline_layout(std::string_view text) {
  std::vector<LayoutStage> stages(1);
  for (const char letter : Parser(text).all()) {
    LayoutStage& stage = stages.back();
    if (letter == '|') stages.emplace_back();
    if (letter == 'E') stage.embedding = true;
    if (letter == 't') ++stage.layers;
    if (letter == 'm') ++stage.mtp_layers;
    if (letter == 'L') stage.loss = true;
  }
  return stages;
}

}  // namespace reckon

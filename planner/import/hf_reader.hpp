// The keys of a Hugging Face config.json, taken one by one; what is left over at the end has to be
// known as harmless.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "planner/import/import_report.hpp"
#include "planner/spec/json_document.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {

class HfReader {
 public:
  // The keys of the root and, before them, those of its member "text_config" if it has one.
  HfReader(const Document& document, ImportReport& report);

  bool has(std::string_view key) const;  // with a value other than null

  // Each takes a key, logs it under our `field`, and reports a value of the wrong type or below
  // `least`. A key that is absent or null is a problem, but with a default. Keys are literals.
  int integer(std::string_view key, std::string_view field, int least = 0);
  int integer_or(std::string_view key, std::string_view field, int otherwise);
  bool flag_or(std::string_view key, std::string_view field, bool otherwise);
  std::string word(std::string_view key, std::string_view field);
  std::string word_or(std::string_view key, std::string_view field, std::string_view otherwise);
  // Empty if the key is absent or null, or if it is no list of such elements (a problem).
  std::vector<int> integers(std::string_view key, std::string_view field);
  std::vector<std::string> words(std::string_view key, std::string_view field);

  // Logs a value that follows from others than its own key.
  void derived(std::string_view from, std::string_view field, std::string value);
  void derived(std::string_view from, std::string_view field, int value);

  // Marks a key as taken without effect on the model, for a reason.
  void ignore(std::string_view key, std::string reason);

  void problem(std::string_view key, std::string message);
  const std::vector<Problem>& problems() const { return problems_; }

  // Every key that nobody took: into the report if it is known, else a problem. Puts the problems
  // into the order of the text.
  void finish();

 private:
  struct Entry {
    std::string_view key;
    const JsonNode* node;
    std::size_t key_offset;
    bool nested;
    bool taken;
  };

  void add(const JsonNode::Object& members, bool nested);
  Entry* find(std::string_view key);
  const Entry* find(std::string_view key) const;
  const JsonNode* take(std::string_view key);
  std::string text(const JsonNode& node) const;
  void log(std::string_view key, const JsonNode* node, std::string_view field, std::string value);
  void wrong_type(std::string_view key, const JsonNode& node, std::string_view expected);
  static std::string pointer(const Entry& entry);
  static std::string name_of(const Entry& entry);

  const Document& document_;
  ImportReport& report_;
  std::vector<Entry> entries_;
  std::vector<std::string_view> asked_;  // keys that the model type can have
  std::vector<Problem> problems_;
};

}  // namespace reckon

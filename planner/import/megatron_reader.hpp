// Megatron-LM's arguments, taken one by one; what is left over at the end has to be known as
// without effect on time and memory.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "planner/import/import_report.hpp"
#include "planner/import/megatron_arguments.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {

class MegatronReader {
 public:
  MegatronReader(const MegatronArguments& arguments, std::string file, ImportReport& report);

  // Given, and neither None nor False.
  bool has(std::string_view name) const;

  // Each takes an argument and logs it under our `field`; a value that is none of the type is a
  // problem. Names are literals.
  std::optional<int> integer(std::string_view name, std::string_view field, int least = 0);
  int integer_or(std::string_view name, std::string_view field, int otherwise, int least = 0);
  bool flag(std::string_view name, std::string_view field, std::string_view value = "true");
  // A flag that a dump has as True or False and a script only as its opposite.
  std::optional<bool> toggle(std::string_view name, std::string_view field);
  std::optional<double> number(std::string_view name, std::string_view field);
  std::string word_or(std::string_view name, std::string_view field, std::string_view otherwise);
  std::vector<std::string> words(std::string_view name, std::string_view field);

  // Logs a value that follows from others than its own argument.
  void derived(std::string_view from, std::string_view field, std::string value);
  void derived(std::string_view from, std::string_view field, int value);

  void ignore(std::string_view name, std::string reason);
  void problem(std::string_view name, std::string message);
  std::vector<Problem>& problems() { return problems_; }

  // Every argument that nobody took: into the report if it is off or known to be without effect,
  // else a problem. Puts the problems into the order of the file.
  void finish();

 private:
  struct Entry {
    const MegatronArgument* argument;
    bool taken = false;
  };

  Entry* find(std::string_view name);
  const Entry* find(std::string_view name) const;
  bool is_off(const MegatronArgument& argument) const;
  const MegatronArgument* take(std::string_view name);
  void log(std::string_view name, const MegatronArgument* argument, std::string_view field,
           std::string value);

  std::string file_;
  ImportReport& report_;
  bool is_dump_;  // of all arguments, whether or not they were given
  std::vector<Entry> entries_;
  std::vector<std::string_view> asked_;
  std::vector<Problem> problems_;
};

// "--num-layers" of "num_layers".
std::string as_flag(std::string_view name);

}  // namespace reckon

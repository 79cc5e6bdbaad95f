// Megatron-LM's arguments out of what carries them: a shell script or argument list, a YAML file
// with MODEL_ARGS, or the dump that every run prints into its log. Nothing is executed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "planner/import/import_report.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {

// One argument as it was given. Dashes of the name are underscores, as in Python. A flag without a
// value is "true"; Python's None is "none".
struct MegatronArgument {
  std::string name;
  std::vector<std::string> values;
  int line = 0;  // in the file
  bool operator==(const MegatronArgument&) const = default;
};

enum class MegatronCarrier { script, yaml, log };

struct MegatronArguments {
  MegatronCarrier carrier = MegatronCarrier::script;
  std::vector<MegatronArgument> list;      // of the training program
  std::vector<MegatronArgument> launcher;  // of torchrun, in front of the program
  std::vector<Ignored> skipped;            // under conditions that the file does not decide
};

// What the text is: a log if it holds the line "---- arguments ----", YAML if one of its lines
// begins with "MODEL_ARGS:", else a script.
MegatronArguments parse_megatron(std::string_view text, const std::string& file_name);

// The three, each for its own. They throw InputError where the text is broken.
MegatronArguments parse_megatron_script(std::string_view text, const std::string& file_name);
MegatronArguments parse_megatron_yaml(std::string_view text, const std::string& file_name);
MegatronArguments parse_megatron_log(std::string_view text);

// The numbers of a Python list expression of integers: "[0]*3+[1]*58", "([1]*3+[0])*2", "[1, 0]".
// Throws std::invalid_argument with what is wrong; at most 100000 numbers.
std::vector<int> list_expression(std::string_view text);

// What is left of a word list of flags: "--a 1 --b=2" to arguments.
std::vector<MegatronArgument> flags_of(const std::vector<std::pair<std::string, int>>& words);

}  // namespace reckon

// `reckon import`: its options, from their texts to values, and what the command does.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "planner/command_line.hpp"

namespace reckon {

// As they stand on the command line.
struct ImportTexts {
  std::vector<std::string> words;
  std::string name, source, architecture;
};

struct ImportOption {
  std::string_view flag;
  std::string ImportTexts::*value;
  std::string_view type;
  std::string_view description;
};

inline constexpr std::array<ImportOption, 3> import_options{{
    {"--name", &ImportTexts::name, "NAME", "of the model; else from the file's name"},
    {"--source", &ImportTexts::source, "TEXT", "where the file is from, for the document"},
    {"--assume-arch", &ImportTexts::architecture, "TYPE",
     "hf: read the file as this model type, whatever it says"},
}};

// Problems go to `a`.
void read_import_words(const ImportTexts& texts, Arguments& a);

// Reads the file, writes the documents, and says on standard error what became of every value.
// Throws InputError.
void import_command(const Arguments& arguments);

}  // namespace reckon

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
  std::string gpus, cluster, vocabulary, output_model, output_plan;
};

struct ImportOption {
  std::string_view flag;
  std::string ImportTexts::*value;
  std::string_view type;
  std::string_view description;
  std::string_view of;  // the format that it belongs to; empty: all
};

inline constexpr std::array<ImportOption, 8> import_options{{
    {"--name", &ImportTexts::name, "NAME", "of model and plan; else from the file's name", ""},
    {"--source", &ImportTexts::source, "TEXT", "where the file is from, for the documents", ""},
    {"--assume-arch", &ImportTexts::architecture, "TYPE",
     "hf: read the file as this model type, whatever it says", "hf"},
    {"--gpus", &ImportTexts::gpus, "COUNT", "megatron: world size, if the file does not tell it",
     "megatron"},
    {"--vocabulary", &ImportTexts::vocabulary, "COUNT",
     "megatron: of the tokenizer, before Megatron-LM pads it", "megatron"},
    {"--cluster", &ImportTexts::cluster, "NAME", "megatron: cluster for the plan to name",
     "megatron"},
    {"--output-model", &ImportTexts::output_model, "FILE", "megatron: write the model document",
     "megatron"},
    {"--output-plan", &ImportTexts::output_plan, "FILE", "megatron: write the plan document",
     "megatron"},
}};

// Problems go to `a`.
void read_import_words(const ImportTexts& texts, Arguments& a);

// Reads the file, writes the documents, and says on standard error what became of every value.
// Throws InputError.
void import_command(const Arguments& arguments);

}  // namespace reckon

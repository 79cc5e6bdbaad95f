// A Hugging Face config.json to a ModelSpec. A pure parse: nothing is downloaded, no file is
// opened, no code of the model is run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "planner/import/import_report.hpp"
#include "planner/spec/model_spec.hpp"

namespace reckon {

struct HfOptions {
  std::string name{};          // of the model; empty: from the file's name
  std::string source{};        // where the file is from; empty: that it was imported
  std::string architecture{};  // model type in place of the file's own
};

struct HfImport {
  ModelSpec model;
  ImportReport report;
};

// Throws InputError with every problem: not JSON, a model type without a reader, keys that are
// missing, wrong or unknown, and what ModelSpec cannot express.
HfImport import_hf(std::string_view text, const std::string& file_name, const HfOptions& options);

// The model types that have a reader, in alphabetical order.
std::vector<std::string_view> hf_model_types();

}  // namespace reckon

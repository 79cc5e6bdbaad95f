// Megatron-LM's arguments to a model and a plan.
#pragma once

#include <string>
#include <string_view>

#include "planner/import/import_report.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"

namespace reckon {

struct MegatronOptions {
  std::string name{};     // of plan and model; empty: from the file's name
  std::string source{};   // where the file is from
  std::string cluster{};  // for the plan to name
  int gpus = 0;           // world size; 0: what the file says
  int vocabulary = 0;     // 0: what the file says; a tokenizer's name alone does not always
};

struct MegatronImport {
  ModelSpec model;
  Plan plan;
  ImportReport report;
};

// Throws InputError with every problem: arguments that are wrong, unknown or that a plan cannot
// say, and a world size that nothing gives.
MegatronImport import_megatron(std::string_view text, const std::string& file_name,
                               const MegatronOptions& options);

}  // namespace reckon

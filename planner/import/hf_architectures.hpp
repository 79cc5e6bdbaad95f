// One reader for each Hugging Face model type: which of its keys are which of our fields.
#pragma once

#include <span>
#include <string_view>

#include "planner/import/hf_reader.hpp"
#include "planner/spec/model_spec.hpp"

namespace reckon {

struct HfArchitecture {
  std::string_view model_type;
  void (*read)(HfReader& in, ModelSpec& model);
};

// In alphabetical order.
std::span<const HfArchitecture> hf_architectures();

}  // namespace reckon

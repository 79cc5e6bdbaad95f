// Megatron-LM's --pipeline-model-parallel-layout: "Et*3|(tt|)*29,m|L".
#pragma once

#include <string_view>
#include <vector>

namespace reckon {

// One stage in model order: E embedding, t transformer layers, m MTP layers, L loss.
struct LayoutStage {
  bool embedding = false;
  int layers = 0;
  int mtp_layers = 0;
  bool loss = false;
  bool operator==(const LayoutStage&) const = default;
};

// Throws std::invalid_argument with what is wrong; at most 100000 letters after all repetitions.
std::vector<LayoutStage> pipeline_layout(std::string_view text);

}  // namespace reckon

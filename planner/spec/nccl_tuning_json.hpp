// Text of an "nccl/1" document to NcclTuning and back. The JSON library stays in the .cpp.
#pragma once

#include <string>
#include <string_view>

#include "planner/spec/nccl_tuning.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {

// Throws InputError with every problem of the document; `file_name` is for the messages. What is
// returned has one row for each generation and processor, so that no look-up of sim/nccl_model
// fails.
NcclTuning read_nccl_tuning(std::string_view text, const std::string& file_name);

std::string write_nccl_tuning(const NcclTuning& tuning);

}  // namespace reckon

// Text of "transport/1" and "expert_loads/1" documents to values. The JSON library stays in the
// .cpp.
#pragma once

#include <string>
#include <string_view>

#include "planner/spec/expert_transport.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {

// Each throws InputError with every problem of the document; `file_name` is for the messages.
ExpertTransport read_expert_transport(std::string_view text, const std::string& file_name);
ExpertLoadsFile read_expert_loads(std::string_view text, const std::string& file_name);

std::string write_expert_transport(const ExpertTransport& transport);
std::string write_expert_loads(const ExpertLoadsFile& file);

// JSON Schema of "transport/1" or "expert_loads/1"; empty for another name.
std::string expert_input_schema(std::string_view document);

}  // namespace reckon

// Text of an input document to its struct and back. The JSON library stays inside spec_json.cpp.
#pragma once

#include <string>
#include <string_view>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {

// Each throws InputError with every problem of the document; `file_name` is for the messages.
ModelSpec read_model(std::string_view text, const std::string& file_name);
ClusterSpec read_cluster(std::string_view text, const std::string& file_name);
DeviceProfile read_device(std::string_view text, const std::string& file_name);
Plan read_plan(std::string_view text, const std::string& file_name);

// Documents as they would be shipped: declared order, two blanks of indentation, a newline at the
// end.
std::string write_model(const ModelSpec& model);
std::string write_cluster(const ClusterSpec& cluster);
std::string write_device(const DeviceProfile& device);
std::string write_plan(const Plan& plan);

// The text of a device document with the kernel models of `device` in place of its own; all else,
// sources and notes included, stays as it was written. Precondition: read_device() takes the text.
std::string with_kernels_of(std::string_view device_text, const DeviceProfile& device);

// JSON Schema (draft-07) of "model/1", "cluster/1", "device/1" or "plan/1"; empty for another name.
std::string input_schema(std::string_view document);

}  // namespace reckon

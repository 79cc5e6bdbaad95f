// One value of an input document by its JSON pointer: told, or set as if the file had said so.
#pragma once

#include <string>
#include <string_view>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"

namespace reckon {

// The value at `pointer` ("/parallelism/tensor_parallel") as JSON text. Throws InputError for a
// pointer that names nothing, with what there is instead. `name` is for the message ("plan").
std::string value_at(const ModelSpec& model, std::string_view pointer, const std::string& name);
std::string value_at(const ClusterSpec& cluster, std::string_view pointer, const std::string& name);
std::string value_at(const DeviceProfile& device, std::string_view pointer,
                     const std::string& name);
std::string value_at(const Plan& plan, std::string_view pointer, const std::string& name);

// The document with another value at `pointer`, read like any file: the same limits, the same
// problems. `value` is JSON; what is none is taken for a string ("dual_pipe").
ModelSpec with_value(const ModelSpec& model, std::string_view pointer, std::string_view value,
                     const std::string& name);
ClusterSpec with_value(const ClusterSpec& cluster, std::string_view pointer, std::string_view value,
                       const std::string& name);
DeviceProfile with_value(const DeviceProfile& device, std::string_view pointer,
                         std::string_view value, const std::string& name);
Plan with_value(const Plan& plan, std::string_view pointer, std::string_view value,
                const std::string& name);

}  // namespace reckon

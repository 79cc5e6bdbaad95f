#include "planner/spec/spec_json.hpp"

#include "planner/spec/json_document.hpp"
#include "planner/spec/json_io.hpp"
#include "planner/spec/spec_fields.hpp"

namespace reckon {
namespace {

template <class T>
T read_text(std::string_view text, const std::string& file_name, std::string_view schema) {
  return read<T>(parse_document(text, file_name), schema);
}
template <class T>
std::string write_text(const T& value, std::string_view schema) {
  return write(value, schema).dump(2) + "\n";
}

}  // namespace

ModelSpec read_model(std::string_view text, const std::string& file_name) {
  return read_text<ModelSpec>(text, file_name, "model/1");
}
ClusterSpec read_cluster(std::string_view text, const std::string& file_name) {
  return read_text<ClusterSpec>(text, file_name, "cluster/1");
}
DeviceProfile read_device(std::string_view text, const std::string& file_name) {
  return read_text<DeviceProfile>(text, file_name, "device/1");
}
Plan read_plan(std::string_view text, const std::string& file_name) {
  return read_text<Plan>(text, file_name, "plan/1");
}

std::string write_model(const ModelSpec& model) { return write_text(model, "model/1"); }
std::string write_cluster(const ClusterSpec& cluster) { return write_text(cluster, "cluster/1"); }
std::string write_device(const DeviceProfile& device) { return write_text(device, "device/1"); }
std::string write_plan(const Plan& plan) { return write_text(plan, "plan/1"); }

std::string with_kernels_of(std::string_view device_text, const DeviceProfile& device) {
  nlohmann::ordered_json document = nlohmann::ordered_json::parse(device_text);
  const nlohmann::ordered_json kernels = write(device, "device/1")["kernels"];
  if (document.contains("kernels")) {
    document["kernels"] = kernels;
    return document.dump(2) + "\n";
  }
  // The source of the whole stands last.
  nlohmann::ordered_json result;
  for (const auto& [key, value] : document.items()) {
    if (key == "source") result["kernels"] = kernels;
    result[key] = value;
  }
  if (!result.contains("kernels")) result["kernels"] = kernels;
  return result.dump(2) + "\n";
}

std::string input_schema(std::string_view document) {
  if (document == "model/1") return json_schema<ModelSpec>(document).dump(2) + "\n";
  if (document == "cluster/1") return json_schema<ClusterSpec>(document).dump(2) + "\n";
  if (document == "device/1") return json_schema<DeviceProfile>(document).dump(2) + "\n";
  if (document == "plan/1") return json_schema<Plan>(document).dump(2) + "\n";
  return {};
}

}  // namespace reckon

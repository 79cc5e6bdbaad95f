#include "planner/spec/pointer_json.hpp"

#include <utility>
#include <vector>

#include "planner/spec/json_io.hpp"
#include "planner/spec/problems.hpp"
#include "planner/spec/spec_fields.hpp"

namespace reckon {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
std::string_view schema_of();
template <>
std::string_view schema_of<ModelSpec>() {
  return "model/1";
}
template <>
std::string_view schema_of<ClusterSpec>() {
  return "cluster/1";
}
template <>
std::string_view schema_of<DeviceProfile>() {
  return "device/1";
}
template <>
std::string_view schema_of<Plan>() {
  return "plan/1";
}

// The keys between the slashes, ~1 and ~0 undone.
std::vector<std::string> keys_of(std::string_view pointer) {
  std::vector<std::string> keys;
  for (std::size_t at = 0; at < pointer.size(); ++at) {
    if (pointer[at] == '/') {
      keys.emplace_back();
    } else if (pointer[at] == '~' && at + 1 < pointer.size()) {
      keys.back() += pointer[++at] == '1' ? '/' : '~';
    } else {
      keys.back() += pointer[at];
    }
  }
  return keys;
}

[[noreturn]] void refuse(const std::string& name, std::string_view pointer, std::string message) {
  throw InputError({{name, 0, 0, printable(pointer, 200), std::move(message)}});
}

// What a value could hold instead of a key that it does not.
std::string there_are(const Json& value, const std::string& key) {
  if (value.is_array()) {
    return value.empty() ? "; the list is empty"
                         : "; the list goes from 0 to " + std::to_string(value.size() - 1);
  }
  if (!value.is_object()) return "; nothing is below this value";
  std::vector<std::string_view> known;
  for (const auto& [there, below] : value.items()) {
    if (there != "schema" && !detail::is_annotation(there)) known.push_back(there);
  }
  const std::string guess = detail::did_you_mean(key, known);
  return guess + (guess.empty() ? ";" : "") + " there are " + detail::joined(known);
}

std::size_t index_of(const std::string& key) {
  const bool is_index =
      !key.empty() && key.size() < 7 && key.find_first_not_of("0123456789") == std::string::npos;
  return is_index ? std::stoul(key) : static_cast<std::size_t>(-1);
}

// The value that the pointer names.
Json& find(Json& document, std::string_view pointer, const std::string& name) {
  if (!pointer.starts_with('/')) {
    refuse(name, pointer, "no JSON pointer; it starts with / like /parallelism/tensor_parallel");
  }
  Json* value = &document;
  for (const std::string& key : keys_of(pointer)) {
    const bool in_object = value->is_object() && value->contains(key);
    const bool in_array = value->is_array() && index_of(key) < value->size();
    if (!in_object && !in_array) {
      refuse(name, pointer, "there is no " + in_quotes(key) + there_are(*value, key));
    }
    value = in_object ? &(*value)[key] : &(*value)[index_of(key)];
  }
  return *value;
}

template <class T>
std::string text_at(const T& document, std::string_view pointer, const std::string& name) {
  Json json = write(document, schema_of<T>());
  return find(json, pointer, name).dump();
}

template <class T>
T changed(const T& document, std::string_view pointer, std::string_view value,
          const std::string& name) {
  Json json = write(document, schema_of<T>());
  Json& place = find(json, pointer, name);
  place = Json::parse(value, nullptr, false);
  if (place.is_discarded()) place = std::string(value);
  try {
    return read<T>(parse_document(json.dump(), name), schema_of<T>());
  } catch (InputError& error) {
    // Lines and columns are those of a text that nobody wrote.
    for (Problem& problem : error.problems) problem.line = problem.column = 0;
    throw InputError(std::move(error.problems));
  }
}

}  // namespace

std::string value_at(const ModelSpec& model, std::string_view pointer, const std::string& name) {
  return text_at(model, pointer, name);
}
std::string value_at(const ClusterSpec& cluster, std::string_view pointer,
                     const std::string& name) {
  return text_at(cluster, pointer, name);
}
std::string value_at(const DeviceProfile& device, std::string_view pointer,
                     const std::string& name) {
  return text_at(device, pointer, name);
}
std::string value_at(const Plan& plan, std::string_view pointer, const std::string& name) {
  return text_at(plan, pointer, name);
}

ModelSpec with_value(const ModelSpec& model, std::string_view pointer, std::string_view value,
                     const std::string& name) {
  return changed(model, pointer, value, name);
}
ClusterSpec with_value(const ClusterSpec& cluster, std::string_view pointer, std::string_view value,
                       const std::string& name) {
  return changed(cluster, pointer, value, name);
}
DeviceProfile with_value(const DeviceProfile& device, std::string_view pointer,
                         std::string_view value, const std::string& name) {
  return changed(device, pointer, value, name);
}
Plan with_value(const Plan& plan, std::string_view pointer, std::string_view value,
                const std::string& name) {
  return changed(plan, pointer, value, name);
}

}  // namespace reckon

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "planner/import/megatron_arguments.hpp"

namespace reckon {
namespace {

[[noreturn]] void fail(const std::string& file, const YAML::Mark& mark, const std::string& what) {
  const bool known = !mark.is_null();
  throw InputError({{file, known ? mark.line + 1 : 0, known ? mark.column + 1 : 0, "", what}});
}

std::vector<std::string> values_of(const YAML::Node& node) {
  if (node.IsNull()) return {"none"};
  if (node.IsSequence()) {
    std::vector<std::string> values;
    for (const YAML::Node& element : node) {
      values.push_back(element.IsScalar() ? element.Scalar() : "?");
    }
    return values;
  }
  if (!node.IsScalar()) return {"?"};
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return {text};  // in quotes
  if (text == "true" || text == "True") return {"true"};
  if (text == "false" || text == "False") return {"false"};
  // "--recompute-modules: mlp moe" is two words for the program.
  std::vector<std::string> values;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = text.find_first_not_of(" \n\t", at);
    if (start == std::string::npos) break;
    const std::size_t end = std::min(text.find_first_of(" \n\t", start), text.size());
    values.push_back(text.substr(start, end - start));
    at = end;
  }
  return values;
}

}  // namespace

MegatronArguments parse_megatron_yaml(std::string_view text, const std::string& file_name) {
  MegatronArguments result;
  result.carrier = MegatronCarrier::yaml;
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    const YAML::Node arguments = root["MODEL_ARGS"];
    if (!arguments.IsMap()) fail(file_name, arguments.Mark(), "MODEL_ARGS: expected a mapping");
    for (const auto& item : root) {
      const std::string key = item.first.Scalar();
      if (key != "MODEL_ARGS") result.skipped.push_back({printable(key), "", "not MODEL_ARGS"});
    }
    for (const auto& item : arguments) {
      std::string name = item.first.Scalar();
      name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
      std::replace(name.begin(), name.end(), '-', '_');
      result.list.push_back({name, values_of(item.second), item.first.Mark().line + 1});
    }
  } catch (const YAML::Exception& error) {
    fail(file_name, error.mark, "no YAML: " + printable(error.msg, 200));
  }
  return result;
}

}  // namespace reckon

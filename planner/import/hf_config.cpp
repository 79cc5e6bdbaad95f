#include "planner/import/hf_config.hpp"

#include <algorithm>
#include <utility>

#include "planner/import/checked_documents.hpp"
#include "planner/import/hf_architectures.hpp"
#include "planner/import/hf_reader.hpp"
#include "planner/spec/json_document.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {
namespace {

std::string listed(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

const HfArchitecture* find_architecture(const std::string& type) {
  const auto all = hf_architectures();
  const auto found = std::find_if(all.begin(), all.end(), [&type](const HfArchitecture& one) {
    return one.model_type == type;
  });
  return found != all.end() ? &*found : nullptr;
}

std::string unknown_type(const std::string& type) {
  const std::vector<std::string_view> known = hf_model_types();
  const auto near = closest(type, known);
  return "unknown model type " + in_quotes(type) + "; " +
         (near ? "did you mean \"" + std::string(*near) + "\"? " : std::string()) + "there are " +
         listed(known) + "; --assume-arch NAME reads the file as one of these";
}

}  // namespace

std::vector<std::string_view> hf_model_types() {
  std::vector<std::string_view> types;
  for (const HfArchitecture& one : hf_architectures()) types.push_back(one.model_type);
  return types;
}

HfImport import_hf(std::string_view text, const std::string& file_name, const HfOptions& options) {
  const Document document = parse_document(text, file_name);
  HfImport result;
  result.report.format = "hf";
  result.report.file = name_of_file(file_name);
  HfReader reader(document, result.report);
  if (!reader.problems().empty()) throw InputError(reader.problems());
  std::string type = options.architecture;
  if (type.empty()) {
    type = reader.word("model_type", "architecture");
  } else {
    reader.ignore("model_type", "--assume-arch stands in its place");
    reader.derived("--assume-arch", "architecture", type);
  }
  const HfArchitecture* architecture = find_architecture(type);
  if (architecture == nullptr) {
    if (reader.problems().empty()) {
      if (!options.architecture.empty()) {
        throw InputError({{"--assume-arch", 0, 0, "", unknown_type(type)}});
      }
      reader.problem("model_type", unknown_type(type));
    }
    throw InputError(reader.problems());
  }
  result.report.carrier = type;
  architecture->read(reader, result.model);
  reader.finish();
  if (!reader.problems().empty()) throw InputError(reader.problems());
  result.model.name = options.name.empty() ? name_of_import(file_name, type) : options.name;
  result.model.source = !options.source.empty()
                            ? options.source
                            : "imported by reckon from a Hugging Face config.json";
  check_document(result.model, file_name);
  return result;
}

}  // namespace reckon

#include "planner/import/hf_config.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "planner/import/hf_architectures.hpp"
#include "planner/import/hf_reader.hpp"
#include "planner/spec/json_document.hpp"
#include "planner/spec/problems.hpp"
#include "planner/spec/spec_json.hpp"

namespace reckon {
namespace {

// "models/openai--gpt-oss-20b.json" -> "gpt-oss-20b"; a plain config.json says nothing.
std::string name_of_file(const std::string& file, const std::string& otherwise) {
  std::string name = file.substr(file.find_last_of('/') + 1);
  if (name.ends_with(".json")) name.resize(name.size() - 5);
  if (const std::size_t owner = name.find("--"); owner != std::string::npos) {
    name.erase(0, owner + 2);
  }
  for (char& letter : name)
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return name.empty() || name == "config" || name == "-" ? otherwise : printable(name);
}

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

// The limits of model/1, which are those of every model that reckon reads.
void check_limits(const ModelSpec& model, const std::string& file) {
  try {
    read_model(write_model(model), file);
  } catch (const InputError& error) {
    std::vector<Problem> problems = error.problems;
    for (Problem& problem : problems) {  // lines of a text that nobody sees
      problem.line = problem.column = 0;
      problem.message = "as model/1: " + problem.message;
    }
    throw InputError(std::move(problems));
  }
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
  result.report.file = file_name;
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
  result.model.name = options.name.empty() ? name_of_file(file_name, type) : options.name;
  result.model.source = !options.source.empty()
                            ? options.source
                            : "imported by reckon from a Hugging Face config.json";
  check_limits(result.model, file_name);
  return result;
}

}  // namespace reckon

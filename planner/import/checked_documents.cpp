#include "planner/import/checked_documents.hpp"

#include <cctype>
#include <utility>
#include <vector>

#include "planner/import/text_lines.hpp"
#include "planner/spec/problems.hpp"
#include "planner/spec/spec_json.hpp"

namespace reckon {
namespace {

// Lines of a text that nobody sees are taken off.
[[noreturn]] void fail(const InputError& error, const char* document) {
  std::vector<Problem> problems = error.problems;
  for (Problem& problem : problems) {
    problem.line = problem.column = 0;
    problem.message = "as " + std::string(document) + ": " + problem.message;
  }
  throw InputError(std::move(problems));
}

}  // namespace

std::string name_of_import(const std::string& file, const std::string& otherwise) {
  std::string name = file.substr(file.find_last_of('/') + 1);
  if (const std::size_t dot = name.rfind('.'); dot != std::string::npos && dot + 6 > name.size()) {
    name.resize(dot);  // .json, .yaml, .log, .sh
  }
  if (const std::size_t owner = name.find("--"); owner != std::string::npos) {
    name.erase(0, owner + 2);
  }
  for (char& letter : name) {
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  const bool says_nothing =
      name.empty() || name == "config" || name == "model_config" || name == "standard input";
  return says_nothing || !is_utf8(name) ? otherwise : printable(name);
}

std::string name_of_file(const std::string& file) {
  return is_utf8(file) ? printable(file, 200) : "a file";
}

void check_document(const ModelSpec& model, const std::string& file) {
  try {
    read_model(write_model(model), file);
  } catch (const InputError& error) {
    fail(error, "model/1");
  }
}

void check_document(const Plan& plan, const std::string& file) {
  try {
    read_plan(write_plan(plan), file);
  } catch (const InputError& error) {
    fail(error, "plan/1");
  }
}

}  // namespace reckon

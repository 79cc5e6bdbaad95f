// What all imports end with: a name, and documents within the limits of every other one.
#pragma once

#include <string>

#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"

namespace reckon {

// "models/openai--gpt-oss-20b.json" is "gpt-oss-20b"; a config.json says nothing but `otherwise`.
std::string name_of_import(const std::string& file, const std::string& otherwise);

// The file as a report can hold it: a name in bytes that are no text is not said.
std::string name_of_file(const std::string& file);

// Throws InputError if a document would not be read again.
void check_document(const ModelSpec& model, const std::string& file);
void check_document(const Plan& plan, const std::string& file);

}  // namespace reckon

// Files of tests/import/data, and the errors of imports.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "planner/spec/problems.hpp"

namespace reckon {

inline std::string import_data(const std::string& name) {
  std::ifstream file(RECKON_SOURCE_DIR "/tests/import/data/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

// All problems of a call, a line each; "none" without.
std::string problems_of(const auto& call) {
  try {
    call();
  } catch (const InputError& error) {
    return to_text(error.problems, 1000);
  }
  return "none";
}

}  // namespace reckon

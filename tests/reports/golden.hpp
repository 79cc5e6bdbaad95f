// Exact texts in tests/golden/reports. UPDATE_GOLDEN=1 rewrites them; the change is reviewed like
// code.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace reckon {

inline std::string read_source_file(const std::string& path) {
  std::ifstream file(std::string(RECKON_SOURCE_DIR) + "/" + path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Compares with the file at `path`, seen from the repository's root, or writes it.
inline void expect_golden(const std::string& text, const std::string& path) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream file(std::string(RECKON_SOURCE_DIR) + "/" + path, std::ios::binary);
    file << text;
    return;
  }
  EXPECT_EQ(text, read_source_file(path)) << "UPDATE_GOLDEN=1 rewrites " << path;
}

}  // namespace reckon

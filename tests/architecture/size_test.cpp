// A file that one cannot read at one sitting hides its mistakes: split it before it gets there.
#include <gtest/gtest.h>

#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

#include "tests/architecture/source_tree.hpp"

namespace reckon::architecture {
namespace {

constexpr std::size_t long_file = 400;
constexpr std::size_t longest_file = 800;

std::vector<std::string> longer_than(std::size_t limit, const std::vector<SourceFile>& files) {
  std::vector<std::string> found;
  for (const SourceFile& file : files) {
    const std::size_t lines = lines_of(file.text).size();
    if (lines > limit) found.push_back(file.path + ": " + std::to_string(lines) + " lines");
  }
  return found;
}

TEST(FileSize, NoSourceIsTooLong) {
  const std::vector<SourceFile> files = read_tree({".hpp", ".cpp", ".cu", ".cuh"});
  ASSERT_FALSE(files.empty());
  const std::vector<std::string> too_long = longer_than(longest_file, files);
  EXPECT_TRUE(too_long.empty()) << "above " << longest_file << " lines:" << join(too_long);
  const std::vector<std::string> warned = longer_than(long_file, files);
  if (!warned.empty()) std::cout << "above " << long_file << " lines:" << join(warned) << "\n";
}

TEST(FileSize, CountsLines) {
  const std::vector<SourceFile> files{{"sim/three.cpp", "a\n\nb"}, {"sim/two.cpp", "a\nb\n"}};
  EXPECT_EQ(longer_than(2, files), std::vector<std::string>{"sim/three.cpp: 3 lines"});
}

}  // namespace
}  // namespace reckon::architecture

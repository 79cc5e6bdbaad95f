// Runs a fuzz target over its corpus in builds without libFuzzer, so that an input which once
// crashed a reader stays a test on every machine.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

int run(const std::string& text) {
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  return LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

TEST(Replay, EveryCorpusFilePasses) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(RECKON_FUZZ_CORPUS)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ASSERT_FALSE(files.empty()) << "no corpus in " << RECKON_FUZZ_CORPUS;
  for (const std::filesystem::path& file : files) {
    SCOPED_TRACE(file.filename().string());
    std::ifstream stream(file, std::ios::binary);
    ASSERT_TRUE(stream.good());
    EXPECT_EQ(run(std::string(std::istreambuf_iterator<char>(stream), {})), 0);
  }
}

TEST(Replay, EmptyInputPasses) { EXPECT_EQ(run(""), 0); }

}  // namespace

// Finding shipped documents by name and opening files, and what is said when that fails.
#include "planner/catalog.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace reckon {
namespace {

namespace fs = std::filesystem;

// A folder of its own for each test, gone afterwards.
class Catalog : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() /
              ("reckon_catalog_" + std::string(info->name()) + "_" + std::to_string(::getpid()));
    fs::create_directories(folder_ / "planner/models");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write_file(const std::string& name, const std::string& text) const {
    const fs::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  std::string root() const { return folder_.string(); }

 private:
  fs::path folder_;
};

std::string message_of(const auto& call) {
  try {
    call();
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems.size(), 1u);
    return error.what();
  }
  return "no InputError";
}

TEST_F(Catalog, ListsTheJsonFilesOfAKindSorted) {
  write_file("planner/models/b.json", "{}");
  write_file("planner/models/a.json", "{}");
  write_file("planner/models/notes.txt", "");
  EXPECT_EQ(shipped_names(root(), DocumentKind::model), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(shipped_names(root(), DocumentKind::plan).empty()) << "there is no such folder";
}

TEST_F(Catalog, TakesNamesAndPaths) {
  const std::string path = write_file("planner/models/a.json", "{}");
  EXPECT_EQ(find_document(root(), DocumentKind::model, "a"), path);
  EXPECT_EQ(find_document(root(), DocumentKind::model, "./a"), "./a");
  EXPECT_EQ(find_document(root(), DocumentKind::model, "own.json"), "own.json");
}

TEST_F(Catalog, AnUnknownNameIsAnsweredWithTheNearestAndAllNames) {
  write_file("planner/models/deepseek-v3.json", "{}");
  write_file("planner/models/gpt-2.json", "{}");
  EXPECT_EQ(message_of([&] { find_document(root(), DocumentKind::model, "deepsek-v3"); }),
            "deepsek-v3: no such model; did you mean \"deepseek-v3\"? Shipped: deepseek-v3, gpt-2. "
            "A file of your own: give a path with a '/' or one that ends in .json");
  EXPECT_EQ(
      message_of([&] { find_document(root(), DocumentKind::model, ".."); }),
      "..: no such model. Shipped: deepseek-v3, gpt-2. A file of your own: give a path with a "
      "'/' or one that ends in .json");
  EXPECT_EQ(message_of([&] { find_document(root(), DocumentKind::plan, "x"); }),
            "x: no such plan; " + root() + "/planner/plans holds none");
  EXPECT_EQ(message_of([&] { find_document(root(), DocumentKind::plan, ""); }),
            "the name of a plan is empty");
}

TEST_F(Catalog, ReadsAWholeFile) {
  const std::string text("a\0b\r\n\xff", 6);
  EXPECT_EQ(read_text_file(write_file("x.json", text)), text);
}

TEST_F(Catalog, SaysWhyAFileCannotBeRead) {
  const std::string missing = root() + "/missing.json";
  EXPECT_EQ(message_of([&] { read_text_file(missing); }), missing + ": no such file");
  EXPECT_EQ(message_of([&] { read_text_file(root()); }), root() + ": is a folder; give a file");
  const std::string empty = write_file("empty.json", "");
  EXPECT_EQ(message_of([&] { read_text_file(empty); }), empty + ": is empty");
  const std::string below = empty + "/below.json";
  EXPECT_EQ(message_of([&] { read_text_file(below); }),
            below + ": cannot be opened: Not a directory");
}

TEST_F(Catalog, RefusesAFileThatIsTooLarge) {
  const std::string large = write_file("large.json", "{");
  fs::resize_file(large, (64U << 20U) + 1);
  EXPECT_EQ(message_of([&] { read_text_file(large); }), large + ": larger than 64 MiB");
  EXPECT_EQ(message_of([&] { read_text_file("/dev/zero"); }), "/dev/zero: larger than 64 MiB");
}

TEST_F(Catalog, AnUnreadableFile) {
  const std::string path = write_file("secret.json", "{}");
  fs::permissions(path, fs::perms::none);
  const bool is_root = ::geteuid() == 0;  // root may read every file: be somebody else for a moment
  ASSERT_TRUE(!is_root || ::seteuid(65534) == 0);
  const std::string message = message_of([&] { read_text_file(path); });
  ASSERT_TRUE(!is_root || ::seteuid(0) == 0);
  EXPECT_EQ(message, path + ": cannot be opened: Permission denied");
}

TEST_F(Catalog, ProblemsOfADocumentNameItsFile) {
  const std::string path = write_file("planner/models/a.json", "{\"schema\": \"model/1\"}");
  try {
    load_model(root(), "a");
    FAIL() << "no InputError";
  } catch (const InputError& error) {
    EXPECT_GT(error.problems.size(), 3u) << "every missing field is listed";
    for (const Problem& problem : error.problems) EXPECT_EQ(problem.file, path);
  }
}

TEST(ShippedCatalog, HoldsWhatTheReadmeNames) {
  const std::vector<std::string> models = shipped_names(RECKON_DATA_DIR, DocumentKind::model);
  for (const char* name :
       {"deepseek-v3", "deepseek-v2", "deepseek-v2-lite", "deepseek-moe-16b", "llama-3-8b",
        "llama-3-70b", "llama-3-405b", "mixtral-8x7b", "qwen3-235b-a22b", "gpt-3-175b"}) {
    EXPECT_TRUE(std::binary_search(models.begin(), models.end(), name)) << name;
  }
  const std::vector<std::string> clusters = shipped_names(RECKON_DATA_DIR, DocumentKind::cluster);
  for (const char* name : {"h800-2048-mpft", "h800-2048-rail", "h100-1024-dgx", "a100-1024-dgx"}) {
    EXPECT_TRUE(std::binary_search(clusters.begin(), clusters.end(), name)) << name;
  }
  EXPECT_GE(shipped_names(RECKON_DATA_DIR, DocumentKind::plan).size(), 4u);
}

}  // namespace
}  // namespace reckon

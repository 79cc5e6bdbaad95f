// Where results go: whole files, standard output, terminals; and what stops them.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/cli/run_reckon.hpp"

namespace reckon {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

const Names quick{"simulate", v3, "--effects", "none"};

Names with(const Names& more) {
  Names arguments = quick;
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// The widest line of a text without escape sequences and in UTF-8.
std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto columns = std::count_if(line.begin(), line.end(), [](char letter) {
      return (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U;
    });
    widest = std::max(widest, static_cast<std::size_t>(columns));
  }
  return widest;
}

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char letter) { return static_cast<unsigned char>(letter) < 0x80U; });
}

TEST(Output, AllFilesAtOnce) {
  const Folder folder;
  const Outcome outcome =
      folder.run(with({"--json", "r.json", "--csv", "r.csv", "--trace", "t.json"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.find("deepseek-v3 on 2,048 H800 SXM GPUs"), 0U);
  EXPECT_EQ(folder.names(), (Names{"r.csv", "r.json", "t.json"}));
  EXPECT_EQ(folder.read("r.csv").find("section,name,unit,value,provenance\r\n"), 0U);
  EXPECT_EQ(nlohmann::json::parse(folder.read("r.json")).at("schema"), "report/1");
  EXPECT_GT(nlohmann::json::parse(folder.read("t.json")).at("traceEvents").size(), 1000U);
}

TEST(Output, StandardOutput) {
  const Folder folder;
  EXPECT_EQ(folder.run(with({"--csv", "-"})).out.find("section,name,unit,value,provenance\r\n"),
            0U);
  folder.run(with({"--json", "r.json"}));
  EXPECT_EQ(folder.run(with({"--json", "-"})).out, folder.read("r.json"));
  expect_failure(folder.run(with({"--json", "-", "--csv", "-"})), 2,
                 {"--csv: - is what --json names"});
}

// A Perfetto trace is a list of packets: field 1, length-delimited.
TEST(Output, PerfettoTrace) {
  const Folder folder;
  EXPECT_EQ(folder.run(with({"--trace", "t.pftrace"})).code, 0);
  const std::string trace = folder.read("t.pftrace");
  std::size_t at = 0;
  std::size_t packets = 0;
  while (at < trace.size()) {
    ASSERT_EQ(trace[at++], '\x0a');
    std::size_t length = 0;
    for (unsigned shift = 0;; shift += 7) {
      ASSERT_LT(at, trace.size());
      const auto byte = static_cast<unsigned char>(trace[at++]);
      length |= static_cast<std::size_t>(byte & 0x7FU) << shift;
      if (byte < 0x80U) break;
    }
    at += length;
    ++packets;
  }
  EXPECT_EQ(at, trace.size());
  EXPECT_GT(packets, 1000U);
}

TEST(Output, FilesThatCannotBeWritten) {
  const Folder folder;
  fs::create_directory(folder.path("folder"));
  folder.write("file", "x");
  for (const char* option : {"--json", "--csv"}) {
    const std::string flag = option;
    expect_failure(folder.run(with({option, "none/x"})), 2,
                   {flag + ": none/x: there is no folder none"});
    expect_failure(folder.run(with({option, "folder"})), 2, {flag + ": folder: is a folder"});
    expect_failure(folder.run(with({option, "new/"})), 2, {flag + ": new/: is a folder"});
    expect_failure(folder.run(with({option, "file/x"})), 2, {"file is a file, not a folder"});
    expect_failure(folder.run(with({option, "/dev/full"})), 2,
                   {"/dev/full: cannot be written: No space left on device"});
  }
  for (const char* name : {"x.txt", "-", "trace"}) {
    expect_failure(folder.run(with({"--trace", name})), 2,
                   {"--trace: " + std::string(name) + ": give a name that ends in .pftrace"});
  }
  EXPECT_EQ(folder.names(), (Names{"file", "folder"}));
}

TEST(Output, NothingIsLostToAnotherOutputOrTheInput) {
  const Folder folder;
  folder.write("p.json", changed_plan({}));
  const std::string before = folder.read("p.json");
  expect_failure(folder.run({"simulate", "p.json", "--json", "./p.json"}), 2,
                 {"--json: ./p.json is what PLAN names; give another file"});
  expect_failure(folder.run(with({"--json", "a.json", "--trace", "./a.json"})), 2,
                 {"--trace: ./a.json is what --json names"});
  EXPECT_EQ(folder.read("p.json"), before);
  EXPECT_EQ(folder.names(), Names{"p.json"});
}

TEST(Output, ALinkStaysALinkAndAFileKeepsItsPermissions) {
  const Folder folder;
  folder.write("real.json", "old");
  folder.write("link.json.part", "of someone else");
  fs::permissions(folder.path("real.json"), fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("real.json", folder.path("link.json"));
  EXPECT_EQ(folder.run(with({"--json", "link.json"})).code, 0);
  EXPECT_TRUE(fs::is_symlink(folder.path("link.json")));
  EXPECT_EQ(folder.read("real.json").front(), '{');
  EXPECT_EQ(fs::status(folder.path("real.json")).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(folder.read("link.json.part"), "of someone else");
}

TEST(Output, AFolderThatMayNotBeWritten) {
  const Folder folder;
  if (::geteuid() == 0) {  // root may write everywhere, but no file into /sys
    expect_failure(folder.run(with({"--json", "/sys/kernel/r.json"})), 2,
                   {"/sys/kernel/r.json: cannot be written: Permission denied"});
    return;
  }
  fs::create_directory(folder.path("locked"));
  fs::permissions(folder.path("locked"), fs::perms::owner_read | fs::perms::owner_exec);
  expect_failure(folder.run(with({"--json", "locked/r.json"})), 2,
                 {"--json: locked/r.json: Permission denied in folder locked; give another"});
}

TEST(Output, StandardOutputThatIsFull) {
  const Outcome outcome = Folder().run(quick, {}, "/dev/full");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("standard output: cannot be written: No space left on device"),
            std::string::npos);
}

// Whenever the signal comes: the file is whole or not there, and no other is left.
TEST(Output, ControlCLeavesNoHalfFile) {
  const Folder folder;
  for (const int milliseconds : {5, 20, 40, 80, 160, 320}) {
    const pid_t process = folder.start({"simulate", v3, "--unfold", "--trace", "t.json"});
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    ::kill(process, SIGINT);
    const int code = wait_for(process);
    EXPECT_TRUE(code == 128 + SIGINT || code == 0) << code;
    if (fs::exists(folder.path("t.json"))) {
      EXPECT_TRUE(nlohmann::json::accept(folder.read("t.json")));
      fs::remove(folder.path("t.json"));
    }
    const Names left = folder.names();
    EXPECT_TRUE(std::all_of(left.begin(), left.end(), [](const std::string& name) {
      return name.ends_with(".part");  // where the file system has no unnamed files
    })) << left.size();
  }
}

TEST(Output, WidthOfTheText) {
  const Folder folder;
  const auto width = [&](const Names& arguments, const char* columns) {
    return widest_line(folder.run(with(arguments), {{"COLUMNS", columns}}).out);
  };
  EXPECT_EQ(width({}, ""), 100U);
  EXPECT_EQ(width({}, "nonsense"), 100U);
  EXPECT_EQ(width({}, "-5"), 100U);
  EXPECT_LE(width({}, "40"), 100U);  // tables are cut no further than their numbers
  EXPECT_GT(width({}, "300"), 100U);
  EXPECT_LE(width({}, "300"), 300U);
  EXPECT_LE(width({}, "1000000000"), 400U);
  EXPECT_EQ(width({"--width", "100"}, "300"), 100U);
}

TEST(Output, AsciiWhereItIsAskedFor) {
  const Folder folder;
  EXPECT_FALSE(is_ascii(folder.run(quick).out));
  EXPECT_FALSE(is_ascii(folder.run(quick, {{"LANG", "en_GB.UTF-8"}}).out));
  EXPECT_FALSE(is_ascii(folder.run(quick, {{"LANG", "C"}, {"LC_ALL", "C.UTF-8"}}).out));
  EXPECT_TRUE(is_ascii(folder.run(quick, {{"LANG", "C"}}).out));
  EXPECT_TRUE(is_ascii(folder.run(quick, {{"LC_ALL", "POSIX"}}).out));
  EXPECT_TRUE(is_ascii(folder.run(with({"--ascii"})).out));
}

TEST(Output, ColourOnlyWhereItIsAskedForOrSeen) {
  const Folder folder;
  const auto has_colour = [&](const Names& arguments,
                              const std::map<std::string, std::string>& environment) {
    return folder.run(with(arguments), environment).out.find('\x1b') != std::string::npos;
  };
  EXPECT_FALSE(has_colour({}, {}));  // a file is no terminal
  EXPECT_TRUE(has_colour({"--color", "always"}, {}));
  EXPECT_TRUE(has_colour({"--color", "always"}, {{"NO_COLOR", "1"}, {"TERM", "dumb"}}));
  EXPECT_FALSE(has_colour({"--color", "never"}, {}));
}

}  // namespace
}  // namespace reckon

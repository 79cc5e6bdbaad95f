#include "tests/cli/run_reckon.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace reckon {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The test's environment without what changes the program's output, and what was asked for.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  constexpr std::array<std::string_view, 6> left_out{
      "COLUMNS=", "NO_COLOR=", "TERM=", "LANG=", "LC_ALL=", "LC_CTYPE="};
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const bool keep = std::none_of(left_out.begin(), left_out.end(), [text](std::string_view name) {
      return text.starts_with(name);
    });
    if (keep) all.emplace_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

pid_t spawn(const std::string& folder, const std::vector<std::string>& arguments,
            const std::map<std::string, std::string>& environment, const std::string& out,
            const std::string& err) {
  std::vector<std::string> words{RECKON_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> settings = environment_with(environment);
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> envp = pointers(settings);
  const pid_t child = ::fork();
  if (child != 0) return child;
  constexpr int truncate = O_WRONLY | O_CREAT | O_TRUNC;
  const bool ready = ::chdir(folder.c_str()) == 0 &&
                     ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO) >= 0 &&
                     ::dup2(::open(out.c_str(), truncate, 0600), STDOUT_FILENO) >= 0 &&
                     ::dup2(::open(err.c_str(), truncate, 0600), STDERR_FILENO) >= 0;
  if (ready) ::execve(argv.front(), argv.data(), envp.data());
  ::_exit(127);
}

}  // namespace

Folder::Folder() {
  std::string pattern = (fs::temp_directory_path() / "reckon_cli_XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp: " + pattern);
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code error;
  fs::remove_all(path_, error);
}

std::string Folder::path(const std::string& name) const {
  return name.empty() ? path_ : path_ + "/" + name;
}

std::string Folder::read(const std::string& name) const { return read_file(path(name)); }

void Folder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name), std::ios::binary) << text;
}

std::vector<std::string> Folder::names() const {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(path_)) {
    all.push_back(entry.path().filename().string());
  }
  std::sort(all.begin(), all.end());
  return all;
}

Outcome Folder::run(const std::vector<std::string>& arguments,
                    const std::map<std::string, std::string>& environment,
                    const std::string& out) const {
  const Folder streams;
  const std::string out_file = out.empty() ? streams.path("out") : out;
  Outcome outcome;
  outcome.code = wait_for(spawn(path_, arguments, environment, out_file, streams.path("err")));
  if (out.empty()) outcome.out = streams.read("out");
  outcome.err = streams.read("err");
  return outcome;
}

pid_t Folder::start(const std::vector<std::string>& arguments) const {
  return spawn(path_, arguments, {}, "/dev/null", "/dev/null");
}

int wait_for(pid_t process) {
  int status = 0;
  if (::waitpid(process, &status, 0) != process) return -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string changed(const std::string& file, const Changes& changes) {
  auto document =
      nlohmann::ordered_json::parse(read_file(std::string(RECKON_SOURCE_DIR) + "/" + file));
  for (const auto& [pointer, value] : changes) {
    const nlohmann::ordered_json::json_pointer place(pointer);
    if (value.is_discarded()) {
      document.at(place.parent_pointer()).erase(place.back());
    } else {
      document[place] = value;
    }
  }
  return document.dump(1) + "\n";
}

std::string changed_plan(const Changes& changes) {
  return changed("planner/plans/" + v3 + ".json", changes);
}

void expect_failure(const Outcome& outcome, int code, const std::vector<std::string>& phrases) {
  EXPECT_EQ(outcome.code, code) << outcome.err;
  EXPECT_TRUE(outcome.out.empty()) << outcome.out.substr(0, 200);
  const std::string verdict = code == 3 ? "error: this plan cannot run (" : "error: bad input (";
  EXPECT_NE(outcome.err.find(verdict), std::string::npos) << outcome.err;
  for (const std::string& phrase : phrases) {
    EXPECT_NE(outcome.err.find(phrase), std::string::npos) << phrase << "\nis not in\n"
                                                           << outcome.err;
  }
}

nlohmann::json report_of(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  nlohmann::json report = nlohmann::json::parse(outcome.out, nullptr, false);
  EXPECT_TRUE(report.is_object());
  return report;
}

}  // namespace reckon

// The program as its user has it: a command line in a folder, what comes out of it, and how it
// ends.
#pragma once

#include <sys/types.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace reckon {

// How a run ended. A program that a signal killed has the code 128 + signal.
struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

// A new folder that goes when it is done with; the working directory of the runs in it.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  std::string path(const std::string& name = "") const;
  std::string read(const std::string& name) const;  // a missing file is empty
  void write(const std::string& name, const std::string& text) const;
  std::vector<std::string> names() const;  // sorted

  // Runs reckon here. `environment` is added to the test's own; COLUMNS, NO_COLOR and the locale of
  // the test are not handed on. `out`: a file in place of standard output.
  Outcome run(const std::vector<std::string>& arguments,
              const std::map<std::string, std::string>& environment = {},
              const std::string& out = "") const;

  // Starts reckon here and leaves it running.
  pid_t start(const std::vector<std::string>& arguments) const;

 private:
  std::string path_;
};

// The code that a process ended with, as in Outcome.
int wait_for(pid_t process);

// A shipped document with changes: each key is a JSON pointer, a discarded value removes the key.
using Changes = std::map<std::string, nlohmann::json>;
inline const nlohmann::json removed = nlohmann::json::value_t::discarded;
std::string changed(const std::string& file, const Changes& changes);

// The published DeepSeek-V3 plan with changes, as text.
std::string changed_plan(const Changes& changes);

inline const std::string v3 = "deepseek-v3-2048-h800";

// Expects that a run failed with a message that holds all the phrases, and nothing else came out.
void expect_failure(const Outcome& outcome, int code, const std::vector<std::string>& phrases);

// The report of a run with --json -; fails the test if it is none.
nlohmann::json report_of(const Outcome& outcome);

}  // namespace reckon

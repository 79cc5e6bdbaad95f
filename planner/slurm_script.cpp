#include "planner/slurm_script.hpp"

#include <fmt/format.h>

namespace reckon {
namespace {

// A word as a POSIX shell reads it back.
std::string quoted(const std::string& word) {
  const bool is_plain =
      !word.empty() && word.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                           "_-+=./,:") == std::string::npos;
  if (is_plain) return word;
  std::string result = "'";
  for (const char letter : word) {
    if (letter == '\'') {
      result += "'\\''";
    } else {
      result += letter;
    }
  }
  return result + "'";
}

// Options of the whole search that a shard does not take over.
bool belongs_to_whole(const std::string& name) {
  for (const char* option : {"--slurm", "--shards", "--shard", "--json", "--csv", "--svg",
                             "--save-dir", "--resume", "--width", "--color"}) {
    if (name == option) return true;
  }
  return false;
}

}  // namespace

std::string slurm_script(const PlanRequest& request) {
  std::string command;
  for (std::size_t i = 0; i < request.words.size(); ++i) {
    const std::string& word = request.words[i];
    const std::size_t equals = word.rfind("--", 0) == 0 ? word.find('=') : std::string::npos;
    if (belongs_to_whole(word.substr(0, equals))) {
      if (equals == std::string::npos) ++i;  // its value
      continue;
    }
    command += " " + quoted(word);
  }
  return fmt::format(
      R"(#!/bin/sh
#SBATCH --job-name=reckon-plan
#SBATCH --array=0-{0}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={1}
#SBATCH --output=reckon-plan-%a.log
# Submit with sbatch; RECKON names the program where it is not in the PATH. A job that is submitted
# again goes on from what it has simulated. When all jobs are done:
#   reckon plan merge reckon-plan-*.json
set -eu
shard=${{SLURM_ARRAY_TASK_ID:?}}
exec "${{RECKON:-reckon}}"{2} --shard "$shard/{3}" --resume "reckon-plan-$shard.sqlite" --json "reckon-plan-$shard.json"
)",
      request.shards - 1, request.threads, command, request.shards);
}

}  // namespace reckon

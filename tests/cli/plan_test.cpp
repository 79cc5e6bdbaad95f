// `reckon plan` as its user has it.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/cli/run_reckon.hpp"

namespace reckon {
namespace {

using nlohmann::json;

// A second's search: 128 GPUs' worth of choices on the shipped cluster.
std::vector<std::string> small(const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{
      "plan",    "llama-3-8b", "h100-1024-dgx", "--tokens", "1e12",
      "--batch", "1024",       "--gpus",        "512,1024", "--fix",
      "tp=1,2",  "--fix",      "cp=1",          "--fix",    "recompute=none,full"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

json document(const Folder& folder, const std::string& name) {
  return json::parse(folder.read(name), nullptr, false);
}

TEST(Plan, RanksPlansAndDrawsTheFront) {
  const Folder folder;
  const Outcome outcome = folder.run(
      small({"--json", "p.json", "--csv", "p.csv", "--svg", "p.svg", "--top", "3", "--ascii"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "") << "no progress bar without a terminal";
  for (const char* phrase : {"proven: no plan left can be faster than", "FASTEST PLANS", "FRONT",
                             "PLANS OF THE SPACE", "out for memory"}) {
    EXPECT_NE(outcome.out.find(phrase), std::string::npos) << phrase;
  }
  for (std::size_t at = 0, end = 0; at < outcome.out.size(); at = end + 1) {
    end = std::min(outcome.out.find('\n', at), outcome.out.size());
    EXPECT_LE(end - at, 100U) << outcome.out.substr(at, end - at);
  }
  const json found = document(folder, "p.json");
  EXPECT_EQ(found["schema"], "plan_search/1");
  EXPECT_TRUE(found["complete"].get<bool>());
  ASSERT_EQ(found["top"].size(), 3U);
  EXPECT_LE(found["top"][0]["run_s"], found["top"][1]["run_s"]);
  bool has_half = false;
  for (const json& plan : found["front"]) has_half = has_half || plan["gpus"] == 512;
  EXPECT_TRUE(has_half) << "fewer GPUs take longer for fewer dollars";
  EXPECT_EQ(folder.read("p.svg").find("<svg"), 0U);
  EXPECT_EQ(folder.read("p.csv").find("list,rank,number,gpus"), 0U);
}

TEST(Plan, GpusNeedNotBeAPowerOfTwo) {
  const Folder folder;
  EXPECT_EQ(folder
                .run({"plan", "llama-3-8b", "h100-1024-dgx", "--tokens", "1e12", "--batch", "960",
                      "--gpus", "96", "--fix", "recompute=none", "--json", "p.json"})
                .code,
            0);
  const json found = document(folder, "p.json");
  EXPECT_EQ(found["axes"]["pp"], (json{"1", "2", "3", "4", "6", "8", "12", "16", "24", "32"}));
  EXPECT_EQ(found["top"][0]["gpus"], 96);
}

TEST(Plan, IsTheSameOnAnyNumberOfThreads) {
  const Folder folder;
  EXPECT_EQ(folder.run(small({"--json", "one.json"})).code, 0);
  EXPECT_EQ(folder.run(small({"--json", "four.json", "--threads", "4"})).code, 0);
  EXPECT_EQ(folder.read("one.json"), folder.read("four.json"));
  EXPECT_NE(folder.read("one.json"), "");
}

TEST(Plan, SavedPlansRun) {
  const Folder folder;
  EXPECT_EQ(folder.run(small({"--save-dir", "plans", "--top", "4", "--json", "p.json"})).code, 0);
  const json found = document(folder, "p.json");
  for (std::size_t rank = 0; rank < 4; ++rank) {
    const std::string name = "plans/plan-0" + std::to_string(rank + 1);
    const Outcome run =
        folder.run({"simulate", name + ".json", "--effects", "none", "--json", "-"});
    EXPECT_EQ(run.code, 0) << run.err;
    const double step = report_of(run)["bare"]["step_s"].get<double>();
    EXPECT_NEAR(step, found["top"][rank]["step_ps"].get<double>() * 1e-12, 1e-9);
    const std::string megatron = folder.read(name + ".megatron.sh");
    EXPECT_NE(megatron.find("--pipeline-model-parallel-size"), std::string::npos);
    EXPECT_NE(megatron.find("--global-batch-size 1024"), std::string::npos);
  }
  EXPECT_EQ(std::system(("bash -n " + folder.path("plans/plan-01.megatron.sh")).c_str()), 0);
}

// --- nothing is left

TEST(Plan, NamesTheTightestConstraint) {
  const Folder folder;
  const auto refused = [&](const std::vector<std::string>& more, const std::string& message) {
    const Outcome outcome = folder.run(small(more));
    EXPECT_EQ(outcome.code, 3) << message;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.out.find("NEAREST PLAN"), std::string::npos) << outcome.out;
  };
  refused({"--budget", "5"}, "no plan costs at most $5.00; the nearest costs $");
  refused({"--max-days", "0.5"}, "no plan takes at most 0.5 days; the nearest takes ");
  refused({"--max-days", "0.5", "--budget", "1e9"}, "no plan takes at most 0.5 days");
  refused({"--memory-margin", "0.97"}, "no plan leaves 97.0 % of the memory free");
  refused({"--fix", "pp=3"}, "no plan with --fix pp=3");
  refused({"--fix", "pp=2", "--fix", "pp=4"}, "--fix pp=2 and pp=4 leave no value");
}

TEST(Plan, WhatFitsNowhereSaysWhatItTakes) {
  const Folder folder;
  folder.write("one.json", changed("topologies/clusters/h100-1024-dgx.json", {{"/nodes", 1}}));
  const Outcome outcome = folder.run({"plan", "llama-3-405b", "one.json", "--tokens", "1e12",
                                      "--batch", "64", "--json", "p.json"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("no plan fits; the one that needs least takes "), std::string::npos);
  const json found = document(folder, "p.json");
  EXPECT_EQ(found["kept"], 0);
  EXPECT_EQ(found["nothing"]["constraint"], "memory");
  EXPECT_GT(found["nothing"]["nearest"]["memory_bytes"].get<double>(), 80e9);
}

TEST(Plan, BadInput) {
  const Folder folder;
  expect_failure(folder.run({"plan"}), 2, {"give a model and a cluster", "--tokens: missing"});
  expect_failure(folder.run({"plan", "lama-3-8b", "h100", "--tokens", "1e12"}), 2,
                 {"did you mean \"llama-3-8b\"", "no such cluster", "(2 problems)"});
  expect_failure(folder.run(small({"--fix", "pq=2", "--shard", "3/3", "--top", "0"})), 2,
                 {"\"pq\" is no axis; did you mean \"pp\"", "--shard: \"3\" is no number",
                  "--top: \"0\" is no number"});
  expect_failure(folder.run(small({"--fix", "schedule=gpip"})), 2,
                 {"schedule=gpip is no value; there are gpipe"});
  folder.write("m.json", changed("planner/models/llama-3-8b.json", {{"/attention/kv_heads", 7}}));
  expect_failure(folder.run({"plan", "m.json", "h100-1024-dgx", "--tokens", "1e12"}), 2,
                 {"/attention/kv_heads: 7 KV heads do not divide the 32 heads"});
  expect_failure(folder.run({"plan", "merge"}), 2, {"give the results of all shards"});
}

// --- resume

TEST(Plan, ResumesWithoutSimulatingAgain) {
  const Folder folder;
  EXPECT_EQ(folder.run(small({"--json", "whole.json"})).code, 0);
  EXPECT_EQ(folder.run(small({"--resume", "r.sqlite", "--json", "first.json"})).code, 0);
  const std::string kept = folder.read("r.sqlite");
  EXPECT_EQ(folder.run(small({"--resume", "r.sqlite", "--json", "second.json"})).code, 0);
  EXPECT_EQ(folder.read("r.sqlite"), kept) << "nothing new to keep";
  EXPECT_EQ(folder.read("first.json"), folder.read("whole.json"));
  EXPECT_EQ(folder.read("second.json"), folder.read("whole.json"));
  expect_failure(folder.run(small({"--resume", "r.sqlite", "--fix", "pp=2"})), 2,
                 {"--resume: r.sqlite: is of another search"});
}

TEST(Plan, RefusesACutResumeFile) {
  const Folder folder;
  EXPECT_EQ(folder.run(small({"--resume", "r.sqlite"})).code, 0);
  const std::string kept = folder.read("r.sqlite");
  ASSERT_GT(kept.size(), 8192U);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{100}, std::size_t{4096}, kept.size() / 2,
        kept.size() - 4096, kept.size() - 1}) {
    folder.write("cut.sqlite", kept.substr(0, size));
    const Outcome outcome = folder.run(small({"--resume", "cut.sqlite"}));
    EXPECT_EQ(outcome.code, 2) << size << " of " << kept.size() << " bytes";
    EXPECT_NE(outcome.err.find("cut.sqlite: "), std::string::npos) << outcome.err;
  }
  folder.write("other.sqlite", "no database at all, but long enough to look at");
  EXPECT_EQ(folder.run(small({"--resume", "other.sqlite"})).code, 2);
}

TEST(Plan, CtrlCKeepsWhatWasFound) {
  const Folder folder;
  const std::vector<std::string> whole{
      "plan",   "deepseek-v3", "h800-2048-mpft", "--tokens", "14.8e12", "--batch", "15360",
      "--json", "part.json",   "--resume",       "r.sqlite", "--fix",   "zero=0,1"};
  const pid_t process = folder.start(whole);
  // Long enough for some plans to be simulated, not for all of the space.
  for (int tries = 0; tries < 6000 && folder.read("r.sqlite").size() <= 12288; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  kill(process, SIGINT);
  EXPECT_EQ(wait_for(process), 0);
  const json part = document(folder, "part.json");
  EXPECT_EQ(part["complete"], false);
  EXPECT_FALSE(part["top"].empty());
}

// --- shards

TEST(Plan, MergedShardsAreTheWholeSearch) {
  const Folder folder;
  EXPECT_EQ(folder.run(small({"--json", "whole.json"})).code, 0);
  for (const char* shard : {"0", "1", "2"}) {
    EXPECT_EQ(folder
                  .run(small({"--shard", std::string(shard) + "/3", "--json",
                              "s" + std::string(shard) + ".json"}))
                  .code,
              0);
  }
  EXPECT_EQ(
      folder.run({"plan", "merge", "s0.json", "s1.json", "s2.json", "--json", "merged.json"}).code,
      0);
  EXPECT_EQ(folder.read("merged.json"), folder.read("whole.json"));
  expect_failure(folder.run({"plan", "merge", "s0.json", "s2.json"}), 2, {"shard 1/3 is missing"});
  expect_failure(folder.run({"plan", "merge", "s0.json", "s1.json", "s2.json", "s2.json"}), 2,
                 {"is shard 2 as s2.json is"});
  expect_failure(folder.run({"plan", "merge", "s0.json", "whole.json"}), 2,
                 {"is of another search than s0.json"});
}

// The script's own commands, as Slurm would run them.
TEST(Plan, SlurmScriptRunsEveryShard) {
  const Folder folder;
  EXPECT_EQ(folder.run(small({"--json", "whole.json", "--slurm", "job.sh", "--shards", "3"})).code,
            0);
  EXPECT_EQ(folder.read("whole.json"), "") << "only the script";
  EXPECT_NE(folder.read("job.sh").find("#SBATCH --array=0-2\n"), std::string::npos);
  for (const char* task : {"0", "1", "2"}) {
    const std::string command = "cd " + folder.path() + " && RECKON=" + RECKON_PROGRAM +
                                " SLURM_ARRAY_TASK_ID=" + task + " sh job.sh > " + task + ".log";
    EXPECT_EQ(std::system(command.c_str()), 0);
  }
  EXPECT_EQ(folder.run(small({"--json", "whole.json"})).code, 0);
  EXPECT_EQ(folder
                .run({"plan", "merge", "reckon-plan-0.json", "reckon-plan-1.json",
                      "reckon-plan-2.json", "--json", "merged.json"})
                .code,
            0);
  EXPECT_EQ(folder.read("merged.json"), folder.read("whole.json"));
}

}  // namespace
}  // namespace reckon

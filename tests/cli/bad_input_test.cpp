// Files that cannot be used: exit code 2, each problem with its place.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/cli/run_reckon.hpp"

namespace reckon {
namespace {

// What simulating a plan with this text prints.
Outcome simulate_text(const std::string& text) {
  const Folder folder;
  folder.write("p.json", text);
  return folder.run({"simulate", "p.json"});
}

TEST(BadInput, FilesThatAreNone) {
  const Folder folder;
  std::filesystem::create_directory(folder.path("folder.json"));
  folder.write("empty.json", "");
  expect_failure(folder.run({"simulate", "missing.json"}), 2, {"missing.json: no such file"});
  expect_failure(folder.run({"simulate", "./missing"}), 2, {"./missing: no such file"});
  expect_failure(folder.run({"simulate", "folder.json"}), 2, {"folder.json: is a folder"});
  expect_failure(folder.run({"simulate", "empty.json"}), 2, {"empty.json: is empty"});
  expect_failure(folder.run({"simulate", "/dev/null"}), 2, {"/dev/null: is empty"});
}

TEST(BadInput, FaultsThatCannotBe) {
  const Folder folder;
  expect_failure(folder.run({"simulate", v3, "--fault", "slow_gpu:1.2,slw_nic:1.2=0.5,"}), 2,
                 {R"("slow_gpu:1.2" is no fault; give slow_gpu:NODE.GPU=SPEED)",
                  R"(did you mean "slow_nic"?)", "2 problems"});
  expect_failure(folder.run({"simulate", v3, "--fault",
                             "slow_gpu:256.0=0.5,slow_nic:0.8=0.5,slow_gpu:0.0=0,failed_plane:8"}),
                 2,
                 {"node 256 is not one of the 256 nodes", "GPU 8 is not one of the 8",
                  "speed 0 is not from", "plane 8 is not one of the 8 planes", "4 problems"});
  expect_failure(folder.run({"simulate", v3, "--fault",
                             "failed_plane:0,failed_plane:1,failed_plane:2,failed_plane:3,"
                             "failed_plane:4,failed_plane:5,failed_plane:6,failed_plane:7"}),
                 2, {"no plane is left"});
}

TEST(BadInput, AFileAboveSixtyFourMebibytes) {
  const Folder folder;
  folder.write("large.json", "");
  std::filesystem::resize_file(folder.path("large.json"), std::uintmax_t{70} << 20U);
  expect_failure(folder.run({"simulate", "large.json"}), 2, {"large.json: larger than 64 MiB"});
}

TEST(BadInput, AFileThatMayNotBeRead) {
  const Folder folder;
  if (::geteuid() == 0) {  // root may open everything, but not read address 0 of its own memory
    std::filesystem::create_symlink("/proc/self/mem", folder.path("secret.json"));
    expect_failure(folder.run({"simulate", "secret.json"}), 2,
                   {"secret.json: cannot be read: Input/output error"});
    return;
  }
  folder.write("secret.json", changed_plan({}));
  std::filesystem::permissions(folder.path("secret.json"), std::filesystem::perms::none);
  expect_failure(folder.run({"simulate", "secret.json"}), 2, {"secret.json: cannot be opened"});
}

TEST(BadInput, TextThatIsNoPlan) {
  expect_failure(simulate_text("{"), 2, {"p.json:1:2: syntax error"});
  expect_failure(simulate_text("[1]"), 2, {"p.json:1:1: expected object, got an array"});
  expect_failure(simulate_text("{\"a\": NaN}"), 2, {"p.json:1:"});
  expect_failure(simulate_text(std::string("{\"a\": 1}\0{", 10)), 2, {"p.json:1:9: NUL byte"});
}

TEST(BadInput, EveryProblemOfAPlanAtOnce) {
  const Outcome outcome = simulate_text(changed_plan({{"/parallelism/pipeline_paralell", 16},
                                                      {"/parallelism/data_parallel", removed},
                                                      {"/parallelism/tensor_parallel", "8"},
                                                      {"/batch/global_batch_size", -1},
                                                      {"/batch/micro_batch_size", 5000000000},
                                                      {"/batch/sequence_length", 1.5},
                                                      {"/schedule", "dualpipe"}}));
  expect_failure(
      outcome, 2,
      {"/parallelism/pipeline_paralell: unknown field; did you mean \"pipeline_parallel\"?",
       "/parallelism/data_parallel: missing", "/parallelism/tensor_parallel: expected integer",
       "/batch/global_batch_size: must be at least 1, got -1",
       "/batch/micro_batch_size: 5000000000", "/batch/sequence_length: expected integer, got 1.5",
       "/schedule: unknown name \"dualpipe\"; did you mean \"dual_pipe\"?", "(7 problems)"});
}

TEST(BadInput, ARepeatedKey) {
  std::string text = changed_plan({});
  text.insert(text.find("\"model\""), "\"model\": \"llama-3-8b\",\n ");
  expect_failure(simulate_text(text), 2, {"p.json:5:2: /model: repeated key", "line 4"});
}

TEST(BadInput, ANameInAPlanIsShownWhereItStands) {
  const Outcome outcome =
      simulate_text(changed_plan({{"/model", "deepseek-v4"}, {"/cluster", "h801"}}));
  expect_failure(outcome, 2,
                 {"p.json:4:11: /model: deepseek-v4: no such model; did you mean",
                  "p.json:5:13: /cluster: h801: no such cluster. Shipped: ", "(2 problems)"});
}

TEST(BadInput, ANameThatAFlagGives) {
  const Folder folder;
  expect_failure(folder.run({"simulate", "deepseek-v3-2048-h80"}), 2,
                 {"deepseek-v3-2048-h80: no such plan; did you mean \"" + v3 + "\"?"});
  expect_failure(folder.run({"simulate", v3, "--model", "deepseek-v33"}), 2,
                 {"--model: deepseek-v33: no such model; did you mean \"deepseek-v3\"?"});
  expect_failure(folder.run({"simulate", v3, "--cluster", "own.json"}), 2,
                 {"--cluster: own.json: no such file"});
}

TEST(BadInput, ProblemsOfAllFilesComeTogether) {
  const Folder folder;
  folder.write("m.json", changed("planner/models/deepseek-v3.json", {{"/layers", 0}}));
  folder.write("c.json", changed("topologies/clusters/h800-2048-mpft.json", {{"/nodes", "256"}}));
  folder.write("d.json", "{}");
  const Outcome outcome = folder.run(
      {"simulate", v3, "--model", "m.json", "--cluster", "c.json", "--device", "d.json"});
  expect_failure(outcome, 2,
                 {"m.json:", "/layers: must be at least 1", "c.json:", "/nodes: expected integer",
                  "d.json:1:1: /name: missing"});
}

TEST(BadInput, NothingIsWrittenWhereSomethingIsWrong) {
  const Folder folder;
  folder.write("p.json", changed_plan({{"/batch/global_batch_size", 1}}));
  folder.run({"simulate", "p.json", "--json", "r.json", "--csv", "r.csv", "--trace", "t.json"});
  folder.run({"simulate", "none", "--json", "r.json"});
  EXPECT_EQ(folder.names(), std::vector<std::string>{"p.json"});
}

TEST(BadInput, ControlCharactersDoNotReachTheTerminal) {
  const Outcome outcome = Folder().run({"simulate", "\x1b[31mred.json"});
  expect_failure(outcome, 2, {"\\u001b[31mred.json: no such file"});
  expect_failure(Folder().run({"\x1b[31m"}), 2, {"\\u001b[31m: unknown command"});
}

}  // namespace
}  // namespace reckon

// reckon import: files in, documents and a list of what became of every value out.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cli/run_reckon.hpp"

namespace reckon {
namespace {

const std::string data = RECKON_SOURCE_DIR "/tests/import/data/";
const std::string qwen = data + "hf/Qwen--Qwen3-8B.json";
const std::string script = data + "megatron/deepseek_v3.sh";

TEST(Import, AModelToStandardOutput) {
  const Outcome outcome = Folder().run({"import", "hf", qwen, "--name", "mine", "--source", "me"});
  EXPECT_EQ(outcome.code, 0);
  const nlohmann::json model = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(model["schema"], "model/1");
  EXPECT_EQ(model["name"], "mine");
  EXPECT_EQ(model["source"], "me");
  EXPECT_EQ(model["attention"]["kv_heads"], 8);
  for (const char* phrase : {"interpreted:", "num_hidden_layers", "ignored:", "rope_theta",
                             "rotary positions have no parameters",
                             "mine: 8.19 billion parameters, 8.19 billion active"}) {
    EXPECT_NE(outcome.err.find(phrase), std::string::npos) << phrase;
  }
}

TEST(Import, AModelCanBeSimulated) {
  const Folder folder;
  EXPECT_EQ(folder.run({"import", "hf", qwen, "--output", "mine.json"}).code, 0);
  folder.write("plan.json",
               changed("planner/plans/llama-3-70b-1024-h100.json", {{"/model", "./mine.json"}}));
  const Outcome outcome = folder.run({"simulate", "plan.json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("qwen3-8b"), std::string::npos);
}

TEST(Import, TheListAsJson) {
  const Folder folder;
  const Outcome outcome = folder.run({"import", "hf", qwen, "--json", "list.json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "") << "the list stands in the file";
  const nlohmann::json list = nlohmann::json::parse(folder.read("list.json"));
  EXPECT_EQ(list["schema"], "import/1");
  EXPECT_EQ(list["carrier"], "qwen3");
  EXPECT_EQ(list["interpreted"][1]["key"], "num_hidden_layers");
  EXPECT_EQ(list["interpreted"][1]["value"], "36");
  const Outcome swapped = folder.run({"import", "hf", qwen, "--json", "-", "--output", "m.json"});
  EXPECT_EQ(nlohmann::json::parse(swapped.out), list);
}

TEST(Import, ModelAndPlanOfMegatron) {
  const Folder folder;
  const Outcome both = folder.run({"import", "megatron", script, "--cluster", "h100-1024-dgx"});
  EXPECT_EQ(both.code, 0) << both.err;
  const nlohmann::json documents = nlohmann::json::parse(both.out);
  EXPECT_EQ(documents["model"]["schema"], "model/1");
  EXPECT_EQ(documents["plan"]["schema"], "plan/1");
  EXPECT_EQ(documents["plan"]["cluster"], "h100-1024-dgx");
  EXPECT_NE(both.err.find("context x data parallel: 2 x 8 x 1 x 64, experts over 64"),
            std::string::npos);
  const Outcome files = folder.run({"import", "megatron", script, "--cluster", "h100-1024-dgx",
                                    "--output-model", "m.json", "--output-plan", "p.json"});
  EXPECT_EQ(files.code, 0);
  EXPECT_EQ(files.out, "");
  EXPECT_EQ(nlohmann::json::parse(folder.read("m.json")), documents["model"]);
  EXPECT_EQ(nlohmann::json::parse(folder.read("p.json")), documents["plan"]);
  const Outcome one = folder.run({"import", "megatron", script, "--output-plan", "p.json"});
  EXPECT_EQ(nlohmann::json::parse(one.out), documents["model"]) << "what has no file";
}

TEST(Import, WhatIsAskedWrongly) {
  const Folder folder;
  expect_failure(folder.run({"import"}), 2, {"no format given; there are hf, megatron"});
  expect_failure(folder.run({"import", "hg", qwen}), 2,
                 {"hg: unknown format; did you mean \"hf\"? there are hf, megatron"});
  expect_failure(folder.run({"import", "hf"}), 2, {"hf: give one file, or - for standard input"});
  expect_failure(
      folder.run({"import", "hf", qwen, "--gpus", "8", "--cluster", "x"}), 2,
      {"--gpus: does not belong to import hf", "--cluster: does not belong", "(2 problems)"});
  expect_failure(folder.run({"import", "megatron", script, "--output", "x.json", "--gpus", "1.5"}),
                 2, {"--output: belongs to import hf", "--gpus: \"1.5\" is no whole number"});
  expect_failure(folder.run({"import", "hf", qwen, "--json", "-"}), 2,
                 {"--json: standard output has a document"});
  expect_failure(folder.run({"import", "megatron", script, "--output-plan", "a.json",
                             "--output-model", "a.json"}),
                 2, {"--output-plan: a.json is what --output-model names"});
  expect_failure(folder.run({"import", "hf", "none.json"}), 2, {"none.json: no such file"});
}

TEST(Import, AnInputIsNotOverwritten) {
  const Folder folder;
  std::ifstream file(qwen);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  folder.write("c.json", text);
  expect_failure(folder.run({"import", "hf", "c.json", "--output", "c.json"}), 2,
                 {"--output: c.json is what an input names"});
  EXPECT_EQ(folder.read("c.json"), text);
}

TEST(Import, WhatIsWrongInTheFile) {
  const Folder folder;
  folder.write("c.json", R"({"model_type": "lama"})");
  expect_failure(
      folder.run({"import", "hf", "c.json"}), 2,
      {"c.json:1:16: /model_type: unknown model type \"lama\"; did you mean \"llama\"?"});
  folder.write("a.sh", "--num-layers 2 --no-such-flag 1\n");
  expect_failure(folder.run({"import", "megatron", "a.sh"}), 2,
                 {"a.sh:1: --no-such-flag: unknown argument", "--hidden-size: missing",
                  "--world-size: nothing tells"});
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"a.sh", "c.json"})) << "nothing is written";
}

TEST(Import, SchemaOfTheList) {
  const Outcome outcome = Folder().run({"schema", "import/1"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(nlohmann::json::parse(outcome.out)["properties"].contains("ignored"), true);
}

}  // namespace
}  // namespace reckon

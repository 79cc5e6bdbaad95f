// Plans that can be read but not run: exit code 3 with every reason and its place, or a report with
// sound numbers; never a crash, and never more than some memory.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/cli/run_reckon.hpp"

namespace reckon {
namespace {

// A plan for DeepSeek-V3 and the files beside it.
struct Case {
  Changes plan, model, cluster;
  std::vector<std::string> arguments;
};

Outcome simulate(const Case& given) {
  const Folder folder;
  folder.write("p.json", changed_plan(given.plan));
  folder.write("m.json", changed("planner/models/deepseek-v3.json", given.model));
  folder.write("c.json", changed("topologies/clusters/h800-2048-mpft.json", given.cluster));
  std::vector<std::string> arguments{"simulate",  "p.json", "--model", "m.json",
                                     "--cluster", "c.json", "--json",  "-"};
  arguments.insert(arguments.end(), given.arguments.begin(), given.arguments.end());
  return folder.run(arguments);
}

// Changes to another number of ranks, with nothing that depends on the published ones.
Changes plan_of(const std::string& schedule, int pipeline, int data, int expert, int batch) {
  return {{"/schedule", schedule},
          {"/layout", removed},
          {"/phases", removed},
          {"/parallelism/pipeline_parallel", pipeline},
          {"/parallelism/data_parallel", data},
          {"/parallelism/expert_parallel", expert},
          {"/batch/global_batch_size", batch}};
}

void expect_sound(const nlohmann::json& value, const std::string& pointer) {
  if (value.is_structured()) {
    for (const auto& [key, child] : value.items()) expect_sound(child, pointer + "/" + key);
  } else {
    EXPECT_FALSE(value.is_null()) << pointer;
    if (!value.is_number()) return;
    EXPECT_LT(std::abs(value.get<double>()), 1e30) << pointer;
  }
}

TEST(HostilePlan, RanksThatDoNotMakeTheCluster) {
  expect_failure(simulate({{{"/parallelism/pipeline_parallel", 15}}, {}, {}, {}}), 3,
                 {"p.json:10:20: /parallelism/data_parallel: 1 x 15 x 1 x 128 = 1920 GPUs",
                  "/schedule: dual_pipe: pipeline_ranks is 15; give an even number",
                  "/layout/layers_per_stage: 16 stages listed but the schedule has 15"});
}

TEST(HostilePlan, ExpertsThatDoNotDivide) {
  expect_failure(simulate({{{"/parallelism/expert_parallel", 48}}, {}, {}, {}}), 3,
                 {"p.json:11:22: /parallelism/expert_parallel: 48 ranks do not divide the 256",
                  "take a divisor of 256", "take a divisor of 128", "(2 problems)"});
}

TEST(HostilePlan, TooFewMicroBatchesForDualPipe) {
  expect_failure(simulate({{{"/batch/global_batch_size", 3840}}, {}, {}, {}}), 3,
                 {"/schedule: dual_pipe: micro_batches is 30; give at least twice the 16"});
}

TEST(HostilePlan, AKeyThatIsLeftOutIsPlacedAtWhatHoldsIt) {
  expect_failure(simulate({{{"/parallelism/pipeline_parallel", 2048},
                            {"/parallelism/data_parallel", 1},
                            {"/parallelism/expert_parallel", removed},
                            {"/parallelism/tensor_parallel", 3},
                            {"/schedule", "gpipe"}},
                           {},
                           {},
                           {}}),
                 3, {"p.json:7:22: /parallelism/tensor_parallel: 3 ranks do not divide"});
  expect_failure(simulate({{{"/parallelism/expert_parallel", removed}}, {}, {}, {}}), 3,
                 {"p.json:6:17: /parallelism: pipeline ranks"});
}

TEST(HostilePlan, AModelThatDoesNotFit) {
  const Changes plan{{"/parallelism/zero_stage", 0}, {"/precision", removed}};
  const Outcome outcome = simulate({plan, {}, {}, {}});
  expect_failure(outcome, 3,
                 {"/parallelism: pipeline ranks 0, 15 each need ",
                  " GB more than the "
                  "84.9 of H800 SXM; raise zero_stage",
                  "hint: --ignore-memory"});
  expect_sound(report_of(simulate({plan, {}, {}, {"--ignore-memory"}})), "");
}

TEST(HostilePlan, AStepBeyondTheClock) {
  for (const int length : {10'000'000, 100'000'000}) {
    expect_failure(simulate({{{"/batch/sequence_length", length}, {"/phases", removed}},
                             {},
                             {},
                             {"--ignore-memory"}}),
                   3, {"a step may take longer than the simulated clock reaches (104 days)"});
  }
}

TEST(HostilePlan, APhaseBeyondTheClock) {
  expect_failure(
      simulate({{{"/phases/1/sequence_length", 100'000'000}}, {}, {}, {"--ignore-memory"}}), 3,
      {"p.json:", ": /phases/1: a step may take longer"});
}

TEST(HostilePlan, TooLargeForMemory) {
  Changes plan = plan_of("gpipe", 512, 16, 1, 4096 * 16);
  expect_failure(
      simulate({plan, {{"/layers", 512}}, {{"/nodes", 1024}}, {"--ignore-memory"}}), 3,
      {"/parallelism: simulating it takes ", " GiB of memory, more than the 4 that reckon takes"});
}

TEST(HostilePlan, TooManyChunksForASchedule) {
  expect_failure(simulate({plan_of("one_forward_one_backward", 64, 1, 1, 100'000),
                           {{"/layers", 64}},
                           {{"/nodes", 8}},
                           {"--ignore-memory"}}),
                 3, {"their product may be at most 4000000"});
}

TEST(HostilePlan, AMillionGpus) {
  const Changes plan = plan_of("dual_pipe", 16, 62'500, 4, 62'500 * 120);
  const Changes cluster{{"/nodes", 125'000}};
  expect_sound(report_of(simulate({plan, {}, cluster, {"--ignore-memory"}})), "");
  expect_failure(simulate({plan, {}, cluster, {"--ignore-memory", "--unfold"}}), 3,
                 {" GiB of memory, more than the 4 that reckon takes", "leave out --unfold"});
}

// Checking each phase once took a copy of all of them.
TEST(HostilePlan, TooManyPhases) {
  const nlohmann::json phase{{"name", "p"}, {"kind", "pretrain"}, {"tokens", 1e9}};
  const nlohmann::json phases(2000, phase);
  expect_failure(simulate({{{"/phases", phases}}, {}, {}, {}}), 3,
                 {": /phases: 2000 phases; give at most 1000", "(1 problem)"});
}

TEST(HostilePlan, ALayoutOfManyStages) {
  const nlohmann::json layers(100'000, 0);
  expect_failure(
      simulate({{{"/layout/layers_per_stage", layers}}, {}, {}, {}}), 3,
      {"/layout/layers_per_stage: 100000 stages listed but the schedule has 16", "(1 problem)"});
}

// Part indices once had 16 bits, and a stage of 10,000 layers has 40,000 parts.
TEST(HostilePlan, AStageOfTenThousandLayers) {
  const auto step_of = [](int layers) {
    const nlohmann::json report = report_of(simulate({plan_of("gpipe", 1, 8, 8, 8),
                                                      {{"/layers", layers}},
                                                      {{"/nodes", 1}},
                                                      {"--ignore-memory", "--effects", "none"}}));
    return report.at("bare").at("step_s").get<double>() -
           report.at("bare").at("mean").at("optimizer_s").get<double>();
  };
  // Linear in the layers: what the second 4,000 add, the last 2,000 add half of.
  const double four = step_of(4000);
  const double eight = step_of(8000);
  EXPECT_NEAR(step_of(10'000) - eight, (eight - four) / 2, 0.01 * eight);
}

// Nine expert ranks over replicas of two context ranks: no whole number of replicas.
TEST(HostilePlan, AnExpertGroupThatSplitsAReplica) {
  Changes plan = plan_of("gpipe", 4, 9, 9, 90);
  plan["/parallelism/context_parallel"] = 2;
  const Changes model{{"/moe/experts", 18}, {"/moe/groups", 1}, {"/moe/groups_per_token", 1}};
  const Changes cluster{{"/nodes", 9}};
  for (const char* flag : {"--unfold", "--ascii"}) {
    expect_sound(report_of(simulate({plan, model, cluster, {"--ignore-memory", flag}})), "");
  }
}

}  // namespace
}  // namespace reckon

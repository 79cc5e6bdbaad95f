// What a search writes: plan_search/1, Megatron-LM arguments, the script for Slurm.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "planner/megatron_arguments.hpp"
#include "planner/slurm_script.hpp"
#include "planner/spec/problems.hpp"
#include "reports/plan_search_report.hpp"
#include "tests/search/searches.hpp"

namespace reckon {
namespace {

SearchTask small_task() {
  Inputs in = test::small_search(true).inputs;
  in.model.name = "small";
  in.cluster.name = "round";
  PlanRequest request;
  request.tokens = 1e9;
  request.batch = 64;
  request.sequence = 512;
  request.fixes = {{Axis::tensor_parallel, {"1"}}, {Axis::recompute, {"none", "full"}}};
  return search_task(in, request);
}

TEST(PlanSearchDocument, IsReadAsItWasWritten) {
  const Workers workers = one_worker();
  const PlanSearchReport report = search_plans(small_task(), workers, {}, {});
  ASSERT_FALSE(report.top.empty());
  const std::string text = plan_search_json(report);
  const PlanSearchReport read = read_plan_search(text, "r.json");
  EXPECT_EQ(plan_search_json(read), text);
  EXPECT_EQ(read.top.front().step_ps, report.top.front().step_ps);
  EXPECT_THROW(read_plan_search(text.substr(0, text.size() / 2), "r.json"), InputError);
}

TEST(PlanSearchDocument, SvgHasADotForEveryPlanOfTheFront) {
  const Workers workers = one_worker();
  PlanSearchReport report = search_plans(small_task(), workers, {}, {});
  std::size_t dots = 0;
  const std::string svg = plan_search_svg(report);
  for (std::size_t at = svg.find("<circle"); at != std::string::npos;
       at = svg.find("<circle", at + 1))
    ++dots;
  EXPECT_EQ(dots, report.front.size());
  report.model = "<a&b>";
  EXPECT_NE(plan_search_svg(report).find("&lt;a&amp;b>"), std::string::npos);
}

TEST(PlanSearchDocument, FingerprintsTellSearchesApart) {
  const SearchTask task = small_task();
  SearchTask other = task;
  EXPECT_EQ(fingerprint_of(other), fingerprint_of(task));
  other.request.max_days = 3;
  EXPECT_EQ(fingerprint_of(other), fingerprint_of(task)) << "limits change no simulation";
  other.inputs.cluster.nodes = 1;
  EXPECT_NE(fingerprint_of(other), fingerprint_of(task));
  other = task;
  other.space.zero_stage.pop_back();
  EXPECT_NE(fingerprint_of(other), fingerprint_of(task));
}

TEST(MegatronArguments, AreThoseOfThePlan) {
  const Inputs in = test::shipped_search("deepseek-v3", "h800-2048-mpft", 15360, 4096).inputs;
  Plan plan = in.plan;
  plan.parallelism = {};
  plan.parallelism.pipeline_parallel = 16;
  plan.parallelism.data_parallel = 128;
  plan.parallelism.expert_parallel = 64;
  plan.parallelism.zero_stage = 1;
  plan.schedule = ScheduleKind::dual_pipe;
  plan.layout.layers_per_stage = std::vector<int>(16, 4);
  plan.layout.layers_per_stage.back() = 1;
  plan.precision.linear = Dtype::fp8_block;
  plan.recompute.norm = plan.recompute.mla_up_projection = plan.recompute.swiglu = true;
  const std::string text = megatron_arguments(in.model, plan, 14.8e12);
  for (const char* line :
       {"# Megatron-LM has no schedule dual_pipe: with these arguments it runs 1F1B.\n",
        "MEGATRON_ARGS=(\n", "  --pipeline-model-parallel-size 16\n",
        "  --pipeline-model-parallel-layout 'Et*4|t*4|t*4|t*4|t*4|t*4|t*4|t*4|t*4|t*4|t*4|t*4|t*4|"
        "t*4|t*4|tmL'\n",
        "  --expert-model-parallel-size 64\n",
        "  --recompute-modules layernorm mla_up_proj moe_act\n", "  --fp8-recipe blockwise\n",
        "  --use-distributed-optimizer\n", "  --train-samples 3613281250\n",
        "  --kv-lora-rank 512\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(MegatronArguments, OfInterleavedStages) {
  Inputs in = test::shipped_search("gpt-3-175b", "a100-1024-dgx", 1536, 2048).inputs;
  in.plan.parallelism.tensor_parallel = 8;
  in.plan.parallelism.pipeline_parallel = 12;
  in.plan.parallelism.chunks_per_rank = 2;
  in.plan.parallelism.sequence_parallel = true;
  in.plan.schedule = ScheduleKind::interleaved_one_forward_one_backward;
  in.plan.recompute.full = true;
  const std::string text = megatron_arguments(in.model, in.plan, 3e11);
  for (const char* line :
       {"  --num-layers-per-virtual-pipeline-stage 4\n", "  --sequence-parallel\n",
        "  --recompute-granularity full\n", "  --position-embedding-type learned_absolute\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("--untie-embeddings"), std::string::npos);
  EXPECT_EQ(text.find('#'), std::string::npos);
}

TEST(SlurmScript, RunsTheCommandLineOnceAShard) {
  PlanRequest request;
  request.shards = 4;
  request.threads = 2;
  request.words = {"plan", "a model's.json", "c", "--slurm=x",  "--json", "out.json", "--shards",
                   "4",    "--threads",      "2", "--max-days", "5",      "--ascii"};
  const std::string script = slurm_script(request);
  EXPECT_NE(script.find("#SBATCH --array=0-3\n"), std::string::npos);
  EXPECT_NE(script.find("#SBATCH --cpus-per-task=2\n"), std::string::npos);
  EXPECT_NE(script.find("\" plan 'a model'\\''s.json' c --threads 2 --max-days 5 --ascii --shard "
                        "\"$shard/4\" "),
            std::string::npos)
      << script;
}

// By a controller where there is one, else by the shell alone.
TEST(SlurmScript, IsTakenBySlurm) {
  const bool has_slurm = std::system("timeout 5 sinfo >/dev/null 2>&1") == 0;
  PlanRequest request;
  request.shards = 2;
  request.words = {"plan", "m", "c", "--slurm", "x", "--shards", "2"};
  const std::string path = testing::TempDir() + "reckon-slurm-test.sh";
  std::ofstream(path) << slurm_script(request);
  const std::string taker = has_slurm ? "sbatch --test-only '" : "bash -n '";
  const std::string command = taker + path + "' >/dev/null 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace reckon

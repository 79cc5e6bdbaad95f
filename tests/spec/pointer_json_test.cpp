#include "planner/spec/pointer_json.hpp"

#include <gtest/gtest.h>

#include <string>

#include "planner/spec/problems.hpp"

namespace reckon {
namespace {

Plan plan() {
  Plan plan;
  plan.name = "p";
  plan.model = "m";
  plan.cluster = "c";
  plan.layout.layers_per_stage = {1, 2, 3};
  plan.phases = {{.name = "one", .tokens = 5, .published = {}, .source = {}}};
  return plan;
}

std::string problem_of(std::string_view pointer, std::string_view value) {
  try {
    with_value(plan(), pointer, value, "plan#");
  } catch (const InputError& error) {
    return error.what();
  }
  return "none";
}

TEST(PointerJson, TellsAValue) {
  EXPECT_EQ(value_at(plan(), "/parallelism/tensor_parallel", "plan"), "1");
  EXPECT_EQ(value_at(plan(), "/schedule", "plan"), "\"one_forward_one_backward\"");
  EXPECT_EQ(value_at(plan(), "/layout/layers_per_stage/2", "plan"), "3");
  EXPECT_EQ(value_at(plan(), "/phases/0/tokens", "plan"), "5.0");
}

TEST(PointerJson, SetsThatValueAlone) {
  Plan expected = plan();
  expected.parallelism.tensor_parallel = 8;
  EXPECT_EQ(with_value(plan(), "/parallelism/tensor_parallel", "8", "plan"), expected);
  expected = plan();
  expected.schedule = ScheduleKind::zb_h1;
  EXPECT_EQ(with_value(plan(), "/schedule", "zb_h1", "plan"), expected);
  expected = plan();
  expected.recompute.norm = true;
  EXPECT_EQ(with_value(plan(), "/recompute/norm", "true", "plan"), expected);
  expected = plan();
  expected.layout.layers_per_stage[1] = 7;
  EXPECT_EQ(with_value(plan(), "/layout/layers_per_stage/1", "7", "plan"), expected);
}

TEST(PointerJson, RefusesWhatIsNotThere) {
  EXPECT_EQ(
      problem_of("/batch/micro_batchsize", "1")
          .find("plan#: /batch/micro_batchsize: there is no \"micro_batchsize\"; did you mean "
                "\"micro_batch_size\"? there are global_batch_size, micro_batch_size"),
      0U);
  EXPECT_NE(problem_of("/layout/layers_per_stage/3", "1").find("the list goes from 0 to 2"),
            std::string::npos);
  EXPECT_NE(problem_of("/layout/layers_per_stage/-1", "1").find("there is no \"-1\""),
            std::string::npos);
  EXPECT_NE(problem_of("/name/x", "1").find("nothing is below this value"), std::string::npos);
  EXPECT_NE(problem_of("name", "1").find("no JSON pointer"), std::string::npos);
  EXPECT_NE(problem_of("", "1").find("no JSON pointer"), std::string::npos);
  EXPECT_NE(problem_of("/", "1").find("there is no \"\""), std::string::npos);
}

TEST(PointerJson, HoldsValuesToTheLimitsOfTheDocument) {
  EXPECT_EQ(problem_of("/parallelism/tensor_parallel", "0"),
            "plan#: /parallelism/tensor_parallel: must be at least 1, got 0");
  EXPECT_NE(problem_of("/parallelism/tensor_parallel", "1.5").find("expected integer"),
            std::string::npos);
  EXPECT_NE(problem_of("/schedule", "dualpipe").find("did you mean \"dual_pipe\"?"),
            std::string::npos);
  EXPECT_NE(problem_of("/batch", "{}").find("/batch/global_batch_size: missing"),
            std::string::npos);
}

}  // namespace
}  // namespace reckon

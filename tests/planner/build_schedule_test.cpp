#include "planner/schedules/build_schedule.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include "planner/communicate.hpp"
#include "tests/planner/shapes.hpp"

namespace reckon {
namespace {

using Kind = ScheduleKind;

struct GoldenCase {
  const char* file;
  ScheduleShape shape;
};

class GoldenSchedule : public testing::TestWithParam<GoldenCase> {};

// The compute-only text, an empty line, the text with communication. UPDATE_GOLDEN=1 rewrites the
// files.
TEST_P(GoldenSchedule, ReadsAsItsFile) {
  const std::string path =
      std::string(RECKON_SOURCE_DIR "/tests/golden/schedules/") + GetParam().file;
  const Schedule schedule = build_schedule(GetParam().shape);
  const std::string text = to_text(schedule) + '\n' + to_text(add_communication(schedule));
  const char* update = std::getenv("UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1") std::ofstream(path) << text;
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str()) << path;
}

INSTANTIATE_TEST_SUITE_P(
    Files, GoldenSchedule,
    testing::Values(
        GoldenCase{"gpipe_3x4.txt", {Kind::gpipe, 3, 3, 4}},
        GoldenCase{"one_forward_one_backward_4x8.txt", {Kind::one_forward_one_backward, 4, 4, 8}},
        GoldenCase{"interleaved_2x2x4.txt", {Kind::interleaved_one_forward_one_backward, 2, 4, 4}},
        GoldenCase{"zb_h1_4x8.txt", {Kind::zb_h1, 4, 4, 8}},
        GoldenCase{"dual_pipe_4x8.txt", {Kind::dual_pipe, 4, 4, 8}},
        GoldenCase{"dual_pipe_v_2x4.txt", {Kind::dual_pipe_v, 2, 4, 4}}),
    [](const auto& test) {
      const std::string file = test.param.file;
      std::string name;
      for (const char letter : file.substr(0, file.find('.'))) {
        if (letter != '_') name += letter;
      }
      return name;
    });

std::string only_problem(const ScheduleShape& shape) {
  const std::vector<ScheduleProblem> problems = shape_problems(shape);
  EXPECT_EQ(problems.size(), 1U) << test::messages(problems);
  if (problems.size() != 1) return {};
  EXPECT_EQ(problems.front().kind, ScheduleProblemKind::bad_shape);
  return problems.front().message;
}

TEST(ShapeProblems, OneStageARank) {
  EXPECT_EQ(only_problem({Kind::gpipe, 4, 8, 8}), "gpipe: stages is 8; it takes one a rank: 4");
  EXPECT_EQ(only_problem({Kind::one_forward_one_backward, 4, 3, 8}),
            "one_forward_one_backward: stages is 3; it takes one a rank: 4");
  EXPECT_EQ(only_problem({Kind::zb_h1, 4, 5, 8}), "zb_h1: stages is 5; it takes one a rank: 4");
  EXPECT_EQ(only_problem({Kind::dual_pipe, 4, 8, 8}),
            "dual_pipe: stages is 8; it takes one a rank: 4");
}

TEST(ShapeProblems, Interleaved) {
  const Kind kind = Kind::interleaved_one_forward_one_backward;
  EXPECT_EQ(only_problem({kind, 4, 8, 6}),
            "interleaved_one_forward_one_backward: micro_batches is 6; give a multiple of the 4 "
            "pipeline ranks");
  EXPECT_EQ(only_problem({kind, 4, 10, 8}),
            "interleaved_one_forward_one_backward: stages is 10; give a multiple of the 4 pipeline "
            "ranks");
  EXPECT_EQ(
      only_problem({kind, 4, 4, 8}),
      "interleaved_one_forward_one_backward: stages is 4 on 4 ranks; give two or more a rank, "
      "or take one_forward_one_backward");
}

TEST(ShapeProblems, DualPipe) {
  EXPECT_EQ(only_problem({Kind::dual_pipe, 5, 5, 20}),
            "dual_pipe: pipeline_ranks is 5; give an even number");
  EXPECT_EQ(only_problem({Kind::dual_pipe, 4, 4, 9}),
            "dual_pipe: micro_batches is 9; give an even number, half of them for each direction");
  EXPECT_EQ(only_problem({Kind::dual_pipe, 8, 8, 14}),
            "dual_pipe: micro_batches is 14; give at least twice the 8 pipeline ranks: 16 or more");
  EXPECT_EQ(shape_problems({Kind::dual_pipe, 5, 4, 3}).size(), 4U);
}

TEST(ShapeProblems, DualPipeV) {
  EXPECT_EQ(only_problem({Kind::dual_pipe_v, 4, 4, 8}),
            "dual_pipe_v: stages is 4; it takes two a rank: 8");
  EXPECT_EQ(only_problem({Kind::dual_pipe_v, 4, 8, 7}),
            "dual_pipe_v: micro_batches is 7; give at least twice the 4 pipeline ranks: 8 or more");
  EXPECT_TRUE(shape_problems({Kind::dual_pipe_v, 3, 6, 7}).empty());
}

TEST(ShapeProblems, NothingBelowOne) {
  EXPECT_EQ(shape_problems({Kind::gpipe, 0, -1, 0}).size(), 3U);
  EXPECT_EQ(only_problem({Kind::dual_pipe, 4, 4, -8}),
            "dual_pipe: micro_batches is -8; give at least 1");
}

TEST(ShapeProblems, HugeShapesOverflowNothing) {
  const int huge = std::numeric_limits<int>::max();
  for (const auto& [kind, name] : EnumNames<Kind>::table) {
    const auto problems = shape_problems({kind, huge, huge, huge});
    ASSERT_FALSE(problems.empty()) << name;
    EXPECT_NE(problems.front().message.find("product may be at most"), std::string::npos);
    EXPECT_FALSE(shape_problems({kind, huge / 2, huge, huge}).empty());
    EXPECT_FALSE(shape_problems({kind, 1, 1, huge}).empty());
  }
}

TEST(BuildSchedule, IsAPureFunctionOfTheShape) {
  for (const ScheduleShape& shape : test::sound_shapes(4, 2, 9)) {
    EXPECT_EQ(build_schedule(shape), build_schedule(shape));
    EXPECT_EQ(build_schedule(shape).shape, shape);
  }
}

TEST(BuildSchedule, OneRankRunsEveryMicroBatchInTurn) {
  EXPECT_EQ(to_text(build_schedule({Kind::one_forward_one_backward, 1, 1, 3})),
            "F0.0 B0.0 F1.0 B1.0 F2.0 B2.0\n");
  EXPECT_EQ(to_text(build_schedule({Kind::zb_h1, 1, 1, 2})), "F0.0 I0.0 W0.0 F1.0 I1.0 W1.0\n");
}

// Megatron-LM (arXiv 2104.04473), figure 4, lower half: 4 devices, 2 chunks, 8 micro-batches. The
// figure's first device runs 1 2 3 4 1 2 3 4 5 6 7 forward (dark, then light for the second chunk)
// before its first backward.
TEST(BuildSchedule, InterleavedIsMegatronsFigure4) {
  const Schedule schedule = build_schedule({Kind::interleaved_one_forward_one_backward, 4, 8, 8});
  const std::string text = to_text(schedule);
  EXPECT_EQ(text.substr(0, text.find('B')),
            "F0.0 F1.0 F2.0 F3.0 F0.4 F1.4 F2.4 F3.4 F4.0 F5.0 F6.0 ");
}

// Zero Bubble (arXiv 2401.10241), figure 3 top: 4 devices. The last one runs its first weight
// gradients after three more micro-batches.
TEST(BuildSchedule, ZbH1DelaysWeightGradientsByTheRank) {
  const std::string text = to_text(build_schedule({Kind::zb_h1, 4, 4, 6}));
  EXPECT_NE(text.find("F0.3 I0.3 F1.3 I1.3 F2.3 I2.3 F3.3 I3.3 W0.3 F4.3 I4.3 W1.3"),
            std::string::npos);
}

}  // namespace
}  // namespace reckon

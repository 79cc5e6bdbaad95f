#include "planner/spec/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/planner/shapes.hpp"

namespace reckon {
namespace {

TEST(Schedule, StagesAreWhereTheRankOfAStageSays) {
  for (const ScheduleShape& shape : test::sound_shapes(6, 3, 14)) {
    for (int rank = 0; rank < shape.pipeline_ranks; ++rank) {
      const std::vector<int> stages = stages_of_rank(shape, rank);
      EXPECT_TRUE(std::is_sorted(stages.begin(), stages.end())) << test::describe(shape);
      for (int stage = 0; stage < shape.stages; ++stage) {
        bool runs = false;
        for (int micro_batch = 0; micro_batch < shape.micro_batches; ++micro_batch)
          runs = runs || rank_of_stage(shape, stage, micro_batch) == rank;
        const bool holds = std::find(stages.begin(), stages.end(), stage) != stages.end();
        EXPECT_EQ(runs, holds) << test::describe(shape) << ", stage " << stage << ", rank " << rank;
      }
    }
  }
}

TEST(Schedule, DualPipeRunsHalfOfTheMicroBatchesUp) {
  const ScheduleShape shape{ScheduleKind::dual_pipe, 4, 4, 10};
  EXPECT_FALSE(runs_up(shape, 0));
  EXPECT_FALSE(runs_up(shape, 4));
  EXPECT_TRUE(runs_up(shape, 5));
  EXPECT_TRUE(runs_up(shape, 9));
  EXPECT_EQ(rank_of_stage(shape, 0, 0), 0);
  EXPECT_EQ(rank_of_stage(shape, 0, 5), 3);
  EXPECT_EQ(stages_of_rank(shape, 3), (std::vector<int>{0, 3}));
}

TEST(Schedule, TheVTurnsAtTheLastRank) {
  const ScheduleShape shape{ScheduleKind::dual_pipe_v, 3, 6, 6};
  EXPECT_EQ(rank_of_stage(shape, 2, 0), 2);
  EXPECT_EQ(rank_of_stage(shape, 3, 0), 2);
  EXPECT_EQ(rank_of_stage(shape, 5, 0), 0);
  EXPECT_EQ(stages_of_rank(shape, 1), (std::vector<int>{1, 4}));
  EXPECT_FALSE(runs_up(shape, 5));
}

TEST(Schedule, TextOfOps) {
  EXPECT_EQ(to_text(Op{OpKind::forward, 0, 3, 0}), "F3.0");
  EXPECT_EQ(to_text(Op{OpKind::backward, 1, 3, 0}), "B3.1");
  EXPECT_EQ(to_text(Op{OpKind::backward_input, 1, 3, 0}), "I3.1");
  EXPECT_EQ(to_text(Op{OpKind::backward_weight, 1, 3, 0}), "W3.1");
  EXPECT_EQ(to_text(Op{OpKind::send_activation, 1, 3, 0}), "sa3.1");
  EXPECT_EQ(to_text(Op{OpKind::recv_activation, 1, 3, 0}), "ra3.1");
  EXPECT_EQ(to_text(Op{OpKind::send_gradient, 1, 3, 0}), "sg3.1");
  EXPECT_EQ(to_text(Op{OpKind::recv_gradient, 1, 3, 0}), "rg3.1");
  EXPECT_EQ(to_text(Op{OpKind::reduce_gradients, 7, -1, 0}), "R7");
  EXPECT_EQ(to_text(Op{OpKind::optimizer_step, -1, -1, 0}), "O");
  EXPECT_EQ(to_text(Op{OpKind::gather_parameters, 7, -1, 0}), "G7");
}

TEST(Schedule, TextOfPairsAndRanks) {
  const Schedule schedule{
      .shape = {ScheduleKind::dual_pipe, 2, 2, 4},
      .ops_by_rank = {
          {{OpKind::forward, 0, 1, 0}, {OpKind::forward, 0, 2, 1}, {OpKind::backward, 1, 3, 1}},
          {}}};
  EXPECT_EQ(to_text(schedule), "F1.0 F2.0&B3.1\n\n");
}

}  // namespace
}  // namespace reckon

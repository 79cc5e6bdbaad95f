#include "planner/schedules/in_flight.hpp"

#include <gtest/gtest.h>

#include "planner/communicate.hpp"
#include "planner/schedules/build_schedule.hpp"
#include "tests/planner/shapes.hpp"

namespace reckon {
namespace {

using Kind = ScheduleKind;

int sum(const std::vector<int>& counts) {
  int total = 0;
  for (const int count : counts) total += count;
  return total;
}

ChunksInFlight worst(const Schedule& schedule, int rank, double live, double queued) {
  const std::size_t stages = stages_of_rank(schedule.shape, rank).size();
  return worst_moment(
      schedule, rank,
      {.live = std::vector<double>(stages, live), .queued = std::vector<double>(stages, queued)});
}

// The bounds are not only kept but reached, on every rank.
TEST(InFlight, PeaksAreThePublishedBounds) {
  for (const ScheduleShape& shape : test::sound_shapes(8, 4, 36)) {
    const Schedule schedule = build_schedule(shape);
    const std::vector<int> peaks = peak_chunks_in_flight(schedule);
    for (int rank = 0; rank < shape.pipeline_ranks; ++rank) {
      const ChunkBound bound = published_chunk_bound(shape, rank);
      if (shape.kind == ScheduleKind::zb_v) {  // of all ranks: later ones hold as many or fewer
        EXPECT_LE(peaks[static_cast<std::size_t>(rank)], bound.live) << test::describe(shape);
        continue;
      }
      EXPECT_EQ(peaks[static_cast<std::size_t>(rank)], bound.live)
          << test::describe(shape) << ", rank " << rank;
      const ChunksInFlight held = worst(schedule, rank, 1.0, 1.0);
      EXPECT_EQ(sum(held.live) + sum(held.queued), bound.live_and_queued)
          << test::describe(shape) << ", rank " << rank;
    }
  }
}

TEST(InFlight, CommunicationChangesNothing) {
  for (const ScheduleShape& shape : test::sound_shapes(4, 2, 12)) {
    const Schedule schedule = build_schedule(shape);
    EXPECT_EQ(peak_chunks_by_stage(schedule), peak_chunks_by_stage(add_communication(schedule)));
  }
}

TEST(InFlight, OneForwardOneBackwardHoldsFewerOnLaterRanks) {
  const Schedule schedule = build_schedule({Kind::one_forward_one_backward, 4, 4, 8});
  EXPECT_EQ(peak_chunks_in_flight(schedule), (std::vector<int>{4, 3, 2, 1}));
  EXPECT_EQ(peak_queued_chunks(schedule), (std::vector<int>{0, 0, 0, 0}));
}

// At the end of a backward_input its chunk joins the queue, before the oldest leaves it.
TEST(InFlight, ZbH1QueuesOneMoreThanItsRank) {
  const Schedule schedule = build_schedule({Kind::zb_h1, 4, 4, 8});
  EXPECT_EQ(peak_chunks_in_flight(schedule), (std::vector<int>{4, 3, 2, 1}));
  EXPECT_EQ(peak_queued_chunks(schedule), (std::vector<int>{1, 2, 3, 4}));
}

// Rank 0 of 8 holds seven chunks of stage 0 while the second direction sets in at stage 7, where
// each backward follows at once; the first overlapped pair adds an eighth while one of stage 7 is
// still live.
TEST(InFlight, DualPipeByStage) {
  const Schedule schedule = build_schedule({Kind::dual_pipe, 8, 8, 20});
  const std::vector<ChunksInFlight> moments = peak_moments(schedule);
  EXPECT_EQ(moments[0].live, (std::vector<int>{8, 1}));
  EXPECT_EQ(to_text(schedule.ops_by_rank[0][static_cast<std::size_t>(moments[0].op)]), "F7.0");
  EXPECT_EQ(moments[0].queued, (std::vector<int>{0, 0}));
  EXPECT_EQ(moments[7].live, moments[0].live);
  for (std::size_t rank = 0; rank < 8; ++rank) {
    EXPECT_EQ(sum(moments[rank].live), 9);
    EXPECT_EQ(moments[rank].live, peak_chunks_by_stage(schedule)[rank]);
  }
}

TEST(InFlight, HeavyStagesMoveTheWorstMoment) {
  const Schedule schedule = build_schedule({Kind::dual_pipe, 4, 4, 8});
  const ChunksInFlight first = worst_moment(schedule, 1, {.live = {1.0, 0.0}, .queued = {0, 0}});
  const ChunksInFlight second = worst_moment(schedule, 1, {.live = {0.0, 1.0}, .queued = {0, 0}});
  EXPECT_GT(first.live[0], first.live[1]);
  EXPECT_GE(second.live[1], second.live[0]);
  EXPECT_NE(first.op, second.op);
}

TEST(InFlight, WeightsOfTheQueueCount) {
  const Schedule schedule = build_schedule({Kind::dual_pipe, 8, 8, 20});
  for (int rank = 0; rank < 8; ++rank) {
    const ChunksInFlight queue = worst(schedule, rank, 0.0, 1.0);
    EXPECT_EQ(sum(queue.queued), peak_queued_chunks(schedule)[static_cast<std::size_t>(rank)]);
    EXPECT_GT(sum(queue.queued), 0);
  }
}

TEST(InFlight, NothingWeighsNothing) {
  const ChunksInFlight moment = worst(build_schedule({Kind::gpipe, 2, 2, 2}), 0, 0.0, 0.0);
  EXPECT_EQ(moment.op, -1);
  EXPECT_EQ(moment.live, (std::vector<int>{0}));
}

}  // namespace
}  // namespace reckon

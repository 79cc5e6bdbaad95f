#include "planner/schedules/walk.hpp"

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "planner/communicate.hpp"
#include "planner/schedules/build_schedule.hpp"
#include "tests/planner/shapes.hpp"

namespace reckon {
namespace {

TEST(Walk, ReachesEveryOpOfASoundSchedule) {
  for (const ScheduleShape& shape : test::sound_shapes(5, 2, 12)) {
    const Schedule schedule = add_communication(build_schedule(shape));
    const Walk walked = walk(schedule);
    EXPECT_TRUE(walked.waits.empty());
    std::size_t ops = 0;
    for (const auto& program : schedule.ops_by_rank) ops += program.size();
    std::set<std::pair<int, int>> places;
    for (const OpPlace& place : walked.order) places.emplace(place.rank, place.op);
    EXPECT_EQ(places.size(), ops);
    EXPECT_EQ(walked.order.size(), ops) << test::describe(shape);
  }
}

TEST(Walk, PairsStayTogether) {
  const Schedule schedule = build_schedule({ScheduleKind::dual_pipe, 4, 4, 8});
  const std::vector<OpPlace> order = walk(schedule).order;
  for (std::size_t at = 0; at + 1 < order.size(); ++at) {
    const std::vector<Op>& ops = schedule.ops_by_rank[static_cast<std::size_t>(order[at].rank)];
    const auto index = static_cast<std::size_t>(order[at].op);
    if (index + 1 < ops.size() && ops[index].slot == ops[index + 1].slot) {
      EXPECT_EQ(order[at + 1], (OpPlace{order[at].rank, order[at].op + 1}));
    }
  }
}

// Each rank waits for what the other would run later.
TEST(Walk, NamesWhatEachRankWaitsFor) {
  const Schedule schedule{
      .shape = {ScheduleKind::one_forward_one_backward, 2, 2, 1},
      .ops_by_rank = {{{OpKind::backward, 0, 0, 0}, {OpKind::forward, 0, 0, 1}},
                      {{OpKind::forward, 1, 0, 0}, {OpKind::backward, 1, 0, 1}}}};
  const Walk walked = walk(schedule);
  EXPECT_TRUE(walked.order.empty());
  const std::vector<Wait> expected{{.at = {0, 0}, .awaited = {OpKind::backward_input, 1, 0, 0}},
                                   {.at = {1, 0}, .awaited = {OpKind::forward, 0, 0, 0}}};
  EXPECT_EQ(walked.waits, expected);
}

}  // namespace
}  // namespace reckon

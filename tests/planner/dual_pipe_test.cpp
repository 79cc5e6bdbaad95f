// Every case of dualpipe_golden.json: an event simulation of DualPipe's published steps, made apart
// from this code (kind "derived", no communication time).
#include "planner/schedules/dual_pipe.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "planner/schedules/build_schedule.hpp"
#include "planner/schedules/dry_run.hpp"
#include "planner/schedules/in_flight.hpp"
#include "tests/planner/shapes.hpp"

namespace reckon {
namespace {

using Json = nlohmann::json;

Json golden_cases() {
  std::ifstream file(RECKON_SOURCE_DIR "/tests/planner/data/dualpipe_golden.json");
  return Json::parse(file);
}

// In the file PP counts stages for both kinds; DualPipeV has half as many ranks.
ScheduleShape shape_of(const Json& golden) {
  const int stages = golden.at("PP").get<int>();
  const int micro_batches = golden.at("n").get<int>();
  if (golden.at("kind") == "DualPipe")
    return {ScheduleKind::dual_pipe, stages, stages, micro_batches};
  return {ScheduleKind::dual_pipe_v, stages / 2, stages, micro_batches};
}

OpTimes times_of(const Json& golden) {
  return {.forward = golden.at("F").get<double>(),
          .backward_input = golden.at("Bi").get<double>(),
          .backward_weight = golden.at("W").get<double>(),
          .pair = golden.at("FB").get<double>()};
}

std::map<std::string, int> count_ops(const std::vector<Op>& ops) {
  std::map<std::string, int> counts{{"F", 0}, {"B", 0}, {"Bi", 0}, {"W", 0}, {"FB", 0}};
  for (std::size_t index = 0; index < ops.size(); ++index) {
    const bool paired = index + 1 < ops.size() && ops[index].slot == ops[index + 1].slot;
    if (paired) ++counts["FB"];
    if (paired)
      ++index;
    else if (ops[index].kind == OpKind::forward)
      ++counts["F"];
    else if (ops[index].kind == OpKind::backward)
      ++counts["B"];
    else if (ops[index].kind == OpKind::backward_input)
      ++counts["Bi"];
    else
      ++counts["W"];
  }
  return counts;
}

void expect_near(const std::vector<double>& found, const Json& golden) {
  ASSERT_EQ(found.size(), golden.size());
  for (std::size_t rank = 0; rank < found.size(); ++rank)
    EXPECT_NEAR(found[rank], golden[rank].get<double>(), 1e-9) << "rank " << rank;
}

TEST(DualPipe, GoldenClocks) {
  const Json cases = golden_cases();
  ASSERT_EQ(cases.size(), 11U);
  for (const Json& golden : cases) {
    SCOPED_TRACE(test::describe(shape_of(golden)));
    ASSERT_TRUE(shape_problems(shape_of(golden)).empty());
    const DryRun run = dry_run(build_schedule(shape_of(golden)), times_of(golden));
    EXPECT_NEAR(run.makespan, golden.at("makespan").get<double>(), 1e-9);
    expect_near(run.bubble_by_rank, golden.at("bubble_by_rank"));
    expect_near(run.finish_by_rank, golden.at("finish_by_rank"));
  }
}

TEST(DualPipe, GoldenCounts) {
  for (const Json& golden : golden_cases()) {
    SCOPED_TRACE(test::describe(shape_of(golden)));
    const Schedule schedule = build_schedule(shape_of(golden));
    EXPECT_EQ(peak_chunks_in_flight(schedule),
              golden.at("peak_live_chunks").get<std::vector<int>>());
    const Json& counts = golden.at("op_counts");
    ASSERT_EQ(counts.size(), schedule.ops_by_rank.size());
    for (std::size_t rank = 0; rank < counts.size(); ++rank) {
      const auto found = count_ops(schedule.ops_by_rank[rank]);
      EXPECT_EQ(found, (counts[rank].get<std::map<std::string, int>>())) << "rank " << rank;
    }
  }
}

// DeepSeek-V3 report, figure 5: counted from the picture.
TEST(DualPipe, Figure5) {
  const DryRun run = dry_run(build_schedule({ScheduleKind::dual_pipe, 8, 8, 20}), {});
  EXPECT_EQ(run.makespan, 66.0);
  EXPECT_EQ(run.bubble_by_rank, std::vector<double>(8, 6.0));
}

// Report, table 2: (PP/2-1)(F&B + B - 3W). Exact where F = B_input = W and F&B = F + B.
TEST(DualPipe, BubbleIsTheReportsFormula) {
  for (const ScheduleShape& shape : test::sound_shapes(12, 2, 40)) {
    const bool is_v = shape.kind == ScheduleKind::dual_pipe_v;
    if (shape.kind != ScheduleKind::dual_pipe && !is_v) continue;
    const int bubble = (shape.stages / 2 - 1) * (3 + 2 - 3);
    const DryRun run = dry_run(build_schedule(shape), {});
    EXPECT_EQ(run.bubble_by_rank, std::vector<double>(run.bubble_by_rank.size(), bubble))
        << test::describe(shape);
    EXPECT_EQ(run.makespan, 3 * (is_v ? 2 : 1) * shape.micro_batches + bubble);
  }
}

// The formulas of dualpipe.json, counts_per_rank_dualpipe.
TEST(DualPipe, OpCountsOfEveryRank) {
  for (const ScheduleShape& shape : test::sound_shapes(12, 1, 40)) {
    if (shape.kind != ScheduleKind::dual_pipe) continue;
    const int ranks = shape.pipeline_ranks;
    const int half = ranks / 2;
    const Schedule schedule = build_schedule(shape);
    for (int rank = 0; rank < ranks; ++rank) {
      const int end = std::min(rank, ranks - 1 - rank);
      const int middle = end == half - 1 ? 1 : 0;
      const int pairs = 2 * (shape.micro_batches / 2 - ranks + end + 1) + (half - end - 1) - middle;
      const std::map<std::string, int> expected{{"F", 3 * half - end - 1 + middle},
                                                {"FB", pairs},
                                                {"B", half + middle},
                                                {"Bi", 2 * half - end - 1},
                                                {"W", 2 * half - end - 1}};
      const auto found = count_ops(schedule.ops_by_rank[static_cast<std::size_t>(rank)]);
      EXPECT_EQ(found, expected) << test::describe(shape) << ", rank " << rank;
    }
  }
}

TEST(DualPipe, TheTwoHalvesMirrorEachOther) {
  const ScheduleShape shape{ScheduleKind::dual_pipe, 8, 8, 20};
  const Schedule schedule = build_schedule(shape);
  for (std::size_t rank = 0; rank < 4; ++rank) {
    std::vector<Op> mirrored = schedule.ops_by_rank[7 - rank];
    for (Op& op : mirrored) op.micro_batch = (op.micro_batch + 10) % 20;
    EXPECT_EQ(schedule.ops_by_rank[rank], mirrored);
  }
}

}  // namespace
}  // namespace reckon

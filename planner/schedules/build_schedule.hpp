// The one entrance to the schedule builders: a shape, its problems, its schedule.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/schedules/schedule_problem.hpp"
#include "planner/spec/schedule.hpp"

namespace reckon {

// Stages x micro-batches; DeepSeek-V3 has 16 x 120. With its communication (seven ops a chunk) a
// schedule of this size still fits in 1 GiB.
inline constexpr std::int64_t most_chunks = 4'000'000;

// Why the shape admits no schedule of its kind, each with what to do; empty if it does. Sources:
// the assertions of deepseek-ai/DualPipe (dualpipe.py, dualpipev.py) and of Megatron-LM
// (micro-batches a multiple of pipeline ranks for the interleaved schedule, arXiv 2104.04473,
// section 2.2.2).
std::vector<ScheduleProblem> shape_problems(const ScheduleShape& shape);

// The compute ops of every rank in program order, without communication (add_communication()
// inserts it). Linear in the number of ops. Precondition: shape_problems(shape) is empty.
Schedule build_schedule(const ScheduleShape& shape);

}  // namespace reckon

// Schedule shapes for the tests of planner/schedules.
#pragma once

#include <rapidcheck.h>

#include <ostream>
#include <string>
#include <vector>

#include "planner/schedules/schedule_problem.hpp"
#include "planner/spec/schedule.hpp"

namespace reckon {

// How a failing test prints them; GoogleTest and RapidCheck choose the names.
// NOLINTBEGIN(readability-identifier-naming)
void PrintTo(const ScheduleShape& shape, std::ostream* out);
void PrintTo(const ScheduleProblem& problem, std::ostream* out);
void showValue(const ScheduleShape& shape, std::ostream& out);
// NOLINTEND(readability-identifier-naming)

namespace test {

// "dual_pipe, 8 ranks, 8 stages, 20 micro-batches"
std::string describe(const ScheduleShape& shape);

// Every shape that admits a schedule, of all kinds, with up to so many ranks, chunks a rank and
// micro-batches.
std::vector<ScheduleShape> sound_shapes(int most_ranks, int most_chunks_per_rank,
                                        int most_micro_batches);

// A random one with at least `least_ranks` ranks.
rc::Gen<ScheduleShape> any_sound_shape(int least_ranks);

// The messages of problems, one a line, for failing tests.
std::string messages(const std::vector<ScheduleProblem>& problems);

}  // namespace test
}  // namespace reckon

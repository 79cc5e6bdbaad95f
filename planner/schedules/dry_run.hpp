// The simplest clock there is: every op takes the same time on each stage, communication none. For
// tests and pages; the simulator and the trainer do not use it.
#pragma once

#include <vector>

#include "planner/spec/schedule.hpp"

namespace reckon {

// In any one unit. A full backward takes backward_input + backward_weight.
struct OpTimes {
  double forward = 1.0;
  double backward_input = 1.0;
  double backward_weight = 1.0;
  double pair = 3.0;  // an overlapped forward and full backward: F&B
};

struct DrySpan {
  double start = 0.0;
  double end = 0.0;
  bool operator==(const DrySpan&) const = default;
};

struct DryRun {
  double makespan = 0.0;
  std::vector<double> busy_by_rank;
  std::vector<double> bubble_by_rank;               // makespan - busy
  std::vector<double> finish_by_rank;               // end of the rank's last compute op
  std::vector<std::vector<DrySpan>> spans_by_rank;  // aligned with Schedule::ops_by_rank
};

// The longest path through the schedule: an op starts when its rank is free and its input there; a
// pair starts when both inputs are there and ends as one. Ops other than compute take no time.
// Linear in the number of ops. Precondition: validate(schedule) finds nothing.
DryRun dry_run(const Schedule& schedule, const OpTimes& times);

}  // namespace reckon

#include "planner/schedules/build_schedule.hpp"

#include <cstdint>
#include <string>
#include <utility>

#include "planner/schedules/dual_pipe.hpp"
#include "planner/schedules/gpipe.hpp"
#include "planner/schedules/interleaved.hpp"
#include "planner/schedules/one_forward_one_backward.hpp"
#include "planner/schedules/zero_bubble.hpp"

namespace reckon {

namespace {

class ProblemList {
 public:
  explicit ProblemList(const ScheduleShape& shape) : kind_(enum_name(shape.kind)) {}

  // Adds "<kind>: <what>" unless `holds`.
  void require(bool holds, const std::string& what) {
    if (holds) return;
    problems_.push_back({.kind = ScheduleProblemKind::bad_shape,
                         .rank = -1,
                         .op = -1,
                         .message = kind_ + ": " + what});
  }
  bool empty() const { return problems_.empty(); }
  std::vector<ScheduleProblem> take() && { return std::move(problems_); }

 private:
  std::string kind_;
  std::vector<ScheduleProblem> problems_;
};

std::string is(const char* name, int value) {
  return std::string(name) + " is " + std::to_string(value);
}

void require_positive(const ScheduleShape& shape, ProblemList& problems) {
  problems.require(shape.pipeline_ranks >= 1,
                   is("pipeline_ranks", shape.pipeline_ranks) + "; give at least 1");
  problems.require(shape.stages >= 1, is("stages", shape.stages) + "; give at least 1");
  problems.require(shape.micro_batches >= 1,
                   is("micro_batches", shape.micro_batches) + "; give at least 1");
}

void require_one_stage_a_rank(const ScheduleShape& shape, ProblemList& problems) {
  problems.require(shape.stages == shape.pipeline_ranks,
                   is("stages", shape.stages) +
                       "; it takes one a rank: " + std::to_string(shape.pipeline_ranks));
}

void require_interleaved(const ScheduleShape& shape, ProblemList& problems) {
  const int ranks = shape.pipeline_ranks;
  problems.require(shape.stages % ranks == 0, is("stages", shape.stages) +
                                                  "; give a multiple of the " +
                                                  std::to_string(ranks) + " pipeline ranks");
  problems.require(shape.stages >= 2 * std::int64_t{ranks},
                   is("stages", shape.stages) + " on " + std::to_string(ranks) +
                       " ranks; give two or more a rank, or take one_forward_one_backward");
  problems.require(shape.micro_batches % ranks == 0, is("micro_batches", shape.micro_batches) +
                                                         "; give a multiple of the " +
                                                         std::to_string(ranks) + " pipeline ranks");
}

void require_enough_for_both_directions(const ScheduleShape& shape, ProblemList& problems) {
  const std::int64_t least = 2 * std::int64_t{shape.pipeline_ranks};
  problems.require(shape.micro_batches >= least,
                   is("micro_batches", shape.micro_batches) + "; give at least twice the " +
                       std::to_string(shape.pipeline_ranks) +
                       " pipeline ranks: " + std::to_string(least) + " or more");
}

void require_dual_pipe(const ScheduleShape& shape, ProblemList& problems) {
  problems.require(shape.pipeline_ranks % 2 == 0,
                   is("pipeline_ranks", shape.pipeline_ranks) + "; give an even number");
  require_one_stage_a_rank(shape, problems);
  problems.require(shape.micro_batches % 2 == 0,
                   is("micro_batches", shape.micro_batches) +
                       "; give an even number, half of them for each direction");
  require_enough_for_both_directions(shape, problems);
}

void require_two_stages_a_rank(const ScheduleShape& shape, ProblemList& problems) {
  const std::int64_t stages = 2 * std::int64_t{shape.pipeline_ranks};
  problems.require(shape.stages == stages,
                   is("stages", shape.stages) + "; it takes two a rank: " + std::to_string(stages));
}

void require_dual_pipe_v(const ScheduleShape& shape, ProblemList& problems) {
  require_two_stages_a_rank(shape, problems);
  require_enough_for_both_directions(shape, problems);
}

}  // namespace

std::vector<ScheduleProblem> shape_problems(const ScheduleShape& shape) {
  ProblemList problems(shape);
  require_positive(shape, problems);
  if (!problems.empty()) return std::move(problems).take();
  problems.require(std::int64_t{shape.stages} * shape.micro_batches <= most_chunks,
                   is("stages", shape.stages) + " and " + is("micro_batches", shape.micro_batches) +
                       "; their product may be at most " + std::to_string(most_chunks));
  switch (shape.kind) {
    case ScheduleKind::gpipe:
    case ScheduleKind::one_forward_one_backward:
    case ScheduleKind::zb_h1:
    case ScheduleKind::zb_h2:
      require_one_stage_a_rank(shape, problems);
      break;
    case ScheduleKind::interleaved_one_forward_one_backward:
      require_interleaved(shape, problems);
      break;
    case ScheduleKind::dual_pipe:
      require_dual_pipe(shape, problems);
      break;
    case ScheduleKind::zb_v:
      require_two_stages_a_rank(shape, problems);
      break;
    case ScheduleKind::dual_pipe_v:
      require_dual_pipe_v(shape, problems);
      break;
  }
  return std::move(problems).take();
}

Schedule build_schedule(const ScheduleShape& shape) {
  switch (shape.kind) {
    case ScheduleKind::gpipe:
      return build_gpipe(shape);
    case ScheduleKind::one_forward_one_backward:
      return build_one_forward_one_backward(shape);
    case ScheduleKind::interleaved_one_forward_one_backward:
      return build_interleaved(shape);
    case ScheduleKind::zb_h1:
      return build_zb_h1(shape);
    case ScheduleKind::zb_h2:
      return build_zb_h2(shape);
    case ScheduleKind::zb_v:
      return build_zb_v(shape);
    case ScheduleKind::dual_pipe:
      return build_dual_pipe(shape);
    case ScheduleKind::dual_pipe_v:
      return build_dual_pipe_v(shape);
  }
  return {};
}

}  // namespace reckon

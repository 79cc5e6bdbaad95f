#include "tests/planner/shapes.hpp"

#include "planner/schedules/build_schedule.hpp"

namespace reckon {

void PrintTo(const ScheduleShape& shape, std::ostream* out) { *out << test::describe(shape); }
void PrintTo(const ScheduleProblem& problem, std::ostream* out) {
  *out << enum_name(problem.kind) << " \"" << problem.message << '"';
}
void showValue(const ScheduleShape& shape, std::ostream& out) { out << test::describe(shape); }

namespace test {

std::string describe(const ScheduleShape& shape) {
  return std::string(enum_name(shape.kind)) + ", " + std::to_string(shape.pipeline_ranks) +
         " ranks, " + std::to_string(shape.stages) + " stages, " +
         std::to_string(shape.micro_batches) + " micro-batches";
}

std::vector<ScheduleShape> sound_shapes(int most_ranks, int most_chunks_per_rank,
                                        int most_micro_batches) {
  std::vector<ScheduleShape> shapes;
  for (const auto& [kind, name] : EnumNames<ScheduleKind>::table) {
    for (int ranks = 1; ranks <= most_ranks; ++ranks) {
      for (int chunks = 1; chunks <= most_chunks_per_rank; ++chunks) {
        for (int micro_batches = 1; micro_batches <= most_micro_batches; ++micro_batches) {
          const ScheduleShape shape{kind, ranks, ranks * chunks, micro_batches};
          if (shape_problems(shape).empty()) shapes.push_back(shape);
        }
      }
    }
  }
  return shapes;
}

rc::Gen<ScheduleShape> any_sound_shape(int least_ranks) {
  return rc::gen::exec([least_ranks] {
    ScheduleShape shape;
    shape.kind =
        static_cast<ScheduleKind>(*rc::gen::inRange(0, int{EnumNames<ScheduleKind>::table.size()}));
    shape.pipeline_ranks = *rc::gen::inRange(least_ranks, 10);
    if (shape.kind == ScheduleKind::dual_pipe) shape.pipeline_ranks += shape.pipeline_ranks % 2;
    const int ranks = shape.pipeline_ranks;
    const int more = *rc::gen::inRange(1, 12);
    shape.stages = ranks;
    shape.micro_batches = more;
    if (shape.kind == ScheduleKind::interleaved_one_forward_one_backward) {
      shape.stages = ranks * *rc::gen::inRange(2, 5);
      shape.micro_batches = ranks * (1 + more % 4);
    }
    if (shape.kind == ScheduleKind::dual_pipe) shape.micro_batches = 2 * (ranks + more);
    if (shape.kind == ScheduleKind::zb_v) shape.stages = 2 * ranks;
    if (shape.kind == ScheduleKind::dual_pipe_v) {
      shape.stages = 2 * ranks;
      shape.micro_batches = 2 * ranks + more;
    }
    return shape;
  });
}

std::string messages(const std::vector<ScheduleProblem>& problems) {
  std::string text;
  for (const ScheduleProblem& problem : problems)
    text += std::string(enum_name(problem.kind)) + ": " + problem.message + '\n';
  return text;
}

}  // namespace test
}  // namespace reckon

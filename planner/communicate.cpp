#include "planner/communicate.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "planner/schedules/op_kind.hpp"
#include "planner/schedules/rank_program.hpp"

namespace reckon {

namespace {

// The ops of one rank with communication written around them.
class Communicating {
 public:
  Communicating(const ScheduleShape& shape, int rank)
      : shape_(shape),
        rank_(rank),
        stages_(stages_of_rank(shape, rank)),
        weight_gradients_left_(stages_.size(), 0) {}

  std::vector<Op> rewrite(const std::vector<Op>& ops) && {
    for (const Op& op : ops) {
      if (makes_weight_gradients(op.kind)) ++weight_gradients_left(op.stage);
    }
    for (std::size_t first = 0; first < ops.size();) {
      const std::size_t last = end_of_slot(ops, first);
      write_slot(ops, first, last);
      first = last;
    }
    program_.run(OpKind::optimizer_step, -1, -1);
    for (const int stage : stages_) program_.run(OpKind::gather_parameters, stage, -1);
    return std::move(program_).take();
  }

 private:
  int& weight_gradients_left(int stage) {
    const auto found = std::lower_bound(stages_.begin(), stages_.end(), stage);
    return weight_gradients_left_[static_cast<std::size_t>(found - stages_.begin())];
  }

  // Whether `stage` exists and runs `micro_batch` on another rank.
  bool is_elsewhere(int stage, int micro_batch) const {
    return stage >= 0 && stage < shape_.stages &&
           rank_of_stage(shape_, stage, micro_batch) != rank_;
  }

  void write_slot(const std::vector<Op>& ops, std::size_t first, std::size_t last) {
    for (std::size_t index = first; index < last; ++index) {
      const Op& op = ops[index];
      if (op.kind == OpKind::forward && is_elsewhere(op.stage - 1, op.micro_batch))
        program_.run(OpKind::recv_activation, op.stage, op.micro_batch);
      if (makes_input_gradients(op.kind) && is_elsewhere(op.stage + 1, op.micro_batch))
        program_.run(OpKind::recv_gradient, op.stage, op.micro_batch);
    }
    program_.run_together(ops, first, last);
    for (std::size_t index = first; index < last; ++index) {
      const Op& op = ops[index];
      if (op.kind == OpKind::forward && is_elsewhere(op.stage + 1, op.micro_batch))
        program_.run(OpKind::send_activation, op.stage, op.micro_batch);
      if (makes_input_gradients(op.kind) && is_elsewhere(op.stage - 1, op.micro_batch))
        program_.run(OpKind::send_gradient, op.stage, op.micro_batch);
    }
    for (std::size_t index = first; index < last; ++index) {
      const Op& op = ops[index];
      if (makes_weight_gradients(op.kind) && --weight_gradients_left(op.stage) == 0)
        program_.run(OpKind::reduce_gradients, op.stage, -1);
    }
  }

  const ScheduleShape& shape_;
  int rank_;
  std::vector<int> stages_;
  std::vector<int> weight_gradients_left_;  // by index into stages_
  RankProgram program_;
};

}  // namespace

Schedule add_communication(const Schedule& schedule) {
  Schedule result{.shape = schedule.shape, .ops_by_rank = {}};
  for (int rank = 0; rank < schedule.shape.pipeline_ranks; ++rank) {
    std::vector<Op> compute;
    for (const Op& op : schedule.ops_by_rank[static_cast<std::size_t>(rank)]) {
      if (is_compute(op.kind)) compute.push_back(op);
    }
    result.ops_by_rank.push_back(Communicating(schedule.shape, rank).rewrite(compute));
  }
  return result;
}

}  // namespace reckon

#include "planner/spec/schedule.hpp"

namespace reckon {

bool runs_up(const ScheduleShape& shape, int micro_batch) {
  return shape.kind == ScheduleKind::dual_pipe && micro_batch >= shape.micro_batches / 2;
}

int rank_of_stage(const ScheduleShape& shape, int stage, int micro_batch) {
  const int ranks = shape.pipeline_ranks;
  switch (shape.kind) {
    case ScheduleKind::gpipe:
    case ScheduleKind::one_forward_one_backward:
    case ScheduleKind::zb_h1:
    case ScheduleKind::zb_h2:
      return stage;
    case ScheduleKind::interleaved_one_forward_one_backward:
      return stage % ranks;
    case ScheduleKind::dual_pipe:
      return runs_up(shape, micro_batch) ? ranks - 1 - stage : stage;
    case ScheduleKind::zb_v:
    case ScheduleKind::dual_pipe_v:
      return stage < ranks ? stage : 2 * ranks - 1 - stage;
  }
  return stage;
}

std::vector<int> stages_of_rank(const ScheduleShape& shape, int rank) {
  const int ranks = shape.pipeline_ranks;
  switch (shape.kind) {
    case ScheduleKind::gpipe:
    case ScheduleKind::one_forward_one_backward:
    case ScheduleKind::zb_h1:
    case ScheduleKind::zb_h2:
      return {rank};
    case ScheduleKind::interleaved_one_forward_one_backward: {
      std::vector<int> stages;
      for (int stage = rank; stage < shape.stages; stage += ranks) stages.push_back(stage);
      return stages;
    }
    case ScheduleKind::dual_pipe: {
      const int mirrored = ranks - 1 - rank;
      if (rank < mirrored) return {rank, mirrored};
      return {mirrored, rank};
    }
    case ScheduleKind::zb_v:
    case ScheduleKind::dual_pipe_v:
      return {rank, 2 * ranks - 1 - rank};
  }
  return {};
}

namespace {

// The letters of the field's papers (Zero Bubble, arXiv 2401.10241: F, B, W; I is its split-off B).
const char* letters(OpKind kind) {
  switch (kind) {
    case OpKind::forward:
      return "F";
    case OpKind::backward:
      return "B";
    case OpKind::backward_input:
      return "I";
    case OpKind::backward_weight:
      return "W";
    case OpKind::send_activation:
      return "sa";
    case OpKind::recv_activation:
      return "ra";
    case OpKind::send_gradient:
      return "sg";
    case OpKind::recv_gradient:
      return "rg";
    case OpKind::reduce_gradients:
      return "R";
    case OpKind::optimizer_step:
      return "O";
    case OpKind::gather_parameters:
      return "G";
  }
  return "?";
}

}  // namespace

std::string to_text(const Op& op) {
  std::string text = letters(op.kind);
  if (op.kind == OpKind::optimizer_step) return text;
  if (op.micro_batch >= 0) text += std::to_string(op.micro_batch) + '.';
  return text + std::to_string(op.stage);
}

std::string to_text(const Schedule& schedule) {
  std::string text;
  for (const std::vector<Op>& ops : schedule.ops_by_rank) {
    for (std::size_t index = 0; index < ops.size(); ++index) {
      if (index > 0) text += ops[index].slot == ops[index - 1].slot ? '&' : ' ';
      text += to_text(ops[index]);
    }
    text += '\n';
  }
  return text;
}

}  // namespace reckon

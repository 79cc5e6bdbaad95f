// A Schedule says, as data, what every pipeline rank does in which order. The simulator and the
// trainer execute the same Schedule; neither reorders it.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "planner/spec/fields.hpp"

namespace reckon {

enum class ScheduleKind : std::uint8_t {
  gpipe,
  one_forward_one_backward,
  interleaved_one_forward_one_backward,
  zb_h1,  // ZB1P in DeepSeek's table
  zb_h2,  // ZB-2P: twice the activations, hardly a bubble
  zb_v,   // two chunks a rank in the form of a V: 1F1B's activations, hardly a bubble
  dual_pipe,
  dual_pipe_v,
};

template <>
struct EnumNames<ScheduleKind> {
  static constexpr std::array<std::pair<ScheduleKind, std::string_view>, 8> table{{
      {ScheduleKind::gpipe, "gpipe"},
      {ScheduleKind::one_forward_one_backward, "one_forward_one_backward"},
      {ScheduleKind::interleaved_one_forward_one_backward, "interleaved_one_forward_one_backward"},
      {ScheduleKind::zb_h1, "zb_h1"},
      {ScheduleKind::zb_h2, "zb_h2"},
      {ScheduleKind::zb_v, "zb_v"},
      {ScheduleKind::dual_pipe, "dual_pipe"},
      {ScheduleKind::dual_pipe_v, "dual_pipe_v"},
  }};
};

enum class OpKind : std::uint8_t {
  forward,
  backward,         // input and weight gradients in one go
  backward_input,   // input gradients; the weight gradients are queued
  backward_weight,  // the queued weight gradients of one micro-batch
  send_activation,
  recv_activation,
  send_gradient,
  recv_gradient,
  reduce_gradients,   // data-parallel reduction of one stage's gradients (ZeRO-1: reduce-scatter)
  optimizer_step,     // the local shard of all stages of the rank
  gather_parameters,  // ZeRO-1: all-gather of one stage's updated weights
};

// One step of one rank. Ops of a rank that share `slot` form an overlapped pair (DualPipe's
// forward-and-backward); they stand next to each other, forward first. Every other op has a slot of
// its own. `micro_batch` is -1 for ops that belong to the whole step.
struct Op {
  OpKind kind = OpKind::forward;
  int stage = 0;
  int micro_batch = 0;
  int slot = 0;
  auto operator<=>(const Op&) const = default;
};

// What fixes a schedule's order. `stages` counts model stages: pipeline_ranks for GPipe, 1F1B,
// ZB-H1, ZB-H2 and DualPipe (each DualPipe rank holds two of them), pipeline_ranks x chunks for
// interleaved 1F1B, 2 x pipeline_ranks for ZB-V and DualPipeV.
struct ScheduleShape {
  ScheduleKind kind = ScheduleKind::one_forward_one_backward;
  int pipeline_ranks = 1;
  int stages = 1;
  int micro_batches = 1;
  auto operator<=>(const ScheduleShape&) const = default;  // NOLINT(modernize-use-nullptr)
};

struct Schedule {
  ScheduleShape shape;
  std::vector<std::vector<Op>> ops_by_rank;  // [pipeline_rank], in program order
  bool operator==(const Schedule&) const = default;
};

// Whether a micro-batch runs DualPipe's second direction (it enters at the last rank).
// Micro-batches [0, n/2) run down, [n/2, n) run up. Always false for the other kinds.
bool runs_up(const ScheduleShape& shape, int micro_batch);

// The pipeline rank that executes `stage` for `micro_batch`.
int rank_of_stage(const ScheduleShape& shape, int stage, int micro_batch);

// The stages whose weights `rank` holds, ascending (DualPipe: two copies exist of every stage).
std::vector<int> stages_of_rank(const ScheduleShape& shape, int rank);

// One line a rank, ops separated by blanks: F3.0 = forward of micro-batch 3 at stage 0, B, I, W as
// in the field's papers, pairs joined by '&', sends and receives as sa/ra/sg/rg, R, O and G for the
// reductions, the optimizer and the gathers.
std::string to_text(const Schedule& schedule);
std::string to_text(const Op& op);

}  // namespace reckon

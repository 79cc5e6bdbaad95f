// A traced step small enough to add up by hand: two pipeline ranks, times in microseconds.
#pragma once

#include "planner/spec/schedule.hpp"
#include "planner/spec/trace.hpp"

namespace reckon {

constexpr SimTime us = 1'000'000;  // picoseconds

// Rank 0:   F0 0-10, send 10-12, pair F1&B0 20-50, reduce 48-55, B1 60-80, W1 80-85, reduce 70-90,
//           optimizer 90-95, gather 93-100.
// Rank 1:   receive 0-12, F0 12-22, B0 22-40; nothing after.
// The step ends at 100.
inline Schedule small_schedule() {
  Schedule schedule;
  schedule.shape = {ScheduleKind::dual_pipe, 2, 2, 2};
  schedule.ops_by_rank = {{{OpKind::forward, 0, 0, 0},
                           {OpKind::send_activation, 0, 0, 1},
                           {OpKind::forward, 0, 1, 2},
                           {OpKind::backward, 0, 0, 2},
                           {OpKind::reduce_gradients, 1, -1, 3},
                           {OpKind::backward_input, 0, 1, 4},
                           {OpKind::backward_weight, 0, 1, 5},
                           {OpKind::reduce_gradients, 0, -1, 6},
                           {OpKind::optimizer_step, -1, -1, 7},
                           {OpKind::gather_parameters, 0, -1, 8}},
                          {{OpKind::recv_activation, 1, 0, 0},
                           {OpKind::forward, 1, 0, 1},
                           {OpKind::backward, 1, 0, 2}}};
  return schedule;
}

inline StepTrace small_trace() {
  StepTrace trace;
  trace.step_end = 100 * us;
  RankTrace first;
  first.pipeline_rank = 0;
  first.multiplicity = 3;
  first.ops = {{0, 10 * us},       {10 * us, 12 * us}, {20 * us, 45 * us}, {22 * us, 50 * us},
               {48 * us, 55 * us}, {60 * us, 80 * us}, {80 * us, 85 * us}, {70 * us, 90 * us},
               {90 * us, 95 * us}, {93 * us, 100 * us}};
  first.compute_busy = 60 * us;
  first.communication_busy = 40 * us;
  RankTrace second;
  second.pipeline_rank = 1;
  second.multiplicity = 3;
  second.ops = {{0, 12 * us}, {12 * us, 22 * us}, {22 * us, 40 * us}};
  second.compute_busy = 20 * us;
  second.communication_busy = 5 * us;
  trace.ranks = {first, second};
  return trace;
}

// The same with the parts of the first forward, of the send and of the pair on rank 0.
inline StepTrace small_trace_with_parts() {
  StepTrace trace = small_trace();
  const auto part = [](int op, PartKind kind, Lane lane, int layer, double start, double end) {
    return PartSpan{op,
                    kind,
                    lane,
                    static_cast<std::int16_t>(layer),
                    static_cast<SimTime>(start * us),
                    static_cast<SimTime>(end * us)};
  };
  trace.ranks[0].parts = {
      part(0, PartKind::attention_forward, Lane::compute, 4, 0, 4),
      part(0, PartKind::dispatch_forward, Lane::communication, 4, 4, 6),  // exposed: 2
      part(0, PartKind::mlp_forward, Lane::compute, 4, 6, 10),
      part(1, PartKind::pipeline_send, Lane::communication, 0, 10, 12),
      part(2, PartKind::dispatch_forward, Lane::communication, 4, 20, 30),
      part(3, PartKind::mlp_backward_input, Lane::compute, 5, 20.000001, 26),
      part(3, PartKind::dispatch_backward, Lane::communication, 5, 28, 33),  // beside the dispatch
      part(2, PartKind::mlp_forward, Lane::compute, 4, 30, 50)};
  return trace;
}

}  // namespace reckon

#include "reports/trace_slices.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

namespace reckon {
namespace {

// The words of DeepSeek-V3 report, figure 4, and of its published profile.
std::string_view short_name(PartKind kind) {
  switch (kind) {
    case PartKind::embedding_forward:
      return "EMBED(F)";
    case PartKind::attention_forward:
      return "ATTN(F)";
    case PartKind::dispatch_forward:
      return "DISPATCH(F)";
    case PartKind::mlp_forward:
      return "MLP(F)";
    case PartKind::combine_forward:
      return "COMBINE(F)";
    case PartKind::head_forward:
      return "HEAD(F)";
    case PartKind::head_backward_input:
      return "HEAD(B)";
    case PartKind::combine_backward:
      return "COMBINE(B)";
    case PartKind::mlp_backward_input:
      return "MLP(B)";
    case PartKind::mlp_backward_weight:
      return "MLP(W)";
    case PartKind::dispatch_backward:
      return "DISPATCH(B)";
    case PartKind::attention_backward_input:
      return "ATTN(B)";
    case PartKind::attention_backward_weight:
      return "ATTN(W)";
    case PartKind::head_backward_weight:
      return "HEAD(W)";
    case PartKind::embedding_backward_weight:
      return "EMBED(W)";
    case PartKind::pipeline_send:
      return "PP";
    case PartKind::gradient_reduction:
      return "REDUCE";
    case PartKind::optimizer:
      return "OPTIMIZER";
    case PartKind::parameter_gather:
      return "GATHER";
    case PartKind::weight_gather:
      return "WEIGHTS";
    case PartKind::gradient_scatter:
      return "SCATTER";
  }
  return "?";
}

// Parts that are of a stage or of the step, not of one layer.
bool has_layer(PartKind kind) {
  return kind != PartKind::embedding_forward && kind != PartKind::embedding_backward_weight &&
         kind != PartKind::pipeline_send && kind != PartKind::gradient_reduction &&
         kind != PartKind::optimizer && kind != PartKind::parameter_gather;
}

std::string name_of(const PartSpan& part) {
  if (!has_layer(part.kind)) return std::string(short_name(part.kind));
  return fmt::format("{} layer {}", short_name(part.kind), part.layer);
}

// How an op without parts is drawn; an empty name: not at all.
std::pair<std::string_view, Lane> look_of(OpKind kind) {
  switch (kind) {
    case OpKind::forward:
      return {"FORWARD", Lane::compute};
    case OpKind::backward:
      return {"BACKWARD", Lane::compute};
    case OpKind::backward_input:
      return {"BACKWARD(B)", Lane::compute};
    case OpKind::backward_weight:
      return {"BACKWARD(W)", Lane::compute};
    case OpKind::send_activation:
    case OpKind::send_gradient:
      return {"PP", Lane::communication};
    case OpKind::recv_activation:
    case OpKind::recv_gradient:
      return {"", Lane::communication};
    case OpKind::reduce_gradients:
      return {"REDUCE", Lane::communication};
    case OpKind::optimizer_step:
      return {"OPTIMIZER", Lane::compute};
    case OpKind::gather_parameters:
      return {"GATHER", Lane::communication};
  }
  return {"", Lane::compute};
}

void add_ops_without_parts(const RankTrace& trace, const std::vector<Op>& ops,
                           std::vector<TraceSlice>& slices) {
  std::vector<bool> has_parts(ops.size(), false);
  for (const PartSpan& part : trace.parts) has_parts[static_cast<std::size_t>(part.op)] = true;
  for (std::size_t op = 0; op < ops.size(); ++op) {
    const auto& [start, end] = trace.ops[op];
    const auto [name, lane] = look_of(ops[op].kind);
    if (has_parts[op] || name.empty() || end <= start) continue;
    slices.push_back({.track = 0,
                      .name = std::string(name),
                      .lane = lane,
                      .op = op,
                      .start = start,
                      .end = end});
  }
}

// Puts each slice on the first track of its lane that is free by then.
std::vector<TraceTrack> lay_out(std::vector<TraceSlice>& slices) {
  struct Free {
    Lane lane;
    SimTime from;
  };
  std::vector<Free> tracks{{Lane::compute, 0}, {Lane::communication, 0}};
  for (TraceSlice& slice : slices) {
    std::size_t track = 0;
    while (track < tracks.size() &&
           (tracks[track].lane != slice.lane || tracks[track].from > slice.start)) {
      ++track;
    }
    if (track == tracks.size()) tracks.push_back({slice.lane, 0});
    tracks[track].from = slice.end;
    slice.track = static_cast<int>(track);
  }
  std::array<int, 3> numbers{};
  std::vector<TraceTrack> named;
  for (std::size_t track = 0; track < tracks.size(); ++track) {
    const Lane lane = tracks[track].lane;
    const int number = ++numbers[static_cast<std::size_t>(lane)];
    named.push_back({static_cast<int>(track), number == 1
                                                  ? std::string(enum_name(lane))
                                                  : fmt::format("{} {}", enum_name(lane), number)});
  }
  return named;
}

std::string rank_name(const RankTrace& trace) {
  std::string name = fmt::format("pipeline rank {}", trace.pipeline_rank);
  if (trace.data_rank > 0) name += fmt::format(", replica {}", trace.data_rank);
  if (trace.multiplicity > 1) name += fmt::format(" (one of {} alike)", trace.multiplicity);
  return name;
}

}  // namespace

RankSlices slices_of(const RankTrace& trace, const std::vector<Op>& ops) {
  if (trace.ops.size() != ops.size()) {
    throw std::invalid_argument("the trace of pipeline rank " +
                                std::to_string(trace.pipeline_rank) + " is not of this schedule");
  }
  RankSlices rank{.name = rank_name(trace), .tracks = {}, .slices = {}};
  rank.slices.reserve(trace.parts.size());
  for (const PartSpan& part : trace.parts) {
    if (part.op < 0 || static_cast<std::size_t>(part.op) >= ops.size()) {
      throw std::invalid_argument("a part of pipeline rank " + std::to_string(trace.pipeline_rank) +
                                  " belongs to no op");
    }
    rank.slices.push_back({.track = 0,
                           .name = name_of(part),
                           .lane = part.lane,
                           .op = static_cast<std::size_t>(part.op),
                           .start = part.start,
                           .end = part.end});
  }
  add_ops_without_parts(trace, ops, rank.slices);
  std::stable_sort(rank.slices.begin(), rank.slices.end(),
                   [](const TraceSlice& left, const TraceSlice& right) {
                     return std::tie(left.start, left.end) < std::tie(right.start, right.end);
                   });
  rank.tracks = lay_out(rank.slices);
  return rank;
}

std::vector<const RankTrace*> drawn_ranks(const StepTrace& trace) {
  std::vector<const RankTrace*> drawn;
  for (const RankTrace& rank : trace.ranks) {
    if (!rank.parts.empty()) drawn.push_back(&rank);
  }
  if (!drawn.empty()) return drawn;
  for (const RankTrace& rank : trace.ranks) drawn.push_back(&rank);
  return drawn;
}

int process_id(const RankTrace& trace, const Schedule& schedule) {
  return trace.data_rank * static_cast<int>(schedule.ops_by_rank.size()) + trace.pipeline_rank;
}

}  // namespace reckon

// The third pass of a schedule: what an op is made of, on which lane, in which order. A chunk of
// layers becomes attention, dispatch, MLP and combine parts; an overlapped pair interleaves the
// parts of its two chunks in the published order (DeepSeek-V3 report, section 3.2.1, Figure 4; the
// order is the one seen in the published profile).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "planner/spec/fields.hpp"

namespace reckon {

// The third is for what replicas exchange beside the other two (Plan::overlap).
enum class Lane : std::uint8_t { compute, communication, exchange };

enum class PartKind : std::uint8_t {
  embedding_forward,
  attention_forward,
  dispatch_forward,
  mlp_forward,
  combine_forward,
  head_forward,  // final norm, output head and loss
  head_backward_input,
  combine_backward,  // the backward of a combine: executes a dispatch
  mlp_backward_input,
  mlp_backward_weight,
  dispatch_backward,  // the backward of a dispatch: executes a combine
  attention_backward_input,
  attention_backward_weight,
  head_backward_weight,
  embedding_backward_weight,
  pipeline_send,
  gradient_reduction,
  optimizer,
  parameter_gather,
  weight_gather,     // ZeRO-3: one layer's weights, before its forward and its backward
  gradient_scatter,  // ZeRO-2 and 3: one layer's gradients, behind its backward
};

template <>
struct EnumNames<Lane> {
  static constexpr std::array<std::pair<Lane, std::string_view>, 3> table{
      {{Lane::compute, "compute"},
       {Lane::communication, "communication"},
       {Lane::exchange, "exchange"}}};
};

template <>
struct EnumNames<PartKind> {
  static constexpr std::array<std::pair<PartKind, std::string_view>, 21> table{{
      {PartKind::embedding_forward, "embedding_forward"},
      {PartKind::attention_forward, "attention_forward"},
      {PartKind::dispatch_forward, "dispatch_forward"},
      {PartKind::mlp_forward, "mlp_forward"},
      {PartKind::combine_forward, "combine_forward"},
      {PartKind::head_forward, "head_forward"},
      {PartKind::head_backward_input, "head_backward_input"},
      {PartKind::combine_backward, "combine_backward"},
      {PartKind::mlp_backward_input, "mlp_backward_input"},
      {PartKind::mlp_backward_weight, "mlp_backward_weight"},
      {PartKind::dispatch_backward, "dispatch_backward"},
      {PartKind::attention_backward_input, "attention_backward_input"},
      {PartKind::attention_backward_weight, "attention_backward_weight"},
      {PartKind::head_backward_weight, "head_backward_weight"},
      {PartKind::embedding_backward_weight, "embedding_backward_weight"},
      {PartKind::pipeline_send, "pipeline_send"},
      {PartKind::gradient_reduction, "gradient_reduction"},
      {PartKind::optimizer, "optimizer"},
      {PartKind::parameter_gather, "parameter_gather"},
      {PartKind::weight_gather, "weight_gather"},
      {PartKind::gradient_scatter, "gradient_scatter"},
  }};
};

constexpr int part_kinds = 21;

}  // namespace reckon

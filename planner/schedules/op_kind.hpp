// What kinds of op do, for builders, passes and checks.
#pragma once

#include "planner/spec/schedule.hpp"

namespace reckon {

// Makes the gradients of the stage's input.
constexpr bool makes_input_gradients(OpKind kind) {
  return kind == OpKind::backward || kind == OpKind::backward_input;
}

// Makes the gradients of the stage's weights.
constexpr bool makes_weight_gradients(OpKind kind) {
  return kind == OpKind::backward || kind == OpKind::backward_weight;
}

// Computes on one chunk, rather than moves data or ends the step.
constexpr bool is_compute(OpKind kind) {
  return kind == OpKind::forward || makes_input_gradients(kind) || makes_weight_gradients(kind);
}

// Sends or receives one micro-batch's activations or gradients.
constexpr bool is_transfer(OpKind kind) {
  return kind == OpKind::send_activation || kind == OpKind::recv_activation ||
         kind == OpKind::send_gradient || kind == OpKind::recv_gradient;
}

}  // namespace reckon

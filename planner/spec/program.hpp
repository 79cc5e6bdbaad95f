// The parts of one op, or of an overlapped pair, in the order in which each lane runs them: the
// third pass of a schedule. Simulator and trainer walk the same list.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "planner/spec/layout.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/parts.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/schedule.hpp"

namespace reckon {

// Where a part of embedding, head and final norm together has no layer.
constexpr int end_layer = -1;

struct Part {
  PartKind kind = PartKind::attention_forward;
  Lane lane = Lane::compute;
  std::int16_t layer = 0;
  std::int8_t owner = 0;    // 0: the op, or the forward of a pair; 1: the backward of a pair
  std::int32_t after = -1;  // index of the part that must end first, beside the lane's order
  bool operator==(const Part&) const = default;
};

// Parts in program order: a part starts when the one before it on its lane and the part `after`
// have ended; the first part of each op also waits for the op's input.
struct Program {
  std::vector<Part> parts;
  std::array<std::int32_t, 2> first{-1, -1};   // [owner]: the part that consumes the op's input
  std::array<std::int32_t, 2> output{-1, -1};  // [owner]: the part whose end is the op's output
  bool overlapped = false;                     // compute and communication kernels run side by side
  bool operator==(const Program&) const = default;
};

// Which neighbours an op sends its result to: adds pipeline_send parts behind the output.
struct Sends {
  bool activation = false;
  bool gradient = false;
  auto operator<=>(const Sends&) const = default;
};

// Program of a forward, backward, backward_input or backward_weight of `stage`. Expert
// communication is serial here: dispatch, MLP, combine (autograd's order; DeepSeek overlaps it in
// pairs only).
Program chunk_program(const ModelSpec& model, const Plan& plan, const StageLayers& stage,
                      OpKind kind, Sends sends);

// Program of a forward of one stage overlapped with a full backward of another, layer by layer in
// the order that DeepSeek publishes (V3 report, Figure 4): compute MLP(B), MLP(W), MLP(F), ATTN(B),
// ATTN(W), ATTN(F); communication DISPATCH(F), DISPATCH(B), COMBINE(F), PP, COMBINE(B).
Program pair_program(const ModelSpec& model, const Plan& plan, const StageLayers& forward,
                     const StageLayers& backward, Sends sends);

// Whether communication kernels run beside compute in the program, on SMs that compute lends them.
bool lends_sms(const Program& program);

// Model layers of a stage in forward order; MTP modules follow as model.layers, model.layers + 1,
// ...
std::vector<int> layers_of(const ModelSpec& model, const StageLayers& stage);

}  // namespace reckon

#include "planner/spec/program.hpp"

#include <algorithm>
#include <cstddef>

#include "planner/spec/parameters.hpp"

namespace reckon {
namespace {

// Appends parts and keeps, for each op of the program, the chain of its data dependencies.
struct Builder {
  const ModelSpec& model;
  const Plan& plan;
  Program program;
  std::array<std::int32_t, 2> chain{-1, -1};

  // Adds a part that consumes the op's latest result and becomes it.
  void add(int owner, PartKind kind, Lane lane, int layer) {
    const auto slot = static_cast<std::size_t>(owner);
    const std::int32_t index = append(owner, kind, lane, layer, chain[slot]);
    if (program.first[slot] < 0) program.first[slot] = index;
    program.output[slot] = index;
    chain[slot] = index;
  }
  // Adds a part that needs the op's latest result but which nothing waits for (weight gradients).
  void add_leaf(int owner, PartKind kind, Lane lane, int layer) {
    const auto slot = static_cast<std::size_t>(owner);
    const std::int32_t index = append(owner, kind, lane, layer, chain[slot]);
    if (program.first[slot] < 0) program.first[slot] = index;
  }
  // Adds a part that only waits for part `after` (-1: nothing) beside its lane; its index.
  std::int32_t add_beside(int owner, PartKind kind, Lane lane, int layer, std::int32_t after) {
    const auto slot = static_cast<std::size_t>(owner);
    const std::int32_t index = append(owner, kind, lane, layer, after);
    if (program.first[slot] < 0) program.first[slot] = index;
    return index;
  }
  std::int32_t last() const { return static_cast<std::int32_t>(program.parts.size()) - 1; }
  bool gathers_weights() const { return plan.parallelism.zero_stage >= 3; }
  bool scatters_gradients() const { return plan.parallelism.zero_stage >= 2; }
  bool has_experts(int layer) const {
    return is_moe_layer(model, layer) && plan.parallelism.expert_parallel > 1;
  }

 private:
  std::int32_t append(int owner, PartKind kind, Lane lane, int layer, std::int32_t after) {
    program.parts.push_back(
        {kind, lane, static_cast<std::int16_t>(layer), static_cast<std::int8_t>(owner), after});
    return static_cast<std::int32_t>(program.parts.size() - 1);
  }
};

constexpr Lane compute = Lane::compute;
constexpr Lane communication = Lane::communication;

// The pieces of one layer's forward and backward, so that chunks and pairs share them.
void attention_forward(Builder& b, int owner, int layer) {
  b.add(owner, PartKind::attention_forward, compute, layer);
}
void dispatch_forward(Builder& b, int owner, int layer) {
  if (b.has_experts(layer)) b.add(owner, PartKind::dispatch_forward, communication, layer);
}
void mlp_forward(Builder& b, int owner, int layer) {
  b.add(owner, PartKind::mlp_forward, compute, layer);
}
void combine_forward(Builder& b, int owner, int layer) {
  if (b.has_experts(layer)) b.add(owner, PartKind::combine_forward, communication, layer);
}
void combine_backward(Builder& b, int owner, int layer) {
  if (b.has_experts(layer)) b.add(owner, PartKind::combine_backward, communication, layer);
}
void mlp_backward(Builder& b, int owner, int layer) {
  b.add(owner, PartKind::mlp_backward_input, compute, layer);
}
void dispatch_backward(Builder& b, int owner, int layer) {
  if (b.has_experts(layer)) b.add(owner, PartKind::dispatch_backward, communication, layer);
}
void attention_backward(Builder& b, int owner, int layer) {
  b.add(owner, PartKind::attention_backward_input, compute, layer);
}

// Head passes of a stage: the main model's and one of each MTP module, wherever its layer is.
int head_passes(const Builder& b, const StageLayers& stage) {
  return stage.head ? 1 + b.model.mtp_modules : 0;
}

void open_forward(Builder& b, int owner, const StageLayers& stage) {
  if (stage.embedding) b.add(owner, PartKind::embedding_forward, compute, 0);
}
void close_forward(Builder& b, int owner, const StageLayers& stage) {
  for (int pass = 0; pass < head_passes(b, stage); ++pass) {
    b.add(owner, PartKind::head_forward, compute, b.model.layers + pass - 1);
  }
}
void open_backward(Builder& b, int owner, const StageLayers& stage, bool with_weights) {
  for (int pass = head_passes(b, stage) - 1; pass >= 0; --pass) {
    b.add(owner, PartKind::head_backward_input, compute, b.model.layers + pass - 1);
    if (with_weights) {
      b.add_leaf(owner, PartKind::head_backward_weight, compute, b.model.layers + pass - 1);
    }
  }
}
void close_backward(Builder& b, int owner, const StageLayers& stage) {
  if (stage.embedding) b.add_leaf(owner, PartKind::embedding_backward_weight, compute, 0);
}
void send(Builder& b, int owner, bool wanted) {
  if (!wanted) return;
  const auto slot = static_cast<std::size_t>(owner);
  const std::int32_t output = b.program.output[slot];
  const Lane lane = b.plan.overlap.pipeline_sends ? communication : compute;
  b.add_leaf(owner, PartKind::pipeline_send, lane, 0);
  b.program.output[slot] = output;
}

void scatter_gradients(Builder& b, int layer) {
  if (!b.scatters_gradients()) return;
  b.add_beside(0, PartKind::gradient_scatter, communication, layer, b.last());
}

// ZeRO-3's weights come one layer ahead of their use and go behind it: a gather starts when the
// layer two before its own is done, so that two layers' weights are held (FSDP: limit_all_gathers).
class WeightGathers {
 public:
  WeightGathers(Builder& builder, const std::vector<int>& layers)
      : b_(builder), layers_(layers), wanted_(builder.gathers_weights() && !layers.empty()) {
    if (wanted_) next_ = gather(0);
  }
  // Before the parts of the n-th layer: they wait for its weights, and those of the next are sent
  // for. Where its first part is a transfer, the order of its lane makes it wait.
  void before(std::size_t n, Lane first) {
    if (!wanted_) return;
    const std::int32_t arrived = next_;
    if (n + 1 < layers_.size()) next_ = gather(n + 1);
    if (first == compute) b_.chain[0] = arrived;
  }
  void behind() { done_ = b_.last(); }

 private:
  std::int32_t gather(std::size_t n) {
    return b_.add_beside(0, PartKind::weight_gather, communication, layers_[n], done_);
  }
  Builder& b_;
  const std::vector<int>& layers_;
  bool wanted_;
  std::int32_t next_ = -1;
  std::int32_t done_ = -1;  // the last part of the layer before
};

// Embedding, head and final norm: gathered before the forward and kept until the backward.
void gather_ends(Builder& b, const StageLayers& stage) {
  if (!b.gathers_weights() || !(stage.embedding || stage.head)) return;
  b.add(0, PartKind::weight_gather, communication, end_layer);
}

void forward_chunk(Builder& b, const StageLayers& stage) {
  const std::vector<int> layers = layers_of(b.model, stage);
  gather_ends(b, stage);
  open_forward(b, 0, stage);
  WeightGathers weights(b, layers);
  for (std::size_t n = 0; n < layers.size(); ++n) {
    weights.before(n, compute);
    attention_forward(b, 0, layers[n]);
    dispatch_forward(b, 0, layers[n]);
    mlp_forward(b, 0, layers[n]);
    combine_forward(b, 0, layers[n]);
    weights.behind();
  }
  close_forward(b, 0, stage);
}

void backward_chunk(Builder& b, const StageLayers& stage, bool with_weights) {
  open_backward(b, 0, stage, with_weights);
  std::vector<int> layers = layers_of(b.model, stage);
  std::reverse(layers.begin(), layers.end());
  WeightGathers weights(b, layers);
  for (std::size_t n = 0; n < layers.size(); ++n) {
    const int layer = layers[n];
    weights.before(n, b.has_experts(layer) ? communication : compute);
    combine_backward(b, 0, layer);
    mlp_backward(b, 0, layer);
    if (with_weights) b.add(0, PartKind::mlp_backward_weight, compute, layer);
    dispatch_backward(b, 0, layer);
    attention_backward(b, 0, layer);
    if (with_weights) b.add_leaf(0, PartKind::attention_backward_weight, compute, layer);
    weights.behind();
    if (with_weights) scatter_gradients(b, layer);
  }
  if (with_weights) close_backward(b, 0, stage);
  if (with_weights && (stage.embedding || stage.head)) scatter_gradients(b, end_layer);
}

void weight_chunk(Builder& b, const StageLayers& stage) {
  for (int pass = head_passes(b, stage) - 1; pass >= 0; --pass) {
    b.add(0, PartKind::head_backward_weight, compute, b.model.layers + pass - 1);
  }
  std::vector<int> layers = layers_of(b.model, stage);
  std::reverse(layers.begin(), layers.end());
  for (const int layer : layers) {
    b.add(0, PartKind::mlp_backward_weight, compute, layer);
    b.add(0, PartKind::attention_backward_weight, compute, layer);
    scatter_gradients(b, layer);
  }
  if (stage.embedding) b.add(0, PartKind::embedding_backward_weight, compute, 0);
  if (stage.embedding || stage.head) scatter_gradients(b, end_layer);
}

// ZeRO-3 in a pair: a layer's weights come in its own turn. Where its first part is a transfer, the
// order of its lane makes it wait.
void gather_in_turn(Builder& b, int owner, int layer, Lane first) {
  if (!b.gathers_weights()) return;
  const std::int32_t arrived =
      b.add_beside(owner, PartKind::weight_gather, communication, layer, -1);
  if (first == compute) b.chain[static_cast<std::size_t>(owner)] = arrived;
}

// One turn of the pair: one forward layer beside one backward layer; -1 stands for "no layer left".
void pair_turn(Builder& b, int forward_layer, int backward_layer, bool last_forward, Sends sends) {
  const bool f = forward_layer >= 0;
  const bool g = backward_layer >= 0;
  if (f) gather_in_turn(b, 0, forward_layer, compute);
  if (g)
    gather_in_turn(b, 1, backward_layer, b.has_experts(backward_layer) ? communication : compute);
  if (g) combine_backward(b, 1, backward_layer);
  if (f) attention_forward(b, 0, forward_layer);
  if (f) dispatch_forward(b, 0, forward_layer);
  if (g) mlp_backward(b, 1, backward_layer);
  // The weight gradients need MLP(B) only, so they are added before DISPATCH(B) becomes the result.
  if (g) b.add_leaf(1, PartKind::mlp_backward_weight, compute, backward_layer);
  if (g) dispatch_backward(b, 1, backward_layer);
  if (f) mlp_forward(b, 0, forward_layer);
  if (f) combine_forward(b, 0, forward_layer);
  if (last_forward) send(b, 0, sends.activation);
  if (g) attention_backward(b, 1, backward_layer);
  if (g) b.add_leaf(1, PartKind::attention_backward_weight, compute, backward_layer);
  if (g) scatter_gradients(b, backward_layer);
}

std::int32_t shifted(std::int32_t index, std::size_t by) {
  return index < 0 ? index : index + static_cast<std::int32_t>(by);
}

// A pair whose chunks run one after the other.
Program in_series(Program forward, const Program& backward) {
  const std::size_t offset = forward.parts.size();
  const auto last = static_cast<std::int32_t>(offset) - 1;
  for (Part part : backward.parts) {
    part.owner = 1;
    part.after = part.after < 0 ? last : shifted(part.after, offset);
    forward.parts.push_back(part);
  }
  forward.first[1] = shifted(backward.first[0], offset);
  forward.output[1] = shifted(backward.output[0], offset);
  return forward;
}

}  // namespace

std::vector<int> layers_of(const ModelSpec& model, const StageLayers& stage) {
  std::vector<int> layers;
  for (int i = 0; i < stage.layers; ++i) layers.push_back(stage.first_layer + i);
  for (int i = 0; i < stage.mtp_modules; ++i) layers.push_back(model.layers + i);
  return layers;
}

Program chunk_program(const ModelSpec& model, const Plan& plan, const StageLayers& stage,
                      OpKind kind, Sends sends) {
  Builder b{model, plan, {}, {-1, -1}};
  switch (kind) {
    case OpKind::forward:
      forward_chunk(b, stage);
      send(b, 0, sends.activation);
      break;
    case OpKind::backward:
    case OpKind::backward_input:
      backward_chunk(b, stage, kind == OpKind::backward);
      send(b, 0, sends.gradient);
      break;
    case OpKind::backward_weight:
      weight_chunk(b, stage);
      break;
    case OpKind::send_activation:
    case OpKind::recv_activation:
    case OpKind::send_gradient:
    case OpKind::recv_gradient:
    case OpKind::reduce_gradients:
    case OpKind::optimizer_step:
    case OpKind::gather_parameters:
      break;  // no layers: timed by the executor
  }
  return b.program;
}

Program pair_program(const ModelSpec& model, const Plan& plan, const StageLayers& forward,
                     const StageLayers& backward, Sends sends) {
  if (!plan.expert_communication.overlap_in_pairs) {
    return in_series(
        chunk_program(model, plan, forward, OpKind::forward, {sends.activation, false}),
        chunk_program(model, plan, backward, OpKind::backward, {false, sends.gradient}));
  }
  Builder b{model, plan, {}, {-1, -1}};
  const std::vector<int> up = layers_of(model, forward);
  std::vector<int> down = layers_of(model, backward);
  std::reverse(down.begin(), down.end());
  open_forward(b, 0, forward);
  open_backward(b, 1, backward, true);
  const std::size_t turns = std::max(up.size(), down.size());
  for (std::size_t turn = 0; turn < turns; ++turn) {
    const int f = turn < up.size() ? up[turn] : -1;
    const int g = turn < down.size() ? down[turn] : -1;
    pair_turn(b, f, g, turn + 1 == up.size() && !forward.head, sends);
  }
  close_forward(b, 0, forward);
  close_backward(b, 1, backward);
  if (backward.embedding || backward.head) scatter_gradients(b, end_layer);
  send(b, 1, sends.gradient);
  b.program.overlapped = true;
  return b.program;
}

bool lends_sms(const Program& program) {
  return program.overlapped &&
         std::any_of(program.parts.begin(), program.parts.end(), [](const Part& p) {
           return p.lane == Lane::communication && p.kind != PartKind::pipeline_send;
         });
}

}  // namespace reckon

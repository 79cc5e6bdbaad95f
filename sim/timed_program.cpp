#include "sim/timed_program.hpp"

#include <algorithm>

#include "planner/spec/parameters.hpp"
#include "planner/spec/work.hpp"

namespace reckon {
namespace {

// Layers of one class (dense, MoE, MTP) have equal parts; the head of an MTP module is like the
// main one.
int layer_class(const ModelSpec& model, int layer) {
  if (layer >= model.layers) return 2;
  return is_moe_layer(model, layer) ? 1 : 0;
}

bool is_head(PartKind kind) {
  return kind == PartKind::head_forward || kind == PartKind::head_backward_input ||
         kind == PartKind::head_backward_weight;
}

// Collectives of a layer that compute waits for.
struct LayerCollectives {
  Seconds time;
  PortBytes bytes;
};

LayerCollectives layer_collectives(const SimulateInputs& in, const PartWork& work) {
  LayerCollectives sum;
  for (const TransferWork& t : work.transfers) {
    const GroupShape group =
        t.context_parallel ? context_group(in.cluster, in.plan) : tensor_group(in.cluster, in.plan);
    const PortBytes bytes = collective_port_bytes(group, t.kind, t.bytes);
    sum.time += collective_time(in.device, in.cluster, group, t.kind, t.bytes);
    sum.bytes.nic += bytes.nic;
    sum.bytes.nvlink += bytes.nvlink;
  }
  return sum;
}

double shard(const SimulateInputs& in, const GroupShape& group) {
  return in.plan.parallelism.zero_stage >= 1 ? static_cast<double>(group.ranks) : 1.0;
}

void add_transfer(const SimulateInputs& in, const GroupShape& group, TransferKind kind, Bytes bytes,
                  StageTransfer& sum) {
  const PortBytes ports = collective_port_bytes(group, kind, bytes);
  sum.time += collective_time(in.device, in.cluster, group, kind, bytes);
  sum.bytes.nic += ports.nic;
  sum.bytes.nvlink += ports.nvlink;
}

// Gradient or weight exchange of one stage: its dense part over all replicas, its experts over the
// replicas of the expert-parallel group, one after the other on the same links.
StageTransfer stage_transfer(const SimulateInputs& in, const StageParameters& p, TransferKind kind,
                             Dtype dtype) {
  const double element = bytes_per_element(dtype);
  StageTransfer sum;
  add_transfer(in, dense_gradient_group(in.cluster, in.plan), kind, {p.dense() * element}, sum);
  add_transfer(in, expert_gradient_group(in.cluster, in.plan), kind, {p.experts * element}, sum);
  return sum;
}

}  // namespace

// A port passes what large transfers reach, no more.
PortShares port_shares(const ClusterSpec& cluster, const PortBytes& bytes, Seconds time) {
  if (time.value <= 0) return {};
  return {std::min(1.0, bytes.nic / cluster.nic.achieved / time),
          std::min(1.0, bytes.nvlink / cluster.nvlink.achieved / time)};
}

KernelContext context_of(const SimulateInputs& in, const EffectSwitches& effects, bool overlapped) {
  const int lent = overlapped ? in.plan.expert_communication.sms : 0;
  return {std::max(1, in.device.gpu.sms - lent), overlapped, effects.clock};
}

SimTime program_span(const TimedProgram& program) {
  std::array<SimTime, 2> free{0, 0};
  std::vector<SimTime> end;
  for (const TimedPart& part : program.parts) {
    SimTime& lane = free[static_cast<std::size_t>(part.lane)];
    if (part.after >= 0) lane = std::max(lane, end[static_cast<std::size_t>(part.after)]);
    lane += part.fixed;
    end.push_back(lane);
  }
  return std::max(free[0], free[1]);
}

ProgramTimer::ProgramTimer(const SimulateInputs& inputs, const EffectSwitches& effects)
    : inputs_(inputs),
      effects_(effects),
      layers_(stage_layers(inputs.model, inputs.plan)),
      experts_(expert_group(inputs.cluster, inputs.plan)) {}

int ProgramTimer::chunk(OpKind kind, int stage, Sends sends) {
  const std::array<int, 5> key{static_cast<int>(kind), stage, -1, sends.activation, sends.gradient};
  const auto known = index_.find(key);
  if (known != index_.end()) return known->second;
  return store(key, chunk_program(inputs_.model, inputs_.plan,
                                  layers_[static_cast<std::size_t>(stage)], kind, sends));
}

int ProgramTimer::pair(int forward_stage, int backward_stage, Sends sends) {
  const std::array<int, 5> key{-1, forward_stage, backward_stage, sends.activation, sends.gradient};
  const auto known = index_.find(key);
  if (known != index_.end()) return known->second;
  return store(key, pair_program(inputs_.model, inputs_.plan,
                                 layers_[static_cast<std::size_t>(forward_stage)],
                                 layers_[static_cast<std::size_t>(backward_stage)], sends));
}

int ProgramTimer::store(const std::array<int, 5>& key, const Program& program) {
  TimedProgram result;
  result.first = program.first;
  result.output = program.output;
  const bool overlapped = lends_sms(program);
  for (const Part& part : program.parts) {
    if (part.kind == PartKind::pipeline_send) {
      result.send[part.owner == 0 ? 0 : 1] = static_cast<std::int32_t>(result.parts.size());
    }
    result.parts.push_back(timed(part, overlapped));
  }
  programs_.push_back(std::move(result));
  const int id = static_cast<int>(programs_.size()) - 1;
  index_.emplace(key, id);
  return id;
}

TimedPart ProgramTimer::timed(const Part& part, bool overlapped) {
  const int layer_key = is_head(part.kind) ? 0 : layer_class(inputs_.model, part.layer);
  const std::array<int, 3> key{static_cast<int>(part.kind), layer_key, overlapped};
  auto known = durations_.find(key);
  if (known == durations_.end()) {
    known = durations_.emplace(key, TimedPart()).first;
    if (part.kind == PartKind::pipeline_send) {
      time_send(known->second);
    } else {
      time_part(part, overlapped, known->second);
    }
  }
  TimedPart result = known->second;
  result.after = part.after;
  result.layer = part.layer;
  result.kind = part.kind;
  result.lane = part.lane;
  result.owner = part.owner;
  return result;
}

void ProgramTimer::time_send(TimedPart& result) const {
  const Seconds time = pipeline_send_time(inputs_.cluster, inputs_.model, inputs_.plan);
  const PortBytes bytes = pipeline_send_bytes(inputs_.cluster, inputs_.model, inputs_.plan);
  result.fixed = to_sim_time(time);
  result.shares = port_shares(inputs_.cluster, bytes, time);
}

// Durations and port shares alone depend on the key of durations_.
void ProgramTimer::time_part(const Part& part, bool overlapped, TimedPart& result) const {
  result.expert_transfer = part.lane == Lane::communication;
  const PartWork work = work_of(inputs_.model, inputs_.plan, part.kind, part.layer);
  const KernelContext context = context_of(inputs_, effects_, overlapped);
  const LayerCollectives collectives = layer_collectives(inputs_, work);
  PortBytes bytes = collectives.bytes;
  Seconds fixed = collectives.time;
  Seconds routed;
  for (const KernelWork& kernel : work.kernels) {
    const Seconds t = kernel_time(inputs_.device, kernel, context);
    fixed += t;
    if (kernel.routed) routed += t;
  }
  if (work.experts.tokens > 0) {
    const TokenSpread spread = token_spread(inputs_.model, inputs_.plan, experts_);
    const Seconds t = expert_transfer_time(inputs_.device, inputs_.cluster, experts_, work.experts,
                                           spread, overlapped);
    bytes = expert_port_bytes(experts_, work.experts, spread);
    fixed += t;
    // The rates beside compute were measured under a scatter of rows as large as the effect's own.
    if (!overlapped) routed += t;
  }
  result.fixed = to_sim_time(fixed);
  result.routed = to_sim_time(routed);
  result.blocking = to_sim_time(collectives.time);
  result.shares = port_shares(inputs_.cluster, bytes, fixed);
}

StageTransfer gradient_reduction(const SimulateInputs& in, const StageParameters& stage) {
  const bool sharded = in.plan.parallelism.zero_stage >= 1;
  return stage_transfer(in, stage,
                        sharded ? TransferKind::reduce_scatter : TransferKind::all_reduce,
                        in.plan.precision.gradients);
}

StageTransfer gradient_reduction(const SimulateInputs& in, int stage) {
  return gradient_reduction(in, stage_parameters(in.model, in.plan, stage));
}

StageTransfer parameter_gather(const SimulateInputs& in, const StageParameters& stage) {
  if (in.plan.parallelism.zero_stage < 1) return {};
  return stage_transfer(in, stage, TransferKind::all_gather, in.plan.precision.parameter_gather);
}

StageTransfer parameter_gather(const SimulateInputs& in, int stage) {
  return parameter_gather(in, stage_parameters(in.model, in.plan, stage));
}

// AdamW reads gradient, master weight and both moments and writes the last three and the new
// weight.
Seconds update_time(const SimulateInputs& in, const StageParameters& rank) {
  const Precision& p = in.plan.precision;
  const double element = bytes_per_element(p.gradients) + 2 * bytes_per_element(p.master_weights) +
                         4 * bytes_per_element(p.moments) + bytes_per_element(p.parameter_gather);
  const double parameters = rank.dense() / shard(in, dense_gradient_group(in.cluster, in.plan)) +
                            rank.experts / shard(in, expert_gradient_group(in.cluster, in.plan));
  KernelWork work;
  work.family = KernelFamily::optimizer;
  work.bytes = {parameters * element};
  return kernel_time(in.device, work, context_of(in, no_effects, false));
}

Seconds optimizer_time(const SimulateInputs& in, const std::vector<int>& stages) {
  StageParameters rank;
  for (const int stage : stages) {
    const StageParameters s = stage_parameters(in.model, in.plan, stage);
    rank.linear += s.linear;
    rank.other += s.other;
    rank.experts += s.experts;
  }
  return update_time(in, rank);
}

}  // namespace reckon

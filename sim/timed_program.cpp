#include "sim/timed_program.hpp"

#include <algorithm>

#include "planner/spec/parameters.hpp"
#include "planner/spec/work.hpp"

namespace reckon {
namespace {

// Layers of one class (dense or MoE, each with or without a window, recomputed or not; MTP) have
// equal parts; the head of an MTP module is like the main one.
int layer_class(const SimulateInputs& in, int layer) {
  if (layer == end_layer) return 3;
  if (layer >= in.model.layers) return 2;
  const bool part_of_stage = in.plan.recompute.full && in.plan.recompute.full_layers > 0;
  const bool again = part_of_stage && recomputes_layer(in.model, in.plan, layer);
  return (is_moe_layer(in.model, layer) ? 1 : 0) + (again ? 4 : 0) +
         (is_windowed_layer(in.model, layer) ? 8 : 0);
}

bool is_head(PartKind kind) {
  return kind == PartKind::head_forward || kind == PartKind::head_backward_input ||
         kind == PartKind::head_backward_weight;
}

// Collectives of a layer that compute waits for.
struct LayerCollectives {
  Seconds tensor, context;  // by the group that exchanges
  PortBytes bytes;
  Seconds time() const { return tensor + context; }
};

LayerCollectives layer_collectives(const SimulateInputs& in, const PartWork& work) {
  LayerCollectives sum;
  for (const TransferWork& t : work.transfers) {
    const GroupShape group =
        t.context_parallel ? context_group(in.cluster, in.plan) : tensor_group(in.cluster, in.plan);
    const PortBytes bytes = collective_port_bytes(group, t.kind, t.bytes);
    (t.context_parallel ? sum.context : sum.tensor) +=
        collective_time(in.device, in.cluster, group, t.kind, t.bytes);
    sum.bytes.nic += bytes.nic;
    sum.bytes.nvlink += bytes.nvlink;
  }
  return sum;
}

// What is left to wait for when a collective of `ranks` steps runs step by step beside `beside`:
// the first step, and what does not fit beside the others.
Seconds exposed(Seconds collective, int ranks, Seconds beside) {
  const double share = 1.0 / std::max(1, ranks);
  return std::max(collective * share, collective - beside * (1 - share));
}

// A third of a layer's host time goes by in its forward, the rest in its backward. A chunk whose
// kernels take less waits at its end.
void wait_for_host(const SimulateInputs& in, TimedProgram& program) {
  const Seconds layer = in.plan.expert_communication.host_time;
  if (layer.value <= 0 || program.parts.empty()) return;
  double host = 0;
  double kernels = 0;
  for (const TimedPart& part : program.parts) {
    kernels += static_cast<double>(part.fixed);
    const bool routed = is_moe_layer(in.model, part.layer);
    if (routed && part.kind == PartKind::mlp_forward) {
      host += static_cast<double>(to_sim_time(layer * (1.0 / 3)));
    }
    if (routed && part.kind == PartKind::mlp_backward_input) {
      host += static_cast<double>(to_sim_time(layer * (2.0 / 3)));
    }
  }
  if (host <= kernels) return;
  for (TimedPart& part : program.parts) {  // kernels are late, all of them
    if (part.lane != Lane::compute) continue;
    part.fixed += static_cast<SimTime>(host - kernels);
    return;
  }
}

bool is_shard_exchange(PartKind kind) {
  return kind == PartKind::weight_gather || kind == PartKind::gradient_scatter;
}

// ZeRO-3's exchanges hold SMs while they run beside compute: kernels then run on the others, and as
// much slower as any do beside communication.
void slow_beside_shards(const SimulateInputs& in, TimedProgram& program) {
  double exchange = 0;
  double compute = 0;
  for (const TimedPart& part : program.parts) {
    if (is_shard_exchange(part.kind)) exchange += static_cast<double>(part.fixed);
    if (part.lane == Lane::compute) compute += static_cast<double>(part.fixed);
  }
  if (exchange <= 0 || compute <= 0) return;
  const double rate = rate_beside_collectives(in.device);
  const double slower = 1 + std::min(1.0, exchange / compute) * (1 / rate - 1);
  for (TimedPart& part : program.parts) {
    if (part.lane != Lane::compute || part.kind == PartKind::pipeline_send) continue;
    part.fixed = static_cast<SimTime>(static_cast<double>(part.fixed) * slower);
    part.routed = static_cast<SimTime>(static_cast<double>(part.routed) * slower);
  }
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

// Gradient or weight exchange of a share of the model: its dense part over all replicas, its
// experts over the replicas of the expert-parallel group, one after the other on the same links.
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
  slow_beside_shards(inputs_, result);
  wait_for_host(inputs_, result);
  programs_.push_back(std::move(result));
  const int id = static_cast<int>(programs_.size()) - 1;
  index_.emplace(key, id);
  return id;
}

TimedPart ProgramTimer::timed(const Part& part, bool overlapped) {
  const int layer_key = is_head(part.kind) ? 0 : layer_class(inputs_, part.layer);
  const std::array<int, 3> key{static_cast<int>(part.kind), layer_key, overlapped};
  auto known = durations_.find(key);
  if (known == durations_.end()) {
    known = durations_.emplace(key, TimedPart()).first;
    if (part.kind == PartKind::pipeline_send) {
      time_send(known->second);
    } else if (part.kind == PartKind::weight_gather || part.kind == PartKind::gradient_scatter) {
      time_shard(part, known->second);
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

// One layer's weights or gradients among the replicas that share them (ZeRO-3).
void ProgramTimer::time_shard(const Part& part, TimedPart& result) const {
  const bool gather = part.kind == PartKind::weight_gather;
  const TransferKind kind = gather ? TransferKind::all_gather : TransferKind::reduce_scatter;
  const Precision& p = inputs_.plan.precision;
  const StageTransfer t =
      stage_transfer(inputs_, layer_shard_parameters(inputs_.model, inputs_.plan, part.layer), kind,
                     gather ? p.parameter_gather : p.gradients);
  result.fixed = to_sim_time(t.time);
  result.shares = port_shares(inputs_.cluster, t.bytes, t.time);
}

// Forward and backward of one layer; four exchanges hide behind it.
Seconds ProgramTimer::compute_of_layer(int layer) const {
  Seconds sum;
  const KernelContext context = context_of(inputs_, effects_, false);
  for (const PartKind kind :
       {PartKind::attention_forward, PartKind::mlp_forward, PartKind::mlp_backward_input,
        PartKind::mlp_backward_weight, PartKind::attention_backward_input,
        PartKind::attention_backward_weight}) {
    for (const KernelWork& kernel : work_of(inputs_.model, inputs_.plan, kind, layer).kernels) {
      sum += kernel_time(inputs_.device, kernel, context);
    }
  }
  return sum;
}

// Durations and port shares alone depend on the key of durations_.
void ProgramTimer::time_part(const Part& part, bool overlapped, TimedPart& result) const {
  result.expert_transfer = part.lane == Lane::communication;  // sends and shards aside
  const PartWork work = work_of(inputs_.model, inputs_.plan, part.kind, part.layer);
  const KernelContext context = context_of(inputs_, effects_, overlapped);
  const LayerCollectives collectives = layer_collectives(inputs_, work);
  PortBytes bytes = collectives.bytes;
  Seconds fixed;
  Seconds routed;
  Seconds gemms;
  Seconds attention;
  for (const KernelWork& kernel : work.kernels) {
    const Seconds t = kernel_time(inputs_.device, kernel, context);
    fixed += t;
    if (kernel.routed) routed += t;
    if (kernel.family == KernelFamily::gemm) gemms += t;
    if (kernel.family == KernelFamily::attention_core) attention += t;
  }
  const Parallelism& p = inputs_.plan.parallelism;
  const Overlap& overlap = inputs_.plan.overlap;
  const Seconds waits =
      (overlap.tensor_parallel ? exposed(collectives.tensor, p.tensor_parallel, gemms)
                               : collectives.tensor) +
      (overlap.context_parallel ? exposed(collectives.context, p.context_parallel, attention)
                                : collectives.context);
  fixed += waits;
  if (work.experts.tokens > 0) {
    const TokenSpread spread = token_spread(inputs_.model, inputs_.plan, experts_);
    Seconds t = expert_transfer_time(inputs_.device, inputs_.cluster, experts_, work.experts,
                                     spread, overlapped);
    if (inputs_.plan.overlap.expert_all_to_all && !overlapped) {
      t = exposed(t, micro_batches(inputs_.plan), compute_of_layer(part.layer) * 0.25);
    }
    bytes = expert_port_bytes(experts_, work.experts, spread);
    fixed += t;
    // The rates beside compute were measured under a scatter of rows as large as the effect's own.
    if (!overlapped) routed += t;
  }
  result.fixed = to_sim_time(fixed);
  result.routed = to_sim_time(routed);
  result.blocking = to_sim_time(waits);
  result.shares = port_shares(inputs_.cluster, bytes, fixed);
}

StageTransfer gradient_reduction(const SimulateInputs& in, const StageParameters& stage) {
  if (in.plan.parallelism.zero_stage >= 2) return {};  // behind each layer's backward
  const bool sharded = in.plan.parallelism.zero_stage >= 1;
  return stage_transfer(in, stage,
                        sharded ? TransferKind::reduce_scatter : TransferKind::all_reduce,
                        in.plan.precision.gradients);
}

StageTransfer gradient_reduction(const SimulateInputs& in, int stage) {
  return gradient_reduction(in, stage_parameters(in.model, in.plan, stage));
}

StageTransfer parameter_gather(const SimulateInputs& in, const StageParameters& stage) {
  const int zero = in.plan.parallelism.zero_stage;
  if (zero < 1 || zero > 2) return {};  // none are missing, or each layer's are gathered by itself
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

#include "sim/simulate.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "planner/spec/parameters.hpp"
#include "planner/spec/work.hpp"
#include "sim/executor.hpp"
#include "sim/timed_program.hpp"

namespace reckon {
namespace {

bool is_compute(OpKind kind) {
  return kind == OpKind::forward || kind == OpKind::backward || kind == OpKind::backward_input ||
         kind == OpKind::backward_weight;
}

// The op of `kind` for (stage, micro-batch) that stands in the run of communication behind `index`.
int send_behind(const std::vector<Op>& ops, std::size_t index, OpKind kind, const Op& producer) {
  for (std::size_t i = index; i < ops.size() && !is_compute(ops[i].kind); ++i) {
    const Op& op = ops[i];
    if (op.kind == kind && op.stage == producer.stage && op.micro_batch == producer.micro_batch) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

Step tail_step(Step::Kind kind, std::size_t op) {
  Step step;
  step.kind = kind;
  step.op[0] = static_cast<int>(op);
  return step;
}

// One slot of compute ops: a chunk or an overlapped pair. `index` moves behind it.
Step program_step(const std::vector<Op>& ops, std::size_t& index, const EffectSwitches& effects,
                  ProgramTimer& timer) {
  const std::size_t first = index++;
  const bool pair = index < ops.size() && ops[index].slot == ops[first].slot;
  if (pair) ++index;
  Step step;
  Sends sends;
  for (std::size_t owner = 0; owner < (pair ? 2u : 1u); ++owner) {
    const Op& op = ops[first + owner];
    step.op[owner] = static_cast<int>(first + owner);
    if (op.kind == OpKind::backward_weight) continue;
    const bool forward = op.kind == OpKind::forward;
    const OpKind kind = forward ? OpKind::send_activation : OpKind::send_gradient;
    step.send[owner] = send_behind(ops, index, kind, op);
    if (step.send[owner] < 0 || !effects.pipeline_sends) continue;
    (forward ? sends.activation : sends.gradient) = true;
  }
  step.program = pair ? timer.pair(ops[first].stage, ops[first + 1].stage, sends)
                      : timer.chunk(ops[first].kind, ops[first].stage, sends);
  return step;
}

std::vector<Step> steps_of_rank(const std::vector<Op>& ops, const EffectSwitches& effects,
                                ProgramTimer& timer) {
  std::vector<Step> steps;
  std::size_t index = 0;
  while (index < ops.size()) {
    switch (ops[index].kind) {
      case OpKind::forward:
      case OpKind::backward:
      case OpKind::backward_input:
      case OpKind::backward_weight:
        steps.push_back(program_step(ops, index, effects, timer));
        continue;
      case OpKind::recv_activation:
      case OpKind::recv_gradient:
        steps.push_back(tail_step(Step::Kind::receive, index));
        break;
      case OpKind::reduce_gradients:
        steps.push_back(tail_step(Step::Kind::reduce, index));
        break;
      case OpKind::optimizer_step:
        steps.push_back(tail_step(Step::Kind::optimizer, index));
        break;
      case OpKind::gather_parameters:
        steps.push_back(tail_step(Step::Kind::gather, index));
        break;
      case OpKind::send_activation:
      case OpKind::send_gradient:
        break;  // part of the program before it
    }
    ++index;
  }
  return steps;
}

// How long the parts of each program may take in all and how many there are.
struct ProgramSize {
  double parts = 0;
  double time = 0;
  double longest = 0;
};

std::vector<ProgramSize> program_sizes(const std::vector<TimedProgram>& programs) {
  std::vector<ProgramSize> sizes;
  for (const TimedProgram& program : programs) {
    ProgramSize size{static_cast<double>(program.parts.size()), 0, 0};
    for (const TimedPart& part : program.parts) {
      const auto time = static_cast<double>(part.fixed);
      size.time += time;
      size.longest = std::max(size.longest, time);
    }
    sizes.push_back(size);
  }
  return sizes;
}

// What the worst fault can make of any time.
double slowest_factor(const ClusterSpec& cluster) {
  double factor = 1;
  for (const Fault& fault : cluster.faults) {
    factor = std::max(factor, fault.kind == FaultKind::failed_plane
                                  ? static_cast<double>(cluster.gpus_per_node)
                                  : 1 / fault.speed);
  }
  return factor;
}

// Picoseconds of the step's tail, all exchanges one after the other.
double tail_time(const SimulateInputs& inputs, const Schedule& schedule) {
  double sum = 0;
  for (int stage = 0; stage < schedule.shape.stages; ++stage) {
    sum += static_cast<double>(to_sim_time(gradient_reduction(inputs, stage).time)) +
           static_cast<double>(to_sim_time(parameter_gather(inputs, stage).time));
  }
  for (int rank = 0; rank < schedule.shape.pipeline_ranks; ++rank) {
    sum += static_cast<double>(
        to_sim_time(optimizer_time(inputs, stages_of_rank(schedule.shape, rank))));
  }
  return sum;
}

WorkShare& share_of(std::vector<WorkShare>& shares, std::string_view name, Lane lane) {
  for (WorkShare& s : shares) {
    if (s.name == name && s.lane == lane) return s;
  }
  shares.push_back({name, lane, {}, {}, {}, std::nullopt, {}, {}});
  return shares.back();
}

// Adds `times` x one part to the shares.
void add_part_shares(const SimulateInputs& in, const Part& part, bool overlapped, double times,
                     std::vector<WorkShare>& shares) {
  const PartWork work = work_of(in.model, in.plan, part.kind, part.layer);
  const KernelContext context = context_of(in, no_effects, overlapped);
  for (const KernelWork& kernel : work.kernels) {
    const bool routed_gemm = kernel.family == KernelFamily::gemm && kernel.routed;
    const std::string_view name = routed_gemm ? "routed gemm" : enum_name(kernel.family);
    const Seconds time = kernel_time(in.device, kernel, context) * times;
    WorkShare& share = share_of(shares, name, part.lane);
    share.time += time;
    share.flops += kernel.flops * times;
    if (const std::string_view from = transferred_from(in.device, kernel); !from.empty()) {
      share.transferred += time;
      share.transfer = from;
    }
    if (!is_extrapolated(in.device, kernel)) continue;
    share.outside += time;
    if (!share.extrapolated) share.extrapolated = kernel;
  }
  for (const TransferWork& t : work.transfers) {
    const GroupShape group =
        t.context_parallel ? context_group(in.cluster, in.plan) : tensor_group(in.cluster, in.plan);
    const std::string_view name = t.context_parallel ? "context parallel" : "tensor parallel";
    // It blocks the compute lane, but no kernel runs there.
    share_of(shares, name, Lane::communication).time +=
        collective_time(in.device, in.cluster, group, t.kind, t.bytes) * times;
  }
  if (work.experts.tokens > 0) {
    const GroupShape group = expert_group(in.cluster, in.plan);
    const Seconds t = expert_transfer_time(in.device, in.cluster, group, work.experts,
                                           token_spread(in.model, in.plan, group), overlapped);
    share_of(shares, work.experts.is_combine ? "combine" : "dispatch", part.lane).time += t * times;
  }
}

StageExchange stage_exchange(const SimulateInputs& inputs, const StageTransfer& transfer,
                             double factor, int pieces, bool beside) {
  const Seconds time = transfer.time * factor;
  return {to_sim_time(time), port_shares(inputs.cluster, transfer.bytes, time), beside ? pieces : 1,
          beside};
}

// The step's tail: exchanges of a stage wait for the slowest NIC of those that hold it.
void add_tail(const SimulateInputs& inputs, const ScheduleShape& shape, const SlowRows& slow,
              ExecutorInputs& in) {
  std::vector<double> slowest(static_cast<std::size_t>(shape.stages), 1);
  for (int rank = 0; rank < shape.pipeline_ranks; ++rank) {
    const std::vector<int> stages = stages_of_rank(shape, rank);
    const auto index = static_cast<std::size_t>(rank);
    for (const int stage : stages) {
      double& factor = slowest[static_cast<std::size_t>(stage)];
      factor = std::max(factor, slow.slowest_nic(index));
    }
    in.optimizer.push_back(
        to_sim_time(optimizer_time(inputs, stages) * slow.slowest_compute(index)));
  }
  in.overlap = inputs.plan.overlap;
  const std::vector<StageLayers> layers = stage_layers(inputs.model, inputs.plan);
  const bool leaves_node = dense_gradient_group(inputs.cluster, inputs.plan).nodes > 1;
  for (int stage = 0; stage < shape.stages; ++stage) {
    const double factor = leaves_node ? slowest[static_cast<std::size_t>(stage)] : 1;
    const int pieces = std::max(1, layers[static_cast<std::size_t>(stage)].layers);
    in.reduce.push_back(stage_exchange(inputs, gradient_reduction(inputs, stage), factor, pieces,
                                       in.overlap.gradient_reduction));
    in.gather.push_back(stage_exchange(inputs, parameter_gather(inputs, stage), factor, pieces,
                                       in.overlap.parameter_gather));
  }
}

// Transfers of a rank alone, one after the other; ranks meet on ports.
std::vector<PortTransfer> joined(const std::vector<std::vector<PortTransfer>>& by_rank) {
  std::vector<PortTransfer> all;
  for (const std::vector<PortTransfer>& rank : by_rank) {
    all.insert(all.end(), rank.begin(), rank.end());
  }
  return all;
}

TransferDelays split(const std::vector<SimTime>& all,
                     const std::vector<std::vector<PortTransfer>>& by_rank) {
  TransferDelays result;
  auto next = all.begin();
  for (const std::vector<PortTransfer>& rank : by_rank) {
    const auto end = next + static_cast<std::ptrdiff_t>(rank.size());
    result.emplace_back(next, end);
    next = end;
  }
  return result;
}

// Halfway from the old delays to the new ones.
void average(const TransferDelays& old, TransferDelays& delays) {
  for (std::size_t rank = 0; rank < delays.size(); ++rank) {
    for (std::size_t i = 0; i < delays[rank].size(); ++i) {
      delays[rank][i] = (delays[rank][i] + old[rank][i]) / 2;
    }
  }
}

// When transfers run depends on how long they take, which depends on what runs beside them: steps
// of alike ranks without noise are repeated, each with the delays that the one before had, until
// the step no longer changes; if some still do after the last round, those of the round that
// changed it least. Halfway to the new delays, because two transfers that just miss each other in
// one round just meet in the next.
TransferDelays settled_delays(ExecutorInputs in) {  // of one lane
  constexpr int most_rounds = 12;
  constexpr double same = 1e-4;  // of the step
  NoiseRows no_noise({}, no_effects, 1, 1, 1, 0, in.schedule.shape.micro_batches);
  SimTime step = 0;
  TransferDelays best;  // of the round that changed the step least
  double least_change = std::numeric_limits<double>::infinity();
  for (int round = 0; round < most_rounds; ++round) {
    std::vector<std::vector<PortTransfer>> transfers(in.schedule.ops_by_rank.size());
    in.transfers = &transfers;
    const SimTime before = std::exchange(step, execute(in, no_noise).step_end);
    const auto change = static_cast<double>(std::abs(step - before));
    if (round > 0 && change < least_change) {
      least_change = change;
      best = in.transfer_delays;
    }
    if (change <= same * static_cast<double>(step)) break;
    auto delays =
        split(contention_delays(joined(transfers), in.schedule.shape.pipeline_ranks), transfers);
    if (!in.transfer_delays.empty()) average(in.transfer_delays, delays);
    in.transfer_delays = std::move(delays);
  }
  return best;
}

}  // namespace

SimulationSize simulation_size(const SimulateInputs& inputs, const Schedule& schedule,
                               const SimulateOptions& options) {
  constexpr double most_noise = 12;  // standard deviations: draws end at 6, as does their mean
  ProgramTimer timer(inputs, options.effects);
  double ops = 0;
  double slots = 0;
  double parts = 0;
  double longest = 0;
  double time = tail_time(inputs, schedule);
  std::vector<ProgramSize> programs;
  for (const std::vector<Op>& rank_ops : schedule.ops_by_rank) {
    const std::vector<Step> steps = steps_of_rank(rank_ops, options.effects, timer);
    if (programs.size() != timer.programs().size()) programs = program_sizes(timer.programs());
    for (const Step& step : steps) {
      if (step.kind != Step::Kind::program) continue;
      const ProgramSize& program = programs[static_cast<std::size_t>(step.program)];
      parts += program.parts;
      time += program.time;
      longest = std::max(longest, program.longest);
    }
    ops += static_cast<double>(rank_ops.size());
    slots += static_cast<double>(steps.size());
  }
  const Effects& sizes = inputs.plan.effects;
  const bool routing = options.effects.routing && sizes.routing_relative_deviation > 0;
  const double deviation = (routing ? sizes.routing_relative_deviation : 0) +
                           (options.effects.jitter ? sizes.jitter_relative_deviation : 0);
  const auto lanes = static_cast<double>(lanes_of(inputs, options).size());
  const double micro_batches = schedule.shape.micro_batches;
  const double messages = 2.0 * schedule.shape.stages * micro_batches;
  const double draws =
      routing ? (inputs.model.layers + inputs.model.mtp_modules) * micro_batches : 0;
  const double slowest = options.effects.faults ? slowest_factor(inputs.cluster) : 1;
  SimulationSize size;
  size.bytes = lanes * (3 * ops * sizeof(OpSpan) + messages * sizeof(SimTime) +
                        2 * draws * sizeof(std::int32_t)) +
               2 * ops * sizeof(Op) + slots * sizeof(Step) + messages * 48 + draws +
               (options.record_parts ? 2 * parts * sizeof(PartSpan) : 0);
  size.part_runs = parts * lanes;
  // The executor multiplies a duration by a deviation in fixed point before it shifts.
  constexpr double fixed_point = 1 << NoiseRows::fraction_bits;
  const double noisy = 1 + most_noise * deviation;
  const double most_extra = std::max(most_noise * deviation, (slowest - 1) * noisy);
  // Transfers that share ports take no longer than one after the other, which `time` counts; the
  // rounds that find out how long overshoot.
  const double waits = options.effects.links ? 4.0 : 1.0;
  size.fits_clock = time * waits * slowest * noisy < static_cast<double>(longest_sim_time) &&
                    longest * most_extra * fixed_point < static_cast<double>(longest_sim_time);
  return size;
}

namespace {

// Steps of all pipeline ranks, with the programs that they run.
struct TimedSteps {
  ProgramTimer timer;
  std::vector<std::vector<Step>> steps;  // [pipeline_rank]
  TimedSteps(const SimulateInputs& inputs, const Schedule& schedule, const EffectSwitches& effects)
      : timer(inputs, effects) {
    for (const std::vector<Op>& ops : schedule.ops_by_rank) {
      steps.push_back(steps_of_rank(ops, effects, timer));
    }
  }
};

}  // namespace

TransferDelays transfer_delays(const SimulateInputs& inputs, const Schedule& schedule,
                               const EffectSwitches& effects) {
  const TimedSteps timed(inputs, schedule, effects);
  ExecutorInputs in{schedule, timed.steps, timed.timer.programs(), {}, {}, {}, one_lane, false};
  add_tail(inputs, schedule.shape, SlowRows(), in);
  return settled_delays(std::move(in));
}

StepTrace simulate(const SimulateInputs& inputs, const Schedule& schedule,
                   const SimulateOptions& options) {
  const TimedSteps timed(inputs, schedule, options.effects);
  ExecutorInputs in{schedule, timed.steps, timed.timer.programs(),    {},
                    {},       {},          lanes_of(inputs, options), options.record_parts};
  const bool faulty = options.effects.faults && !inputs.cluster.faults.empty();
  const SlowRows slow = faulty ? SlowRows(inputs, in.lanes) : SlowRows();
  add_tail(inputs, schedule.shape, slow, in);
  if (options.effects.links) {
    in.transfer_delays = options.delays != nullptr
                             ? *options.delays
                             : transfer_delays(inputs, schedule, options.effects);
  }
  in.slow = slow;
  const Parallelism& p = inputs.plan.parallelism;
  const auto node = static_cast<std::size_t>(
      std::max(1, inputs.cluster.gpus_per_node / (p.tensor_parallel * p.context_parallel)));
  NoiseRows noise(inputs.plan.effects, options.effects, in.lanes.size(), in.lanes.group, node,
                  inputs.model.layers + inputs.model.mtp_modules, schedule.shape.micro_batches);
  return execute(in, noise);
}

Seconds chunk_pair_time(const SimulateInputs& inputs, const Schedule& schedule) {
  const std::vector<StageLayers> layers = stage_layers(inputs.model, inputs.plan);
  for (const std::vector<Op>& ops : schedule.ops_by_rank) {
    for (std::size_t i = 0; i + 1 < ops.size(); ++i) {
      if (ops[i].slot != ops[i + 1].slot) continue;
      const StageLayers& f = layers[static_cast<std::size_t>(ops[i].stage)];
      const StageLayers& b = layers[static_cast<std::size_t>(ops[i + 1].stage)];
      const bool plain = !f.embedding && !f.head && !b.embedding && !b.head &&
                         f.layers == b.layers && is_moe_layer(inputs.model, f.first_layer) &&
                         is_moe_layer(inputs.model, b.first_layer);
      if (!plain) continue;
      ProgramTimer timer(inputs, no_effects);
      const int program = timer.pair(ops[i].stage, ops[i + 1].stage, {});
      return to_seconds(program_span(timer.programs()[static_cast<std::size_t>(program)]));
    }
  }
  return {};
}

std::vector<WorkShare> work_shares(const SimulateInputs& inputs, const Schedule& schedule) {
  const std::vector<StageLayers> layers = stage_layers(inputs.model, inputs.plan);
  std::map<std::array<int, 3>, double> counts;  // (kind, stage or forward stage, backward stage)
  for (const std::vector<Op>& ops : schedule.ops_by_rank) {
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (!is_compute(ops[i].kind)) continue;
      if (i + 1 < ops.size() && ops[i].slot == ops[i + 1].slot) {
        counts[{-1, ops[i].stage, ops[i + 1].stage}] += 1;
        ++i;
      } else {
        counts[{static_cast<int>(ops[i].kind), ops[i].stage, -1}] += 1;
      }
    }
  }
  const auto ranks = static_cast<double>(schedule.ops_by_rank.size());
  std::vector<WorkShare> shares;
  for (const auto& [key, count] : counts) {
    const StageLayers& stage = layers[static_cast<std::size_t>(key[1])];
    const Program program = key[0] < 0 ? pair_program(inputs.model, inputs.plan, stage,
                                                      layers[static_cast<std::size_t>(key[2])], {})
                                       : chunk_program(inputs.model, inputs.plan, stage,
                                                       static_cast<OpKind>(key[0]), {});
    for (const Part& part : program.parts) {
      add_part_shares(inputs, part, key[0] < 0 && lends_sms(program), count / ranks, shares);
    }
  }
  return shares;
}

Flops extra_flops_per_token(const SimulateInputs& inputs) {
  const std::array<PartKind, 9> parts{PartKind::attention_forward,
                                      PartKind::mlp_forward,
                                      PartKind::mlp_backward_input,
                                      PartKind::mlp_backward_weight,
                                      PartKind::attention_backward_input,
                                      PartKind::attention_backward_weight,
                                      PartKind::head_forward,
                                      PartKind::head_backward_input,
                                      PartKind::head_backward_weight};
  const ModelSpec& model = inputs.model;
  Flops recomputed;
  for (int layer = 0; layer < model.layers + model.mtp_modules; ++layer) {
    for (const PartKind part : parts) {
      for (const KernelWork& k : work_of(model, inputs.plan, part, layer).kernels) {
        if (k.recompute) recomputed += k.flops;
      }
    }
  }
  const double tokens = tokens_per_rank(inputs.plan) / inputs.plan.parallelism.tensor_parallel;
  const double length = inputs.plan.batch.sequence_length;
  return recomputed / tokens +
         (model_flops_per_token(model, length, AttentionCounting::causal, true) -
          model_flops_per_token(model, length, AttentionCounting::causal, false));
}

}  // namespace reckon

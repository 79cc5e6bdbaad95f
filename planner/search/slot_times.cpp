#include "planner/search/slot_times.hpp"

#include <algorithm>

namespace reckon {
namespace {

OpKind op_kind(ChunkKind kind) {
  switch (kind) {
    case ChunkKind::forward:
      return OpKind::forward;
    case ChunkKind::backward:
      return OpKind::backward;
    case ChunkKind::backward_input:
      return OpKind::backward_input;
    case ChunkKind::backward_weight:
      return OpKind::backward_weight;
  }
  return OpKind::forward;
}

bool is_shard_exchange(PartKind kind) {
  return kind == PartKind::weight_gather || kind == PartKind::gradient_scatter;
}

}  // namespace

SlotTimes::SlotTimes(const ModelSpec& model, const StageClasses& classes, const Plan& base,
                     double rate_beside_shards)
    : model_(model), classes_(classes), rate_beside_shards_(rate_beside_shards) {
  for (std::size_t plan = 0; plan < plans_.size(); ++plan) {
    const auto exchange = static_cast<int>(plan % shard_exchanges);
    plans_[plan] = base;
    plans_[plan].parallelism.expert_parallel = plan < shard_exchanges ? 1 : 2;
    plans_[plan].parallelism.zero_stage = exchange == 0 ? 0 : exchange + 1;
  }
  slots_ = classes.size() * (chunk_kinds + classes.size());
  programs_.resize(plans_.size() * slots_);
  times_.resize(shard_exchanges * slots_);
}

void SlotTimes::reset(const PartDurations& durations, bool has_experts_elsewhere) {
  durations_ = &durations;
  experts_ = has_experts_elsewhere ? 1 : 0;
  ++resets_;
}

const SlotTime& SlotTimes::chunk(ChunkKind kind, std::uint16_t stage) {
  const std::size_t index = static_cast<std::size_t>(kind) * classes_.size() + stage;
  SlotProgram& program = programs_[variant() * slots_ + index];
  if (!program.known) {
    program = program_of(
        chunk_program(model_, plans_[variant()], classes_.all()[stage].example, op_kind(kind), {}));
  }
  return time(index, program);
}

const SlotTime& SlotTimes::pair(std::uint16_t forward, std::uint16_t backward) {
  const std::size_t index =
      (chunk_kinds + static_cast<std::size_t>(forward)) * classes_.size() + backward;
  SlotProgram& program = programs_[variant() * slots_ + index];
  if (!program.known) {
    program = program_of(pair_program(model_, plans_[variant()], classes_.all()[forward].example,
                                      classes_.all()[backward].example, {}));
  }
  return time(index, program);
}

SlotTimes::SlotProgram SlotTimes::program_of(const Program& program) const {
  SlotProgram made;
  made.known = true;
  const bool overlapped = lends_sms(program);
  for (const Part& part : program.parts) {
    const std::size_t layer = part.layer == end_layer
                                  ? std::size_t{layer_classes}
                                  : static_cast<std::size_t>(layer_class_of(model_, part.layer));
    const std::size_t index = PartDurations::index(part.kind, layer, overlapped);
    made.exchanges_shards = made.exchanges_shards || is_shard_exchange(part.kind);
    made.parts.push_back({static_cast<std::uint8_t>(index), static_cast<std::uint8_t>(part.lane),
                          is_shard_exchange(part.kind), static_cast<std::int16_t>(part.after)});
  }
  made.output = {static_cast<std::int16_t>(program.output[0]),
                 static_cast<std::int16_t>(program.output[1])};
  return made;
}

// As the simulator slows kernels down while shards travel (sim/timed_program: slow_beside_shards).
double SlotTimes::slowed_by_shards(const SlotProgram& program) const {
  if (!program.exchanges_shards) return 1;
  double exchange = 0;
  double compute = 0;
  for (const SlotPart& part : program.parts) {
    const auto time = static_cast<double>(durations_->at(part.duration));
    if (part.is_shard) exchange += time;
    if (part.lane == static_cast<std::uint8_t>(Lane::compute)) compute += time;
  }
  if (exchange <= 0 || compute <= 0) return 1;
  return 1 + std::min(1.0, exchange / compute) * (1 / rate_beside_shards_ - 1);
}

// As the executor runs it: a part starts when its lane is free and its input there. A stage without
// layers hands its input on.
SlotTime SlotTimes::time_of(const SlotProgram& program) const {
  ends_.resize(program.parts.size());
  std::array<SimTime, 2> free{};
  const double slower = slowed_by_shards(program);
  for (std::size_t i = 0; i < program.parts.size(); ++i) {
    const SlotPart& part = program.parts[i];
    SimTime& lane = free[part.lane];
    if (part.after >= 0) lane = std::max(lane, ends_[static_cast<std::size_t>(part.after)]);
    const SimTime duration = durations_->at(part.duration);
    const bool is_slowed = slower > 1 && part.lane == static_cast<std::uint8_t>(Lane::compute);
    lane += is_slowed ? static_cast<SimTime>(static_cast<double>(duration) * slower) : duration;
    ends_[i] = lane;
  }
  SlotTime time;
  time.span = std::max(free[0], free[1]);
  for (std::size_t owner = 0; owner < 2; ++owner) {
    const int output = program.output[owner];
    if (output >= 0) time.output[owner] = ends_[static_cast<std::size_t>(output)];
  }
  return time;
}

const SlotTime& SlotTimes::time(std::size_t index, const SlotProgram& program) {
  Known& known = times_[exchange_ * slots_ + index];
  std::uint64_t resets = std::uint64_t{resets_} << 32;
  if (exchange_ > 0) resets += shard_resets_;
  if (known.reset != resets) known = {resets, time_of(program)};
  return known.time;
}

}  // namespace reckon

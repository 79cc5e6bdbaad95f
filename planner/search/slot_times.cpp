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

}  // namespace

SlotTimes::SlotTimes(const ModelSpec& model, const StageClasses& classes, const Plan& base)
    : model_(model), classes_(classes), plans_{base, base} {
  plans_[0].parallelism.expert_parallel = 1;
  plans_[1].parallelism.expert_parallel = 2;
  const std::size_t one = classes.size() * (chunk_kinds + classes.size());
  programs_.resize(2 * one);
  times_.resize(one);
}

void SlotTimes::reset(const PartDurations& durations, bool has_experts_elsewhere) {
  durations_ = &durations;
  experts_ = has_experts_elsewhere ? 1 : 0;
  offset_ = has_experts_elsewhere ? times_.size() : 0;
  ++resets_;
}

const SlotTime& SlotTimes::chunk(ChunkKind kind, std::uint16_t stage) {
  const std::size_t index = static_cast<std::size_t>(kind) * classes_.size() + stage;
  SlotProgram& program = programs_[offset_ + index];
  if (!program.known) {
    program = program_of(
        chunk_program(model_, plans_[experts_], classes_.all()[stage].example, op_kind(kind), {}));
  }
  return time(index, program);
}

const SlotTime& SlotTimes::pair(std::uint16_t forward, std::uint16_t backward) {
  const std::size_t index =
      (chunk_kinds + static_cast<std::size_t>(forward)) * classes_.size() + backward;
  SlotProgram& program = programs_[offset_ + index];
  if (!program.known) {
    program = program_of(pair_program(model_, plans_[experts_], classes_.all()[forward].example,
                                      classes_.all()[backward].example, {}));
  }
  return time(index, program);
}

SlotTimes::SlotProgram SlotTimes::program_of(const Program& program) const {
  SlotProgram made;
  made.known = true;
  const bool overlapped = lends_sms(program);
  for (const Part& part : program.parts) {
    const std::size_t index =
        PartDurations::index(part.kind, layer_class_of(model_, part.layer), overlapped);
    made.parts.push_back({static_cast<std::uint8_t>(index), static_cast<std::uint8_t>(part.lane),
                          static_cast<std::int16_t>(part.after)});
  }
  made.output = {static_cast<std::int16_t>(program.output[0]),
                 static_cast<std::int16_t>(program.output[1])};
  return made;
}

// As the executor runs it: a part starts when its lane is free and its input there. A stage without
// layers hands its input on.
SlotTime SlotTimes::time_of(const SlotProgram& program) const {
  ends_.resize(program.parts.size());
  std::array<SimTime, 2> free{};
  for (std::size_t i = 0; i < program.parts.size(); ++i) {
    const SlotPart& part = program.parts[i];
    SimTime& lane = free[part.lane];
    if (part.after >= 0) lane = std::max(lane, ends_[static_cast<std::size_t>(part.after)]);
    lane += durations_->at(part.duration);
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
  Known& known = times_[index];
  if (known.reset != resets_) known = {resets_, time_of(program)};
  return known.time;
}

}  // namespace reckon

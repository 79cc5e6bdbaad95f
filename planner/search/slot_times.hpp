// How long the slots of a schedule take: one chunk, or an overlapped pair. The durations of parts
// are given (the simulator's, for one choice of the axes that kernels hang on); the programs are
// those of planner/spec/program, so that a slot takes what it takes in a simulation.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "planner/search/stage_classes.hpp"
#include "planner/spec/parts.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/program.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// Of each part of a layer class, alone or beside communication.
class PartDurations {
 public:
  static std::size_t index(PartKind kind, LayerClass layer, bool overlapped) {
    return (static_cast<std::size_t>(kind) * layer_classes + static_cast<std::size_t>(layer)) * 2 +
           (overlapped ? 1 : 0);
  }
  SimTime& at(std::size_t index) { return values_[index]; }
  SimTime at(std::size_t index) const { return values_[index]; }

 private:
  std::array<SimTime, std::size_t{2} * part_kinds * layer_classes> values_{};
};

struct SlotTime {
  SimTime span = 0;                 // both lanes done
  std::array<SimTime, 2> output{};  // [owner]: when its result is there, from the slot's start
};

// The four kinds of chunk.
enum class ChunkKind : std::uint8_t { forward, backward, backward_input, backward_weight };
constexpr int chunk_kinds = 4;

class SlotTimes {
 public:
  SlotTimes(const ModelSpec& model, const StageClasses& classes, const Plan& base);

  // Other durations from here on; `has_experts_elsewhere`: expert_parallel > 1.
  void reset(const PartDurations& durations, bool has_experts_elsewhere);

  const SlotTime& chunk(ChunkKind kind, std::uint16_t stage);
  const SlotTime& pair(std::uint16_t forward, std::uint16_t backward);

 private:
  struct SlotPart {
    std::uint8_t duration = 0;
    std::uint8_t lane = 0;
    std::int16_t after = -1;
  };
  struct SlotProgram {
    bool known = false;
    std::vector<SlotPart> parts;
    std::array<std::int16_t, 2> output{-1, -1};
  };
  struct Known {
    std::uint32_t reset = 0;  // the reset that it was worked out after
    SlotTime time;
  };
  SlotProgram program_of(const Program& program) const;
  SlotTime time_of(const SlotProgram& program) const;
  const SlotTime& time(std::size_t index, const SlotProgram& program);

  const ModelSpec& model_;
  const StageClasses& classes_;
  std::array<Plan, 2> plans_;          // without and with experts on other ranks
  std::vector<SlotProgram> programs_;  // [experts][chunk kinds x classes, then pairs]
  std::vector<Known> times_;
  const PartDurations* durations_ = nullptr;
  std::size_t offset_ = 0;  // of the programs with experts on other ranks
  std::size_t experts_ = 0;
  std::uint32_t resets_ = 0;
  mutable std::vector<SimTime> ends_;  // scratch
};

}  // namespace reckon

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

// Layers of a class, and the ends of the model (embedding and head), whose shards travel apart.
constexpr int duration_classes = layer_classes + 1;

// Of each part of a layer class, alone or beside communication.
class PartDurations {
 public:
  static std::size_t index(PartKind kind, std::size_t layer, bool overlapped) {
    return (static_cast<std::size_t>(kind) * duration_classes + layer) * 2 + (overlapped ? 1 : 0);
  }
  static std::size_t index(PartKind kind, LayerClass layer, bool overlapped) {
    return index(kind, static_cast<std::size_t>(layer), overlapped);
  }
  SimTime& at(std::size_t index) { return values_[index]; }
  SimTime at(std::size_t index) const { return values_[index]; }

 private:
  std::array<SimTime, std::size_t{2} * part_kinds * duration_classes> values_{};
};

struct SlotTime {
  SimTime span = 0;                 // both lanes done
  std::array<SimTime, 2> output{};  // [owner]: when its result is there, from the slot's start
};

// The four kinds of chunk.
enum class ChunkKind : std::uint8_t { forward, backward, backward_input, backward_weight };
constexpr int chunk_kinds = 4;

// What a slot exchanges of its layers' shards: nothing, gradients (ZeRO-2), weights too (ZeRO-3).
constexpr std::size_t shard_exchanges = 3;
constexpr std::size_t shard_exchange(int zero_stage) {
  return zero_stage < 2 ? 0 : static_cast<std::size_t>(zero_stage) - 1;
}

class SlotTimes {
 public:
  // `rate_beside_shards`: of kernels while shards travel.
  SlotTimes(const ModelSpec& model, const StageClasses& classes, const Plan& base,
            double rate_beside_shards);

  // Other durations from here on; `has_experts_elsewhere`: expert_parallel > 1.
  void reset(const PartDurations& durations, bool has_experts_elsewhere);
  // Other durations of the parts that exchange shards.
  void reset_shards() { ++shard_resets_; }
  // Slots of plans with this ZeRO stage from here on.
  void use(int zero_stage) { exchange_ = shard_exchange(zero_stage); }

  const SlotTime& chunk(ChunkKind kind, std::uint16_t stage);
  const SlotTime& pair(std::uint16_t forward, std::uint16_t backward);

 private:
  struct SlotPart {
    std::uint8_t duration = 0;
    std::uint8_t lane = 0;
    bool is_shard = false;
    std::int16_t after = -1;
  };
  struct SlotProgram {
    bool known = false;
    bool exchanges_shards = false;
    std::vector<SlotPart> parts;
    std::array<std::int16_t, 2> output{-1, -1};
  };
  struct Known {
    std::uint64_t reset = 0;  // the resets that it was worked out after
    SlotTime time;
  };
  SlotProgram program_of(const Program& program) const;
  double slowed_by_shards(const SlotProgram& program) const;
  std::size_t variant() const { return experts_ * shard_exchanges + exchange_; }
  SlotTime time_of(const SlotProgram& program) const;
  const SlotTime& time(std::size_t index, const SlotProgram& program);

  const ModelSpec& model_;
  const StageClasses& classes_;
  double rate_beside_shards_ = 1;
  std::array<Plan, 2 * shard_exchanges> plans_;  // [experts on other ranks][shards]
  std::size_t slots_ = 0;                        // chunk kinds x classes, and pairs
  std::vector<SlotProgram> programs_;            // [experts][shards][slots]
  std::vector<Known> times_;                     // [shards][slots]
  const PartDurations* durations_ = nullptr;
  std::size_t experts_ = 0;
  std::size_t exchange_ = 0;
  std::uint32_t resets_ = 0;
  std::uint32_t shard_resets_ = 0;
  mutable std::vector<SimTime> ends_;  // scratch
};

}  // namespace reckon

// What a plan of the space takes at least, and what memory it needs, from tables: a few additions a
// plan. The axes are set from the slowest to the fastest, each level once for all below it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "planner/search/held_moments.hpp"
#include "planner/search/pipeline_bounds.hpp"
#include "planner/search/slot_times.hpp"
#include "planner/search/stage_classes.hpp"
#include "planner/spec/memory.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// What the replicas of a stage exchange once a step, and its update.
struct StageCosts {
  SimTime reduce = 0;
  SimTime gather = 0;
  SimTime optimizer = 0;
};

// The simulator's cost model, handed in: planner knows no simulator.
struct SearchCosts {
  // Durations of all parts on a rank of the plan, whatever its pipeline.
  std::function<void(const Plan&, PartDurations&)> parts;
  std::function<StageCosts(const Plan&, const StageParameters&)> stage;
  // Of the parts that exchange a layer's shards (ZeRO-2 and 3), for the plan's replicas.
  std::function<void(const Plan&, PartDurations&)> shards;
  double rate_beside_shards = 1;  // of kernels while those travel
  Bytes reserved;                 // of the device
};

class PlanBounds {
 public:
  PlanBounds(const ModelSpec& model, const SearchSpace& space, const SearchCosts& costs,
             const Plan& base);

  const StageClasses& classes() const { return classes_; }

  // Another tensor, context or expert parallelism, precision, or number of GPUs.
  void set_parallelism(const Plan& plan);
  // Another micro-batch, sequence parallelism or recomputation.
  void set_kernels(const Plan& plan);
  // Another pipeline, for `classes().of(stages, layout)`; `ranks`: which of the pipeline sizes.
  void set_pipeline(const Plan& plan, std::size_t ranks, const std::vector<std::uint16_t>& stages);

  // No simulation without effects takes less. `zero` and `overlap` of `plan` count.
  SimTime step(const Plan& plan);
  // What the ranks of a pipeline compute for one micro-batch, all of them together, at least.
  SimTime micro_batch_work();
  // Of the pipeline rank that needs most: what memory_of_ranks() says, to rounding.
  Bytes memory(const Plan& plan);

 private:
  struct StageTail {
    StageCosts costs;
    SimTime pieces = 1;
    std::uint32_t epoch = 0;
  };
  struct StageState {
    double bytes = 0;
    std::uint32_t epoch = 0;
  };
  struct ClassBytes {  // of one micro-batch on a stage
    double live = 0;
    double queued = 0;
    std::uint32_t epoch = 0;
  };
  // The tail of a pipeline with one ZeRO stage.
  struct Tail {
    bool known = false;
    std::array<SimTime, 2> reduced{};  // [reduction beside compute]: all gradients are there
    std::array<SimTime, 2> updated{};  // [gather beside compute]: longest update of a rank
    SimTime first_gather = 0;          // what the first forward waits for its weights
  };
  const StageTail& stage_tail(const Plan& plan, std::uint16_t stage);
  double stage_state(const Plan& plan, std::uint16_t stage);
  const ClassBytes& class_bytes(std::uint16_t stage);
  const StageParameters& parameters(const Plan& plan, std::uint16_t stage);
  int stage_of(int rank, int index) const;
  std::uint16_t class_of(int rank, int index) const;
  void hold_activations();
  const std::vector<SimTime>& rank_ends(const Plan& plan);
  void time_kernels();
  void time_shards(const Plan& plan);
  Tail tail_of(const Plan& plan);

  const ModelSpec& model_;
  const SearchCosts& costs_;
  StageClasses classes_;
  SlotTimes slots_;
  PipelineBounds pipeline_;
  HeldMomentsCache moments_;
  Plan kernels_;  // the choices that times of kernels hang on
  bool kernels_timed_ = false;
  PartDurations durations_;
  SimTime micro_batch_work_ = 0;
  std::uint32_t work_epoch_ = 0;  // the kernels' that it was worked out for

  std::uint32_t parallelism_epoch_ = 0;
  std::uint32_t kernels_epoch_ = 0;
  SimTime empty_optimizer_ = 0;
  std::vector<StageParameters> parameters_;
  std::vector<std::uint32_t> parameters_epoch_;
  // What the durations of shards in `durations_` are of.
  struct ShardKey {
    std::uint32_t parallelism = 0;
    std::uint32_t kernels = 0;
    std::size_t ranks = 0;
    int copies = 0;
    bool operator==(const ShardKey&) const = default;
  };
  ShardKey shards_timed_;
  std::vector<StageTail> tails_;    // [pipeline size][copies][ZeRO stage][class]
  std::vector<StageState> states_;  // [pipeline size][copies][ZeRO stage][class]
  std::array<std::array<double, 2>, layer_classes> layer_bytes_{};  // live, queued
  std::vector<ClassBytes> class_bytes_;
  double rank_bytes_ = 0;                   // workspace and reserved
  double gathered_bytes_ = 0;               // of ZeRO-3's workspace
  std::array<double, 2> exchange_bytes_{};  // [more than one pipeline rank]
  double head_bytes_ = 0;

  ScheduleShape shape_;
  std::size_t ranks_index_ = 0;
  int stages_of_a_rank_ = 1;
  const std::vector<std::uint16_t>* stages_ = nullptr;
  const std::vector<SimTime>* rank_ends_ = nullptr;  // null: not worked out yet
  std::size_t rank_ends_exchange_ = 0;               // the shard exchange of rank_ends_
  std::vector<double> activations_;                  // [rank]
  std::array<Tail, 4> tail_;                         // [ZeRO stage]
};

}  // namespace reckon

#include "planner/search/plan_bounds.hpp"

#include <algorithm>

#include "planner/spec/placement.hpp"

namespace reckon {
namespace {

constexpr std::size_t zero_stages = 4;

std::size_t index_of(int value) { return static_cast<std::size_t>(value); }

// The plan with a pipeline of so many ranks and nothing else of one.
Plan with_pipeline(const Plan& plan, int ranks) {
  Plan simple = plan;
  simple.layout = {};
  simple.schedule = ScheduleKind::one_forward_one_backward;
  simple.parallelism.pipeline_parallel = ranks;
  simple.parallelism.chunks_per_rank = 1;
  return simple;
}

// What the ranks of such a pipeline hold when no micro-batch is under way.
std::vector<RankMemory> idle_memory(const ModelSpec& model, const Plan& plan, int ranks,
                                    Bytes reserved) {
  const HeldChunks none{{0}, {0}};
  return memory_of_ranks(model, with_pipeline(plan, ranks),
                         std::vector<HeldChunks>(index_of(ranks), none), reserved);
}

int stages_of_a_rank(const ScheduleShape& shape) {
  return shape.kind == ScheduleKind::dual_pipe ? 2 : shape.stages / shape.pipeline_ranks;
}

}  // namespace

PlanBounds::PlanBounds(const ModelSpec& model, const SearchSpace& space, const SearchCosts& costs,
                       const Plan& base)
    : model_(model),
      costs_(costs),
      classes_(model, space),
      slots_(model, classes_, base, costs.rate_beside_shards),
      parameters_(classes_.size()),
      parameters_epoch_(classes_.size()),
      tails_(space.pipeline_parallel.size() * 2 * zero_stages * classes_.size()),
      states_(space.pipeline_parallel.size() * 2 * zero_stages * classes_.size()),
      class_bytes_(classes_.size()) {}

void PlanBounds::set_parallelism(const Plan& plan) {
  ++parallelism_epoch_;
  empty_optimizer_ = costs_.stage(plan, {}).optimizer;
}

void PlanBounds::set_kernels(const Plan& plan) {
  ++kernels_epoch_;
  kernels_ = with_pipeline(plan, 1);
  kernels_timed_ = false;  // with many choices nothing fits
  for (int layer = 0; layer < model_.layers + model_.mtp_modules; ++layer) {
    const auto kind = static_cast<std::size_t>(layer_class_of(model_, layer));
    const bool is_last = layer + 1 == model_.layers + model_.mtp_modules;
    const bool same =
        !is_last && layer_class_of(model_, layer + 1) == layer_class_of(model_, layer);
    if (same) continue;  // one of each class
    layer_bytes_[kind] = {live_layer_bytes(model_, kernels_, layer).value,
                          queued_layer_bytes(model_, kernels_, layer).value};
  }
  const RankMemory alone = idle_memory(model_, plan, 1, costs_.reserved).front();
  rank_bytes_ = alone.workspace.value;
  head_bytes_ = alone.logits.value;
  Plan gathering = plan;
  gathering.parallelism.zero_stage = 3;
  gathered_bytes_ =
      idle_memory(model_, gathering, 1, costs_.reserved).front().workspace.value - rank_bytes_;
  exchange_bytes_[0] = alone.communication.value;
  exchange_bytes_[1] = exchange_bytes_[0];
  if (model_.layers > 1) {
    exchange_bytes_[1] = idle_memory(model_, plan, 2, costs_.reserved).front().communication.value;
  }
}

void PlanBounds::set_pipeline(const Plan& plan, std::size_t ranks,
                              const std::vector<std::uint16_t>& stages) {
  shape_ = schedule_shape(plan);
  ranks_index_ = ranks;
  stages_ = &stages;
  stages_of_a_rank_ = stages_of_a_rank(shape_);
  rank_ends_ = nullptr;  // many pipelines do not fit whatever they take
  hold_activations();
  tail_ = {};
}

// As stages_of_rank() has it.
int PlanBounds::stage_of(int rank, int index) const {
  switch (shape_.kind) {
    case ScheduleKind::gpipe:
    case ScheduleKind::one_forward_one_backward:
    case ScheduleKind::zb_h1:
    case ScheduleKind::zb_h2:
    case ScheduleKind::interleaved_one_forward_one_backward:
      return rank + index * shape_.pipeline_ranks;
    case ScheduleKind::dual_pipe: {
      const int mirrored = shape_.pipeline_ranks - 1 - rank;
      return index == 0 ? std::min(rank, mirrored) : std::max(rank, mirrored);
    }
    case ScheduleKind::zb_v:
    case ScheduleKind::dual_pipe_v:
      return index == 0 ? rank : 2 * shape_.pipeline_ranks - 1 - rank;
  }
  return rank;
}

std::uint16_t PlanBounds::class_of(int rank, int index) const {
  return (*stages_)[index_of(stage_of(rank, index))];
}

const StageParameters& PlanBounds::parameters(const Plan& plan, std::uint16_t stage) {
  if (parameters_epoch_[stage] != parallelism_epoch_) {
    parameters_epoch_[stage] = parallelism_epoch_;
    const StageClass& one = classes_.all()[stage];
    Plan example = plan;
    example.schedule = one.plan.schedule;
    example.layout = one.plan.layout;
    example.parallelism.pipeline_parallel = one.plan.parallelism.pipeline_parallel;
    example.parallelism.chunks_per_rank = 1;
    parameters_[stage] = stage_parameters(model_, example, one.stage);
  }
  return parameters_[stage];
}

const PlanBounds::StageTail& PlanBounds::stage_tail(const Plan& plan, std::uint16_t stage) {
  const std::size_t copies = index_of(stage_copies(plan.schedule) - 1);
  const std::size_t zero = index_of(plan.parallelism.zero_stage);
  StageTail& tail =
      tails_[((ranks_index_ * 2 + copies) * zero_stages + zero) * classes_.size() + stage];
  if (tail.epoch != parallelism_epoch_) {
    const int layers = classes_.all()[stage].example.layers;
    tail = {costs_.stage(plan, parameters(plan, stage)), std::max(1, layers), parallelism_epoch_};
  }
  return tail;
}

double PlanBounds::stage_state(const Plan& plan, std::uint16_t stage) {
  const std::size_t copies = index_of(stage_copies(plan.schedule) - 1);
  const std::size_t zero = index_of(plan.parallelism.zero_stage);
  StageState& state =
      states_[((ranks_index_ * 2 + copies) * zero_stages + zero) * classes_.size() + stage];
  if (state.epoch != parallelism_epoch_) {
    state = {total(state_of(parameters(plan, stage), plan)).value, parallelism_epoch_};
  }
  return state.bytes;
}

const PlanBounds::ClassBytes& PlanBounds::class_bytes(std::uint16_t stage) {
  ClassBytes& bytes = class_bytes_[stage];
  if (bytes.epoch != kernels_epoch_) {
    bytes = {0, 0, kernels_epoch_};
    for (std::size_t kind = 0; kind < layer_classes; ++kind) {
      bytes.live += classes_.all()[stage].layers[kind] * layer_bytes_[kind][0];
      bytes.queued += classes_.all()[stage].layers[kind] * layer_bytes_[kind][1];
    }
  }
  return bytes;
}

void PlanBounds::hold_activations() {
  const std::vector<HeldMoments>& moments = moments_.of(shape_);
  activations_.assign(index_of(shape_.pipeline_ranks), 0);
  for (int rank = 0; rank < shape_.pipeline_ranks; ++rank) {
    const HeldMoments& held = moments[index_of(rank)];
    double most = 0;
    for (std::size_t moment = 0; moment < held.moments(); ++moment) {
      double bytes = 0;
      for (int index = 0; index < held.stages; ++index) {
        const ClassBytes& chunk = class_bytes(class_of(rank, index));
        const std::size_t at = moment * index_of(held.stages) + index_of(index);
        bytes += held.live[at] * chunk.live + held.queued[at] * chunk.queued;
      }
      most = std::max(most, bytes);
    }
    activations_[index_of(rank)] = most;
  }
}

Bytes PlanBounds::memory(const Plan& plan) {
  double most = 0;
  for (int rank = 0; rank < shape_.pipeline_ranks; ++rank) {
    double bytes = activations_[index_of(rank)];
    for (int index = 0; index < stages_of_a_rank_; ++index) {
      const std::uint16_t stage = class_of(rank, index);
      bytes += stage_state(plan, stage);
      if (classes_.all()[stage].example.head) bytes += head_bytes_;
    }
    most = std::max(most, bytes);
  }
  if (plan.parallelism.zero_stage >= 3) most += gathered_bytes_;
  return {most + rank_bytes_ + exchange_bytes_[shape_.pipeline_ranks > 1 ? 1 : 0]};
}

void PlanBounds::time_kernels() {
  if (kernels_timed_) return;
  costs_.parts(kernels_, durations_);
  slots_.reset(durations_, kernels_.parallelism.expert_parallel > 1);
  kernels_timed_ = true;
}

SimTime PlanBounds::micro_batch_work() {
  time_kernels();
  if (work_epoch_ == kernels_epoch_) return micro_batch_work_;
  work_epoch_ = kernels_epoch_;
  micro_batch_work_ = 0;
  const bool overlaps = kernels_.parallelism.expert_parallel > 1;
  const auto add = [&](PartKind kind, int layer) {
    const LayerClass of = layer_class_of(model_, layer);
    const SimTime alone = durations_.at(PartDurations::index(kind, of, false));
    const SimTime beside = durations_.at(PartDurations::index(kind, of, true));
    micro_batch_work_ += overlaps ? std::min(alone, beside) : alone;
  };
  for (int layer = 0; layer < model_.layers + model_.mtp_modules; ++layer) {
    for (const PartKind kind :
         {PartKind::attention_forward, PartKind::mlp_forward, PartKind::mlp_backward_input,
          PartKind::mlp_backward_weight, PartKind::attention_backward_input,
          PartKind::attention_backward_weight}) {
      add(kind, layer);
    }
  }
  for (int pass = 0; pass <= model_.mtp_modules; ++pass) {
    for (const PartKind kind :
         {PartKind::head_forward, PartKind::head_backward_input, PartKind::head_backward_weight}) {
      add(kind, model_.layers + pass - 1);
    }
  }
  return micro_batch_work_;
}

// They hang on the replicas of a stage, so on the size of the pipeline and its copies.
void PlanBounds::time_shards(const Plan& plan) {
  const ShardKey key{parallelism_epoch_, kernels_epoch_, ranks_index_, stage_copies(plan.schedule)};
  if (key == shards_timed_) return;
  shards_timed_ = key;
  costs_.shards(plan, durations_);
  slots_.reset_shards();
}

const std::vector<SimTime>& PlanBounds::rank_ends(const Plan& plan) {
  time_kernels();
  const std::size_t exchange = shard_exchange(plan.parallelism.zero_stage);
  if (exchange > 0) time_shards(plan);
  slots_.use(plan.parallelism.zero_stage);
  if (rank_ends_ == nullptr || rank_ends_exchange_ != exchange) {
    rank_ends_ = &pipeline_.rank_ends(shape_, *stages_, slots_);
    rank_ends_exchange_ = exchange;
  }
  return *rank_ends_;
}

PlanBounds::Tail PlanBounds::tail_of(const Plan& plan) {
  const std::vector<SimTime>& ends = rank_ends(plan);
  Tail tail;
  tail.known = true;
  for (int rank = 0; rank < shape_.pipeline_ranks; ++rank) {
    SimTime reduce = 0, gather = 0, optimizer = 0, last_piece = 0;
    for (int index = 0; index < stages_of_a_rank_; ++index) {
      const StageTail& stage = stage_tail(plan, class_of(rank, index));
      reduce += stage.costs.reduce;
      gather += stage.costs.gather;
      optimizer += stage.costs.optimizer;
      last_piece = stage.costs.reduce / stage.pieces;
    }
    // One kernel updates all stages of a rank, not one each; a picosecond for what was rounded.
    optimizer -= (stages_of_a_rank_ - 1) * (empty_optimizer_ + 2);
    const SimTime end = ends[index_of(rank)];
    const SimTime beside = stages_of_a_rank_ == 1 ? last_piece : 0;
    tail.reduced[0] = std::max(tail.reduced[0], end + reduce);
    tail.reduced[1] = std::max({tail.reduced[1], end + beside, pipeline_.forward_pass() + reduce});
    tail.updated[0] = std::max(tail.updated[0], optimizer + gather);
    tail.updated[1] = std::max(tail.updated[1], optimizer);
  }
  const StageTail& first = stage_tail(plan, stages_->front());
  const SimTime span = slots_.chunk(ChunkKind::forward, stages_->front()).span;
  tail.first_gather = std::max(first.costs.gather / first.pieces,
                               first.costs.gather - span / first.pieces * (first.pieces - 1));
  return tail;
}

SimTime PlanBounds::step(const Plan& plan) {
  Tail& tail = tail_[index_of(plan.parallelism.zero_stage)];
  if (!tail.known) tail = tail_of(plan);
  const std::size_t reduction = plan.overlap.gradient_reduction ? 1 : 0;
  const std::size_t gather = plan.overlap.parameter_gather ? 1 : 0;
  const SimTime waits = plan.overlap.parameter_gather ? tail.first_gather : 0;
  return waits + tail.reduced[reduction] + tail.updated[gather];
}

}  // namespace reckon

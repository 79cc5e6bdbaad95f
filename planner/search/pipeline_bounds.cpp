#include "planner/search/pipeline_bounds.hpp"

#include <algorithm>

#include "planner/schedules/interleaved.hpp"

namespace reckon {
namespace {

std::size_t index_of(int value) { return static_cast<std::size_t>(value); }

// Slots of a rank of DualPipe (planner/schedules/dual_pipe.cpp: warm_up, steady, drain), for a rank
// at `distance` from the nearer end of `depth` ranks. `near` and `far` are its two stages.
struct DualCounts {
  int near_forwards = 0, far_forwards = 0;            // alone
  int near_backwards = 0, far_backwards = 0;          // alone
  int near_inputs = 0, far_inputs = 0;                // each with a backward_weight
  int near_pairs = 0;                                 // forward near, backward far
  int far_pairs = 0;                                  // forward far, backward near
  int warm_near_forwards = 0, warm_far_forwards = 0;  // before the first backward
};

DualCounts dual_counts(int depth, int distance, int repeats) {
  const int to_middle = depth - 1 - distance;
  const bool is_middle = to_middle == 0;
  DualCounts c;
  c.warm_near_forwards = 2 * to_middle + distance + 1 + (is_middle ? 1 : 0);
  c.warm_far_forwards = distance + 1;
  c.near_forwards = c.warm_near_forwards;
  c.far_forwards = c.warm_far_forwards + to_middle;
  c.near_pairs = repeats - (is_middle ? 1 : 0);
  c.far_pairs = repeats + to_middle;
  c.far_backwards = (is_middle ? 1 : 0) + to_middle + distance / 2 + 1;
  c.near_backwards = (distance + 1) / 2;
  c.far_inputs = to_middle + distance - distance / 2;
  c.near_inputs = to_middle + distance + 1 - (distance + 1) / 2;
  return c;
}

}  // namespace

const std::vector<SimTime>& PipelineBounds::rank_ends(const ScheduleShape& shape,
                                                      const std::vector<std::uint16_t>& stages,
                                                      SlotTimes& slots) {
  const bool splits = shape.kind != ScheduleKind::gpipe &&
                      shape.kind != ScheduleKind::one_forward_one_backward &&
                      shape.kind != ScheduleKind::interleaved_one_forward_one_backward;
  stages_.clear();
  for (const std::uint16_t stage : stages) {
    Stage times;
    times.forward = slots.chunk(ChunkKind::forward, stage);
    times.backward = slots.chunk(ChunkKind::backward, stage);
    if (splits) {
      times.backward_input = slots.chunk(ChunkKind::backward_input, stage);
      times.backward_weight = slots.chunk(ChunkKind::backward_weight, stage).span;
    }
    stages_.push_back(times);
  }
  ends_.assign(index_of(shape.pipeline_ranks), 0);
  sum_up(splits);
  switch (shape.kind) {
    case ScheduleKind::gpipe:
      gpipe(shape);
      break;
    case ScheduleKind::one_forward_one_backward:
      one_forward_one_backward(shape);
      break;
    case ScheduleKind::interleaved_one_forward_one_backward:
      interleaved(shape);
      break;
    case ScheduleKind::zb_h1:
      zb_h1(shape);
      break;
    case ScheduleKind::zb_h2:
    case ScheduleKind::zb_v:
      busy_time(shape);
      break;
    case ScheduleKind::dual_pipe:
      dual(shape, shape.pipeline_ranks / 2, shape.micro_batches / 2 - shape.pipeline_ranks, stages,
           slots);
      break;
    case ScheduleKind::dual_pipe_v:
      dual(shape, shape.pipeline_ranks, shape.micro_batches - 2 * shape.pipeline_ranks, stages,
           slots);
      break;
  }
  return ends_;
}

// Where the input gradients can come alone, the faster of both ways counts.
void PipelineBounds::sum_up(bool split_backward) {
  const std::size_t count = stages_.size();
  before_.assign(count + 1, 0);
  after_.assign(count, 0);
  home_.assign(count, 0);
  const auto back = [&](const Stage& stage) {
    return split_backward ? std::min(stage.backward.output[0], stage.backward_input.output[0])
                          : stage.backward.output[0];
  };
  for (std::size_t stage = 0; stage < count; ++stage) {
    before_[stage + 1] = before_[stage] + stages_[stage].forward.output[0];
  }
  for (std::size_t stage = count - 1; stage-- > 0;) {
    after_[stage] = after_[stage + 1] + back(stages_[stage + 1]);
  }
  const Stage& first = stages_.front();
  const SimTime last_slots =
      split_backward
          ? std::min(first.backward.span, first.backward_input.span + first.backward_weight)
          : first.backward.span;
  for (std::size_t stage = 1; stage < count; ++stage) {
    home_[stage] = stage == 1 ? last_slots : home_[stage - 1] + back(stages_[stage - 1]);
  }
}

// From the start of a stage's last backward (or its half for the inputs) to the end of stage 0's.
SimTime PipelineBounds::drained(std::size_t stage, bool split_backward) const {
  const Stage& times = stages_[stage];
  return (split_backward ? times.backward_input : times.backward).output[0] + home_[stage];
}

void PipelineBounds::raise(std::size_t rank, SimTime end) {
  ends_[rank] = std::max(ends_[rank], end);
}

void PipelineBounds::gpipe(const ScheduleShape& shape) {
  const SimTime n = shape.micro_batches;
  SimTime forwards = 0;  // the last micro-batch is through the last stage
  for (std::size_t rank = 0; rank < stages_.size(); ++rank) {
    forwards = std::max(forwards, before_[rank] + (n - 1) * stages_[rank].forward.span +
                                      before_.back() - before_[rank]);
  }
  for (std::size_t rank = 0; rank < stages_.size(); ++rank) {
    const SimTime start = forwards + after_[rank];
    const SimTime backward = stages_[rank].backward.span;
    raise(rank, start + n * backward);
    if (rank > 0) raise(0, start + (n - 1) * backward + drained(rank, false));
  }
}

void PipelineBounds::one_forward_one_backward(const ScheduleShape& shape) {
  const SimTime n = shape.micro_batches;
  const SimTime ranks = shape.pipeline_ranks;
  for (std::size_t rank = 0; rank < stages_.size(); ++rank) {
    const SimTime forward = stages_[rank].forward.span;
    const SimTime backward = stages_[rank].backward.span;
    // From its first slot on; from its first backward on, which the warm-up's forwards precede.
    const SimTime warm = std::min(n, ranks - static_cast<SimTime>(rank));
    const SimTime last = std::max(before_[rank] + n * forward,
                                  before_.back() + after_[rank] + (n - warm) * forward) +
                         (n - 1) * backward;
    raise(rank, last + backward);
    if (rank > 0) raise(0, last + drained(rank, false));
  }
}

void PipelineBounds::interleaved(const ScheduleShape& shape) {
  const SimTime n = shape.micro_batches;
  const auto ranks = index_of(shape.pipeline_ranks);
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const SimTime warm = std::min(interleaved_warm_up(shape, static_cast<int>(rank)) + 1,
                                  shape.stages / shape.pipeline_ranks * shape.micro_batches);
    const auto group = static_cast<SimTime>(stages_.size());  // chunks x ranks
    SimTime forwards = 0, warm_forwards = 0, backwards = 0;
    for (std::size_t stage = rank; stage < stages_.size(); stage += ranks) {
      const SimTime forward = stages_[stage].forward.span;
      const auto chunk = static_cast<SimTime>(stage / ranks * ranks);
      const SimTime done =
          warm / group * static_cast<SimTime>(ranks) +
          std::clamp<SimTime>(warm % group - chunk, 0, static_cast<SimTime>(ranks));
      forwards += n * forward;
      warm_forwards += done * forward;
      backwards += n * stages_[stage].backward.span;
    }
    const SimTime first_backward = before_.back() + after_[stages_.size() - ranks + rank];
    const SimTime end =
        std::max(before_[rank] + forwards, first_backward + forwards - warm_forwards) + backwards;
    raise(rank, end);
    if (rank > 0) raise(0, end - stages_[rank].backward.span + drained(rank, false));
  }
}

void PipelineBounds::zb_h1(const ScheduleShape& shape) {
  const SimTime n = shape.micro_batches;
  const SimTime ranks = shape.pipeline_ranks;
  for (std::size_t rank = 0; rank < stages_.size(); ++rank) {
    const Stage& stage = stages_[rank];
    const SimTime input = stage.backward_input.span;
    const SimTime warm = std::min(n, ranks - static_cast<SimTime>(rank));
    const SimTime last = std::max(before_[rank] + n * stage.forward.span,
                                  before_.back() + after_[rank] + (n - warm) * stage.forward.span) +
                         (n - 1) * input;
    raise(rank, last + input + n * stage.backward_weight);
    const SimTime weights = std::max<SimTime>(0, n - 1 - static_cast<SimTime>(rank));
    if (rank > 0) raise(0, last + weights * stage.backward_weight + drained(rank, true));
  }
}

// Made to have hardly a bubble: what a rank runs, behind the first micro-batch's way to it.
void PipelineBounds::busy_time(const ScheduleShape& shape) {
  const SimTime n = shape.micro_batches;
  for (int rank = 0; rank < shape.pipeline_ranks; ++rank) {
    SimTime work = 0;
    for (const int index : stages_of_rank(shape, rank)) {
      const Stage& stage = stages_[index_of(index)];
      work += n * (stage.forward.span + stage.backward_input.span + stage.backward_weight);
    }
    raise(index_of(rank), before_[index_of(rank)] + work);
  }
  for (int stage = 0; stage < shape.stages;
       ++stage) {  // the first micro-batch's way, there and back
    const Stage& own = stages_[index_of(stage)];
    raise(index_of(rank_of_stage(shape, stage, 0)),
          before_.back() + after_[index_of(stage)] + own.backward_input.span + own.backward_weight);
  }
}

void PipelineBounds::dual(const ScheduleShape& shape, int depth, int repeats,
                          const std::vector<std::uint16_t>& stages, SlotTimes& slots) {
  const std::size_t last_stage = stages_.size() - 1;
  for (int distance = 0; distance < depth; ++distance) {
    const std::size_t near_index = index_of(distance);
    const std::size_t far_index = last_stage - near_index;
    const Stage& near = stages_[near_index];
    const Stage& far = stages_[far_index];
    const DualCounts c = dual_counts(depth, distance, repeats + distance + 1);
    const SimTime weights =
        c.near_inputs * near.backward_weight + c.far_inputs * far.backward_weight;
    const SimTime warm =
        c.warm_near_forwards * near.forward.span + c.warm_far_forwards * far.forward.span;
    const SimTime work =
        c.near_forwards * near.forward.span + c.far_forwards * far.forward.span +
        c.near_backwards * near.backward.span + c.far_backwards * far.backward.span +
        c.near_inputs * near.backward_input.span + c.far_inputs * far.backward_input.span +
        weights + c.near_pairs * slots.pair(stages[near_index], stages[far_index]).span +
        c.far_pairs * slots.pair(stages[far_index], stages[near_index]).span;
    const SimTime end =
        std::max(before_[near_index] + work, before_.back() + after_[far_index] + work - warm);
    raise(near_index, end);
    if (shape.kind == ScheduleKind::dual_pipe) raise(far_index, end);
    if (distance == 0) continue;
    // Its last distance + 1 slots are weight gradients, which nobody waits for.
    const SimTime left =
        std::min((distance + 1) * std::max(near.backward_weight, far.backward_weight), weights);
    raise(0, end - left - near.backward_input.span + drained(near_index, true));
  }
}

}  // namespace reckon

#include "planner/schedules/in_flight.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "planner/schedules/interleaved.hpp"

namespace reckon {

namespace {

// The counts of one rank while its program is read. Ops of stages that the rank does not hold (only
// a broken schedule has them) change nothing.
class Counter {
 public:
  Counter(const ScheduleShape& shape, int rank, const ChunkWeights& weights)
      : stages_(stages_of_rank(shape, rank)), weights_(weights) {
    now_.live.assign(stages_.size(), 0);
    now_.queued.assign(stages_.size(), 0);
    worst_ = now_;
  }

  void read(const Op& op, int index) {
    const auto found = std::lower_bound(stages_.begin(), stages_.end(), op.stage);
    if (found == stages_.end() || *found != op.stage) return;
    const auto stage = static_cast<std::size_t>(found - stages_.begin());
    switch (op.kind) {
      case OpKind::forward:
        change(stage, 1, 0, index);
        return;
      case OpKind::backward:
        change(stage, -1, 0, index);
        return;
      case OpKind::backward_input:
        change(stage, -1, 1, index);
        return;
      case OpKind::backward_weight:
        change(stage, 0, -1, index);
        return;
      case OpKind::send_activation:
      case OpKind::recv_activation:
      case OpKind::send_gradient:
      case OpKind::recv_gradient:
      case OpKind::reduce_gradients:
      case OpKind::optimizer_step:
      case OpKind::gather_parameters:
        return;
    }
  }

  ChunksInFlight worst() && { return std::move(worst_); }

 private:
  void change(std::size_t stage, int live, int queued, int index) {
    now_.live[stage] += live;
    now_.queued[stage] += queued;
    weight_ += live * weights_.live[stage] + queued * weights_.queued[stage];
    if (weight_ <= worst_weight_) return;
    worst_weight_ = weight_;
    worst_ = now_;
    worst_.op = index;
  }

  std::vector<int> stages_;
  const ChunkWeights& weights_;
  ChunksInFlight now_;
  ChunksInFlight worst_;
  double weight_ = 0.0;
  double worst_weight_ = 0.0;
};

ChunksInFlight worst_moment_of_equal_stages(const Schedule& schedule, int rank, double live,
                                            double queued) {
  const std::size_t stages = stages_of_rank(schedule.shape, rank).size();
  return worst_moment(
      schedule, rank,
      {.live = std::vector<double>(stages, live), .queued = std::vector<double>(stages, queued)});
}

int sum(const std::vector<int>& counts) {
  int total = 0;
  for (const int count : counts) total += count;
  return total;
}

}  // namespace

ChunksInFlight worst_moment(const Schedule& schedule, int rank, const ChunkWeights& weights) {
  Counter counter(schedule.shape, rank, weights);
  const std::vector<Op>& ops = schedule.ops_by_rank[static_cast<std::size_t>(rank)];
  for (std::size_t index = 0; index < ops.size(); ++index)
    counter.read(ops[index], static_cast<int>(index));
  return std::move(counter).worst();
}

std::vector<ChunksInFlight> peak_moments(const Schedule& schedule) {
  std::vector<ChunksInFlight> moments;
  moments.reserve(schedule.ops_by_rank.size());
  for (int rank = 0; rank < schedule.shape.pipeline_ranks; ++rank)
    moments.push_back(worst_moment_of_equal_stages(schedule, rank, 1.0, 0.0));
  return moments;
}

std::vector<int> peak_chunks_in_flight(const Schedule& schedule) {
  std::vector<int> peaks;
  for (const ChunksInFlight& moment : peak_moments(schedule)) peaks.push_back(sum(moment.live));
  return peaks;
}

std::vector<std::vector<int>> peak_chunks_by_stage(const Schedule& schedule) {
  std::vector<std::vector<int>> peaks;
  for (ChunksInFlight& moment : peak_moments(schedule)) peaks.push_back(std::move(moment.live));
  return peaks;
}

std::vector<int> peak_queued_chunks(const Schedule& schedule) {
  std::vector<int> peaks;
  peaks.reserve(schedule.ops_by_rank.size());
  for (int rank = 0; rank < schedule.shape.pipeline_ranks; ++rank)
    peaks.push_back(sum(worst_moment_of_equal_stages(schedule, rank, 0.0, 1.0).queued));
  return peaks;
}

ChunkBound published_chunk_bound(const ScheduleShape& shape, int rank) {
  const int ranks = shape.pipeline_ranks;
  const int micro_batches = shape.micro_batches;
  switch (shape.kind) {
    case ScheduleKind::gpipe:
      return {.live = micro_batches, .live_and_queued = micro_batches};
    case ScheduleKind::one_forward_one_backward: {
      const int most = std::min(ranks - rank, micro_batches);
      return {.live = most, .live_and_queued = most};
    }
    case ScheduleKind::interleaved_one_forward_one_backward: {
      const int most =
          std::min(interleaved_warm_up(shape, rank) + 1, shape.stages / ranks * micro_batches);
      return {.live = most, .live_and_queued = most};
    }
    case ScheduleKind::zb_h1:
      return {.live = std::min(ranks - rank, micro_batches),
              .live_and_queued = std::min(ranks, micro_batches)};
    case ScheduleKind::zb_h2:
      return {.live = std::min(2 * (ranks - rank) - 1, micro_batches),
              .live_and_queued = std::min(2 * ranks - 1, micro_batches)};
    case ScheduleKind::zb_v:
      return {.live = std::min(2 * ranks, 2 * micro_batches),
              .live_and_queued = std::min(2 * ranks, 2 * micro_batches)};
    case ScheduleKind::dual_pipe:
    case ScheduleKind::dual_pipe_v:
      return {.live = shape.stages + 1, .live_and_queued = shape.stages + 1};
  }
  return {};
}

}  // namespace reckon

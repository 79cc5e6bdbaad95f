#include "planner/schedules/walk.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "planner/schedules/rank_program.hpp"

namespace reckon {

namespace {

constexpr int no_rank = -1;

// Which ops have happened that others wait for, and which ranks wait for which.
class Board {
 public:
  explicit Board(const ScheduleShape& shape)
      : stages_(static_cast<std::size_t>(shape.stages)),
        micro_batches_(static_cast<std::size_t>(shape.micro_batches)),
        happened_(4 * stages_ * micro_batches_, false),
        first_waiting_(happened_.size(), no_rank),
        next_waiting_(static_cast<std::size_t>(shape.pipeline_ranks), no_rank) {}

  bool has_happened(const Op& op) const { return happened_[place(op)]; }

  void wait(int rank, const Op& awaited) {
    int& first = first_waiting_[place(awaited)];
    next_waiting_[static_cast<std::size_t>(rank)] = first;
    first = rank;
  }

  // Appends the ranks that waited for `op` to `woken`.
  void happen(const Op& op, std::vector<int>& woken) {
    if (!is_awaited(op.kind)) return;
    const std::size_t at = place(op);
    happened_[at] = true;
    for (int rank = first_waiting_[at]; rank != no_rank;
         rank = next_waiting_[static_cast<std::size_t>(rank)])
      woken.push_back(rank);
    first_waiting_[at] = no_rank;
  }

 private:
  static bool is_awaited(OpKind kind) {
    return kind == OpKind::forward || kind == OpKind::backward || kind == OpKind::backward_input ||
           kind == OpKind::send_activation || kind == OpKind::send_gradient;
  }

  std::size_t place(const Op& op) const {
    std::size_t row = 0;
    if (op.kind == OpKind::backward || op.kind == OpKind::backward_input) row = 1;
    if (op.kind == OpKind::send_activation) row = 2;
    if (op.kind == OpKind::send_gradient) row = 3;
    return (row * stages_ + static_cast<std::size_t>(op.stage)) * micro_batches_ +
           static_cast<std::size_t>(op.micro_batch);
  }

  std::size_t stages_;
  std::size_t micro_batches_;
  std::vector<bool> happened_;
  std::vector<int> first_waiting_;
  std::vector<int> next_waiting_;  // by rank; a rank waits for one op at a time
};

// The first unmet wait among ops [first, last) of a rank.
std::optional<Wait> unmet_wait(const Schedule& schedule, const Board& board, int rank,
                               std::size_t first, std::size_t last) {
  const std::vector<Op>& ops = schedule.ops_by_rank[static_cast<std::size_t>(rank)];
  for (std::size_t index = first; index < last; ++index) {
    Op awaited;
    if (awaits(schedule.shape, ops[index], awaited) && !board.has_happened(awaited))
      return Wait{.at = {.rank = rank, .op = static_cast<int>(index)}, .awaited = awaited};
  }
  return std::nullopt;
}

}  // namespace

bool awaits(const ScheduleShape& shape, const Op& op, Op& awaited) {
  const auto wait_for = [&](OpKind kind, int stage) {
    awaited = {.kind = kind, .stage = stage, .micro_batch = op.micro_batch, .slot = 0};
    return stage >= 0 && stage < shape.stages;
  };
  switch (op.kind) {
    case OpKind::forward:
      return wait_for(OpKind::forward, op.stage - 1);
    case OpKind::backward:
    case OpKind::backward_input:
      return wait_for(OpKind::backward_input, op.stage + 1);
    case OpKind::recv_activation:
      return wait_for(OpKind::send_activation, op.stage - 1);
    case OpKind::recv_gradient:
      return wait_for(OpKind::send_gradient, op.stage + 1);
    case OpKind::backward_weight:
    case OpKind::send_activation:
    case OpKind::send_gradient:
    case OpKind::reduce_gradients:
    case OpKind::optimizer_step:
    case OpKind::gather_parameters:
      return false;
  }
  return false;
}

Walk walk(const Schedule& schedule) {
  Walk result;
  Board board(schedule.shape);
  const std::size_t ranks = schedule.ops_by_rank.size();
  std::vector<std::size_t> next(ranks, 0);
  std::vector<int> awake;
  for (std::size_t rank = ranks; rank > 0; --rank) awake.push_back(static_cast<int>(rank) - 1);
  while (!awake.empty()) {
    const int rank = awake.back();
    awake.pop_back();
    const std::vector<Op>& ops = schedule.ops_by_rank[static_cast<std::size_t>(rank)];
    std::size_t& index = next[static_cast<std::size_t>(rank)];
    while (index < ops.size()) {
      const std::size_t last = end_of_slot(ops, index);
      if (const auto wait = unmet_wait(schedule, board, rank, index, last)) {
        board.wait(rank, wait->awaited);
        break;
      }
      for (; index < last; ++index) {
        result.order.push_back({.rank = rank, .op = static_cast<int>(index)});
        board.happen(ops[index], awake);
      }
    }
  }
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const std::vector<Op>& ops = schedule.ops_by_rank[rank];
    if (next[rank] == ops.size()) continue;
    const auto wait = unmet_wait(schedule, board, static_cast<int>(rank), next[rank],
                                 end_of_slot(ops, next[rank]));
    if (wait) result.waits.push_back(*wait);
  }
  return result;
}

}  // namespace reckon

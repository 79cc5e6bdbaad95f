#include "planner/validate_ops.hpp"

#include <algorithm>

#include "planner/schedules/op_kind.hpp"

namespace reckon {

namespace {

using Kind = ScheduleProblemKind;
using Problems = std::vector<ScheduleProblem>;

std::string chunk_text(OpKind kind, int stage, int micro_batch) {
  return to_text(Op{.kind = kind, .stage = stage, .micro_batch = micro_batch, .slot = 0});
}

ScheduleProblem missing(int rank, const std::string& op, const std::string& todo) {
  return {.kind = Kind::missing_op,
          .rank = rank,
          .op = -1,
          .message = "rank " + std::to_string(rank) + ": " + op + " is missing; " + todo};
}

// The sighting that an op of this kind adds to; a full backward adds to weight_gradients too.
Sighting* sighting_of(ChunkSightings& chunk, OpKind kind) {
  switch (kind) {
    case OpKind::forward:
      return &chunk.forward;
    case OpKind::backward:
    case OpKind::backward_input:
      return &chunk.input_gradients;
    case OpKind::backward_weight:
      return &chunk.weight_gradients;
    case OpKind::send_activation:
      return &chunk.send_activation;
    case OpKind::recv_activation:
      return &chunk.recv_activation;
    case OpKind::send_gradient:
      return &chunk.send_gradient;
    case OpKind::recv_gradient:
      return &chunk.recv_gradient;
    case OpKind::reduce_gradients:
    case OpKind::optimizer_step:
    case OpKind::gather_parameters:
      return nullptr;
  }
  return nullptr;
}

void see(Sighting& sighting, int index, bool on_its_rank) {
  ++sighting.count;
  if (on_its_rank && sighting.op < 0) sighting.op = index;
}

// Both were found on their rank, and `later` stands before `earlier`.
bool is_reversed(const Sighting& earlier, const Sighting& later) {
  return earlier.op >= 0 && later.op >= 0 && later.op < earlier.op;
}

}  // namespace

ScheduleProblem problem_at(const Schedule& schedule, ScheduleProblemKind kind, int rank, int op,
                           const std::string& what) {
  const Op& found =
      schedule.ops_by_rank[static_cast<std::size_t>(rank)][static_cast<std::size_t>(op)];
  return {.kind = kind,
          .rank = rank,
          .op = op,
          .message = "rank " + std::to_string(rank) + ", op " + std::to_string(op) + " (" +
                     to_text(found) + "): " + what};
}

ChunkTable sight_chunks(const Schedule& schedule, Problems& problems) {
  ChunkTable table(schedule.shape);
  for (int rank = 0; rank < schedule.shape.pipeline_ranks; ++rank) {
    const std::vector<Op>& ops = schedule.ops_by_rank[static_cast<std::size_t>(rank)];
    for (int index = 0; index < static_cast<int>(ops.size()); ++index) {
      const Op& op = ops[static_cast<std::size_t>(index)];
      if (!is_compute(op.kind) && !is_transfer(op.kind)) continue;
      const int home = rank_of_stage(schedule.shape, op.stage, op.micro_batch);
      if (home != rank)
        problems.push_back(
            problem_at(schedule, Kind::wrong_rank, rank, index,
                       "it belongs to rank " + std::to_string(home) + "; move it there"));
      ChunkSightings& chunk = table.at(op.stage, op.micro_batch);
      Sighting& sighting = *sighting_of(chunk, op.kind);
      see(sighting, index, home == rank);
      int most = sighting.count;
      if (op.kind == OpKind::backward) {
        see(chunk.weight_gradients, index, home == rank);
        most = std::max(most, chunk.weight_gradients.count);
      }
      if (most > 1)
        problems.push_back(problem_at(schedule, Kind::doubled_op, rank, index,
                                      "the same work stands in the schedule before; remove one"));
    }
  }
  return table;
}

void check_compute(const Schedule& schedule, const ChunkTable& table, Problems& problems) {
  for (int stage = 0; stage < schedule.shape.stages; ++stage) {
    for (int micro_batch = 0; micro_batch < schedule.shape.micro_batches; ++micro_batch) {
      const ChunkSightings& chunk = table.at(stage, micro_batch);
      const int rank = rank_of_stage(schedule.shape, stage, micro_batch);
      const auto name = [&](OpKind kind) { return chunk_text(kind, stage, micro_batch); };
      if (chunk.forward.count == 0)
        problems.push_back(missing(rank, name(OpKind::forward), "add it"));
      if (chunk.input_gradients.count == 0)
        problems.push_back(missing(
            rank,
            name(chunk.weight_gradients.count == 0 ? OpKind::backward : OpKind::backward_input),
            "add it"));
      if (chunk.weight_gradients.count == 0 && chunk.input_gradients.count > 0)
        problems.push_back(missing(rank, name(OpKind::backward_weight),
                                   "add it, or make the backward_input a full backward"));
      if (is_reversed(chunk.forward, chunk.input_gradients))
        problems.push_back(
            problem_at(schedule, Kind::wrong_order, rank, chunk.input_gradients.op,
                       "it stands before " + name(OpKind::forward) + "; move it behind"));
      if (is_reversed(chunk.input_gradients, chunk.weight_gradients))
        problems.push_back(
            problem_at(schedule, Kind::wrong_order, rank, chunk.weight_gradients.op,
                       "it stands before " + name(OpKind::backward_input) + "; move it behind"));
    }
  }
}

namespace {

// One transfer: what its two ends are called and where they were seen.
struct Transfer {
  OpKind send_kind = OpKind::send_activation;
  OpKind recv_kind = OpKind::recv_activation;
  int send_stage = 0;
  int recv_stage = 0;
  int micro_batch = 0;
  Sighting send;
  Sighting recv;
};

ScheduleProblem one_sided(Kind kind, int rank, const Sighting& seen, const std::string& what) {
  return {.kind = kind,
          .rank = rank,
          .op = seen.op,
          .message = "rank " + std::to_string(rank) +
                     (seen.op >= 0 ? ", op " + std::to_string(seen.op) : "") + ": " + what};
}

void check_transfer(const ScheduleShape& shape, const Transfer& transfer, Problems& problems) {
  const int send_rank = rank_of_stage(shape, transfer.send_stage, transfer.micro_batch);
  const int recv_rank = rank_of_stage(shape, transfer.recv_stage, transfer.micro_batch);
  const std::string send =
      chunk_text(transfer.send_kind, transfer.send_stage, transfer.micro_batch);
  const std::string recv =
      chunk_text(transfer.recv_kind, transfer.recv_stage, transfer.micro_batch);
  const bool sent = transfer.send.count > 0;
  const bool received = transfer.recv.count > 0;
  if (send_rank == recv_rank) {
    const std::string why = ": both stages are on this rank; remove it";
    if (sent)
      problems.push_back(one_sided(Kind::unmatched_send, send_rank, transfer.send, send + why));
    if (received)
      problems.push_back(one_sided(Kind::unmatched_recv, recv_rank, transfer.recv, recv + why));
    return;
  }
  if (!sent && !received) {
    problems.push_back(missing(send_rank, send, "add it behind its producer"));
    problems.push_back(missing(recv_rank, recv, "add it before its consumer"));
  } else if (!received) {
    problems.push_back(one_sided(
        Kind::unmatched_send, send_rank, transfer.send,
        send + " has no " + recv + " on rank " + std::to_string(recv_rank) + "; add that"));
  } else if (!sent) {
    problems.push_back(one_sided(
        Kind::unmatched_recv, recv_rank, transfer.recv,
        recv + " has no " + send + " on rank " + std::to_string(send_rank) + "; add that"));
  }
}

// Transfers stand behind the op that makes what they send, before the one that uses what they
// receive.
void check_transfer_order(const Schedule& schedule, const ChunkSightings& chunk, int rank,
                          Problems& problems) {
  const auto too_early = [&](const Sighting& send, const Sighting& producer) {
    if (is_reversed(producer, send))
      problems.push_back(problem_at(schedule, Kind::wrong_order, rank, send.op,
                                    "it stands before what it sends is made (op " +
                                        std::to_string(producer.op) + "); move it behind"));
  };
  const auto too_late = [&](const Sighting& recv, const Sighting& consumer) {
    if (is_reversed(recv, consumer))
      problems.push_back(problem_at(schedule, Kind::wrong_order, rank, recv.op,
                                    "it stands behind what it feeds (op " +
                                        std::to_string(consumer.op) + "); move it before"));
  };
  too_early(chunk.send_activation, chunk.forward);
  too_late(chunk.recv_activation, chunk.forward);
  too_early(chunk.send_gradient, chunk.input_gradients);
  too_late(chunk.recv_gradient, chunk.input_gradients);
}

}  // namespace

void check_transfers(const Schedule& schedule, const ChunkTable& table, Problems& problems) {
  const ScheduleShape& shape = schedule.shape;
  for (int stage = 0; stage < shape.stages; ++stage) {
    for (int micro_batch = 0; micro_batch < shape.micro_batches; ++micro_batch) {
      const ChunkSightings& chunk = table.at(stage, micro_batch);
      check_transfer_order(schedule, chunk, rank_of_stage(shape, stage, micro_batch), problems);
      if (stage + 1 == shape.stages) continue;
      const ChunkSightings& next = table.at(stage + 1, micro_batch);
      check_transfer(shape,
                     {.send_kind = OpKind::send_activation,
                      .recv_kind = OpKind::recv_activation,
                      .send_stage = stage,
                      .recv_stage = stage + 1,
                      .micro_batch = micro_batch,
                      .send = chunk.send_activation,
                      .recv = next.recv_activation},
                     problems);
      check_transfer(shape,
                     {.send_kind = OpKind::send_gradient,
                      .recv_kind = OpKind::recv_gradient,
                      .send_stage = stage + 1,
                      .recv_stage = stage,
                      .micro_batch = micro_batch,
                      .send = next.send_gradient,
                      .recv = chunk.recv_gradient},
                     problems);
    }
  }
}

namespace {

// What one stage of one rank goes through at the end of the step.
struct StageEnd {
  int last_weight_gradients = -1;  // op index
  Sighting reduce;
  Sighting gather;
};

// Reads one rank's program, then says what its end of step lacks.
class StepEnd {
 public:
  StepEnd(const Schedule& schedule, int rank, Problems& problems)
      : schedule_(schedule),
        rank_(rank),
        problems_(problems),
        stages_(stages_of_rank(schedule.shape, rank)),
        ends_(stages_.size()) {}

  void check() {
    const std::vector<Op>& ops = schedule_.ops_by_rank[static_cast<std::size_t>(rank_)];
    for (int index = 0; index < static_cast<int>(ops.size()); ++index)
      read(ops[static_cast<std::size_t>(index)], index);
    if (optimizer_.count == 0)
      problems_.push_back(missing(rank_, "O", "add the optimizer step behind the reductions"));
    for (std::size_t position = 0; position < stages_.size(); ++position)
      check_stage(stages_[position], ends_[position]);
  }

 private:
  void add(Kind kind, int index, const std::string& what) {
    problems_.push_back(problem_at(schedule_, kind, rank_, index, what));
  }

  void count(Sighting& sighting, int index) {
    see(sighting, index, true);
    if (sighting.count > 1)
      add(Kind::doubled_op, index, "the same work stands in the schedule before; remove one");
  }

  void read(const Op& op, int index) {
    if (op.kind == OpKind::optimizer_step) {
      count(optimizer_, index);
      return;
    }
    const bool ends_step =
        op.kind == OpKind::reduce_gradients || op.kind == OpKind::gather_parameters;
    if (!ends_step && !makes_weight_gradients(op.kind)) return;
    const auto found = std::lower_bound(stages_.begin(), stages_.end(), op.stage);
    if (found == stages_.end() || *found != op.stage) {
      if (ends_step) add(Kind::wrong_rank, index, "the rank does not hold this stage; remove it");
      return;
    }
    StageEnd& end = ends_[static_cast<std::size_t>(found - stages_.begin())];
    if (op.kind == OpKind::reduce_gradients)
      count(end.reduce, index);
    else if (op.kind == OpKind::gather_parameters)
      count(end.gather, index);
    else
      end.last_weight_gradients = index;
  }

  void check_stage(int stage, const StageEnd& end) {
    if (end.reduce.count == 0)
      problems_.push_back(missing(rank_, chunk_text(OpKind::reduce_gradients, stage, -1),
                                  "add it behind the last weight gradients of the stage"));
    if (end.gather.count == 0)
      problems_.push_back(missing(rank_, chunk_text(OpKind::gather_parameters, stage, -1),
                                  "add it behind the optimizer step"));
    if (end.reduce.op >= 0 && end.reduce.op < end.last_weight_gradients)
      add(Kind::wrong_order, end.reduce.op,
          "it stands before the last weight gradients of the stage (op " +
              std::to_string(end.last_weight_gradients) + "); move it behind");
    if (is_reversed(end.reduce, optimizer_))
      add(Kind::wrong_order, optimizer_.op,
          "it stands before a reduction (op " + std::to_string(end.reduce.op) +
              "); move it behind");
    if (is_reversed(optimizer_, end.gather))
      add(Kind::wrong_order, end.gather.op, "it stands before the optimizer step; move it behind");
  }

  const Schedule& schedule_;
  int rank_;
  Problems& problems_;
  std::vector<int> stages_;
  std::vector<StageEnd> ends_;
  Sighting optimizer_;
};

}  // namespace

void check_step_end(const Schedule& schedule, Problems& problems) {
  for (int rank = 0; rank < schedule.shape.pipeline_ranks; ++rank)
    StepEnd(schedule, rank, problems).check();
}

}  // namespace reckon

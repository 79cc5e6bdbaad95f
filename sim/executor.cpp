#include "sim/executor.hpp"

#include <algorithm>
#include <limits>

namespace reckon {
namespace {

using Row = std::vector<SimTime>;

bool is_forward(OpKind kind) { return kind == OpKind::forward; }
bool makes_weight_gradients(OpKind kind) {
  return kind == OpKind::backward || kind == OpKind::backward_weight;
}
SimTime latest(const Row& row) { return *std::max_element(row.begin(), row.end()); }

class Executor {
 public:
  Executor(const ExecutorInputs& inputs, NoiseRows& noise);
  StepTrace run();

 private:
  struct Rank {
    Row compute_free, communication_free;  // [lane]
    Row compute_busy, communication_busy, exchange_busy;
    Row start, end;  // [op][lane], flat
    std::vector<PartSpan> parts;
    std::vector<bool> started;    // [stage]: its first forward has run
    std::size_t next = 0;         // index into steps
    std::size_t part_number = 0;  // counts parts, for the jitter
    std::size_t transfers = 0;    // counts parts that use ports

    // The row of one op in `start` or `end`.
    static SimTime* row(Row& rows, std::size_t op, std::size_t lanes) { return &rows[op * lanes]; }
    static void keep(Row& rows, std::size_t op, const Row& times) {
      std::copy(times.begin(), times.end(), row(rows, op, times.size()));
    }
  };
  struct Message {
    Row ready;
    bool set = false;
  };

  Message& output(bool forward, int stage, int micro_batch);
  // The message that an op waits for; nullptr when it needs none.
  const Message* input(const Op& op);
  bool advance(std::size_t rank);
  bool inputs_ready(std::size_t rank, const Step& step);
  void receive(std::size_t rank, const Step& step);
  void run_program(std::size_t rank, const Step& step);
  void run_part(std::size_t rank, const TimedPart& part, int micro_batch, const SimTime* before,
                const SimTime* message, SimTime* end);
  void run_transfer(std::size_t rank, const TimedPart& part, int micro_batch, const SimTime* before,
                    const SimTime* message, SimTime* end);
  SimTime next_delay(std::size_t rank, const TimedPart& part);
  void add_slow(std::size_t rank, const TimedPart& part, const Op& op, SimTime* end);
  int peer_of(const TimedPart& part, const Op& op) const;
  void record_transfer(std::size_t rank, const TimedPart& part, const Op& op);
  void record(std::size_t rank, const Step& step, const TimedPart& part, SimTime end);
  void deliver_outputs(std::size_t rank, const Step& step,
                       const std::array<const Message*, 2>& wanted);
  void deliver(const Op& op, const Row& ready);
  void join_lanes(std::size_t rank);
  // A rank that takes part in an exchange: with which op, and as which of its transfers.
  struct Holder {
    std::size_t rank = 0;
    std::size_t op = 0;
    std::size_t transfer = 0;
  };
  struct Exchanges {  // [stage]
    std::vector<Exchange> all;
    std::vector<std::vector<Holder>> holders;
  };
  void reach_reduction(std::size_t rank, std::size_t op);
  void hold(const std::vector<StageExchange>& stages, std::size_t rank, std::size_t op,
            SimTime begin, SimTime ready, Exchanges& exchanges);
  std::vector<ExchangeWindow> exchange(const Exchanges& exchanges,
                                       const std::vector<StageExchange>& stages, PartKind part,
                                       bool beside);
  void record_exchange(const Exchange& e, const StageExchange& stage, const Holder& holder,
                       const ExchangeWindow& window);
  void gather_first();
  SimTime weights_ready(std::size_t rank, const Step& step);
  void run_tail();
  StepTrace collect();

  const ExecutorInputs& in_;
  NoiseRows& noise_;
  std::size_t lanes_;
  std::size_t micro_batches_;
  std::vector<Rank> ranks_;
  Exchanges reductions_;
  std::vector<ExchangeWindow> gathered_;  // [stage], if the step begins with gathers
  std::vector<Message> messages_;         // [forward/backward][stage][micro_batch]
  std::vector<Row> part_end_;             // scratch: end of each part of the running program
  Row start_;                             // scratch: start of the running part
  Row input_;                             // scratch: when the running program's inputs are there
  Row communication_end_;                 // scratch: end of the running program's last transfer
  Row no_wait_;                           // zeros
  std::vector<std::int32_t> no_noise_;    // zeros
};

std::size_t index_of(int value) { return static_cast<std::size_t>(value); }

Executor::Executor(const ExecutorInputs& inputs, NoiseRows& noise)
    : in_(inputs),
      noise_(noise),
      lanes_(inputs.lanes.size()),
      micro_batches_(index_of(inputs.schedule.shape.micro_batches)),
      messages_(2 * index_of(inputs.schedule.shape.stages) * micro_batches_),
      start_(lanes_),
      input_(lanes_),
      communication_end_(lanes_),
      no_wait_(lanes_),
      no_noise_(lanes_) {
  std::size_t most_parts = 1;
  for (const TimedProgram& program : in_.programs) {
    most_parts = std::max(most_parts, program.parts.size());
  }
  part_end_.assign(most_parts, Row(lanes_));
  const std::size_t ranks = in_.schedule.ops_by_rank.size();
  ranks_.resize(ranks);
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    Rank& r = ranks_[rank];
    const std::size_t ops = in_.schedule.ops_by_rank[rank].size();
    r.compute_free = r.communication_free = r.compute_busy = r.communication_busy =
        r.exchange_busy = Row(lanes_);
    r.start = r.end = Row(ops * lanes_);
    r.started.resize(index_of(in_.schedule.shape.stages));
  }
}

Executor::Message& Executor::output(bool forward, int stage, int micro_batch) {
  const std::size_t direction = forward ? 0 : 1;
  const std::size_t stages = index_of(in_.schedule.shape.stages);
  return messages_[(direction * stages + index_of(stage)) * micro_batches_ + index_of(micro_batch)];
}

const Executor::Message* Executor::input(const Op& op) {
  const int last = in_.schedule.shape.stages - 1;
  switch (op.kind) {
    case OpKind::forward:
    case OpKind::recv_activation:
      return op.stage == 0 ? nullptr : &output(true, op.stage - 1, op.micro_batch);
    case OpKind::backward:
    case OpKind::backward_input:
    case OpKind::recv_gradient:
      return op.stage == last ? &output(true, last, op.micro_batch)
                              : &output(false, op.stage + 1, op.micro_batch);
    case OpKind::backward_weight:
    case OpKind::send_activation:
    case OpKind::send_gradient:
    case OpKind::reduce_gradients:
    case OpKind::optimizer_step:
    case OpKind::gather_parameters:
      break;
  }
  return nullptr;
}

bool Executor::inputs_ready(std::size_t rank, const Step& step) {
  for (const int op : step.op) {
    if (op < 0) continue;
    const Message* message = input(in_.schedule.ops_by_rank[rank][index_of(op)]);
    if (message != nullptr && !message->set) return false;
  }
  return true;
}

// Runs steps of a rank until it has to wait; true if it got anywhere.
bool Executor::advance(std::size_t rank) {
  Rank& r = ranks_[rank];
  const std::vector<Step>& steps = in_.steps[rank];
  const std::size_t before = r.next;
  for (; r.next < steps.size(); ++r.next) {
    const Step& step = steps[r.next];
    if (step.kind == Step::Kind::optimizer) break;  // needs all ranks: run_tail
    if (step.kind == Step::Kind::reduce) {
      reach_reduction(rank, index_of(step.op[0]));  // run_tail takes it from here
      continue;
    }
    if (!inputs_ready(rank, step)) break;
    if (step.kind == Step::Kind::receive) {
      receive(rank, step);
    } else {
      run_program(rank, step);
    }
  }
  return r.next != before;
}

void Executor::receive(std::size_t rank, const Step& step) {
  const std::size_t op = index_of(step.op[0]);
  const Message* message = input(in_.schedule.ops_by_rank[rank][op]);
  Rank& r = ranks_[rank];
  r.keep(r.start, op, message->ready);
  r.keep(r.end, op, message->ready);
}

// How much longer a part takes because others use its ports.
SimTime Executor::next_delay(std::size_t rank, const TimedPart& part) {
  if (part.shares == PortShares()) return 0;
  const std::size_t number = ranks_[rank].transfers++;
  return in_.transfer_delays.empty() ? 0 : in_.transfer_delays[rank][number];
}

void Executor::record_transfer(std::size_t rank, const TimedPart& part, const Op& op) {
  if (in_.transfers == nullptr || part.shares == PortShares()) return;
  (*in_.transfers)[rank].push_back(
      {static_cast<int>(rank), peer_of(part, op), start_[0], part.fixed, part.shares});
}

// The pipeline rank that a send goes to; -1: not a send.
int Executor::peer_of(const TimedPart& part, const Op& op) const {
  if (part.kind != PartKind::pipeline_send) return -1;
  const int stage = is_forward(op.kind) ? op.stage + 1 : op.stage - 1;
  return rank_of_stage(in_.schedule.shape, stage, op.micro_batch);
}

// What slow GPUs and NICs add to a part that has just run on its lane.
void Executor::add_slow(std::size_t rank, const TimedPart& part, const Op& op, SimTime* end) {
  Rank& r = ranks_[rank];
  const bool compute = part.lane == Lane::compute;
  SimTime* const free = compute ? r.compute_free.data() : r.communication_free.data();
  SimTime* const busy = compute ? r.compute_busy.data() : r.communication_busy.data();
  const int peer = peer_of(part, op);
  const std::vector<std::int32_t>& nic = in_.slow.nic(rank);
  const std::vector<std::int32_t>& other = in_.slow.nic(peer < 0 ? rank : index_of(peer));
  const std::vector<std::int32_t>& kernels = in_.slow.compute(rank);
  const std::size_t group = part.expert_transfer ? in_.lanes.group : 1;
  for (std::size_t first = 0; first < lanes_; first += group) {
    std::int32_t slowest = 0;  // an exchange is as slow as the slowest of its group
    for (std::size_t l = first; l < first + group; ++l) {
      slowest = std::max(slowest, std::max(nic[l], other[l]));
    }
    for (std::size_t l = first; l < first + group; ++l) {
      const SimTime time = end[l] - start_[l];
      SimTime extra = peer < 0 ? extra_of_slow_exchange(time, part.shares.nic, slowest)
                               : extra_of_slow_send(time, part.shares.nic, slowest);
      if (compute) extra += ((time - part.blocking) * kernels[l]) >> SlowRows::fraction_bits;
      end[l] += extra;
      free[l] += extra;
      busy[l] += extra;
    }
  }
}

// Starts, durations and ends of one part on all lanes, in one pass. `ready` are the rows that the
// part waits for beside its lane; absent ones are a row of zeros, as is absent noise.
void Executor::run_part(std::size_t rank, const TimedPart& part, int micro_batch,
                        const SimTime* before, const SimTime* message, SimTime* end) {
  Rank& r = ranks_[rank];
  const bool compute = part.lane == Lane::compute;
  SimTime* const free = compute ? r.compute_free.data() : r.communication_free.data();
  SimTime* const busy = compute ? r.compute_busy.data() : r.communication_busy.data();
  const bool routed = noise_.has_routing() && part.routed > 0;
  const std::int32_t* const more =
      routed ? noise_.routing(part.layer, micro_batch) : no_noise_.data();
  const bool jitters = noise_.has_jitter() && compute;
  const std::int32_t* const jitter =
      jitters ? noise_.jitter(rank, r.part_number++) : no_noise_.data();
  const SimTime delay = next_delay(rank, part);
  const SimTime blocking = compute && part.blocking > 0 ? part.blocking + delay : 0;
  for (std::size_t l = 0; l < lanes_; ++l) {
    const SimTime start = std::max(std::max(free[l], before[l]), message[l]);
    const SimTime time = part.fixed + delay +
                         ((part.routed * more[l]) >> NoiseRows::fraction_bits) +
                         ((part.fixed * jitter[l]) >> NoiseRows::fraction_bits);
    start_[l] = start;
    end[l] = free[l] = start + time;
    busy[l] += time - blocking;
  }
  if (blocking == 0) return;
  for (SimTime& communication : r.communication_busy) communication += blocking;
}

// The same for a dispatch or combine: a group starts when its last rank is there and ends together.
void Executor::run_transfer(std::size_t rank, const TimedPart& part, int micro_batch,
                            const SimTime* before, const SimTime* message, SimTime* end) {
  Rank& r = ranks_[rank];
  SimTime* const free = r.communication_free.data();
  const std::size_t group = noise_.group_lanes();
  const std::int32_t* const more =
      noise_.has_routing() ? noise_.busiest_node(part.layer, micro_batch) : no_noise_.data();
  const SimTime fixed = part.fixed + next_delay(rank, part);
  for (std::size_t first = 0; first < lanes_; first += group) {
    SimTime last = 0;
    for (std::size_t l = first; l < first + group; ++l) {
      last = std::max(last, std::max(std::max(free[l], before[l]), message[l]));
    }
    const SimTime time = fixed + ((part.routed * more[first / group]) >> NoiseRows::fraction_bits);
    for (std::size_t l = first; l < first + group; ++l) {
      start_[l] = last;
      end[l] = free[l] = last + time;
      r.communication_busy[l] += time;
    }
  }
}

void Executor::record(std::size_t rank, const Step& step, const TimedPart& part, SimTime end) {
  const bool is_send = part.kind == PartKind::pipeline_send;
  const int op = (is_send ? step.send : step.op)[index_of(part.owner)];
  ranks_[rank].parts.push_back({op, part.kind, part.lane, part.layer, start_[0], end});
}

void Executor::deliver(const Op& op, const Row& ready) {
  if (op.kind == OpKind::backward_weight) return;
  Message& message = output(is_forward(op.kind), op.stage, op.micro_batch);
  message.ready = ready;
  message.set = true;
}

void Executor::run_program(std::size_t rank, const Step& step) {
  Rank& r = ranks_[rank];
  const TimedProgram& program = in_.programs[index_of(step.program)];
  const std::vector<Op>& ops = in_.schedule.ops_by_rank[rank];
  std::array<const Message*, 2> wanted{nullptr, nullptr};
  for (std::size_t owner = 0; owner < 2; ++owner) {
    if (step.op[owner] >= 0) wanted[owner] = input(ops[index_of(step.op[owner])]);
  }
  // A pair's kernels are launched together, when both of its inputs are there.
  input_ = no_wait_;
  if (!gathered_.empty()) std::fill(input_.begin(), input_.end(), weights_ready(rank, step));
  for (const Message* const message : wanted) {
    if (message == nullptr) continue;
    for (std::size_t l = 0; l < lanes_; ++l) input_[l] = std::max(input_[l], message->ready[l]);
  }
  communication_end_ = no_wait_;
  for (std::size_t i = 0; i < program.parts.size(); ++i) {
    const TimedPart& part = program.parts[i];
    const std::size_t owner = index_of(part.owner);
    const bool is_first = program.first[owner] == static_cast<std::int32_t>(i);
    const SimTime* const before =
        part.after >= 0 ? part_end_[index_of(part.after)].data() : no_wait_.data();
    const SimTime* const arrival = is_first ? input_.data() : no_wait_.data();
    const int micro_batch = ops[index_of(step.op[owner])].micro_batch;
    SimTime* const end = part_end_[i].data();
    if (part.expert_transfer) {
      run_transfer(rank, part, micro_batch, before, arrival, end);
    } else {
      run_part(rank, part, micro_batch, before, arrival, end);
    }
    if (in_.slow.any()) add_slow(rank, part, ops[index_of(step.op[owner])], end);
    const bool is_send = part.kind == PartKind::pipeline_send;
    const std::size_t op = index_of(is_send ? step.send[owner] : step.op[owner]);
    if (is_first || is_send) r.keep(r.start, op, start_);
    SimTime* const op_end = r.row(r.end, op, lanes_);
    for (std::size_t l = 0; l < lanes_; ++l) op_end[l] = std::max(op_end[l], end[l]);
    if (part.lane == Lane::communication && !is_send) communication_end_ = part_end_[i];
    record_transfer(rank, part, ops[index_of(step.op[owner])]);
    if (in_.record_parts) record(rank, step, part, end[0]);
  }
  deliver_outputs(rank, step, wanted);
  join_lanes(rank);
}

// Hands each op's result to whoever waits for it: at once, or when its send has ended.
void Executor::deliver_outputs(std::size_t rank, const Step& step,
                               const std::array<const Message*, 2>& wanted) {
  Rank& r = ranks_[rank];
  const TimedProgram& program = in_.programs[index_of(step.program)];
  for (std::size_t owner = 0; owner < 2; ++owner) {
    if (step.op[owner] < 0) continue;
    const Op& op = in_.schedule.ops_by_rank[rank][index_of(step.op[owner])];
    const std::int32_t output = program.output[owner];
    Row made = r.compute_free;  // a stage without layers hands its input on
    if (output >= 0) {
      made = part_end_[index_of(output)];
    } else if (wanted[owner] != nullptr) {
      made = wanted[owner]->ready;
    }
    if (step.send[owner] >= 0) {
      const std::size_t send = index_of(step.send[owner]);
      if (program.send[owner] < 0) {  // sends take no time in this run
        r.keep(r.start, send, made);
        r.keep(r.end, send, made);
      }
      std::copy_n(r.row(r.end, send, lanes_), lanes_, made.begin());
    }
    deliver(op, made);
  }
}

// The next slot starts on both lanes when this one is done on both; a send may still be under way.
void Executor::join_lanes(std::size_t rank) {
  Rank& r = ranks_[rank];
  for (std::size_t l = 0; l < lanes_; ++l) {
    const SimTime done = std::max(r.compute_free[l], communication_end_[l]);
    r.compute_free[l] = done;
    r.communication_free[l] = std::max(r.communication_free[l], done);
  }
}

// The reduction of a rank that has just made the last gradients of a stage. Its pieces got ready
// while the op ran that made them.
void Executor::reach_reduction(std::size_t rank, std::size_t op) {
  Rank& r = ranks_[rank];
  const std::vector<Op>& ops = in_.schedule.ops_by_rank[rank];
  const int stage = ops[op].stage;
  const SimTime ready = latest(r.compute_free);
  std::size_t maker = op;
  while (maker > 0 && !(ops[maker].stage == stage && makes_weight_gradients(ops[maker].kind))) {
    --maker;
  }
  const SimTime* const begin = r.row(r.start, maker, lanes_);
  hold(in_.reduce, rank, op, *std::max_element(begin, begin + lanes_), ready, reductions_);
}

// Adds a rank to the exchange of its op's stage.
void Executor::hold(const std::vector<StageExchange>& stages, std::size_t rank, std::size_t op,
                    SimTime begin, SimTime ready, Exchanges& exchanges) {
  Rank& r = ranks_[rank];
  const std::size_t stage = index_of(in_.schedule.ops_by_rank[rank][op].stage);
  const StageExchange& of_stage = stages[stage];
  if (exchanges.all.empty()) {
    exchanges.all.resize(stages.size());
    exchanges.holders.resize(stages.size());
  }
  Exchange& e = exchanges.all[stage];
  e.stage = static_cast<int>(stage);
  e.time = of_stage.time;
  e.pieces = of_stage.pieces;
  // One piece is there when all of it is.
  const SimTime first = ready - (ready - begin) / e.pieces * (e.pieces - 1);
  e.first_ready = std::max(e.first_ready, first);
  e.ready = std::max(e.ready, ready);
  e.holders.push_back(static_cast<int>(rank));
  std::size_t transfer = 0;
  if (of_stage.beside && of_stage.shares != PortShares()) {
    transfer = r.transfers++;
    if (!in_.transfer_delays.empty()) {
      e.delay = std::max(e.delay, in_.transfer_delays[rank][transfer]);
    }
    if (in_.transfers != nullptr) (*in_.transfers)[rank].emplace_back();  // known when it has run
  }
  exchanges.holders[stage].push_back({rank, op, transfer});
}

// Runs them on a channel of its own if they are beside compute, else on the communication lane.
std::vector<ExchangeWindow> Executor::exchange(const Exchanges& exchanges,
                                               const std::vector<StageExchange>& stages,
                                               PartKind part, bool beside) {
  std::vector<SimTime> free(ranks_.size());
  for (std::size_t rank = 0; rank < ranks_.size() && !beside; ++rank) {
    free[rank] = latest(ranks_[rank].communication_free);
  }
  std::vector<ExchangeWindow> windows = run_exchanges(exchanges.all, free);
  const Lane lane = beside ? Lane::exchange : Lane::communication;
  for (std::size_t stage = 0; stage < windows.size(); ++stage) {
    for (const Holder& holder : exchanges.holders[stage]) {
      const auto [_, start, end] = windows[stage];
      Rank& r = ranks_[holder.rank];
      std::fill_n(r.row(r.start, holder.op, lanes_), lanes_, start);
      std::fill_n(r.row(r.end, holder.op, lanes_), lanes_, end);
      if (!beside) std::fill(r.communication_free.begin(), r.communication_free.end(), end);
      // Beside compute it waits for pieces now and then; else it holds the lane all the time.
      const Exchange& e = exchanges.all[stage];
      for (SimTime& busy : beside ? r.exchange_busy : r.communication_busy) {
        busy += e.time + e.delay;
      }
      record_exchange(e, stages[stage], holder, windows[stage]);
      if (in_.record_parts) {
        r.parts.push_back({static_cast<std::int32_t>(holder.op), part, lane, 0, start, end});
      }
    }
  }
  return windows;
}

// As it would be alone; at an even pace, so that it takes less of the ports if it waits for pieces.
void Executor::record_exchange(const Exchange& e, const StageExchange& stage, const Holder& holder,
                               const ExchangeWindow& window) {
  if (in_.transfers == nullptr || !stage.beside || stage.shares == PortShares()) return;
  const SimTime alone = window.end - e.delay - window.start;
  const double pace = alone > 0 ? static_cast<double>(e.time) / static_cast<double>(alone) : 0;
  (*in_.transfers)[holder.rank][holder.transfer] = {
      static_cast<int>(holder.rank),
      -1,
      window.start,
      alone,
      {stage.shares.nic * pace, stage.shares.nvlink * pace}};
}

// The gathers that the step before left to this one: each stage's first forward follows them.
void Executor::gather_first() {
  Exchanges gathers;
  for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
    for (const Step& step : in_.steps[rank]) {
      if (step.kind == Step::Kind::gather) {
        hold(in_.gather, rank, index_of(step.op[0]), 0, 0, gathers);
      }
    }
  }
  gathered_ = exchange(gathers, in_.gather, PartKind::parameter_gather, true);
}

// How long the first forward of a stage waits for its weights, by when its last ones come.
SimTime Executor::weights_ready(std::size_t rank, const Step& step) {
  SimTime ready = 0;
  for (const int index : step.op) {
    if (index < 0) continue;
    const Op& op = in_.schedule.ops_by_rank[rank][index_of(index)];
    const std::size_t stage = index_of(op.stage);
    std::vector<bool>& started = ranks_[rank].started;
    if (!is_forward(op.kind) || started[stage]) continue;
    started[stage] = true;
    ready = std::max(ready, earliest_consumer(gathered_[stage], in_.gather[stage].pieces,
                                              program_span(in_.programs[index_of(step.program)])));
  }
  return ready;
}

// After the last backward: reductions, then the optimizer on all ranks at once (gradient clipping
// needs the norm of all gradients), then the gathers.
void Executor::run_tail() {
  SimTime all = 0;
  for (const ExchangeWindow& window : exchange(
           reductions_, in_.reduce, PartKind::gradient_reduction, in_.overlap.gradient_reduction)) {
    all = std::max(all, window.end);
  }
  for (const Rank& r : ranks_) all = std::max(all, latest(r.compute_free));
  Exchanges gathers;
  for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
    Rank& r = ranks_[rank];
    const SimTime end = all + in_.optimizer[rank];
    for (const Step& step : in_.steps[rank]) {
      const std::size_t op = index_of(step.op[0]);
      if (step.kind == Step::Kind::gather && !in_.overlap.parameter_gather) {
        hold(in_.gather, rank, op, end, end, gathers);
      }
      if (step.kind != Step::Kind::optimizer) continue;
      std::fill_n(r.row(r.start, op, lanes_), lanes_, all);
      std::fill_n(r.row(r.end, op, lanes_), lanes_, end);
      if (in_.record_parts) {
        r.parts.push_back({step.op[0], PartKind::optimizer, Lane::compute, 0, all, end});
      }
    }
    for (std::size_t l = 0; l < lanes_; ++l) {
      r.compute_free[l] = end;
      r.compute_busy[l] += end - all;
    }
  }
  exchange(gathers, in_.gather, PartKind::parameter_gather, false);
}

StepTrace Executor::collect() {
  StepTrace trace;
  for (Rank& r : ranks_) {  // exchanges beside compute were written down last
    std::stable_sort(r.parts.begin(), r.parts.end(),
                     [](const PartSpan& a, const PartSpan& b) { return a.start < b.start; });
  }
  for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
    Rank& r = ranks_[rank];
    const std::size_t ops = in_.schedule.ops_by_rank[rank].size();
    for (std::size_t l = 0; l < lanes_; ++l) {
      RankTrace t;
      t.pipeline_rank = static_cast<int>(rank);
      t.data_rank = in_.lanes.data_rank[l];
      t.multiplicity = in_.lanes.multiplicity[l];
      t.compute_busy = r.compute_busy[l];
      t.communication_busy = r.communication_busy[l];
      t.exchange_busy = r.exchange_busy[l];
      t.ops.reserve(ops);
      for (std::size_t op = 0; op < ops; ++op) {
        t.ops.push_back({r.start[op * lanes_ + l], r.end[op * lanes_ + l]});
        trace.step_end = std::max(trace.step_end, r.end[op * lanes_ + l]);
      }
      if (l == 0) t.parts = std::move(r.parts);
      trace.ranks.push_back(std::move(t));
    }
  }
  return trace;
}

StepTrace Executor::run() {
  if (in_.overlap.parameter_gather) gather_first();
  bool moved = true;
  while (moved) {
    moved = false;
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank) moved = advance(rank) || moved;
  }
  run_tail();
  return collect();
}

}  // namespace

StepTrace execute(const ExecutorInputs& inputs, NoiseRows& noise) {
  return Executor(inputs, noise).run();
}

}  // namespace reckon

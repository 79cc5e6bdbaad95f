// Schedules of made-up programs through execute(), against clocks worked out by hand. Times are in
// picoseconds, so any small number will do.
#include "sim/executor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "planner/communicate.hpp"
#include "planner/schedules/build_schedule.hpp"

namespace reckon {
namespace {

Lanes lanes_of_count(std::size_t count) {
  Lanes lanes{std::vector<int>(count), std::vector<int>(count, 1), 1};
  std::iota(lanes.data_rank.begin(), lanes.data_rank.end(), 0);
  return lanes;
}

using Kind = ScheduleKind;

TimedPart compute_part(SimTime time, int after, int owner = 0) {
  TimedPart part;
  part.fixed = time;
  part.after = static_cast<std::int16_t>(after);
  part.owner = static_cast<std::int8_t>(owner);
  return part;
}
TimedPart transfer_part(SimTime time, int after, int owner = 0) {
  TimedPart part = compute_part(time, after, owner);
  part.kind = PartKind::dispatch_forward;
  part.lane = Lane::communication;
  part.expert_transfer = true;
  return part;
}
TimedPart send_part(SimTime time, int after, int owner = 0) {
  TimedPart part = compute_part(time, after, owner);
  part.kind = PartKind::pipeline_send;
  part.lane = Lane::communication;
  return part;
}

// One compute part, and a send behind it if that takes any time.
TimedProgram plain(SimTime time, SimTime send) {
  TimedProgram program;
  program.parts.push_back(compute_part(time, -1));
  program.first[0] = program.output[0] = 0;
  if (send > 0) {
    program.parts.push_back(send_part(send, 0));
    program.send[0] = 1;
  }
  return program;
}

struct Times {
  SimTime forward = 10;
  SimTime backward = 20;
  SimTime backward_input = 10;
  SimTime backward_weight = 10;
  SimTime send = 0;
};

// What execute() refers to, for a schedule whose ops are one compute part each.
class MadeUpStep {
 public:
  MadeUpStep(const ScheduleShape& shape, const Times& times)
      : schedule_(add_communication(build_schedule(shape))) {
    for (const SimTime send : {SimTime{0}, times.send}) {
      for (const SimTime time :
           {times.forward, times.backward, times.backward_input, times.backward_weight}) {
        programs_.push_back(plain(time, send));
      }
    }
    const auto stages = static_cast<std::size_t>(shape.stages);
    reduce_ = gather_ = std::vector<StageExchange>(stages);
    optimizer_.assign(schedule_.ops_by_rank.size(), 0);
    for (const std::vector<Op>& ops : schedule_.ops_by_rank) steps_.push_back(steps_of(ops));
  }

  void set_tail(SimTime reduce, SimTime optimizer, SimTime gather) {
    std::fill(reduce_.begin(), reduce_.end(), StageExchange{reduce, {}, 1, false});
    std::fill(optimizer_.begin(), optimizer_.end(), optimizer);
    std::fill(gather_.begin(), gather_.end(), StageExchange{gather, {}, 1, false});
  }
  // Exchanges in so many pieces, beside compute.
  void set_overlap(int pieces) {
    overlap_.gradient_reduction = true;
    overlap_.parameter_gather = true;
    for (std::vector<StageExchange>* const stages : {&reduce_, &gather_}) {
      for (StageExchange& e : *stages) {
        e.pieces = pieces;
        e.beside = true;
      }
    }
  }

  StepTrace trace() const {
    NoiseRows quiet({}, no_effects, 1, 1, 1, 1, schedule_.shape.micro_batches);
    return execute({schedule_,
                    steps_,
                    programs_,
                    reduce_,
                    gather_,
                    optimizer_,
                    lanes_of_count(1),
                    false,
                    {},
                    nullptr,
                    {},
                    overlap_},
                   quiet);
  }

  const Schedule& schedule() const { return schedule_; }
  // The span of the op with this text form ("F1.0") on a rank.
  static OpSpan span(const Schedule& schedule, const StepTrace& trace, std::size_t rank,
                     const std::string& text) {
    const std::vector<Op>& ops = schedule.ops_by_rank[rank];
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (to_text(ops[i]) == text) return trace.ranks[rank].ops[i];
    }
    ADD_FAILURE() << "no " << text << " on rank " << rank;
    return {};
  }

 private:
  // Gives the send to the step of the op that made what it carries.
  static void add_send(const std::vector<Op>& ops, std::size_t send, std::vector<Step>& steps) {
    for (Step& step : steps) {
      const Op& op = ops[static_cast<std::size_t>(step.op[0])];
      const bool forward = ops[send].kind == OpKind::send_activation;
      if (step.program < 0 || op.stage != ops[send].stage ||
          op.micro_batch != ops[send].micro_batch || (op.kind == OpKind::forward) != forward ||
          op.kind == OpKind::backward_weight) {
        continue;
      }
      step.send[0] = static_cast<int>(send);
      step.program += 4;
    }
  }
  static std::vector<Step> steps_of(const std::vector<Op>& ops) {
    std::vector<Step> steps;
    for (std::size_t i = 0; i < ops.size(); ++i) {
      Step step;
      step.op[0] = static_cast<int>(i);
      switch (ops[i].kind) {
        case OpKind::send_activation:
        case OpKind::send_gradient:
          add_send(ops, i, steps);
          continue;
        case OpKind::recv_activation:
        case OpKind::recv_gradient:
          step.kind = Step::Kind::receive;
          break;
        case OpKind::reduce_gradients:
          step.kind = Step::Kind::reduce;
          break;
        case OpKind::optimizer_step:
          step.kind = Step::Kind::optimizer;
          break;
        case OpKind::gather_parameters:
          step.kind = Step::Kind::gather;
          break;
        case OpKind::forward:
          step.program = 0;
          break;
        case OpKind::backward:
          step.program = 1;
          break;
        case OpKind::backward_input:
          step.program = 2;
          break;
        case OpKind::backward_weight:
          step.program = 3;
          break;
      }
      steps.push_back(step);
    }
    return steps;
  }

  Schedule schedule_;
  std::vector<TimedProgram> programs_;  // F, B, I, W without a send, then with one
  std::vector<std::vector<Step>> steps_;
  std::vector<StageExchange> reduce_, gather_;
  std::vector<SimTime> optimizer_;
  Overlap overlap_;
};

// GPipe and 1F1B both take (M + PP - 1)(F + B): Narayanan et al., arXiv:2104.04473, section 2.2.
TEST(Executor, ClosedFormOfOneForwardOneBackward) {
  for (const Kind kind : {Kind::gpipe, Kind::one_forward_one_backward}) {
    for (int ranks = 1; ranks <= 6; ++ranks) {
      for (int micro_batches = 1; micro_batches <= 9; ++micro_batches) {
        const StepTrace trace = MadeUpStep({kind, ranks, ranks, micro_batches}, {}).trace();
        EXPECT_EQ(trace.step_end, (micro_batches + ranks - 1) * 30)
            << ranks << " ranks, " << micro_batches << " micro-batches";
        for (const RankTrace& rank : trace.ranks) {
          EXPECT_EQ(rank.compute_busy, micro_batches * 30);
          EXPECT_EQ(rank.communication_busy, 0);
        }
      }
    }
  }
}

// Interleaving v chunks divides the fill and drain by v: M v (F+B) + (PP-1)(F+B) of chunk times.
TEST(Executor, ClosedFormOfInterleaved) {
  for (const int ranks : {2, 3, 4}) {
    for (const int chunks : {2, 3}) {
      for (const int rounds : {1, 2, 3}) {
        const int n = ranks * rounds;
        const MadeUpStep run({Kind::interleaved_one_forward_one_backward, ranks, ranks * chunks, n},
                             {});
        EXPECT_EQ(run.trace().step_end, n * chunks * 30 + (ranks - 1) * 30);
      }
    }
  }
}

// ZB-H1, F = I = W: M (F + I + W) + (PP-1)(F + I - W), arXiv:2401.10241, section 2.1.
TEST(Executor, ClosedFormOfZeroBubble) {
  for (const int ranks : {1, 2, 4, 6}) {
    const int n = 2 * ranks;
    const MadeUpStep run({Kind::zb_h1, ranks, ranks, n}, {});
    EXPECT_EQ(run.trace().step_end, n * 30 + (ranks - 1) * 10);
  }
}

// Two ranks, two micro-batches, sends of 5:
//   rank 0: F0 0-10 send 10-15, F1 10-20 send 20-25, B0 50-70, B1 80-100
//   rank 1: F0 15-25, B0 25-45 send 45-50, F1 45-55, B1 55-75 send 75-80
TEST(Executor, SendsTakeTimeOnTheirOwnLane) {
  const MadeUpStep run({Kind::one_forward_one_backward, 2, 2, 2}, {.send = 5});
  const StepTrace trace = run.trace();
  const auto span = [&](std::size_t rank, const char* text) {
    return MadeUpStep::span(run.schedule(), trace, rank, text);
  };
  EXPECT_EQ(span(0, "F0.0"), (OpSpan{0, 10}));
  EXPECT_EQ(span(0, "sa0.0"), (OpSpan{10, 15}));
  EXPECT_EQ(span(0, "F1.0"), (OpSpan{10, 20})) << "the send does not hold the next forward";
  EXPECT_EQ(span(0, "sa1.0"), (OpSpan{20, 25}));
  EXPECT_EQ(span(1, "ra0.1"), (OpSpan{15, 15})) << "a receive is the moment of arrival";
  EXPECT_EQ(span(1, "F0.1"), (OpSpan{15, 25}));
  EXPECT_EQ(span(1, "B0.1"), (OpSpan{25, 45}));
  EXPECT_EQ(span(1, "sg0.1"), (OpSpan{45, 50}));
  EXPECT_EQ(span(1, "F1.1"), (OpSpan{45, 55}));
  EXPECT_EQ(span(1, "B1.1"), (OpSpan{55, 75}));
  EXPECT_EQ(span(0, "rg0.0"), (OpSpan{50, 50}));
  EXPECT_EQ(span(0, "B0.0"), (OpSpan{50, 70}));
  EXPECT_EQ(span(0, "B1.0"), (OpSpan{80, 100}));
  EXPECT_EQ(trace.step_end, 100);
  EXPECT_EQ(trace.ranks[0].communication_busy, 10);
  EXPECT_EQ(trace.ranks[1].communication_busy, 10);
}

// Sends of no time are moments: they start and end when the op's output is there.
TEST(Executor, SendsWithoutTimeAreMoments) {
  const MadeUpStep run({Kind::one_forward_one_backward, 2, 2, 1}, {});
  const StepTrace trace = run.trace();
  EXPECT_EQ(MadeUpStep::span(run.schedule(), trace, 0, "sa0.0"), (OpSpan{10, 10}));
  EXPECT_EQ(MadeUpStep::span(run.schedule(), trace, 1, "sg0.1"), (OpSpan{40, 40}));
}

// Two sends of one rank share its lane: the second waits for the first.
//   rank 0: F0 0-10 send 10-40, F1 10-20 send 40-70; rank 1: F0 40-50, F1 70-80.
TEST(Executor, SendsQueueOnTheirLane) {
  const MadeUpStep run({Kind::gpipe, 2, 2, 2}, {.send = 30});
  const StepTrace trace = run.trace();
  EXPECT_EQ(MadeUpStep::span(run.schedule(), trace, 0, "F1.0"), (OpSpan{10, 20}));
  EXPECT_EQ(MadeUpStep::span(run.schedule(), trace, 0, "sa1.0"), (OpSpan{40, 70}));
  EXPECT_EQ(MadeUpStep::span(run.schedule(), trace, 1, "F1.1"), (OpSpan{70, 80}));
}

// A send under way holds no later slot, however long it takes: compute goes on, sends queue up.
TEST(Executor, ALongSendHoldsNoLaterSlot) {
  const MadeUpStep step({Kind::gpipe, 2, 2, 3}, {.send = 50});
  const StepTrace trace = step.trace();
  const auto span = [&](const char* text) {
    return MadeUpStep::span(step.schedule(), trace, 0, text);
  };
  EXPECT_EQ(span("F1.0"), (OpSpan{10, 20}));
  EXPECT_EQ(span("F2.0"), (OpSpan{20, 30}));
  EXPECT_EQ(span("sa2.0"), (OpSpan{110, 160}));
}

// Two ranks, one micro-batch: rank 1 is done with its backward at 40, rank 0 at 60.
//   reduce (7): stage 1 40-47, stage 0 60-67. Optimizer (5) on both at once, when all gradients are
//   reduced, 67-72 (clipping needs the norm of all of them). Gather (3): 72-75.
TEST(Executor, TailReducesThenStepsTogetherThenGathers) {
  MadeUpStep run({Kind::one_forward_one_backward, 2, 2, 1}, {});
  run.set_tail(7, 5, 3);
  const StepTrace trace = run.trace();
  const auto span = [&](std::size_t rank, const char* text) {
    return MadeUpStep::span(run.schedule(), trace, rank, text);
  };
  EXPECT_EQ(span(1, "R1"), (OpSpan{40, 47}));
  EXPECT_EQ(span(0, "R0"), (OpSpan{60, 67}));
  EXPECT_EQ(span(0, "O"), (OpSpan{67, 72}));
  EXPECT_EQ(span(1, "O"), (OpSpan{67, 72}));
  EXPECT_EQ(span(0, "G0"), (OpSpan{72, 75}));
  EXPECT_EQ(span(1, "G1"), (OpSpan{72, 75}));
  EXPECT_EQ(trace.step_end, 75);
  EXPECT_EQ(trace.ranks[0].compute_busy, 30 + 5);
  EXPECT_EQ(trace.ranks[0].communication_busy, 7 + 3);
}

// A gradient that is reduced while its last send is under way waits for the lane: rank 1's backward
// ends at 45, its send at 50, then the reduction 50-57.
TEST(Executor, ReductionsWaitForSends) {
  MadeUpStep run({Kind::one_forward_one_backward, 2, 2, 1}, {.send = 5});
  run.set_tail(7, 0, 0);
  const StepTrace trace = run.trace();
  EXPECT_EQ(MadeUpStep::span(run.schedule(), trace, 1, "sg0.1"), (OpSpan{45, 50}));
  EXPECT_EQ(MadeUpStep::span(run.schedule(), trace, 1, "R1"), (OpSpan{50, 57}));
}

// DualPipe's two holders of a stage reduce with each other: on 2 ranks both hold both stages, so
// the two reductions of 7 share both lanes one after the other, as do the gathers of 3.
TEST(Executor, TheTwoCopiesOfAStageReduceTogether) {
  MadeUpStep step({Kind::dual_pipe, 2, 2, 4}, {});
  step.set_tail(7, 5, 3);
  const StepTrace trace = step.trace();
  const auto span = [&](std::size_t rank, const char* text) {
    return MadeUpStep::span(step.schedule(), trace, rank, text);
  };
  for (const char* text : {"R0", "R1", "G0", "G1", "O"}) {
    EXPECT_EQ(span(0, text), span(1, text)) << text;
  }
  EXPECT_GE(std::max(span(0, "R0").start, span(0, "R1").start),
            std::min(span(0, "R0").end, span(0, "R1").end));
  const SimTime reduced = std::max(span(0, "R0").end, span(0, "R1").end);
  EXPECT_EQ(span(0, "O"), (OpSpan{reduced, reduced + 5}));
  EXPECT_EQ(trace.step_end, reduced + 5 + 3 + 3);
}

// The same in four pieces beside compute. Weights (12 in all) come 0-12: rank 0's forward of 10
// could begin with the first piece at 3, but its last quarter wants the last one at 12 (quarters of
// 2 whole picoseconds), so that it runs 6-16; rank 1 has its weights long since and runs 16-26, its
// backward 26-46. Its gradients (12) are there at 31, 36, 41 and 46 and reduced 31-49; those of
// rank 0 51-69. The step ends with the optimizer.
TEST(Executor, ExchangesBesideCompute) {
  MadeUpStep run({Kind::one_forward_one_backward, 2, 2, 1}, {});
  run.set_tail(12, 5, 12);
  run.set_overlap(4);
  const StepTrace trace = run.trace();
  const auto span = [&](std::size_t rank, const char* text) {
    return MadeUpStep::span(run.schedule(), trace, rank, text);
  };
  EXPECT_EQ(span(0, "G0"), (OpSpan{0, 12}));
  EXPECT_EQ(span(1, "G1"), (OpSpan{0, 12}));
  EXPECT_EQ(span(0, "F0.0"), (OpSpan{6, 16}));
  EXPECT_EQ(span(1, "R1"), (OpSpan{31, 49}));
  EXPECT_EQ(span(0, "R0"), (OpSpan{51, 69}));
  EXPECT_EQ(span(0, "O"), (OpSpan{69, 74}));
  EXPECT_EQ(trace.step_end, 74);
  EXPECT_EQ(trace.ranks[0].communication_busy, 0);
  EXPECT_EQ(trace.ranks[0].exchange_busy, 12 + 12);
}

// --- one rank, one micro-batch, one program of several parts

// A schedule of one forward and one backward on one rank; the backward's program takes 1.
struct OneRank {
  Schedule schedule = add_communication(build_schedule({Kind::one_forward_one_backward, 1, 1, 1}));
  std::vector<TimedProgram> programs;
  std::vector<std::vector<Step>> steps{{}};

  explicit OneRank(TimedProgram forward) : programs{std::move(forward), plain(1, 0)} {
    for (int op = 0; op < 2; ++op) {
      Step step;
      step.program = op;
      step.op[0] = op;
      steps[0].push_back(step);
    }
  }
  StepTrace trace(NoiseRows& noise, std::size_t lanes) const {
    return execute({schedule, steps, programs, {{}}, {{}}, {0}, lanes_of_count(lanes), true},
                   noise);
  }
};

// Attention 10, transfer 30 behind it, shared experts 15 beside the transfer, MLP 20 behind it:
//   compute 0-10, 10-25, 40-60; communication 10-40. The backward follows at 60.
TimedProgram attention_transfer_mlp() {
  TimedProgram program;
  program.parts = {compute_part(10, -1), transfer_part(30, 0), compute_part(15, 0),
                   compute_part(20, 1)};
  program.first[0] = 0;
  program.output[0] = 3;
  return program;
}

TEST(Executor, PartsRunInLaneOrderAsSoonAsTheirInputsAreThere) {
  const OneRank one(attention_transfer_mlp());
  NoiseRows quiet({}, no_effects, 1, 1, 1, 1, 1);
  const StepTrace trace = one.trace(quiet, 1);
  const std::vector<PartSpan>& parts = trace.ranks[0].parts;
  ASSERT_GE(parts.size(), 5U);
  const std::vector<OpSpan> expected{{0, 10}, {10, 40}, {10, 25}, {40, 60}, {60, 61}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ((OpSpan{parts[i].start, parts[i].end}), expected[i]) << i;
    EXPECT_EQ(parts[i].op, i < 4 ? 0 : 1);
  }
  EXPECT_EQ(trace.ranks[0].ops[0], (OpSpan{0, 60}));
  EXPECT_EQ(trace.ranks[0].compute_busy, 10 + 15 + 20 + 1);
  EXPECT_EQ(trace.ranks[0].communication_busy, 30);
}

// The next slot starts when this one is done on both lanes: here its last part is a combine.
TEST(Executor, TheNextSlotWaitsForBothLanes) {
  TimedProgram program;
  program.parts = {compute_part(10, -1), transfer_part(30, 0)};
  program.first[0] = 0;
  program.output[0] = 0;  // even if the output is there earlier
  const OneRank one(program);
  NoiseRows quiet({}, no_effects, 1, 1, 1, 1, 1);
  const StepTrace trace = one.trace(quiet, 1);
  EXPECT_EQ(trace.ranks[0].ops[0], (OpSpan{0, 40}));
  EXPECT_EQ(trace.ranks[0].ops[1], (OpSpan{40, 41}));
}

// --- lanes

constexpr std::size_t lanes = 8;
constexpr std::size_t group = 4;
constexpr SimTime million = 1'000'000;

SimTime jittered(SimTime time, std::int32_t deviation) {
  return time + ((time * deviation) >> NoiseRows::fraction_bits);
}

// Attention on 8 lanes takes as long as its jitter says; the transfer of each group of 4 starts
// with the group's slowest lane and ends for all at once; the other group does not notice.
TEST(Executor, ASlowLaneHoldsItsGroupAndNobodyElse) {
  TimedProgram program;
  program.parts = {compute_part(100 * million, -1), transfer_part(30 * million, 0),
                   compute_part(20 * million, 1)};
  program.first[0] = 0;
  program.output[0] = 2;
  const OneRank one(program);
  Effects effects;
  effects.jitter_relative_deviation = 0.05;
  NoiseRows noise(effects, {.jitter = true}, lanes, group, group, 1, 1);
  const StepTrace trace = one.trace(noise, lanes);
  ASSERT_EQ(trace.ranks.size(), lanes);
  std::vector<SimTime> arrival(lanes);
  for (std::size_t l = 0; l < lanes; ++l) {
    arrival[l] = jittered(100 * million, noise.jitter(0, 0)[l]);
  }
  std::vector<SimTime> group_ends;
  for (std::size_t first = 0; first < lanes; first += group) {
    const auto begin = arrival.begin() + static_cast<std::ptrdiff_t>(first);
    const SimTime last = *std::max_element(begin, begin + group);
    group_ends.push_back(last + 30 * million);
    for (std::size_t l = first; l < first + group; ++l) {
      const SimTime end = last + 30 * million + jittered(20 * million, noise.jitter(0, 1)[l]);
      EXPECT_EQ(trace.ranks[l].ops[0], (OpSpan{0, end})) << l;
      EXPECT_EQ(trace.ranks[l].data_rank, static_cast<int>(l));
      EXPECT_EQ(trace.ranks[l].communication_busy, 30 * million);
    }
  }
  EXPECT_NE(group_ends[0], group_ends[1]);
  EXPECT_FALSE(trace.ranks[0].parts.empty());
  EXPECT_TRUE(trace.ranks[1].parts.empty()) << "parts are recorded for data rank 0";
}

// Lanes without a transfer between them never meet before the tail.
TEST(Executor, LanesWithoutTransfersAreIndependent) {
  const OneRank one(plain(100 * million, 0));
  Effects effects;
  effects.jitter_relative_deviation = 0.05;
  NoiseRows noise(effects, {.jitter = true}, lanes, group, group, 1, 1);
  const StepTrace trace = one.trace(noise, lanes);
  for (std::size_t l = 0; l < lanes; ++l) {
    EXPECT_EQ(trace.ranks[l].ops[0].end, jittered(100 * million, noise.jitter(0, 0)[l]));
  }
}

// Routed rows lengthen the routed share of a part alone, and a transfer by its busiest node.
TEST(Executor, RoutingLengthensWhatIsRouted) {
  TimedProgram program;
  program.parts = {transfer_part(30 * million, -1), compute_part(100 * million, 0)};
  program.parts[0].routed = 20 * million;
  program.parts[1].routed = 60 * million;
  program.first[0] = 0;
  program.output[0] = 1;
  const OneRank one(program);
  Effects effects;
  effects.routing_relative_deviation = 0.08;
  NoiseRows noise(effects, {.routing = true}, lanes, group, 2, 1, 1);
  const StepTrace trace = one.trace(noise, lanes);
  for (std::size_t l = 0; l < lanes; ++l) {
    const std::int32_t busiest = noise.busiest_node(0, 0)[l / group];
    EXPECT_GE(busiest, 0);
    const SimTime transfer = 30 * million + ((20 * million * busiest) >> NoiseRows::fraction_bits);
    const SimTime rows = (60 * million * noise.routing(0, 0)[l]) >> NoiseRows::fraction_bits;
    EXPECT_EQ(trace.ranks[l].ops[0].end, transfer + 100 * million + rows);
  }
}

// --- an overlapped pair

// A DualPipe schedule of two ranks has pairs; their program here: forward 10 + 20, backward 15 + 25
// behind a transfer of 5 each, interleaved F1 B1 F2 B2.
//   compute F1 0-10, B1 10-25, F2 25-45, B2 45-70; the transfers hide behind them.
TEST(Executor, APairsOpsSpanTheirOwnParts) {
  Schedule schedule;
  schedule.shape = {Kind::dual_pipe, 1, 1, 2};
  schedule.ops_by_rank = {{{OpKind::forward, 0, 0, 0},
                           {OpKind::forward, 0, 1, 1},
                           {OpKind::backward, 0, 0, 1},
                           {OpKind::backward, 0, 1, 2}}};
  TimedProgram pair;
  pair.parts = {compute_part(10, -1, 0), compute_part(15, -1, 1), transfer_part(5, 0, 0),
                transfer_part(5, 1, 1),  compute_part(20, 2, 0),  compute_part(25, 3, 1)};
  pair.first = {0, 1};
  pair.output = {4, 5};
  const std::vector<TimedProgram> programs{plain(3, 0), pair, plain(4, 0)};
  std::vector<std::vector<Step>> steps{std::vector<Step>(3)};
  for (int i = 0; i < 3; ++i) steps[0][static_cast<std::size_t>(i)].program = i;
  steps[0][0].op = {0, -1};
  steps[0][1].op = {1, 2};
  steps[0][2].op = {3, -1};
  NoiseRows quiet({}, no_effects, 1, 1, 1, 1, 2);
  const StepTrace trace =
      execute({schedule, steps, programs, {{}}, {{}}, {0}, {{0}, {4}, 1}, false}, quiet);
  const std::vector<OpSpan> expected{{0, 3}, {3, 48}, {13, 73}, {73, 77}};
  EXPECT_EQ(trace.ranks[0].ops, expected);
  EXPECT_EQ(trace.ranks[0].multiplicity, 4);
}

// A stage without layers hands its input on: nothing runs, and nothing is lost.
TEST(Executor, AnEmptyProgramPassesItsInputOn) {
  Schedule schedule = add_communication(build_schedule({Kind::gpipe, 3, 3, 1}));
  const std::vector<TimedProgram> programs{plain(10, 0), TimedProgram{}};
  std::vector<std::vector<Step>> steps(3);
  for (std::size_t rank = 0; rank < 3; ++rank) {
    const std::vector<Op>& ops = schedule.ops_by_rank[rank];
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].kind != OpKind::forward && ops[i].kind != OpKind::backward) continue;
      Step step;
      step.program = rank == 1 ? 1 : 0;
      step.op[0] = static_cast<int>(i);
      steps[rank].push_back(step);
    }
  }
  NoiseRows quiet({}, no_effects, 1, 1, 1, 1, 1);
  const StepTrace trace = execute(
      {schedule, steps, programs, {{}, {}, {}}, {{}, {}, {}}, {0, 0, 0}, lanes_of_count(1), false},
      quiet);
  EXPECT_EQ(trace.step_end, 4 * 10) << "two stages of 10, forward and backward";
}

}  // namespace
}  // namespace reckon

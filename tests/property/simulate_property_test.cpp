// Laws of a simulated step over random small plans (any_case.hpp).
// RC_PARAMS="seed=..." in the environment replaces the fixed seed; a failure prints how to repeat
// it.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <vector>

#include "planner/spec/placement.hpp"
#include "planner/spec/work.hpp"
#include "sim/cost_model.hpp"
#include "sim/simulate.hpp"
#include "tests/property/any_case.hpp"

namespace reckon {
namespace {

using test::any_case;
using test::Case;

const bool has_seed = setenv("RC_PARAMS", "seed=20260101", 0) == 0;

EffectSwitches any_effects() {
  return {*rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>(),
          *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
}

double step(const Case& given, const EffectSwitches& effects) {
  return static_cast<double>(test::run(given, effects).step_end);
}

// Parts that a run of the case times, all ranks: each is rounded to a picosecond.
double parts_of(const Case& given) {
  double parts = 0;
  for (const RankTrace& rank : test::run_with_parts(given, no_effects).ranks) {
    parts += static_cast<double>(rank.parts.size());
  }
  return parts + static_cast<double>(given.plan.batch.global_batch_size) * 100;  // sends, tail
}

SimTime duration(const PartSpan& part) { return part.end - part.start; }

// --- one trace

void check_parts(const RankTrace& rank, const std::vector<Op>& ops) {
  std::array<SimTime, 3> free{};
  std::array<SimTime, 3> busy{};
  int slot = 0;
  for (const PartSpan& part : rank.parts) {
    RC_ASSERT(part.start >= 0);
    RC_ASSERT(part.end >= part.start);
    const auto lane = static_cast<std::size_t>(part.lane);
    RC_ASSERT(part.start >= free[lane]);  // one after the other
    free[lane] = part.end;
    busy[lane] += duration(part);
    const OpSpan& span = rank.ops[static_cast<std::size_t>(part.op)];
    RC_ASSERT(part.end <= span.end);
    RC_ASSERT(part.start >= span.start);
    if (part.lane != Lane::compute) continue;
    const int own = ops[static_cast<std::size_t>(part.op)].slot;
    RC_ASSERT(own >= slot);  // in schedule order
    slot = own;
  }
  // A collective that blocks the compute lane is communication, though its part is on that lane.
  RC_ASSERT(busy[0] >= rank.compute_busy);
  RC_ASSERT(busy[0] + busy[1] == rank.compute_busy + rank.communication_busy);
  RC_ASSERT(busy[2] >= rank.exchange_busy);
}

TEST(SimulateProperty, LanesRunOnePartAtATimeInScheduleOrder) {
  ASSERT_TRUE(has_seed);
  rc::detail::checkGTest([] {
    const Case given = *any_case();
    const Schedule schedule = test::schedule_of(given.plan);
    const StepTrace trace = test::run_with_parts(given, any_effects());
    SimTime last = 0;
    for (const RankTrace& rank : trace.ranks) {
      const auto pipeline_rank = static_cast<std::size_t>(rank.pipeline_rank);
      RC_ASSERT(rank.ops.size() == schedule.ops_by_rank[pipeline_rank].size());
      if (rank.data_rank == 0) check_parts(rank, schedule.ops_by_rank[pipeline_rank]);
      for (const OpSpan& span : rank.ops) {
        RC_ASSERT(span.start >= 0);
        RC_ASSERT(span.end >= span.start);
        last = std::max(last, span.end);
      }
    }
    RC_ASSERT(trace.step_end == last);
  });
}

TEST(SimulateProperty, TheStepIsNoShorterThanAnyRanksWork) {
  rc::detail::checkGTest([] {
    const Case given = *any_case();
    const StepTrace trace = test::run(given, any_effects());
    int gpus_seen = 0;
    for (const RankTrace& rank : trace.ranks) {
      RC_ASSERT(trace.step_end >= rank.compute_busy);
      RC_ASSERT(trace.step_end >= rank.communication_busy);
      RC_ASSERT(trace.step_end >= rank.exchange_busy);
      gpus_seen += rank.multiplicity;
    }
    RC_ASSERT(gpus_seen == gpus(given.cluster));
  });
}

// What a rank receives is what its neighbour sent, at the moment that it has all arrived.
TEST(SimulateProperty, EveryReceiveIsTheEndOfItsSend) {
  rc::detail::checkGTest([] {
    const Case given = *any_case();
    const Schedule schedule = test::schedule_of(given.plan);
    EffectSwitches effects = any_effects();
    effects.pipeline_sends = true;
    const StepTrace trace = test::run_with_parts(given, effects);
    const std::size_t lanes = trace.ranks.size() / schedule.ops_by_rank.size();
    std::map<std::array<int, 3>, SimTime> sent;  // (gradient, receiving stage, micro-batch)
    std::size_t received = 0;
    double sends = 0;
    for (const OpKind kind : {OpKind::send_activation, OpKind::recv_activation,
                              OpKind::send_gradient, OpKind::recv_gradient}) {
      for (std::size_t rank = 0; rank < schedule.ops_by_rank.size(); ++rank) {
        const std::vector<Op>& ops = schedule.ops_by_rank[rank];
        for (std::size_t i = 0; i < ops.size(); ++i) {
          if (ops[i].kind != kind) continue;
          const OpSpan span = trace.ranks[rank * lanes].ops[i];
          const bool gradient = kind == OpKind::send_gradient || kind == OpKind::recv_gradient;
          const bool send = kind == OpKind::send_activation || kind == OpKind::send_gradient;
          const int stage = ops[i].stage + (!send ? 0 : gradient ? -1 : 1);
          const std::array<int, 3> key{gradient, stage, ops[i].micro_batch};
          if (send) {
            RC_ASSERT(sent.emplace(key, span.end).second);
            sends += static_cast<double>(span.end - span.start);
          } else {
            const auto found = sent.find(key);
            RC_ASSERT(found != sent.end());
            RC_ASSERT(span == (OpSpan{found->second, found->second}));
            ++received;
          }
        }
      }
    }
    RC_ASSERT(received == sent.size());
    const Seconds each = pipeline_send_time(given.cluster, given.model, given.plan);
    const double alone = static_cast<double>(to_sim_time(each)) * static_cast<double>(sent.size());
    RC_ASSERT(sends >= alone);
    const bool as_alone = sends <= alone;
    RC_ASSERT(as_alone || effects.links);
  });
}

// Bytes in = bytes out: what a dispatch brings to the experts, its combine takes back; the
// backward's transfers mirror them.
TEST(SimulateProperty, CombinesReturnWhatDispatchesSent) {
  rc::detail::checkGTest([] {
    const Case given = *any_case();
    RC_PRE(given.model.moe.has_value());
    const auto transfer = [&given](PartKind kind) {
      return work_of(given.model, given.plan, kind, given.model.layers - 1).experts;
    };
    const ExpertTransfer out = transfer(PartKind::dispatch_forward);
    const ExpertTransfer back = transfer(PartKind::combine_forward);
    RC_ASSERT(out.tokens == back.tokens);
    RC_ASSERT(out.bytes_per_copy == transfer(PartKind::combine_backward).bytes_per_copy);
    RC_ASSERT(back.bytes_per_copy == transfer(PartKind::dispatch_backward).bytes_per_copy);
    const double passes = given.plan.recompute.full ? 2 : 1;  // the forward's once more
    RC_ASSERT(passes * out.tokens == transfer(PartKind::combine_backward).tokens);
    RC_ASSERT(passes * out.tokens == transfer(PartKind::dispatch_backward).tokens);
  });
}

// Of every part, on whatever SMs: FLOPs / peak, bytes / HBM, copies / NIC.
TEST(SimulateProperty, NoPartIsFasterThanTheHardware) {
  rc::detail::checkGTest([] {
    const Case given = *any_case();
    const GpuSpec& gpu = given.device.gpu;
    const GroupShape group = expert_group(given.cluster, given.plan);
    for (const RankTrace& rank : test::run_with_parts(given, no_effects).ranks) {
      for (const PartSpan& part : rank.parts) {
        const PartWork work = work_of(given.model, given.plan, part.kind, part.layer);
        Seconds compute;
        Seconds memory;
        for (const KernelWork& kernel : work.kernels) {
          const bool fp8 = kernel.dtype == Dtype::fp8_block;
          compute += kernel.flops / (fp8 ? gpu.fp8_peak : gpu.bf16_peak);
          memory += kernel.bytes / gpu.hbm_bandwidth;
        }
        RC_ASSERT(duration(part) >= to_sim_time(compute));
        RC_ASSERT(duration(part) >= to_sim_time(memory));
        if (work.experts.tokens == 0 || group.nodes == 1) continue;
        const double nodes =
            token_spread(given.model, given.plan, group).nodes * (group.nodes - 1) / group.nodes;
        const Bytes bytes = work.experts.bytes_per_copy * (work.experts.tokens * nodes);
        RC_ASSERT(duration(part) >= to_sim_time(bytes / given.cluster.nic.bandwidth));
      }
    }
  });
}

// --- two traces: what makes a step longer and what does not

TEST(SimulateProperty, AFoldedStepIsTheUnfoldedOne) {
  rc::detail::checkGTest([] {
    const Case given = *any_case();
    EffectSwitches effects = any_effects();
    effects.routing = effects.jitter = false;
    const StepTrace folded = test::run(given, effects);
    const StepTrace unfolded = test::run_unfolded(given, effects);
    const auto replicas = static_cast<std::size_t>(given.plan.parallelism.data_parallel);
    RC_ASSERT(unfolded.ranks.size() == folded.ranks.size() * replicas);
    for (std::size_t i = 0; i < unfolded.ranks.size(); ++i) {
      RC_ASSERT(unfolded.ranks[i].ops == folded.ranks[i / replicas].ops);
    }
  });
}

TEST(SimulateProperty, EqualInputsGiveEqualTraces) {
  rc::detail::checkGTest([] {
    const Case given = *any_case();
    const EffectSwitches effects = any_effects();
    RC_ASSERT(test::run_with_parts(given, effects) == test::run_with_parts(given, effects));
  });
}

// Slower clocks, sends and waits for ports only add time, and a step is a maximum of sums.
TEST(SimulateProperty, ClockSendsAndSharedLinksMakeNoStepShorter) {
  rc::detail::checkGTest([] {
    const Case given = *any_case();
    EffectSwitches effects = any_effects();
    effects.clock = effects.pipeline_sends = effects.links = false;
    const double bare = step(given, effects);
    effects.clock = true;
    const double slow = step(given, effects);
    RC_ASSERT(slow >= bare);
    effects.pipeline_sends = true;
    const double sending = step(given, effects);
    RC_ASSERT(sending >= slow);
    effects.links = true;
    RC_ASSERT(step(given, effects) >= sending);
  });
}

// Where ports are not shared; where they are, an exchange can hold up sends that a pipeline waits
// for.
TEST(SimulateProperty, ExchangesBesideComputeMakeNoStepLongerAlone) {
  rc::detail::checkGTest([] {
    Case given = *any_case();
    given.plan.overlap = {};
    const StepTrace after = test::run(given, no_effects);
    given.plan.overlap.gradient_reduction = *rc::gen::arbitrary<bool>();
    given.plan.overlap.parameter_gather = *rc::gen::arbitrary<bool>();
    const StepTrace beside = test::run(given, no_effects);
    RC_ASSERT(beside.step_end <= after.step_end);
    // What they hide is no more than they take.
    SimTime exchanges = 0;
    for (const RankTrace& rank : after.ranks) {
      exchanges = std::max(exchanges, rank.communication_busy);
    }
    RC_ASSERT(beside.step_end + exchanges >= after.step_end);
  });
}

// Routing moves rows between ranks, and a step is a convex function of its durations that treats
// ranks alike: the balanced one is the shortest. Rounding: rows sum to zero to 2^-16 a rank, each
// part to a picosecond.
TEST(SimulateProperty, RoutingMakesNoStepShorter) {
  rc::detail::checkGTest([] {
    const Case given = *any_case();
    EffectSwitches effects = any_effects();
    effects.routing = effects.jitter = false;
    const double balanced = step(given, effects);
    effects.routing = true;
    RC_ASSERT(step(given, effects) >= balanced * (1 - 2.0 / 65536) - parts_of(given));
  });
}

// Jitter has mean zero over draws, not over ranks: a lucky rank may well be faster. By the same
// convexity the mean over seeds is no shorter; 16 seeds and deviation s leave s / 4 of error.
TEST(SimulateProperty, JitterMakesNoMeanStepShorter) {
  rc::detail::checkGTest([] {
    Case given = *any_case();
    const double bare = step(given, no_effects);
    double sum = 0;
    for (int seed = 0; seed < 16; ++seed) {
      given.plan.effects.seed = seed;
      sum += step(given, {false, false, false, true});
    }
    RC_ASSERT(sum / 16 >= bare * (1 - given.plan.effects.jitter_relative_deviation));
  });
}

// Every rate doubled and every latency halved halves the step; each part is rounded to half a
// picosecond on both sides.
Case twice_as_fast(Case given) {
  DeviceProfile& d = given.device;
  d.gpu.bf16_peak *= 2;
  d.gpu.fp8_peak *= 2;
  d.gpu.hbm_bandwidth *= 2;
  d.launch_gap *= 0.5;
  for (GemmModel& gemm : d.gemm) {
    gemm.rate_per_sm *= 2;
    gemm.tile_overhead *= 0.5;
    gemm.launch *= 0.5;
  }
  d.attention.forward_rate_per_sm *= 2;
  d.attention.backward_rate_per_sm *= 2;
  for (StreamModel& stream : d.streams) stream.bandwidth *= 2;
  ExpertTransportModel& t = d.expert_transport;
  t.dispatch_wire *= 2;
  t.combine_wire *= 2;
  t.measured_nic *= 2;
  t.nvlink *= 2;
  t.startup *= 0.5;
  d.collective.nvlink_step_latency *= 0.5;
  d.collective.nic_step_latency *= 0.5;
  for (LinkSpec* link : {&given.cluster.nvlink, &given.cluster.nic}) {
    link->bandwidth *= 2;
    link->achieved *= 2;
    link->latency *= 0.5;
  }
  return given;
}

TEST(SimulateProperty, TwiceAsFastIsHalfTheStep) {
  rc::detail::checkGTest([] {
    const Case given = *any_case();
    const EffectSwitches effects = any_effects();
    const double whole = step(given, effects);
    const double half = step(twice_as_fast(given), effects);
    RC_ASSERT(std::abs(2 * half - whole) <= 4 * parts_of(given));
    RC_ASSERT(std::abs(2 * half / whole - 1) < 1e-6);
  });
}

TEST(SimulateProperty, AFasterLinkNeverLengthensAStep) {
  rc::detail::checkGTest([] {
    Case given = *any_case();
    const EffectSwitches effects = any_effects();
    const double before = step(given, effects);
    const double factor = *rc::gen::element(1.1, 2.0, 10.0);
    LinkSpec& link = *rc::gen::arbitrary<bool>() ? given.cluster.nic : given.cluster.nvlink;
    link.bandwidth *= factor;
    link.achieved *= factor;
    RC_ASSERT(step(given, effects) <= before);
  });
}

TEST(SimulateProperty, LentSmsNeverSpeedComputeUp) {
  rc::detail::checkGTest([] {
    Case given = *any_case();
    given.plan.expert_communication.overlap_in_pairs = true;
    const EffectSwitches effects = any_effects();
    const double before = step(given, effects);
    given.plan.expert_communication.sms += *rc::gen::inRange(1, 40);
    RC_ASSERT(step(given, effects) >= before);
  });
}

TEST(SimulateProperty, MoreTokensTakeNoLessTime) {
  rc::detail::checkGTest([] {
    Case given = *any_case();
    EffectSwitches effects = any_effects();
    const double before = step(given, effects);
    given.plan.batch.sequence_length += 8 * *rc::gen::inRange(1, 100);
    RC_ASSERT(step(given, effects) >= before);
    // More micro-batches are other draws of the noise.
    effects.routing = effects.jitter = false;
    const double short_batch = step(given, effects);
    const Parallelism& p = given.plan.parallelism;
    const int round = given.plan.schedule == ScheduleKind::interleaved_one_forward_one_backward
                          ? p.pipeline_parallel
                          : 2;
    given.plan.batch.global_batch_size +=
        round * p.data_parallel * given.plan.batch.micro_batch_size;
    RC_ASSERT(step(given, effects) >= short_batch);
  });
}

}  // namespace
}  // namespace reckon

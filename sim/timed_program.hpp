// Programs with durations: what the executor needs of an op, in flat arrays.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "planner/spec/layout.hpp"
#include "planner/spec/memory.hpp"
#include "planner/spec/placement.hpp"
#include "planner/spec/program.hpp"
#include "planner/spec/units.hpp"
#include "sim/cost_model.hpp"
#include "sim/shared_links.hpp"
#include "sim/simulate.hpp"

namespace reckon {

struct TimedPart {
  SimTime fixed = 0;     // duration on a rank with balanced routing
  SimTime routed = 0;    // the share of `fixed` that grows with the rank's routed rows
  SimTime blocking = 0;  // the share of `fixed` in which the compute lane waits for a collective
  std::int32_t after = -1;
  std::int16_t layer = 0;
  PartKind kind = PartKind::attention_forward;
  Lane lane = Lane::compute;
  std::int8_t owner = 0;
  PortShares shares;             // of `fixed`, of the ports of its rank
  bool expert_transfer = false;  // waits for the whole expert-parallel group
};

struct TimedProgram {
  std::vector<TimedPart> parts;
  std::array<std::int32_t, 2> first{-1, -1};
  std::array<std::int32_t, 2> output{-1, -1};
  std::array<std::int32_t, 2> send{-1, -1};  // [owner]: the part that sends the output on
};

// Turns programs into timed programs; each distinct (kind, stages, sends) is built once.
class ProgramTimer {
 public:
  ProgramTimer(const SimulateInputs& inputs, const EffectSwitches& effects);

  // Index into programs().
  int chunk(OpKind kind, int stage, Sends sends);
  int pair(int forward_stage, int backward_stage, Sends sends);
  const std::vector<TimedProgram>& programs() const { return programs_; }
  const std::vector<StageLayers>& layers() const { return layers_; }

  // One part, whatever program it is of; `overlapped`: the program lends SMs.
  TimedPart timed(const Part& part, bool overlapped);

 private:
  int store(const std::array<int, 5>& key, const Program& program);

  SimulateInputs inputs_;
  EffectSwitches effects_;
  std::vector<StageLayers> layers_;
  GroupShape experts_;
  std::map<std::array<int, 5>, int> index_;
  void time_send(TimedPart& result) const;
  void time_shard(const Part& part, TimedPart& result) const;
  Seconds compute_of_layer(int layer) const;
  void time_part(const Part& part, bool overlapped, TimedPart& result) const;

  std::map<std::array<int, 3>, TimedPart> durations_;  // (kind, layer class, overlapped)
  std::vector<TimedProgram> programs_;
};

// From start to end of a program on its own, all inputs there.
SimTime program_span(const TimedProgram& program);

// The kernel context of a part: SMs, company, clock.
KernelContext context_of(const SimulateInputs& inputs, const EffectSwitches& effects,
                         bool overlapped);

// The share of the ports' rates that a transfer takes which lasts for `time`.
PortShares port_shares(const ClusterSpec& cluster, const PortBytes& bytes, Seconds time);

// What the replicas of one stage exchange at the end of a step, all bytes alone on the ports.
struct StageTransfer {
  Seconds time;
  PortBytes bytes;
};
StageTransfer gradient_reduction(const SimulateInputs& inputs, int stage);
StageTransfer parameter_gather(const SimulateInputs& inputs, int stage);
Seconds optimizer_time(const SimulateInputs& inputs, const std::vector<int>& stages);

// The same for a stage, or a rank's stages together, of so many parameters.
StageTransfer gradient_reduction(const SimulateInputs& inputs, const StageParameters& stage);
StageTransfer parameter_gather(const SimulateInputs& inputs, const StageParameters& stage);
Seconds update_time(const SimulateInputs& inputs, const StageParameters& rank);

}  // namespace reckon

// The simulator's one entrance: a Schedule on a cluster -> StepTrace.
//
// Every pipeline rank has a compute lane and a communication lane. Ops run in schedule order; their
// parts run in program order on their lane as soon as their inputs are there. Durations come from
// the cost model, the clock is int64 picoseconds. Data-parallel ranks that no input distinguishes
// are simulated once; with `unfold`, or with effects that differ by rank, each has a lane of its
// own and expert dispatch and combine wait for the slowest of their group.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/schedule.hpp"
#include "planner/spec/trace.hpp"
#include "planner/spec/units.hpp"
#include "planner/spec/work.hpp"
#include "sim/effects.hpp"

namespace reckon {

struct SimulateInputs {
  const ModelSpec& model;
  const ClusterSpec& cluster;
  const DeviceProfile& device;
  const Plan& plan;
};

// What the n-th transfer of each pipeline rank takes more than alone.
using TransferDelays = std::vector<std::vector<SimTime>>;

struct SimulateOptions {
  EffectSwitches effects;
  bool unfold = false;        // every data-parallel rank on its own, whatever the symmetry
  bool record_parts = false;  // part spans of data rank 0
  // Those of transfer_delays(), if the caller has them already; only looked at if `links` is on.
  const TransferDelays* delays = nullptr;
};

// What a simulation takes, told before it starts so that a caller can refuse it.
struct SimulationSize {
  double bytes = 0;         // of memory at its worst moment, the trace before it still there
  double part_runs = 0;     // parts x lanes, which its time grows with: some 1e8 a second
  bool fits_clock = false;  // no time in it leaves SimTime
};
SimulationSize simulation_size(const SimulateInputs& inputs, const Schedule& schedule,
                               const SimulateOptions& options);

// Preconditions: the plan is feasible and the schedule valid (planner/feasible, planner/validate),
// and the simulation fits (above). Linear in parts x lanes.
StepTrace simulate(const SimulateInputs& inputs, const Schedule& schedule,
                   const SimulateOptions& options);

// How much longer transfers take that share ports, of alike ranks: it depends on the clock and the
// sends alone, so that a caller who adds effects after them need not have it worked out again.
TransferDelays transfer_delays(const SimulateInputs& inputs, const Schedule& schedule,
                               const EffectSwitches& effects);

// One overlapped pair of full MoE chunks on its own, without sends, bare: the window of the
// published profile. Zero when the schedule has no such pair.
Seconds chunk_pair_time(const SimulateInputs& inputs, const Schedule& schedule);

// Time of each kernel family and transfer in a step, mean over pipeline ranks, bare.
struct WorkShare {
  std::string_view name;
  Lane lane = Lane::compute;
  Seconds time;
  Flops flops;
  Seconds outside;                         // of `time`, on shapes outside the fitted range
  std::optional<KernelWork> extrapolated;  // the first such shape
  Seconds transferred;                     // of `time`, by models of another device
  std::string_view transfer;               // what such a model says of itself
};
std::vector<WorkShare> work_shares(const SimulateInputs& inputs, const Schedule& schedule);

// FLOPs per token that the step executes beyond the model FLOPs: recomputation and MTP modules.
Flops extra_flops_per_token(const SimulateInputs& inputs);

}  // namespace reckon

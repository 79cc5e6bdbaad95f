// Inputs to report: the hops of a prediction, one function each. Part of the composition root
// (main.cpp and tests call it), so it alone knows the simulator and the reports at once.
#pragma once

#include <vector>

#include "planner/feasible.hpp"
#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/memory.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/schedule.hpp"
#include "planner/spec/trace.hpp"
#include "reports/report.hpp"
#include "sim/effects.hpp"

namespace reckon {

struct Inputs {
  ModelSpec model;
  ClusterSpec cluster;
  DeviceProfile device;
  Plan plan;
};

struct PredictOptions {
  EffectSwitches effects = all_effects;
  bool unfold = false;       // a lane for every data-parallel rank
  bool record_parts = true;  // of one replica: for the lanes of the report and for a trace
  bool price_phases = true;  // simulate the other phases of the run as well
};

struct Prediction {
  Report report;
  Schedule schedule;  // with communication
  StepTrace trace;    // with the effects that are on
};

// Why the plan cannot run on this hardware, memory excluded; empty if it can.
std::vector<PlanProblem> problems_of(const Inputs& inputs);

// The schedule of a plan, communication inserted. Precondition: problems_of() is empty.
Schedule schedule_of(const Plan& plan);

// Memory of each pipeline rank at its worst moment.
std::vector<RankMemory> memory_of(const Inputs& inputs, const Schedule& schedule);

// The ranks that need more than the GPU has by more than the memory model's own error
// (memory_margin), each with by how much and what to do.
std::vector<PlanProblem> memory_problems(const Inputs& inputs,
                                         const std::vector<RankMemory>& memory);

// Why the step, or a phase of the run, is too large to simulate: memory, time, or the reach of the
// simulated clock. Precondition: problems_of() is empty.
std::vector<PlanProblem> size_problems(const Inputs& inputs, const PredictOptions& options);

// The step alone, with the effects that are on: one simulation, no report. Preconditions as below.
StepSummary predict_step(const Inputs& inputs, const Schedule& schedule,
                         const EffectSwitches& effects);

// Simulates the step bare, then with each effect that is on added to the ones before it, prices the
// run, and puts it all into a report. Preconditions: problems_of() and size_problems() are empty.
Prediction predict(const Inputs& inputs, const PredictOptions& options);

}  // namespace reckon

// Inputs of the simulator's tests: a device with round numbers, so that times can be worked out on
// paper, small models, and what ships.
#pragma once

#include <string>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/schedule.hpp"
#include "planner/spec/trace.hpp"
#include "sim/simulate.hpp"

namespace reckon::test {

// What a simulation needs; SimulateInputs refers to it.
struct Case {
  ModelSpec model;
  ClusterSpec cluster;
  DeviceProfile device;
  Plan plan;
};
SimulateInputs inputs_of(const Case& given);

// 100 SMs of 10 BF16 TFLOPS each, HBM of 4 TB/s, kernels far enough below both that the models and
// not the rooflines decide; every number has one or two digits.
DeviceProfile round_device();

// Nodes of 8 GPUs, NVLink 200 (160 reached) GB/s, NICs 50 (40 reached) GB/s.
ClusterSpec round_cluster(int nodes);

// A dense model of 8 heads of 64, and one with 16 experts in 4 groups (2 a token) behind a dense
// layer.
ModelSpec small_dense_model(int layers);
ModelSpec small_moe_model(int layers);

// `ranks` pipeline ranks x `replicas` on as many GPUs, 512 tokens a sequence, one sequence a
// micro-batch. The cluster follows from the plan.
Case small_case(const ModelSpec& model, ScheduleKind schedule, int ranks, int replicas,
                int micro_batches);

// A shipped plan with the model, cluster and device that it names.
Case shipped_case(const std::string& plan);

// With communication.
Schedule schedule_of(const Plan& plan);

StepTrace run(const Case& given, const EffectSwitches& effects);
StepTrace run_with_parts(const Case& given, const EffectSwitches& effects);
StepTrace run_unfolded(const Case& given, const EffectSwitches& effects);

}  // namespace reckon::test

#include "tests/sim/cases.hpp"

#include "planner/catalog.hpp"
#include "planner/communicate.hpp"
#include "planner/schedules/build_schedule.hpp"

namespace reckon::test {
namespace {

GemmModel gemm(Dtype dtype, GemmRole role, double tflops_per_sm, double overhead_us,
               double launch_us) {
  GemmModel model;
  model.dtype = dtype;
  model.role = role;
  model.rate_per_sm = {tflops_per_sm * 1e12};
  model.tile_overhead = {overhead_us * 1e-6};
  model.launch = {launch_us * 1e-6};
  model.overlapped_rate_factor = 0.9;
  model.fitted_min_m = model.fitted_min_n = model.fitted_min_k = 256;
  return model;
}

StreamModel stream(KernelFamily family, double gigabytes_per_s) {
  StreamModel model;
  model.family = family;
  model.bandwidth = {gigabytes_per_s * 1e9};
  return model;
}

}  // namespace

SimulateInputs inputs_of(const Case& given) {
  return {given.model, given.cluster, given.device, given.plan};
}

DeviceProfile round_device() {
  DeviceProfile device;
  device.name = "round";
  device.gpu.sms = 100;
  device.gpu.bf16_peak = {1e15};
  device.gpu.fp8_peak = {2e15};
  device.gpu.hbm_bandwidth = {4e12};
  device.gpu.memory = {80e9};
  device.gpu.reserved_memory = {1e9};
  device.sustained = {0.5, 0.5, "round"};
  device.launch_gap = {1e-6};
  device.gemm = {gemm(Dtype::bf16, GemmRole::output, 8, 2, 3),
                 gemm(Dtype::bf16, GemmRole::weight_gradient, 5, 4, 1),
                 gemm(Dtype::fp8_block, GemmRole::output, 16, 2, 3)};
  device.attention.forward_rate_per_sm = {5e12};
  device.attention.backward_rate_per_sm = {4e12};
  device.attention.half_rate_sequence = 1000;
  device.attention.fitted_min_sequence = 500;
  device.streams = {stream(KernelFamily::norm, 500), stream(KernelFamily::quantise, 400)};
  ExpertTransportModel& transport = device.expert_transport;
  transport.dispatch_wire = {40e9};
  transport.combine_wire = {38e9};
  transport.dispatch_overlapped_factor = 0.5;
  transport.cached_dispatch_overlapped_factor = 0.6;
  transport.combine_overlapped_factor = 0.7;
  transport.measured_nic = {50e9};
  transport.nvlink = {150e9};
  transport.startup = {50e-6};
  CollectiveModel& collective = device.collective;
  collective.nvlink_efficiency = 0.8;
  collective.nic_efficiency = 0.9;
  collective.nvlink_step_latency = {2e-6};
  collective.nic_step_latency = {10e-6};
  return device;
}

ClusterSpec round_cluster(int nodes) {
  ClusterSpec cluster;
  cluster.name = cluster.device = "round";
  cluster.nodes = nodes;
  cluster.gpus_per_node = 8;
  cluster.nvlink = {"nvlink", {200e9}, {160e9}, {3e-6}, ""};
  cluster.nic = {"infiniband", {50e9}, {40e9}, {4e-6}, ""};
  cluster.pricing.usd_per_gpu_hour = {2};
  return cluster;
}

ModelSpec small_dense_model(int layers) {
  ModelSpec model;
  model.name = "small dense";
  model.layers = layers;
  model.hidden = 512;
  model.intermediate = 1024;
  model.vocabulary = 4096;
  model.attention.kind = AttentionKind::mha;
  model.attention.heads = 8;
  model.attention.head_dim = 64;
  return model;
}

ModelSpec small_moe_model(int layers) {
  ModelSpec model = small_dense_model(layers);
  model.name = "small moe";
  MoeSpec moe;
  moe.first_dense_layers = 1;
  moe.experts = 16;
  moe.experts_per_token = 2;
  moe.expert_intermediate = 256;
  moe.shared_experts = 1;
  moe.groups = 4;
  moe.groups_per_token = 2;
  model.moe = moe;
  return model;
}

Case small_case(const ModelSpec& model, ScheduleKind schedule, int ranks, int replicas,
                int micro_batches) {
  Case made{model, round_cluster(1), round_device(), {}};
  Plan& plan = made.plan;
  plan.name = "small";
  plan.schedule = schedule;
  plan.parallelism.pipeline_parallel = ranks;
  plan.parallelism.data_parallel = replicas;
  plan.parallelism.zero_stage = 1;
  plan.batch = {micro_batches * replicas, 1, 512};
  if (schedule == ScheduleKind::interleaved_one_forward_one_backward) {
    plan.parallelism.chunks_per_rank = 2;
  }
  const int gpus = ranks * replicas;
  made.cluster.gpus_per_node = gpus < 8 ? gpus : 8;
  made.cluster.nodes = gpus / made.cluster.gpus_per_node;
  return made;
}

Case shipped_case(const std::string& plan) {
  Case loaded;
  loaded.plan = load_plan(RECKON_DATA_DIR, plan);
  loaded.model = load_model(RECKON_DATA_DIR, loaded.plan.model);
  loaded.cluster = load_cluster(RECKON_DATA_DIR, loaded.plan.cluster);
  loaded.device = load_device(RECKON_DATA_DIR, loaded.cluster.device);
  return loaded;
}

Schedule schedule_of(const Plan& plan) {
  return add_communication(build_schedule(schedule_shape(plan)));
}

StepTrace run(const Case& given, const EffectSwitches& effects) {
  return simulate(inputs_of(given), schedule_of(given.plan), {effects, false, false});
}
StepTrace run_with_parts(const Case& given, const EffectSwitches& effects) {
  return simulate(inputs_of(given), schedule_of(given.plan), {effects, false, true});
}
StepTrace run_unfolded(const Case& given, const EffectSwitches& effects) {
  return simulate(inputs_of(given), schedule_of(given.plan), {effects, true, false});
}

}  // namespace reckon::test

// The H800 profile's kernel models against the kernels that were measured, and the parts of a layer
// against the phases of the published profile. Numbers: deepseek-ai/profile-data @4496024
// train.json (means of 4 layers; 112 SMs, beside communication) and deepseek-ai/DeepGEMM README
// @a6d97a1 (132 idle SMs). The GEMM models were fitted to these rows, so this guards the fit and
// the composition, not generalisation.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "planner/spec/work.hpp"
#include "sim/simulate.hpp"
#include "sim/timed_program.hpp"
#include "tests/validation/v3_inputs.hpp"

namespace reckon {
namespace {

struct Gemm {
  const char* name;
  GemmRole role;
  int groups;
  double m, n, k;
  double measured_us;
};

// Routed rows are the mean over the 4 layers of what rank 0 received, spread over its 4 experts.
constexpr std::array<Gemm, 29> profile_gemms{{
    {"q_a_proj fprop", GemmRole::output, 1, 4096, 1536, 7168, 103.5},
    {"kv_a_proj fprop", GemmRole::output, 1, 4096, 576, 7168, 53.2},
    {"q_b_proj fprop", GemmRole::output, 1, 4096, 24576, 1536, 371.5},
    {"kv_b_proj fprop", GemmRole::output, 1, 4096, 32768, 512, 244.2},
    {"o_proj fprop", GemmRole::output, 1, 4096, 7168, 16384, 900.8},
    {"shared down dgrad", GemmRole::output, 1, 4096, 2048, 7168, 126.2},
    {"routed down dgrad", GemmRole::output, 4, 8032, 2048, 7168, 864.5},
    {"routed gate+up dgrad", GemmRole::output, 4, 8032, 7168, 4096, 1969.2},
    {"shared gate+up dgrad", GemmRole::output, 1, 4096, 7168, 4096, 240.5},
    {"shared down wgrad", GemmRole::weight_gradient, 1, 7168, 2048, 4096, 181.0},
    {"shared gate+up wgrad", GemmRole::weight_gradient, 1, 4096, 7168, 4096, 370.2},
    {"routed down wgrad", GemmRole::weight_gradient, 4, 7168, 2048, 8032, 1276.0},
    {"routed gate+up wgrad", GemmRole::weight_gradient, 4, 4096, 7168, 8032, 2657.8},
    {"shared gate+up fprop", GemmRole::output, 1, 4096, 4096, 7168, 259.0},
    {"routed gate+up fprop", GemmRole::output, 4, 8128, 4096, 7168, 1862.5},
    {"routed down fprop", GemmRole::output, 4, 8128, 7168, 2048, 1035.2},
    {"shared down fprop", GemmRole::output, 1, 4096, 7168, 2048, 138.0},
    {"o_proj dgrad", GemmRole::output, 1, 4096, 16384, 7168, 927.0},
    {"q_b_proj recompute fprop", GemmRole::output, 1, 4096, 24576, 1536, 373.5},
    {"kv_b_proj recompute fprop", GemmRole::output, 1, 4096, 32768, 512, 244.2},
    {"q_b_proj dgrad", GemmRole::output, 1, 4096, 1536, 24576, 332.0},
    {"kv_b_proj dgrad", GemmRole::output, 1, 4096, 512, 32768, 220.0},
    {"kv_a_proj dgrad", GemmRole::output, 1, 4096, 7168, 576, 64.8},
    {"q_a_proj dgrad", GemmRole::output, 1, 4096, 7168, 1536, 111.0},
    {"o_proj wgrad", GemmRole::weight_gradient, 1, 7168, 16384, 4096, 1499.0},
    {"kv_b_proj wgrad", GemmRole::weight_gradient, 1, 32768, 512, 4096, 221.5},
    {"q_b_proj wgrad", GemmRole::weight_gradient, 1, 24576, 1536, 4096, 462.0},
    {"kv_a_proj wgrad", GemmRole::weight_gradient, 1, 576, 7168, 4096, 69.8},
    {"q_a_proj wgrad", GemmRole::weight_gradient, 1, 1536, 7168, 4096, 136.2},
}};

constexpr std::array<Gemm, 10> deepgemm_rows{{
    {"DeepGEMM", GemmRole::output, 1, 4096, 2112, 7168, 117.2},
    {"DeepGEMM", GemmRole::output, 1, 4096, 24576, 1536, 312.4},
    {"DeepGEMM", GemmRole::output, 1, 4096, 32768, 512, 232.9},
    {"DeepGEMM", GemmRole::output, 1, 4096, 7168, 16384, 708.4},
    {"DeepGEMM", GemmRole::output, 1, 4096, 4096, 7168, 184.4},
    {"DeepGEMM", GemmRole::output, 1, 4096, 7168, 2048, 117.3},
    {"DeepGEMM", GemmRole::output, 4, 8192, 4096, 7168, 1483.5},
    {"DeepGEMM", GemmRole::output, 4, 8192, 7168, 2048, 875.4},
    {"DeepGEMM", GemmRole::output, 8, 4096, 4096, 7168, 1493.9},
    {"DeepGEMM", GemmRole::output, 8, 4096, 7168, 2048, 880.2},
}};

double modelled_us(const Gemm& gemm, const KernelContext& context) {
  KernelWork work;
  work.dtype = Dtype::fp8_block;
  work.role = gemm.role;
  work.groups = gemm.groups;
  work.m = gemm.m;
  work.n = gemm.n;
  work.k = gemm.k;
  work.flops = {2 * gemm.m * gemm.n * gemm.k * gemm.groups};
  const DeviceProfile& device = test::v3_inputs().device;
  return (kernel_time(device, work, context) - device.launch_gap).value * 1e6;
}

struct Residuals {
  double median = 0;
  double worst = 0;
};
template <std::size_t N>
Residuals residuals(const std::array<Gemm, N>& gemms, const KernelContext& context) {
  std::vector<double> errors;
  for (const Gemm& gemm : gemms) {
    errors.push_back(std::abs(modelled_us(gemm, context) / gemm.measured_us - 1));
  }
  std::sort(errors.begin(), errors.end());
  return {errors[errors.size() / 2], errors.back()};
}

// Kernel times of one shape repeat to about 2 % in the profile itself (minimum to maximum).
TEST(H800Kernels, GemmsOfTheProfile) {
  const Residuals r = residuals(profile_gemms, {112, true, false});
  EXPECT_LE(r.median, 0.03);
  EXPECT_LE(r.worst, 0.10);
}

TEST(H800Kernels, GemmsOfDeepGemm) {
  const Residuals r = residuals(deepgemm_rows, {132, false, false});
  EXPECT_LE(r.median, 0.03);
  EXPECT_LE(r.worst, 0.10);
}

struct Phase {
  PartKind part;
  double measured_us;  // span on the compute lane: kernels and the gaps between them
};
constexpr std::array<Phase, 6> compute_phases{{
    {PartKind::attention_forward, 4598.8},
    {PartKind::mlp_forward, 4641.2},
    {PartKind::attention_backward_input, 9540.2},
    {PartKind::mlp_backward_input, 5363.0},
    {PartKind::attention_backward_weight, 2395.8},
    {PartKind::mlp_backward_weight, 5072.8},
}};

double part_us(PartKind part) {
  const Inputs& in = test::v3_inputs();
  const SimulateInputs simulated{in.model, in.cluster, in.device, in.plan};
  const KernelContext context = context_of(simulated, no_effects, true);
  const PartWork work = work_of(in.model, in.plan, part, 10);
  Seconds time;
  for (const KernelWork& kernel : work.kernels) time += kernel_time(in.device, kernel, context);
  if (work.experts.tokens > 0) {
    const GroupShape group = expert_group(in.cluster, in.plan);
    time += expert_transfer_time(in.device, in.cluster, group, work.experts,
                                 token_spread(in.model, in.plan, group), true);
  }
  return time.value * 1e6;
}

// One layer of the published profile. 8 % a part: memory-bound families have one bandwidth each,
// and differ by up to 25 % between the parts that they occur in.
TEST(H800Kernels, PartsOfALayer) {
  double sum = 0;
  double measured = 0;
  for (const Phase& phase : compute_phases) {
    const double ours = part_us(phase.part);
    EXPECT_NEAR(ours / phase.measured_us, 1, 0.08) << enum_name(phase.part);
    sum += ours;
    measured += phase.measured_us;
  }
  EXPECT_NEAR(sum / measured, 1, 0.03);
}

// Data kernels of expert communication beside compute, without the notify kernels, which wait for
// other ranks; ours contain a startup of 65 us and the cast or layout kernel of the part.
TEST(H800Kernels, ExpertCommunication) {
  EXPECT_NEAR(part_us(PartKind::dispatch_forward) / (4345.8 + 102.5), 1, 0.06);
  EXPECT_NEAR(part_us(PartKind::combine_backward) / (3405.2 + 270.2), 1, 0.06);
  EXPECT_NEAR(part_us(PartKind::combine_forward) / 5993.8, 1, 0.06);
  EXPECT_NEAR(part_us(PartKind::dispatch_backward) / 6368.2, 1, 0.06);
}

}  // namespace
}  // namespace reckon

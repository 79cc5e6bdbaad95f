// C[m,n] = A[m,k] B[k,n]: the best of a menu of tiles and splits of k, in waves over the SMs, with
// what a tile starts and ends with, the bytes that must move, and the power limit of long kernels.
// Rows of FP8 include casting the activations A, a memory-bound kernel of its own.
//
// Form: Volkov-style latency and throughput of one tile, wave quantisation as in NVIDIA's "Matrix
// Multiplication Background" guide; the menus are what cuBLAS and DeepGEMM are seen to use.
#include "sim/kernel_models/gemm.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "sim/kernel_models/families.hpp"

namespace reckon {
namespace {

enum Size : std::size_t { m, n, k };
constexpr std::array<SizeColumn, 3> sizes{{{"m"}, {"n"}, {"k"}}};

enum Parameter : std::size_t {
  launch_us,
  tensor_share,
  tile_loss,
  latency_ns,
  operand_share,
  prologue_steps,
  epilogue,
  exposed,
  smoothing,
  memory_share,
  hot_operand,
  cache_share,
  serial,
  split_traffic,
  split_us,
  throttle,
  throttle_us,
  odd_rows,
  cast_us,
  cast_cached,
  cast_memory,
  count
};
constexpr std::array<ModelParameter, count> parameters{{
    {"launch_us", 2.4, 0.5, 20, "start and end of the kernel"},
    {"tensor_share", 0.9, 0.2, 1.6, "of the tensor peak in a tile without end; cut at 1"},
    {"tile_loss", 5, 0.5, 200, "elements of a tile's side whose time is lost to small tiles"},
    {"latency_ns", 0.8, 0.01, 10, "of one k element where one tile has an SM to itself"},
    {"operand_share", 8, 0.5, 40, "an SM's operand loads from the L2 cache / HBM bandwidth a SM"},
    {"prologue_steps", 1.5, 0.02, 30, "of 64 k elements in a 128 x 128 tile, before the first"},
    {"epilogue", 10, 0.5, 60, "writing a tile, in tenths of an SM's share of HBM bandwidth"},
    {"exposed", 0.6, 0.02, 1, "of prologue and epilogue, what the next tile does not hide"},
    {"smoothing", 0.3, 0.001, 1, "of the last wave's idle SMs, what is not lost"},
    {"memory_share", 0.85, 0.2, 1, "of the nominal HBM bandwidth"},
    {"hot_operand", 0.4, 0.02, 1, "of A's bytes, what is read from HBM when A is in the cache"},
    {"cache_share", 0.6, 0.1, 1.5, "of the L2 cache, up to which A stays in it"},
    {"serial", 0.1, 0.005, 1, "of the shorter of compute and memory time, what is not hidden"},
    {"split_traffic", 1, 0.05, 10, "partial sums of split k, relative to one write and one read"},
    {"split_us", 2, 0.05, 20, "start and end of adding the partial sums"},
    {"throttle", 0.17, 0.005, 0.5, "rate lost to the power limit in long kernels"},
    {"throttle_us", 1500, 50, 20000, "FLOPs at peak after which half of it is lost"},
    {"odd_rows", 0.3, 0.001, 2, "time lost where m is no multiple of 4; block scales only"},
    {"cast_us", 3, 0.05, 30, "FP8: start and end of the cast"},
    {"cast_cached", 2, 0.1, 15, "FP8: time of the cast / BF16 bytes over HBM, in the cache"},
    {"cast_memory", 3, 0.2, 15, "FP8: time of the cast / BF16 bytes over HBM, beyond the cache"},
}};

struct Candidate {
  double rows, columns, split;
};
constexpr std::array<Candidate, 22> library_menu{
    {{64, 64, 1},   {64, 128, 1},  {128, 128, 1}, {128, 256, 1}, {256, 128, 1}, {64, 64, 2},
     {64, 64, 4},   {64, 64, 8},   {64, 64, 16},  {64, 128, 2},  {64, 128, 4},  {64, 128, 8},
     {128, 128, 2}, {128, 128, 3}, {128, 128, 4}, {128, 128, 6}, {128, 256, 2}, {128, 256, 3},
     {256, 128, 2}, {256, 128, 3}, {256, 128, 4}, {256, 128, 6}}};
constexpr std::array<Candidate, 4> block_menu{
    {{128, 128, 1}, {64, 64, 1}, {64, 128, 1}, {128, 64, 1}}};

constexpr double step = 64;  // k elements that a tile takes in one go

bool is_fp8(std::string_view variant) { return variant.starts_with("fp8"); }
bool has_block_scales(std::string_view variant) { return variant == "fp8_block"; }
double element(std::string_view variant) { return is_fp8(variant) ? 1 : 2; }
double peak_of(const GpuSpec& gpu, std::string_view variant) {
  return is_fp8(variant) && gpu.fp8_peak.value > 0 ? gpu.fp8_peak.value : gpu.bf16_peak.value;
}
double power4(double x) { return x * x * x * x; }
double root4(double x) { return std::sqrt(std::sqrt(x)); }

double bytes_of(std::string_view variant, double rows, double columns, double inner) {
  return element(variant) * (rows * inner + inner * columns) + 2 * rows * columns;
}

double cast_seconds(const GpuSpec& gpu, std::span<const double> p, double rows, double inner) {
  const double bytes = 2 * rows * inner;
  const double beyond = std::min(1.0, bytes / std::max(1.0, gpu.l2_cache.value));
  const double passes = p[cast_cached] + (p[cast_memory] - p[cast_cached]) * beyond;
  return p[cast_us] * 1e-6 + bytes / gpu.hbm_bandwidth.value * passes;
}

double time(const ModelContext& context, std::span<const double> p, const KernelSizes& s) {
  const GemmCompany alone{static_cast<double>(context.gpu->sms), 1};
  const double product =
      gemm_seconds(*context.gpu, context.variant, p, {s[m], s[n], s[k], 1}, alone);
  return product + (is_fp8(context.variant) ? cast_seconds(*context.gpu, p, s[m], s[k]) : 0);
}

LeastWork least(const ModelContext& context, const KernelSizes& s) {
  return {2 * s[m] * s[n] * s[k], peak_of(*context.gpu, context.variant),
          bytes_of(context.variant, s[m], s[n], s[k]), context.gpu->hbm_bandwidth.value};
}

bool held_back(const KernelSizes& s) { return hash_holds_back({s[n], s[k]}); }

std::string_view size_class(const KernelSizes& s) {
  if (s[m] < 32) return "m below 32";
  if (s[m] < 256) return "m 32 to 255";
  if (s[m] < 2048) return "m 256 to 2,047";
  return "m from 2,048";
}

bool is_promised(const KernelSizes& s) { return s[m] >= 256; }

}  // namespace

double gemm_seconds(const GpuSpec& gpu, std::string_view variant, std::span<const double> p,
                    const GemmProblem& problem, const GemmCompany& company) {
  const double rows = problem.m, columns = problem.n, inner = problem.k;
  const double sms = company.sms;
  const double peak = peak_of(gpu, variant) / gpu.sms * sms;  // of the SMs at hand
  const double hbm = gpu.hbm_bandwidth.value;
  const double per_sm = peak / sms * company.rate_factor;
  const double hbm_per_sm = hbm / gpu.sms;
  const double bytes = element(variant);
  const double flops = 2 * rows * columns * inner * problem.groups;
  const double a_bytes = bytes * rows * inner * problem.groups;
  const double all_bytes = bytes_of(variant, rows, columns, inner) * problem.groups;
  const double unit = 2 * 128 * 128 * step / per_sm;
  const double at_peak = flops / peak;
  const double slow = 1 + p[throttle] * at_peak / (at_peak + p[throttle_us] * 1e-6);
  const double cache = std::max(1.0, gpu.l2_cache.value) * p[cache_share];
  const double cold = std::clamp(3 * (all_bytes / cache - 1), 0.0, 1.0);
  const double memory =
      (all_bytes - (1 - p[hot_operand]) * (1 - cold) * a_bytes) / (hbm * p[memory_share]);
  const bool blocks = has_block_scales(variant);
  const bool odd = blocks && rows > 128 && std::fmod(rows, 4) != 0;
  const std::span<const Candidate> menu =
      blocks ? std::span<const Candidate>(block_menu) : std::span<const Candidate>(library_menu);
  double best = std::numeric_limits<double>::infinity();
  for (const Candidate& tile : menu) {
    if (odd && tile.rows < 128) continue;
    if (tile.rows > 64 && 2 * rows <= tile.rows) continue;  // half as many rows do the same
    const double tiles =
        std::ceil(rows / tile.rows) * std::ceil(columns / tile.columns) * problem.groups;
    if (tile.split > 1 && tiles > 3 * sms) continue;
    const double extra = tile.split > 1 ? p[split_us] * 1e-6 : 0;
    const double moved =
        memory + (tile.split > 1 ? 8 * tile.split * rows * columns * problem.groups *
                                       p[split_traffic] / (3 * hbm)
                                 : 0);
    if (moved + extra >= best) continue;
    const double inner_steps = step * std::ceil(inner / (step * tile.split));
    const double x = tiles * tile.split / sms;
    const double full = std::ceil(x);
    const double waves = full - p[smoothing] * (full - std::max(x, 1.0));
    const double small = 1 + p[tile_loss] * (1 / tile.rows + 1 / tile.columns);
    const double compute = waves * (2 * tile.rows * tile.columns * inner_steps / per_sm) *
                           std::max(1.0, small / p[tensor_share]);
    if (slow * compute + extra >= best) continue;
    const double used_rows = std::min(tile.rows, rows);
    const double used_columns = std::min(tile.columns, columns);
    const double loads = waves * ((used_rows + used_columns) * inner_steps * bytes /
                                  (p[operand_share] * hbm_per_sm));
    const double latency = inner_steps * p[latency_ns] * 1e-9;
    double main = root4(power4(compute) + power4(loads) + power4(latency));
    if (odd) {
      const double many = std::ceil(rows / 128) * std::ceil(columns / 128) * problem.groups;
      main *= 1 + p[odd_rows] * inner / (inner + 4096) / (1 + power4(many / (8 * sms)));
    }
    const double written = used_rows * used_columns * (tile.split > 1 ? 4 : 2);
    const double ends = p[prologue_steps] * unit + p[epilogue] * written / (10 * hbm_per_sm);
    const double body = slow * (main + (1 + p[exposed] * (waves - 1)) * ends);
    const double together = root4(power4(body) + power4(moved));
    best = std::min(best, together + p[serial] * std::min(body, moved) + extra);
  }
  return std::max({p[launch_us] * 1e-6 + best, at_peak, all_bytes / hbm});
}

const FamilyModel& gemm_family() {
  static const FamilyModel family{ModelFamily::gemm, "dtype",    "latency_us", sizes,
                                  parameters,        held_back,  time,         least,
                                  size_class,        is_promised};
  return family;
}

}  // namespace reckon

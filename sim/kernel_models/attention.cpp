// The attention core of a whole sequence: causal softmax(Q K^T) V in blocks of query rows, as
// FlashAttention does it (arXiv:2307.08691, arXiv:2407.08608). A block costs its tensor-core work
// and its exponentials; the longest blocks go first, so the SMs finish together but for a tail.
#include <algorithm>
#include <array>
#include <cmath>

#include "sim/kernel_models/families.hpp"

namespace reckon {
namespace {

constexpr std::array<std::string_view, 2> kv_dtypes{"bf16", "fp8"};

enum Parameter : std::size_t {
  launch_us,
  block_clocks,
  tensor_share,
  pair_clocks,
  memory_share,
  tail,
  throttle,
  fp8_cache_passes
};
constexpr std::array<ModelParameter, 8> parameters{{
    {"launch_us", 8, 0.5, 40, "start and end of the kernels"},
    {"block_clocks", 2000, 20, 40000, "start and end of one block of query rows on one SM"},
    {"tensor_share", 0.65, 0.1, 1, "of the tensor peak, in the two products"},
    {"pair_clocks", 0.15, 0.002, 5, "one SM's exponential and rescaling of one query and key"},
    {"memory_share", 0.6, 0.05, 1, "of the nominal HBM bandwidth, for Q, K, V and O"},
    {"tail", 0.3, 0.001, 1, "of the longest block, in which not all SMs work"},
    {"throttle", 0.1, 0.001, 0.4, "rate lost to the power limit in kernels of many milliseconds"},
    {"fp8_cache_passes", 1, 0.01, 20, "over K and V more, to convert an FP8 cache"},
}};

constexpr double block_rows = 128;

struct Shape {
  double batch, sequence, past, heads, kv_heads, qk_dim, v_dim, window;
  bool is_fp8_cache;
};

// Keys that a query sees on average, and the last block's.
struct Keys {
  double mean, most;
};
Keys keys_of(const Shape& s) {
  const double all = s.past + s.sequence;
  const double mean = s.past + (s.sequence + 1) / 2;
  if (s.window <= 0 || s.window >= all) return {mean, all};
  // Queries before the window is full see a triangle, the others the window.
  const double growing = std::clamp(s.window - s.past, 0.0, s.sequence);
  const double grown = growing * (s.past + growing / 2) + (s.sequence - growing) * s.window;
  return {grown / s.sequence, s.window};
}

double flops_of(const Shape& s) {
  return s.batch * s.heads * s.sequence * keys_of(s).mean * 2 * (s.qk_dim + s.v_dim);
}

double elements_of_kv(const Shape& s) {
  return s.batch * (s.past + s.sequence) * s.kv_heads * (s.qk_dim + s.v_dim);
}

double bytes_of(const Shape& s) {
  const double q_and_o = s.batch * s.sequence * s.heads * (s.qk_dim + s.v_dim) * 2;
  return q_and_o + elements_of_kv(s) * (s.is_fp8_cache ? 1 : 2);
}

double seconds(const ModelContext& context, std::span<const double> p, const Shape& s) {
  const double sms = context.gpu->sms;
  const Keys keys = keys_of(s);
  const double row_blocks = std::ceil(s.sequence / block_rows);
  const double rows = std::min(s.sequence, block_rows);
  const double blocks = s.batch * s.heads * row_blocks;
  const double peak = context.gpu->bf16_peak.value / sms;
  const double products = 2 * (s.qk_dim + s.v_dim) / (peak * p[tensor_share]);
  const double exponentials = p[pair_clocks] / (context.gpu->boost_mhz * 1e6);
  // Asynchronous tensor cores multiply one block while another takes its exponentials
  // (FlashAttention-3, arXiv:2407.08608, section 3); those before Hopper wait for them.
  const bool is_asynchronous = context.gpu->fp8_peak.value > 0;
  const double pair =
      is_asynchronous ? std::hypot(products, exponentials) : products + exponentials;
  // Half of a diagonal block is computed for nothing.
  const double padded = std::max(rows, 16.0) * (keys.mean + std::min(rows, block_rows) / 2);
  const double start = p[block_clocks] / (context.gpu->boost_mhz * 1e6);
  const double total = blocks * (padded * pair + start);
  const double longest = std::max(rows, 16.0) * keys.most * pair + start;
  const double busy = std::max(longest, total / sms + p[tail] * longest);
  // Power settles within some milliseconds.
  const double hot = busy / (busy + 2e-3);
  const double compute = busy * (1 + p[throttle] * hot);
  const double passes = s.is_fp8_cache ? p[fp8_cache_passes] : 0;
  const double memory = (bytes_of(s) + passes * elements_of_kv(s) * 3) /
                        (context.gpu->hbm_bandwidth.value * p[memory_share]);
  const double modelled = p[launch_us] * 1e-6 + std::hypot(compute, memory);
  return std::max(modelled, flops_of(s) / context.gpu->bf16_peak.value);
}

std::string_view class_of(double sequence) {
  if (sequence < 1024) return "sequence below 1,024";
  if (sequence < 4096) return "sequence 1,024 to 4,095";
  return "sequence from 4,096";
}

// --- grouped-query and multi-head
// -------------------------------------------------------------------

enum AttentionSize : std::size_t { kv_dtype, batch, seq, past, heads, kv_heads, head_dim, window };
constexpr std::array<SizeColumn, 8> attention_sizes{{{"kv_dtype", kv_dtypes},
                                                     {"batch"},
                                                     {"seq"},
                                                     {"past", {}, -1, 0, 1e+09},
                                                     {"heads", {}, -1, 1, 65536},
                                                     {"kv_heads", {}, -1, 1, 65536},
                                                     {"head_dim", {}, -1, 1, 65536},
                                                     {"window", {}, -1, 0, 1e+09}}};

Shape attention_shape(const KernelSizes& s) {
  return {s[batch],    s[seq],      s[past],   s[heads],        s[kv_heads],
          s[head_dim], s[head_dim], s[window], s[kv_dtype] == 1};
}

double attention_time(const ModelContext& context, std::span<const double> p,
                      const KernelSizes& s) {
  return seconds(context, p, attention_shape(s));
}

LeastWork attention_least(const ModelContext& context, const KernelSizes& s) {
  const Shape shape = attention_shape(s);
  return {flops_of(shape), context.gpu->bf16_peak.value, bytes_of(shape),
          context.gpu->hbm_bandwidth.value};
}

bool attention_held_back(const KernelSizes& s) {
  return hash_holds_back({s[heads], s[kv_heads], s[head_dim]});
}
std::string_view attention_class(const KernelSizes& s) { return class_of(s[seq]); }
bool attention_promised(const KernelSizes& s) { return s[seq] >= 1024; }

std::string_view attention_misfit(const KernelSizes& s) {
  return s[kv_heads] > s[heads] ? "has more key-value heads than heads" : "";
}

// --- multi-head latent attention, DeepSeek's dimensions
// ---------------------------------------------

enum MlaSize : std::size_t { mla_kv_dtype, mla_heads, mla_batch, mla_seq };
constexpr std::array<SizeColumn, 4> mla_sizes{
    {{"kv_dtype", kv_dtypes}, {"heads", {}, -1, 1, 65536}, {"batch"}, {"seq"}}};
constexpr double mla_qk_dim = 192;
constexpr double mla_v_dim = 128;

Shape mla_shape(const KernelSizes& s) {
  return {s[mla_batch], s[mla_seq], 0, s[mla_heads],        s[mla_heads],
          mla_qk_dim,   mla_v_dim,  0, s[mla_kv_dtype] == 1};
}

double mla_time(const ModelContext& context, std::span<const double> p, const KernelSizes& s) {
  return seconds(context, p, mla_shape(s));
}

LeastWork mla_least(const ModelContext& context, const KernelSizes& s) {
  const Shape shape = mla_shape(s);
  return {flops_of(shape), context.gpu->bf16_peak.value, bytes_of(shape),
          context.gpu->hbm_bandwidth.value};
}

bool mla_held_back(const KernelSizes& s) { return octave_holds_back(s[mla_heads]); }
std::string_view mla_class(const KernelSizes& s) { return class_of(s[mla_seq]); }
bool mla_promised(const KernelSizes& s) { return s[mla_seq] >= 1024; }

}  // namespace

const FamilyModel& attention_family() {
  static const FamilyModel family{ModelFamily::attention, "dtype",         "latency_us",
                                  attention_sizes,        parameters,      attention_held_back,
                                  attention_time,         attention_least, attention_class,
                                  attention_promised,     attention_misfit};
  return family;
}

const FamilyModel& mla_family() {
  static const FamilyModel family{ModelFamily::mla, "dtype",       "latency_us", mla_sizes,
                                  parameters,       mla_held_back, mla_time,     mla_least,
                                  mla_class,        mla_promised};
  return family;
}

}  // namespace reckon

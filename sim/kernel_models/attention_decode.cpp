// The attention core of one new token: reading the cached keys and values is what it costs, split
// over the SMs; many query heads of one cache make it compute as well.
#include <algorithm>
#include <array>
#include <cmath>

#include "sim/kernel_models/families.hpp"

namespace reckon {
namespace {

enum Parameter : std::size_t {
  launch_us,
  memory_share,
  sm_gigabytes_per_s,
  tensor_share,
  unit_us,
  least_tokens,
  reduce_us,
  group_us,
  group_width_us,
  row_us,
  knee,
  pieces_per_sm
};
constexpr std::array<ModelParameter, 12> parameters{{
    {"launch_us", 10, 0.5, 40, "start and end of the kernels"},
    {"memory_share", 0.85, 0.05, 1, "of the nominal HBM bandwidth"},
    {"sm_gigabytes_per_s", 40, 1, 400, "read by one SM"},
    {"tensor_share", 0.3, 0.02, 1, "of the tensor peak, rows padded to a tile"},
    {"unit_us", 1, 0.01, 30, "start and end of one piece of a cache on one SM"},
    {"least_tokens", 128, 16, 8192, "of the shortest piece that a cache is split into"},
    {"reduce_us", 2, 0.01, 30, "joining the pieces of a cache"},
    {"group_us", 3, 0.01, 30, "unit_us more where query heads share a cache"},
    {"group_width_us", 1, 0.001, 30, "unit_us more for each 128 of such a head's width"},
    {"row_us", 0.05, 0.0001, 5, "one SM's work on one query head, however long its cache"},
    {"knee", 2, 1, 8, "exponent of the norm that joins SM time and memory time"},
    {"pieces_per_sm", 8, 0.5, 32, "of shared caches, at most, where they can be cut"},
}};

struct Shape {
  double caches;  // that no two query groups share: batch x key-value heads
  double past;
  double token_bytes;  // of one token in one cache
  double token_flops;  // of one query row on one token
  double rows;         // query heads of one cache
  double width;        // of a head
  double readers = 1;  // caches that are one and the same in memory
};

constexpr double tile_rows = 16;
constexpr double tile_tokens = 64;

double bytes_of(const Shape& s) { return s.caches / s.readers * s.past * s.token_bytes; }
double flops_of(const Shape& s) { return s.caches * s.past * s.token_flops * s.rows; }

double seconds(const ModelContext& context, std::span<const double> p, const Shape& s) {
  const double sms = context.gpu->sms;
  // A cache is cut so that the pieces fill the SMs, but not into crumbs.
  // Kernels of shared caches cut them for several pieces an SM, into whole pieces.
  const bool is_shared = s.rows > 1;
  const double wanted = std::max(1.0, sms * (is_shared ? p[pieces_per_sm] : 1) / s.caches);
  const double smooth = std::clamp(s.past / p[least_tokens], 1.0, wanted);
  const double pieces = is_shared ? std::floor(smooth) : smooth;
  const double waves = std::max(1.0, s.caches * pieces / sms);
  // Shared caches go through tensor cores, a tile of tokens at a time.
  const double tokens = s.rows > 1 ? std::max(tile_tokens, s.past / pieces) : s.past / pieces;
  const double padded = s.rows > 1 ? std::ceil(s.rows / tile_rows) * tile_rows : 1;
  const double per_sm = context.gpu->bf16_peak.value / sms * p[tensor_share];
  const double reading = tokens * s.token_bytes / (p[sm_gigabytes_per_s] * 1e9);
  const double computing = tokens * s.token_flops * padded / per_sm;
  const double shared = s.rows > 1 ? p[group_us] + p[group_width_us] * s.width / 128 : 0;
  const double starts = waves * (p[unit_us] + shared) + s.caches * s.rows * p[row_us] / sms;
  const double by_sms = starts * 1e-6 + waves * std::max(reading, computing);
  const double by_memory = bytes_of(s) / (context.gpu->hbm_bandwidth.value * p[memory_share]);
  return (p[launch_us] + std::min(1.0, pieces - 1) * p[reduce_us]) * 1e-6 +
         std::pow(std::pow(by_sms, p[knee]) + std::pow(by_memory, p[knee]), 1 / p[knee]);
}

LeastWork least_of(const ModelContext& context, const Shape& s) {
  return {flops_of(s), context.gpu->bf16_peak.value, bytes_of(s), context.gpu->hbm_bandwidth.value};
}

std::string_view class_of(double tokens) {
  if (tokens < 32768) return "below 32 K cached tokens";
  if (tokens < 524288) return "32 K to 512 K cached tokens";
  return "from 512 K cached tokens";
}

// --- grouped-query and multi-head
// -------------------------------------------------------------------

enum Size : std::size_t { batch, past, heads, kv_heads, head_dim };
constexpr std::array<SizeColumn, 5> sizes{{{"batch"},
                                           {"past"},
                                           {"heads", {}, -1, 1, 65536},
                                           {"kv_heads", {}, -1, 1, 65536},
                                           {"head_dim", {}, -1, 1, 65536}}};

// Kernels that share a cache between query heads stop at this many; beyond, each head is a unit
// that reads the cache anew, from the L2 cache at best (seen in the measurements: 32 share, 48 do
// not).
constexpr double most_sharing = 32;

Shape shape_of(const ModelContext& context, const KernelSizes& s) {
  const double bytes = context.variant == "fp8" ? 1 : 2;
  const double group = s[heads] / std::max(1.0, s[kv_heads]);
  const double readers = group > most_sharing ? group : 1;
  return {s[batch] * s[kv_heads] * readers,
          s[past],
          2 * s[head_dim] * bytes,
          4 * s[head_dim],
          group / readers,
          s[head_dim],
          readers};
}

double time(const ModelContext& context, std::span<const double> p, const KernelSizes& s) {
  return seconds(context, p, shape_of(context, s));
}
LeastWork least(const ModelContext& context, const KernelSizes& s) {
  return least_of(context, shape_of(context, s));
}
bool held_back(const KernelSizes& s) {
  return hash_holds_back({s[heads], s[kv_heads], s[head_dim]});
}
std::string_view size_class(const KernelSizes& s) { return class_of(s[batch] * s[past]); }
bool is_promised(const KernelSizes& s) { return s[batch] * s[past] >= 32768; }

std::string_view misfit(const KernelSizes& s) {
  return s[kv_heads] > s[heads] ? "has more key-value heads than heads" : "";
}

// --- multi-head latent attention: one cache of 512 + 64 numbers a token for all heads
// -----------------

constexpr std::array<std::string_view, 2> kv_dtypes{"bf16", "fp8"};
enum MlaSize : std::size_t { mla_kv_dtype, mla_heads, mla_batch, mla_past };
constexpr std::array<SizeColumn, 4> mla_sizes{
    {{"kv_dtype", kv_dtypes}, {"heads", {}, -1, 1, 65536}, {"batch"}, {"past"}}};
constexpr double latent = 512;
constexpr double rope = 64;

Shape mla_shape(const KernelSizes& s) {
  const double bytes = s[mla_kv_dtype] == 1 ? 1 : 2;
  return {s[mla_batch], s[mla_past], (latent + rope) * bytes, 2 * (latent + rope + latent),
          s[mla_heads], latent};
}

double mla_time(const ModelContext& context, std::span<const double> p, const KernelSizes& s) {
  return seconds(context, p, mla_shape(s));
}
LeastWork mla_least(const ModelContext& context, const KernelSizes& s) {
  return least_of(context, mla_shape(s));
}
bool mla_held_back(const KernelSizes& s) { return octave_holds_back(s[mla_heads]); }
std::string_view mla_class(const KernelSizes& s) { return class_of(s[mla_batch] * s[mla_past]); }
bool mla_promised(const KernelSizes& s) { return s[mla_batch] * s[mla_past] >= 32768; }

}  // namespace

const FamilyModel& attention_decode_family() {
  static const FamilyModel family{ModelFamily::attention_decode,
                                  "kv_dtype",
                                  "latency_us",
                                  sizes,
                                  parameters,
                                  held_back,
                                  time,
                                  least,
                                  size_class,
                                  is_promised,
                                  misfit};
  return family;
}

const FamilyModel& mla_decode_family() {
  static const FamilyModel family{
      ModelFamily::mla_decode, "dtype",  "latency_us", mla_sizes, parameters,
      mla_held_back,           mla_time, mla_least,    mla_class, mla_promised};
  return family;
}

}  // namespace reckon

// DeepEP's dispatch and combine inside one node (NVLink only): tokens of `hidden` elements go to
// the distinct GPUs of their experts. Bound by what the lent SMs can copy, or by the link.
#include <algorithm>
#include <array>
#include <cmath>

#include "sim/kernel_models/families.hpp"

namespace reckon {
namespace {

enum Size : std::size_t { hidden, tokens, topk, experts, sms };
constexpr std::array<SizeColumn, 5> dispatch_sizes{{{"hidden"},
                                                    {"tokens"},
                                                    {"topk", {}, -1, 1, 1024},
                                                    {"experts", {}, -1, 1, 65536},
                                                    {"dispatch_sms", {}, -1, 1, 1024}}};
constexpr std::array<SizeColumn, 5> combine_sizes{{{"hidden"},
                                                   {"tokens"},
                                                   {"topk", {}, -1, 1, 1024},
                                                   {"experts", {}, -1, 1, 65536},
                                                   {"combine_sms", {}, -1, 1, 1024}}};

enum Parameter : std::size_t { startup_us, token_us, copy_us, token_rate, copy_rate, link_share };
constexpr std::array<ModelParameter, 6> parameters{{
    {"startup_us", 25, 1, 200, "layout known, all ranks ready: barrier and first bytes"},
    {"token_sm_us", 0.3, 1e-3, 20, "one SM's work on a token, however wide"},
    {"copy_sm_us", 0.03, 1e-4, 20, "one SM's work on each copy of a token, however wide"},
    {"token_gigabytes_per_s", 40, 0.5, 2000, "one SM on a token that has one copy, waiting for it"},
    {"copy_gigabytes_per_s", 40, 0.5, 2000, "one SM's moving of each copy"},
    {"link_share", 0.7, 0.05, 1, "of the nominal NVLink bandwidth"},
}};

constexpr double ranks = 8;  // one node of the measured machines

// How many of `ranks` GPUs a token's experts are on: D = N (1 - C(E - E/N, k) / C(E, k)), the
// reference of sim/cost_model.hpp.
double distinct_gpus(const KernelSizes& s) {
  const double in_part = s[experts] / ranks;
  double miss = 1;
  for (int i = 0; i < static_cast<int>(s[topk]); ++i) {
    miss *= std::max(0.0, (s[experts] - in_part - i) / (s[experts] - i));
  }
  return ranks * (1 - miss);
}

// Bytes of one copy: FP8 with an FP32 scale each 128 elements out, BF16 back.
double copy_bytes(const KernelSizes& s, bool is_combine) {
  return is_combine ? 2 * s[hidden] : s[hidden] * (1 + 4.0 / 128);
}

double transfer_time(const ModelContext& context, std::span<const double> p, const KernelSizes& s,
                     bool is_combine) {
  const double copies = distinct_gpus(s);
  const double one = copy_bytes(s, is_combine);
  const double bytes = one * copies;
  // One copy alone waits for its loads; several hide each other's.
  const double waiting = one / (p[token_rate] * 1e3);
  const double moving = copies * p[copy_us] + bytes / (p[copy_rate] * 1e3);
  const double sm_us = p[token_us] + std::hypot(waiting, moving);
  const double by_sms = sm_us * 1e-6 / s[sms];
  const double remote = bytes * (ranks - 1) / ranks;
  const double by_link = remote / (context.gpu->nvlink_bandwidth.value * p[link_share]);
  // Near the knee both hold a token up a little.
  const double each = std::pow(std::pow(by_sms, 4) + std::pow(by_link, 4), 0.25);
  return p[startup_us] * 1e-6 + s[tokens] * each;
}

double dispatch_time(const ModelContext& context, std::span<const double> p, const KernelSizes& s) {
  return transfer_time(context, p, s, false);
}
double combine_time(const ModelContext& context, std::span<const double> p, const KernelSizes& s) {
  return transfer_time(context, p, s, true);
}

LeastWork least_transfer(const ModelContext& context, const KernelSizes& s, bool is_combine) {
  const double bytes =
      s[tokens] * copy_bytes(s, is_combine) * distinct_gpus(s) * (ranks - 1) / ranks;
  return {0, context.gpu->bf16_peak.value, bytes, context.gpu->nvlink_bandwidth.value};
}
LeastWork least_dispatch(const ModelContext& context, const KernelSizes& s) {
  return least_transfer(context, s, false);
}
LeastWork least_combine(const ModelContext& context, const KernelSizes& s) {
  return least_transfer(context, s, true);
}

// Of the few families, those whose width is an even number of 1,024.
bool held_back(const KernelSizes& s) { return static_cast<long long>(s[hidden] / 1024) % 2 == 0; }

std::string_view size_class(const KernelSizes& s) {
  if (s[tokens] < 1024) return "below 1,024 tokens";
  if (s[tokens] < 16384) return "1,024 to 16,383 tokens";
  return "from 16,384 tokens";
}

bool is_promised(const KernelSizes& s) { return s[tokens] >= 1024; }

std::string_view misfit(const KernelSizes& s) {
  return s[topk] > s[experts] ? "chooses more experts than there are" : "";
}

}  // namespace

const FamilyModel& expert_dispatch_family() {
  static const FamilyModel family{ModelFamily::expert_dispatch,
                                  "",
                                  "dispatch_us",
                                  dispatch_sizes,
                                  parameters,
                                  held_back,
                                  dispatch_time,
                                  least_dispatch,
                                  size_class,
                                  is_promised,
                                  misfit};
  return family;
}

const FamilyModel& expert_combine_family() {
  static const FamilyModel family{ModelFamily::expert_combine,
                                  "",
                                  "combine_us",
                                  combine_sizes,
                                  parameters,
                                  held_back,
                                  combine_time,
                                  least_combine,
                                  size_class,
                                  is_promised,
                                  misfit};
  return family;
}

}  // namespace reckon

// NCCL collectives inside one node: the fastest of NCCL's three protocols (LL, LL128, Simple) on a
// ring, or of the switch's own reduction (NVLS). Every protocol costs its start, its steps and its
// bytes (NCCL's src/graph/tuning.cc has this form; its constants are fitted here).
#include <algorithm>
#include <array>

#include "sim/kernel_models/families.hpp"

namespace reckon {
namespace {

enum Size : std::size_t { dtype, gpus, elements };
constexpr std::array<std::string_view, 2> dtypes{"bf16", "int8"};
constexpr std::array<SizeColumn, 3> sizes{
    {{"dtype", dtypes}, {"gpus", {}, -1, 2, 8}, {"elements", {}, -1, 1, 1e+15}}};

enum Parameter : std::size_t {
  launch_kiloclocks,
  low_step_kiloclocks,
  low_share,
  middle_kiloclocks,
  middle_step_kiloclocks,
  middle_share,
  bulk_kiloclocks,
  bulk_step_kiloclocks,
  bulk_share,
  copy_share,
  switch_kiloclocks,
  switch_share
};
constexpr std::array<ModelParameter, 12> parameters{{
    {"launch_kiloclocks", 7, 1, 60, "kernel start"},
    {"low_step_kiloclocks", 1.5, 0.1, 20, "one ring step, LL"},
    {"low_share", 0.05, 0.002, 1, "of the nominal link bandwidth, LL"},
    {"middle_kiloclocks", 4, 0.02, 100, "more start, LL128"},
    {"middle_step_kiloclocks", 2, 0.1, 40, "one ring step, LL128"},
    {"middle_share", 0.3, 0.01, 1, "of the nominal link bandwidth, LL128"},
    {"bulk_kiloclocks", 20, 0.2, 200, "more start, Simple"},
    {"bulk_step_kiloclocks", 4, 0.1, 60, "one ring step, Simple"},
    {"bulk_share", 0.75, 0.1, 1, "of the nominal link bandwidth, Simple"},
    {"copy_share", 0.5, 0.02, 4, "of the nominal HBM bandwidth, copying the own part"},
    {"switch_kiloclocks", 40, 2, 200, "more start, NVLS"},
    {"switch_share", 0.6, 0.05, 1, "of the nominal link bandwidth, NVLS"},
}};

bool is_all_reduce(const ModelContext& context) { return context.variant == "all_reduce"; }
bool is_all_to_all(const ModelContext& context) { return context.variant == "alltoall"; }

double bytes_of(const KernelSizes& s) { return s[elements] * (s[dtype] == 0 ? 2 : 1); }

// Bytes that each GPU must send: nccl-tests' PERFORMANCE.md.
double wire_bytes(const ModelContext& context, const KernelSizes& s) {
  const double passes = is_all_reduce(context) ? 2 : 1;
  return passes * bytes_of(s) * (s[gpus] - 1) / s[gpus];
}

double time(const ModelContext& context, std::span<const double> p, const KernelSizes& s) {
  const double link = context.gpu->nvlink_bandwidth.value;
  // Flags are polled and blocks synchronised in clocks of the SMs.
  const double kiloclock = 1e3 / (context.gpu->boost_mhz * 1e6);
  const double wire = wire_bytes(context, s) / link;
  // Point-to-point exchanges run side by side; a ring passes everything on.
  const double steps =
      is_all_to_all(context) ? 1 : (s[gpus] - 1) * (is_all_reduce(context) ? 2 : 1);
  const double own = is_all_reduce(context) ? 0 : bytes_of(s) / s[gpus];
  const double copy = own / (context.gpu->hbm_bandwidth.value * p[copy_share]);
  const double low = steps * p[low_step_kiloclocks] * kiloclock + wire / p[low_share];
  const double middle = (p[middle_kiloclocks] + steps * p[middle_step_kiloclocks]) * kiloclock +
                        wire / p[middle_share] + copy;
  const double bulk = (p[bulk_kiloclocks] + steps * p[bulk_step_kiloclocks]) * kiloclock +
                      wire / p[bulk_share] + copy;
  double best = std::min({low, middle, bulk});
  // NCCL turns the switch's reduction on from five GPUs of the Hopper generation.
  if (is_all_reduce(context) && s[gpus] > 4 && context.gpu->fp8_peak.value > 0) {
    best = std::min(best, p[switch_kiloclocks] * kiloclock + wire / 2 / p[switch_share]);
  }
  return p[launch_kiloclocks] * kiloclock + best;
}

LeastWork least(const ModelContext& context, const KernelSizes& s) {
  const bool in_switch = is_all_reduce(context) && s[gpus] > 4;
  return {0, context.gpu->bf16_peak.value, wire_bytes(context, s) / (in_switch ? 2 : 1),
          context.gpu->nvlink_bandwidth.value};
}

bool held_back(const KernelSizes& s) { return octave_holds_back(bytes_of(s)); }

std::string_view size_class(const KernelSizes& s) {
  if (bytes_of(s) < 65536) return "below 64 KiB";
  if (bytes_of(s) < 8388608) return "64 KiB to 8 MiB";
  return "from 8 MiB";
}

bool is_promised(const KernelSizes& s) { return bytes_of(s) >= 65536; }

}  // namespace

const FamilyModel& collective_family() {
  static const FamilyModel family{ModelFamily::collective,
                                  "op",
                                  "latency_us",
                                  sizes,
                                  parameters,
                                  held_back,
                                  time,
                                  least,
                                  size_class,
                                  is_promised};
  return family;
}

}  // namespace reckon

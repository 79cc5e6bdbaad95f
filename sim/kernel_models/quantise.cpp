// Casting activations to FP8: m rows of k elements, BF16 in, FP8 out. A memory-bound kernel whose
// operands stay in the L2 cache of a benchmark loop as long as they fit.
#include <algorithm>
#include <array>

#include "sim/kernel_models/families.hpp"

namespace reckon {
namespace {

enum Size : std::size_t { m, k };
constexpr std::array<SizeColumn, 2> sizes{{{"m"}, {"k"}}};

enum Parameter : std::size_t {
  launch_us,
  row_ns,
  cached_share,
  memory_share,
  cached_megabytes,
  fading
};
constexpr std::array<ModelParameter, 6> parameters{{
    {"launch_us", 3, 0.3, 20, "start and end of the kernel"},
    {"row_ns", 0.5, 1e-3, 1000, "work of one row whatever its length, all SMs together"},
    {"cached_share", 1.5, 0.05, 4, "bytes/s out of the L2 cache / nominal HBM bandwidth"},
    {"memory_share", 0.7, 0.05, 1, "bytes/s out of HBM / nominal HBM bandwidth"},
    {"cached_megabytes", 35, 4, 200, "working set up to which all of it comes from the L2 cache"},
    {"fading", 1.4, 1.01, 5, "working set from which nothing does / cached_megabytes"},
}};

constexpr double bytes_per_element = 3;  // BF16 read, FP8 written

double time(const ModelContext& context, std::span<const double> p, const KernelSizes& s) {
  const double bytes = s[m] * s[k] * bytes_per_element;
  const double hbm = context.gpu->hbm_bandwidth.value;
  const double cache = p[cached_megabytes] * 1e6;
  const double cold = std::clamp((bytes - cache) / (cache * (p[fading] - 1)), 0.0, 1.0);
  const double per_byte = (1 - cold) / p[cached_share] + cold / p[memory_share];
  return (p[launch_us] + s[m] * p[row_ns] * 1e-3) * 1e-6 + bytes * per_byte / hbm;
}

LeastWork least(const ModelContext& context, const KernelSizes& s) {
  return {0, context.gpu->bf16_peak.value, s[m] * s[k] * bytes_per_element,
          context.gpu->hbm_bandwidth.value};
}

std::string_view size_class(const KernelSizes& s) {
  const double bytes = s[m] * s[k] * bytes_per_element;
  if (bytes < 1e6) return "below 1 MB";
  if (bytes < 32e6) return "1 to 32 MB";
  return "above 32 MB";
}

bool held_back(const KernelSizes& s) { return hash_holds_back({s[k]}); }

bool is_promised(const KernelSizes&) { return true; }

}  // namespace

const FamilyModel& quantise_family() {
  static const FamilyModel family{ModelFamily::quantise,
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

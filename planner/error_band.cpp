#include "planner/error_band.hpp"

#include <algorithm>

namespace reckon {
namespace {

// The entry of a name or of a release; null if there is none.
const SoftwareSpec* entry_of(const SoftwareTable& table, const std::string& name) {
  const auto found = std::find_if(
      table.software.begin(), table.software.end(),
      [&](const SoftwareSpec& entry) { return entry.name == name || release_of(entry) == name; });
  return name.empty() || found == table.software.end() ? nullptr : &*found;
}

}  // namespace

std::optional<StepBand> error_band(const Inputs& in, Seconds step, const SoftwareTable& software,
                                   const ResidualTable& residuals) {
  const SoftwareSpec* const entry = entry_of(software, in.plan.software);
  StepBand band;
  band.expected = entry != nullptr ? step * entry->step_time_factor : step;
  const RunTraits traits{entry != nullptr ? entry->family : "",
                         in.model.moe ? "moe" : "dense",
                         generation_of(in.device.name),
                         precision_class(std::string(enum_name(in.plan.precision.linear))),
                         gpus(in.cluster),
                         band.expected};
  const ErrorBand factors = band_near(traits, residuals.residuals, "");
  if (factors.runs == 0) return std::nullopt;
  band.low = band.expected * factors.low;
  band.high = band.expected * factors.high;
  band.runs = factors.runs;
  band.source = factors.source;
  return band;
}

}  // namespace reckon

#include <fmt/format.h>

#include "reports/csv.hpp"
#include "reports/sweep.hpp"

namespace reckon {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string text;
  for (const std::string& one : texts) text += (text.empty() ? "" : "; ") + one;
  return text;
}

// A point that was not predicted has no figures: their fields stay empty.
std::string line_of(const SweepPoint& point, std::string_view name) {
  std::string line(name);
  for (const SweepSetting& setting : point.settings) line += "," + csv_field(setting.value);
  line += fmt::format(",{},{},", enum_name(point.state), point.gpus);
  if (const auto& f = point.figures) {
    line +=
        fmt::format("{},{},{},{},{},", f->step.value, f->mfu_causal, f->tokens_per_second_per_gpu,
                    f->exposed_communication.value, f->bubble.value);
  } else {
    line += ",,,,,";
  }
  line += point.peak_memory.value > 0
              ? fmt::format("{},{},", point.peak_memory.value, point.memory_limit.value)
              : ",,";
  if (const auto& f = point.figures) {
    line += fmt::format("{},{},{},", f->gpu_hours_per_trillion_tokens,
                        f->usd_per_trillion_tokens.value, f->relative_change);
  } else {
    line += ",,,";
  }
  return line + csv_field(joined(point.followed)) + "," + csv_field(joined(point.reasons)) + "\r\n";
}

}  // namespace

std::string sweep_csv(const Sweep& sweep) {
  std::string text = "point";
  for (const SweepAxis& axis : sweep.axes) text += "," + csv_field(axis.key);
  text +=
      ",state,gpus,step_s,mfu_causal,tokens_per_s_per_gpu,exposed_communication_s,bubble_s,"
      "peak_memory_bytes,memory_limit_bytes,gpu_hours_per_trillion_tokens,"
      "usd_per_trillion_tokens,relative_change,followed,reasons\r\n";
  text += line_of(sweep.unmodified, "plan");
  for (std::size_t index = 0; index < sweep.points.size(); ++index) {
    text += line_of(sweep.points[index], std::to_string(index));
  }
  return text;
}

}  // namespace reckon

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/numbers.hpp"
#include "reports/plan_search_report.hpp"

namespace reckon {
namespace {

constexpr double width = 720, height = 420;
constexpr double left = 70, right = 24, top = 46, bottom = 44;

// Values of one axis and where they lie.
struct Scale {
  double low = 0, high = 1;
  double from = 0, to = 1;  // pixels
  double at(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

Scale scale_of(const std::vector<double>& values, double from, double to) {
  Scale scale{values.front(), values.front(), from, to};
  for (const double value : values) {
    scale.low = std::min(scale.low, value);
    scale.high = std::max(scale.high, value);
  }
  const double room = scale.high > scale.low ? 0.05 * (scale.high - scale.low) : 1;
  scale.low -= room;
  scale.high += room;
  return scale;
}

// Round numbers between the ends of a scale, some five of them.
std::vector<double> ticks_of(const Scale& scale) {
  const double raw = (scale.high - scale.low) / 5;
  const double decade = std::pow(10, std::floor(std::log10(raw)));
  const double step = decade * (raw / decade > 5   ? 10
                                : raw / decade > 2 ? 5
                                : raw / decade > 1 ? 2
                                                   : 1);
  std::vector<double> ticks;
  for (double tick = std::ceil(scale.low / step) * step; tick <= scale.high; tick += step) {
    ticks.push_back(tick + 0.0);  // no negative zero
  }
  return ticks;
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char letter : text) {
    if (letter == '<') {
      safe += "&lt;";
    } else if (letter == '&') {
      safe += "&amp;";
    } else {
      safe += letter;
    }
  }
  return safe;
}

std::string title_of(const FoundPlan& plan) {
  std::string text = fmt::format("{:.2f} days, {}, {} GiB free, {} GPUs:", plan.run.value / 86400,
                                 usd_text(plan.usd), plan.headroom_gib, plan.gpus);
  for (const auto& [axis, value] : plan.choice) text += " " + axis + "=" + value;
  return text;
}

void add_axes(const Scale& x, const Scale& y, std::string& svg) {
  for (const double tick : ticks_of(x)) {
    svg += fmt::format(
        R"(<line class="grid" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.1f}" y2="{2:.1f}"/><text class="tick" x="{0:.1f}" y="{3:.1f}">{4:g}</text>)"
        "\n",
        x.at(tick), top, height - bottom, height - bottom + 16, tick);
  }
  for (const double tick : ticks_of(y)) {
    svg += fmt::format(
        R"(<line class="grid" x1="{0:.1f}" x2="{1:.1f}" y1="{2:.1f}" y2="{2:.1f}"/><text class="side" x="{3:.1f}" y="{4:.1f}">{5:g}</text>)"
        "\n",
        left, width - right, y.at(tick), left - 6, y.at(tick) + 4, tick);
  }
}

}  // namespace

// Days to the right, GiB free upwards; the area of a dot goes with the dollars.
std::string plan_search_svg(const PlanSearchReport& report) {
  std::string svg = fmt::format(
      R"svg(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" font-family="sans-serif" font-size="11">
<style>.grid{{stroke:#d4d4d8;stroke-width:.5}}.tick{{text-anchor:middle;fill:#52525b}}.side{{text-anchor:end;fill:#52525b}}.dot{{fill:#2563eb;fill-opacity:.6;stroke:#1e3a8a}}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="{2:.0f}" y="22" font-size="14" font-weight="bold">{3} on {4}: {5}front of days, dollars (area) and free memory</text>
<text x="{6:.0f}" y="{7:.0f}" text-anchor="middle">days of the run</text>
<text x="16" y="{8:.0f}" text-anchor="middle" transform="rotate(-90 16 {8:.0f})">GiB free on the fullest GPU</text>
)svg",
      width, height, left, escaped(report.model), escaped(report.cluster),
      report.complete ? "" : "partial ", (left + width - right) / 2, height - 10,
      (top + height - bottom) / 2);
  if (report.front.empty()) return svg + "</svg>\n";
  std::vector<double> days, room;
  double most_usd = 0;
  for (const FoundPlan& plan : report.front) {
    days.push_back(plan.run.value / 86400);
    room.push_back(plan.headroom_gib);
    most_usd = std::max(most_usd, plan.usd.value);
  }
  const Scale x = scale_of(days, left, width - right);
  const Scale y = scale_of(room, height - bottom, top);
  add_axes(x, y, svg);
  for (std::size_t i = 0; i < report.front.size(); ++i) {
    const double share = most_usd > 0 ? report.front[i].usd.value / most_usd : 1;
    svg += fmt::format(
        R"(<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="{:.2f}"><title>{}</title></circle>)"
        "\n",
        x.at(days[i]), y.at(room[i]), 8 * std::sqrt(share), escaped(title_of(report.front[i])));
  }
  return svg + "</svg>\n";
}

}  // namespace reckon

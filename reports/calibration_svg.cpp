#include "reports/calibration_svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "reports/numbers.hpp"
#include "reports/xml_text.hpp"

namespace reckon {
namespace {

// One panel, in pixels; the picture is a grid of them.
constexpr double panel_width = 340;
constexpr double panel_height = 236;
constexpr double left = 46, right = 26, top = 46, bottom = 34;
constexpr int columns = 3;
constexpr std::size_t most_drawn = 2000;  // of a panel, evenly chosen: more only make ink
constexpr double widest_ratio = 2;        // points beyond lie on the edge

using Key = std::pair<ModelFamily, std::string>;
using Points = std::vector<const CalibrationPoint*>;

struct Scale {
  double low = 0, high = 1;  // decades of microseconds
  double x(Seconds time) const {
    const double share = (std::log10(time.value * 1e6) - low) / (high - low);
    return left + share * (panel_width - left - right);
  }
};

double y_of(double ratio) {
  const double share = std::clamp(std::log(ratio) / std::log(widest_ratio), -1.0, 1.0);
  return top + (1 - share) / 2 * (panel_height - top - bottom);
}

void thin(Points& points) {
  const std::size_t every = 1 + points.size() / most_drawn;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < points.size(); i += every) points[kept++] = points[i];
  points.resize(kept);
}

Scale scale_of(const Points& points) {
  Scale scale{1e9, -1e9};
  for (const CalibrationPoint* point : points) {
    const double decade = std::log10(point->measured.value * 1e6);
    scale.low = std::min(scale.low, std::floor(decade));
    scale.high = std::max(scale.high, std::ceil(decade));
  }
  if (scale.high <= scale.low) scale.high = scale.low + 1;
  return scale;
}

std::string decade_text(int decade) {
  if (decade >= 6) return fmt::format("{:g} s", std::pow(10, decade - 6));
  if (decade >= 3) return fmt::format("{:g} ms", std::pow(10, decade - 3));
  return fmt::format("{:g} µs", std::pow(10, decade));
}

void add_axes(const Scale& scale, std::string& svg) {
  for (const double band : {0.25, 0.10}) {
    svg += fmt::format(
        R"(<rect class="band" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>)"
        "\n",
        left, y_of(1 + band), panel_width - left - right, y_of(1 - band) - y_of(1 + band));
  }
  for (int decade = static_cast<int>(scale.low); decade <= static_cast<int>(scale.high); ++decade) {
    const double x = scale.x({std::pow(10, decade) * 1e-6});
    svg += fmt::format(R"(<text class="tick" x="{:.1f}" y="{:.1f}">{}</text>)"
                       "\n",
                       x, panel_height - bottom + 16, decade_text(decade));
  }
  for (const double ratio : {0.5, 0.75, 1.0, 1.25, 2.0}) {
    svg += fmt::format(R"(<line class="{}" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>)"
                       R"(<text class="side" x="{:.1f}" y="{:.1f}">{:g}</text>)"
                       "\n",
                       ratio == 1.0 ? "one" : "grid", left, panel_width - right, y_of(ratio),
                       y_of(ratio), left - 6, y_of(ratio) + 4, ratio);
  }
}

void add_points(const Points& points, const Scale& scale, bool held_back, std::string& svg) {
  svg += fmt::format(R"(<path class="{}" d=")", held_back ? "held" : "fitted");
  for (const CalibrationPoint* point : points) {
    if (point->held_back != held_back) continue;
    svg += fmt::format("M{:.1f} {:.1f}h0", scale.x(point->measured),
                       y_of(point->predicted / point->measured));
  }
  svg += "\"/>\n";
}

std::string panel_title(const Key& key) {
  return std::string(enum_name(key.first)) + (key.second.empty() ? "" : " ") + key.second;
}

std::string panel_remark(const Key& key, const CalibrationCheck& check) {
  std::string text;
  for (const CalibrationGroup& group : check.groups) {
    if (group.family != key.first || group.variant != key.second || !group.size_class.empty()) {
      continue;
    }
    if (group.held_back.rows > 0) {
      text += fmt::format("held back: median {}, p90 {}", percent(group.held_back.median, 1),
                          percent(group.held_back.p90, 1));
    }
  }
  return text;
}

}  // namespace

std::string calibration_svg(const CalibrationCheck& check) {
  std::map<Key, Points> panels;
  for (const CalibrationPoint& point : check.points) {
    panels[{point.family, point.variant}].push_back(&point);
  }
  for (auto& [key, points] : panels) thin(points);
  const auto count = static_cast<int>(panels.size());
  const int across = std::clamp(count, 1, columns);
  const int rows = std::max(1, (count + columns - 1) / columns);
  std::string svg = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" font-family="sans-serif" font-size="11">
<style>.band{{fill:#2563eb;opacity:.07}}.grid{{stroke:#d4d4d8;stroke-width:.5}}.one{{stroke:#52525b}}.tick{{text-anchor:middle;fill:#52525b}}.side{{text-anchor:end;fill:#52525b}}.title{{font-weight:bold;fill:#18181b}}path{{fill:none;stroke-linecap:round;stroke-width:2.4}}.held{{stroke:#2563eb;opacity:.55}}.fitted{{stroke:#a1a1aa;opacity:.45}}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text class="title" x="12" y="20" font-size="14">{2}: predicted / measured over measured time; blue: held back, grey: fitted; shaded: 10 and 25 %</text>
)",
      across * panel_width, rows * panel_height + 34, xml_text(check.device));
  int index = 0;
  for (const auto& [key, points] : panels) {
    const int row = index / columns;
    svg += fmt::format("<g transform=\"translate({:.0f} {:.0f})\">\n",
                       (index % columns) * panel_width, row * panel_height + 34);
    svg += fmt::format(
        R"(<text class="title" x="{0:.0f}" y="22">{1}</text><text x="{0:.0f}" y="37" fill="#52525b">{2}</text>)"
        "\n",
        left, xml_text(panel_title(key)), xml_text(panel_remark(key, check)));
    const Scale scale = scale_of(points);
    add_axes(scale, svg);
    add_points(points, scale, false, svg);
    add_points(points, scale, true, svg);
    svg += "</g>\n";
    ++index;
  }
  return svg + "</svg>\n";
}

}  // namespace reckon

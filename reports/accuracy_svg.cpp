#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "reports/accuracy.hpp"
#include "reports/numbers.hpp"
#include "reports/xml_text.hpp"

namespace reckon {
namespace {

constexpr double width = 820, height = 620;
constexpr double left = 70, right = 190, top = 56, bottom = 52;

// Decades of seconds on both axes.
struct Scale {
  double low = 0, high = 1;
  double share(Seconds time) const { return (std::log10(time.value) - low) / (high - low); }
  double x(Seconds time) const { return left + share(time) * (width - left - right); }
  double y(Seconds time) const { return height - bottom - share(time) * (height - top - bottom); }
};

Scale scale_of(const Accuracy& accuracy) {
  Scale scale{1e9, -1e9};
  for (const RunCheck& run : accuracy.runs) {
    for (const Seconds time : {run.measured, run.predicted}) {
      if (time.value <= 0) continue;
      scale.low = std::min(scale.low, std::floor(std::log10(time.value)));
      scale.high = std::max(scale.high, std::ceil(std::log10(time.value)));
    }
  }
  if (scale.high <= scale.low) return {0, 1};
  return scale;
}

std::string decade_text(int decade) {
  return decade < 0 ? fmt::format("{:g} ms", std::pow(10, decade + 3))
                    : fmt::format("{:g} s", std::pow(10, decade));
}

void add_axes(const Scale& scale, std::string& svg) {
  for (int decade = static_cast<int>(scale.low); decade <= static_cast<int>(scale.high); ++decade) {
    const Seconds time{std::pow(10, decade)};
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" "
        "y2=\"{2:.1f}\"/>\n<text x=\"{0:.1f}\" y=\"{3:.1f}\" "
        "text-anchor=\"middle\">{4}</text>\n",
        scale.x(time), top, height - bottom, height - bottom + 18, decade_text(decade));
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" "
        "y2=\"{:.1f}\"/>\n<text x=\"{:.1f}\" y=\"{:.1f}\" "
        "text-anchor=\"end\">{}</text>\n",
        left, width - right, scale.y(time), scale.y(time), left - 8, scale.y(time) + 4,
        decade_text(decade));
  }
  svg += fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">measured step</text>\n"
      "<text transform=\"translate(16 {:.1f}) rotate(-90)\" "
      "text-anchor=\"middle\">predicted step</text>\n",
      (left + width - right) / 2, height - 12, (top + height - bottom) / 2);
}

// Where predictions are right, and 20 % off to either side.
void add_diagonals(const Scale& scale, std::string& svg) {
  const Seconds low{std::pow(10, scale.low)};
  const Seconds high{std::pow(10, scale.high)};
  const auto line = [&](double ratio, const char* name) {
    const Seconds first = ratio < 1 ? low / ratio : low;
    const Seconds last = ratio > 1 ? high / ratio : high;
    svg += fmt::format(
        "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" "
        "y2=\"{:.1f}\"/>\n",
        name, scale.x(first), scale.y(first * ratio), scale.x(last), scale.y(last * ratio));
  };
  line(1 / 1.2, "off");
  line(1.2, "off");
  line(1, "even");
}

constexpr std::array<const char*, 8> colours{"#0b6e99", "#d9480f", "#2b8a3e", "#862e9c",
                                             "#c92a2a", "#5f3dc4", "#e67700", "#495057"};

void add_points(const Accuracy& accuracy, const Scale& scale, std::string& svg) {
  std::map<std::string, std::size_t> index;  // the families with most runs have colours
  for (std::size_t i = 0; i < accuracy.families.size(); ++i) {
    index[accuracy.families[i].name] = std::min(i, colours.size() - 1);
  }
  for (const RunCheck& run : accuracy.runs) {
    if (run.predicted.value <= 0) continue;
    svg += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"><title>{}: measured "
        "{:.3g} s, predicted {:.3g} s ({})</title></circle>\n",
        scale.x(run.measured), scale.y(run.predicted), colours[index[run.family]], xml_text(run.id),
        run.measured.value, run.predicted.value, signed_percent(run.predicted / run.measured - 1));
  }
  const std::size_t shown = std::min(accuracy.families.size(), colours.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const AccuracySummary& family = accuracy.families[i];
    const bool rest = i + 1 == colours.size() && accuracy.families.size() > colours.size();
    const double y = top + 10 + 20 * static_cast<double>(i);
    svg += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"/>\n<text "
        "x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
        width - right + 16, y, colours[i], width - right + 26, y + 4,
        rest ? std::string("others") : fmt::format("{} ({})", xml_text(family.name), family.rows));
  }
}

}  // namespace

std::string accuracy_svg(const Accuracy& accuracy) {
  const Scale scale = scale_of(accuracy);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" role=\"img\" aria-label=\"Predicted against measured step times\">\n"
      "<style>text{{font:12px sans-serif;fill:#343a40}}.title{{font-size:16px;font-weight:600}}"
      ".grid{{stroke:#e9ecef}}.even{{stroke:#343a40;stroke-width:1.2}}"
      ".off{{stroke:#adb5bd;stroke-dasharray:4 3}}circle{{fill-opacity:.7}}</style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
      "<text class=\"title\" x=\"{2}\" y=\"24\">Predicted against measured step</text>\n"
      "<text x=\"{2}\" y=\"42\">{3} published runs; median error {4}, p90 {5}; dashed: 20 % "
      "off</text>\n",
      width, height, left, accuracy.all.rows, percent(accuracy.all.median, 1),
      percent(accuracy.all.p90, 1));
  add_axes(scale, svg);
  add_diagonals(scale, svg);
  add_points(accuracy, scale, svg);
  return svg + "</svg>\n";
}

}  // namespace reckon

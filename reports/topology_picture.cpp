#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "reports/topology_report.hpp"

namespace reckon {
namespace {

// Pixels.
constexpr double width = 1400, margin = 24, left = 90, head = 64;
constexpr double beside = 80;  // room for labels around a circle
constexpr double below = 56;   // room for turned labels under the lowest layer or the circle
constexpr double above = 36;   // and over the circle
constexpr double level_height = 190, flat_height = 900;
constexpr double most_box_width = 96, box_height = 34;
constexpr std::size_t most_labels_outside = 64;
constexpr double letter_width = 6.4, small_letter_width = 4.9;  // on average

constexpr std::string_view plain_fill = "#e4e4e7", plain_stroke = "#52525b";
constexpr std::string_view failed_fill = "#fecaca", failed_stroke = "#dc2626";

// Plane after plane: dark for strokes, light to fill.
struct PlaneColour {
  std::string_view stroke, fill;
};
constexpr std::array<PlaneColour, 8> plane_colours{{{"#2563eb", "#dbeafe"},
                                                    {"#16a34a", "#dcfce7"},
                                                    {"#d97706", "#fef3c7"},
                                                    {"#9333ea", "#f3e8ff"},
                                                    {"#0891b2", "#cffafe"},
                                                    {"#be185d", "#fce7f3"},
                                                    {"#4d7c0f", "#ecfccb"},
                                                    {"#334155", "#e2e8f0"}}};

PlaneColour colour_of(int plane) {
  if (plane < 0) return {plain_stroke, plain_fill};
  return plane_colours[static_cast<std::size_t>(plane) % plane_colours.size()];
}

// The last letters of Unicode's first plane, U+FFFE and U+FFFF, are no XML.
bool is_no_letter(std::string_view text) {
  return text.starts_with("\xEF\xBF\xBE") || text.starts_with("\xEF\xBF\xBF");
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char letter = text[at];
    if (is_no_letter(text.substr(at))) {
      safe += '?';
      at += 2;
      continue;
    }
    switch (letter) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:  // control characters are no XML
        safe += static_cast<unsigned char>(letter) < 0x20 ? '?' : letter;
    }
  }
  return safe;
}

const DrawnBox& box_at(const TopologyDrawing& drawing, int index) {
  return drawing.boxes[static_cast<std::size_t>(index)];
}

// A line has the colour of the plane that one of its ends is on.
int plane_of(const TopologyDrawing& drawing, const DrawnLine& line) {
  return std::max(box_at(drawing, line.from).plane, box_at(drawing, line.to).plane);
}

double thickness_of(const DrawnLine& line) {
  return std::clamp(0.6 + 0.35 * std::log2(static_cast<double>(line.wires)), 0.6, 3.5);
}

// What is in every box, if that is the same and boxes without layers have no room to say it.
std::string shared_remark(const TopologyDrawing& drawing) {
  if (!drawing.levels.empty() || drawing.boxes.empty()) return {};
  const std::string& first = drawing.boxes.front().remark;
  const bool same = std::all_of(drawing.boxes.begin(), drawing.boxes.end(),
                                [&first](const DrawnBox& box) { return box.remark == first; });
  return same && !first.empty() ? "; in each box " + first : std::string();
}

std::string tooltip(const DrawnBox& box) {
  std::string text = box.label;
  if (!box.remark.empty()) text += ": " + box.remark;
  if (box.failed > 0) text += fmt::format(", {} failed", box.failed);
  const auto number = [](std::int64_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
  };
  std::string inside;
  if (box.nvswitches_failed > 0) {
    inside = number(box.nvswitches_failed, "NVSwitch", "NVSwitches");
  }
  if (box.wires_failed > 0) {
    inside += (inside.empty() ? "" : " and ") + number(box.wires_failed, "wire", "wires");
  }
  if (!inside.empty()) text += ", " + inside + " failed inside";
  return text;
}

bool has_failures(const DrawnBox& box) {
  return box.failed > 0 || box.wires_failed > 0 || box.nvswitches_failed > 0;
}

class Svg {
 public:
  explicit Svg(const TopologyDrawing& drawing) : drawing_(drawing) {
    const bool flat = drawing.levels.empty();
    top_ = head + (flat ? above : 0);
    height_ = top_ + margin + below +
              (flat ? flat_height : level_height * static_cast<double>(drawing.levels.size()));
    if (flat) {
      // Neighbours on the circle or in the grid must not touch.
      double nearest = width;
      for (std::size_t at = 1; at < drawing.boxes.size(); ++at) {
        const double dx = x(drawing.boxes[at]) - x(drawing.boxes[at - 1]);
        const double dy = y(drawing.boxes[at]) - y(drawing.boxes[at - 1]);
        nearest = std::min(nearest, std::hypot(dx, dy));
      }
      box_widths_ = {std::clamp(0.8 * nearest, 8.0, most_box_width)};
      return;
    }
    std::vector<int> boxes(drawing.levels.size(), 0);
    for (const DrawnBox& box : drawing.boxes) ++boxes[static_cast<std::size_t>(box.level)];
    for (const int in_level : boxes) {
      box_widths_.push_back(
          std::min(most_box_width, 0.8 * (width - left - margin) / std::max(1, in_level)));
    }
  }

  std::string text() {
    svg_ = fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" font-family="sans-serif" font-size="11">
<style>text{{fill:#18181b}}.title{{font-size:17px;font-weight:bold}}.remark,.small{{fill:#52525b}}.level{{font-size:13px;font-weight:bold;fill:#52525b}}.box text{{text-anchor:middle}}.small{{font-size:9px}}.turned{{paint-order:stroke;stroke:#fff;stroke-width:3px}}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text class="title" x="{2:.0f}" y="28">{3}</text><text class="remark" x="{2:.0f}" y="46">{4}</text>
)",
        width, height_, margin, escaped(drawing_.title),
        escaped(drawing_.remark + shared_remark(drawing_)));
    add_legend();
    for (std::size_t level = 0; level < drawing_.levels.size(); ++level) {
      const double share =
          (static_cast<double>(level) + 0.5) / static_cast<double>(drawing_.levels.size());
      svg_ += fmt::format(R"(<text class="level" x="{:.0f}" y="{:.1f}">{}</text>)"
                          "\n",
                          margin, y_of(share) + 4, escaped(drawing_.levels[level]));
    }
    for (const bool failed : {false, true}) {
      for (const DrawnLine& line : drawing_.lines) {
        if ((line.failed > 0) == failed) add_line(line);
      }
    }
    for (const DrawnBox& box : drawing_.boxes) add_box(box);
    return std::move(svg_) + "</svg>\n";
  }

 private:
  double x(const DrawnBox& box) const {
    if (drawing_.levels.empty()) return margin + beside + box.x * (width - 2 * (margin + beside));
    return left + box.x * (width - left - margin);
  }
  double y_of(double share) const {
    return height_ - margin - below - share * (height_ - top_ - margin - below);
  }
  double y(const DrawnBox& box) const { return y_of(box.y); }

  void add_legend() {
    double at = width - margin;
    const auto add = [&](const std::string& name, std::string_view fill, std::string_view stroke) {
      at -= 16 + 6.5 * static_cast<double>(name.size()) + 12;
      svg_ += fmt::format(
          R"(<rect x="{:.0f}" y="18" width="12" height="12" fill="{}" stroke="{}"/><text x="{:.0f}" y="28">{}</text>)"
          "\n",
          at, fill, stroke, at + 16, name);
    };
    bool any = false;
    for (const DrawnLine& line : drawing_.lines) any = any || line.failed > 0;
    for (const DrawnBox& box : drawing_.boxes) any = any || has_failures(box);
    if (any) add("failed", failed_fill, failed_stroke);
    if (drawing_.planes <= 1 || drawing_.planes > 16) return;
    for (int plane = drawing_.planes - 1; plane >= 0; --plane) {
      add(fmt::format("plane {}", plane), colour_of(plane).fill, colour_of(plane).stroke);
    }
  }

  // Many lines are drawn faint, or nothing could be told apart.
  void add_line(const DrawnLine& line) {
    const DrawnBox& a = box_at(drawing_, line.from);
    const DrawnBox& b = box_at(drawing_, line.to);
    const bool failed = line.failed > 0;
    const bool all = line.failed == line.wires;
    const double thickness = std::max(failed ? 1.6 : 0, thickness_of(line));
    const double opacity =
        failed ? 0.9 : std::clamp(120.0 / static_cast<double>(drawing_.lines.size()), 0.1, 0.7);
    const double x1 = x(a), y1 = y(a), x2 = x(b), y2 = y(b);
    const double mx = (x1 + x2) / 2 - line.bow * (y2 - y1);
    const double my = (y1 + y2) / 2 + line.bow * (x2 - x1);
    svg_ += fmt::format(
        R"(<path d="M{:.1f} {:.1f}Q{:.1f} {:.1f} {:.1f} {:.1f}" fill="none" stroke="{}" stroke-width="{:.2f}" opacity="{:.2f}"{}><title>{} - {}: {} wire{}{}</title></path>)"
        "\n",
        x1, y1, mx, my, x2, y2, failed ? failed_stroke : colour_of(plane_of(drawing_, line)).stroke,
        thickness, opacity, all ? R"( stroke-dasharray="5 4")" : "", escaped(a.label),
        escaped(b.label), line.wires, line.wires == 1 ? "" : "s",
        failed ? fmt::format(", {} failed", line.failed) : "");
  }

  double box_width(const DrawnBox& box) const {
    return box_widths_[static_cast<std::size_t>(box.level)];
  }

  void add_box(const DrawnBox& box) {
    const bool failed = has_failures(box);
    const double across = box_width(box);
    const PlaneColour colour = colour_of(box.plane);
    svg_ += fmt::format(
        R"svg(<g class="box" transform="translate({:.1f} {:.1f})"><title>{}</title><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="3" fill="{}" stroke="{}"{}/>)svg",
        x(box), y(box), escaped(tooltip(box)), -across / 2, -box_height / 2, across, box_height,
        box.failed == box.count ? failed_fill : colour.fill, failed ? failed_stroke : colour.stroke,
        failed ? R"( stroke-width="2")" : "");
    add_labels(box);
    svg_ += "</g>\n";
  }

  // Across where there is room; else turned and small, or without layers the label alone, if need
  // be outside of the circle.
  void add_labels(const DrawnBox& box) {
    const double room = box_width(box);
    const std::string label = escaped(box.label);
    const std::string remark = escaped(box.remark);
    const auto fits = [room](double letter, std::size_t letters) {
      return room >= letter * static_cast<double>(letters);
    };
    const std::size_t letters = std::max(box.label.size(), box.remark.size());
    if (fits(letter_width, letters)) {
      svg_ += fmt::format(R"(<text y="{}">{}</text>)", remark.empty() ? 4 : -2, label);
      if (!remark.empty()) svg_ += fmt::format(R"(<text class="remark" y="12">{}</text>)", remark);
    } else if (fits(small_letter_width, letters)) {
      svg_ +=
          fmt::format(R"(<text class="small" y="{}">{}</text>)", remark.empty() ? 3 : -2, label);
      if (!remark.empty()) svg_ += fmt::format(R"(<text class="small" y="10">{}</text>)", remark);
    } else if (!drawing_.levels.empty()) {
      // Above the box, but below those at the bottom, where no lines are.
      svg_ += fmt::format(
          R"svg(<text class="small turned" transform="rotate(-90)" y="3" style="text-anchor:{}" x="{:.0f}">{}{}{}</text>)svg",
          box.level == 0 ? "end" : "start",
          box.level == 0 ? -box_height / 2 - 4 : box_height / 2 + 4, label,
          remark.empty() ? "" : ": ", remark);
    } else if (fits(small_letter_width, box.label.size())) {
      svg_ += fmt::format(R"(<text class="small" y="3">{}</text>)", label);
    } else if (drawing_.boxes.size() <= most_labels_outside) {
      // Away from the middle.
      const double angle =
          std::atan2(y(box) - y_of(0.5), x(box) - width / 2) * 180 / std::numbers::pi;
      const bool left_side = box.x < 0.5;
      const double start = std::max(room, box_height) / 2 + 6;
      svg_ += fmt::format(
          R"svg(<text class="small turned" transform="rotate({:.1f})" y="3" x="{:.1f}" style="text-anchor:{}">{}</text>)svg",
          left_side ? angle + 180 : angle, left_side ? -start : start, left_side ? "end" : "start",
          label);
    }
  }

  const TopologyDrawing& drawing_;
  double height_ = 0;
  double top_ = 0;
  std::vector<double> box_widths_;  // of each level
  std::string svg_;
};

// A quoted string of the DOT language.
std::string quoted(std::string_view text) {
  std::string safe = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') safe += '\\';
    safe += static_cast<unsigned char>(letter) < 0x20 ? '?' : letter;
  }
  return safe + '"';
}

}  // namespace

std::string topology_svg(const TopologyDrawing& drawing) { return Svg(drawing).text(); }

std::string topology_dot(const TopologyDrawing& drawing) {
  const bool flat = drawing.levels.empty();
  std::string dot = fmt::format(
      "// {}\ngraph network {{\n  graph [label={}, labelloc=t, fontname=\"sans-serif\", {}];\n"
      "  node [shape=box, style=filled, fontname=\"sans-serif\", fontsize=10];\n",
      flat ? "neato -n -Tsvg" : "dot -Tsvg",
      quoted(drawing.title + (drawing.remark.empty() ? "" : "  " + drawing.remark)),
      flat ? "layout=neato, overlap=true" : "layout=dot, rankdir=BT, ranksep=1.5, splines=line");
  for (std::size_t at = 0; at < drawing.boxes.size(); ++at) {
    const DrawnBox& box = drawing.boxes[at];
    const PlaneColour colour = colour_of(box.plane);
    std::string label = quoted(box.label);
    if (!box.remark.empty()) {
      const std::string remark = quoted(box.remark);
      label = label.substr(0, label.size() - 1) + "\\n" + remark.substr(1);
    }
    dot += fmt::format("  b{} [label={}, tooltip={}, fillcolor={}, color={}{}];\n", at, label,
                       quoted(tooltip(box)),
                       quoted(box.failed == box.count ? failed_fill : colour.fill),
                       quoted(has_failures(box) ? failed_stroke : colour.stroke),
                       flat ? fmt::format(", pos=\"{:.2f},{:.2f}!\"", 20 * box.x, 14 * box.y) : "");
  }
  for (std::size_t level = 0; level < drawing.levels.size(); ++level) {
    dot += "  { rank=same;";
    for (std::size_t at = 0; at < drawing.boxes.size(); ++at) {
      if (drawing.boxes[at].level == static_cast<int>(level)) dot += fmt::format(" b{};", at);
    }
    dot += " }\n";
  }
  for (const DrawnLine& line : drawing.lines) {
    const std::string failed = line.failed == 0            ? ""
                               : line.failed == line.wires ? ", style=dashed"
                                                           : "";
    dot += fmt::format(
        "  b{} -- b{} [color={}, penwidth={:.2f}, tooltip=\"{} wires, {} failed\"{}];\n", line.from,
        line.to,
        quoted(line.failed > 0 ? failed_stroke : colour_of(plane_of(drawing, line)).stroke),
        thickness_of(line), line.wires, line.failed, failed);
  }
  return dot + "}\n";
}

}  // namespace reckon

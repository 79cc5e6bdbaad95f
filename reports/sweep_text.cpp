#include "reports/sweep_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reports/numbers.hpp"
#include "reports/report_sections.hpp"

namespace reckon {
namespace {

constexpr std::size_t most_reasons = 12;

// The reasons of points that cannot run, each once, with its number.
class Reasons {
 public:
  std::string mark_of(const SweepPoint& point) {
    std::string marks;
    for (const std::string& reason : point.reasons) {
      auto found = std::find(texts_.begin(), texts_.end(), reason);
      if (found == texts_.end()) found = texts_.insert(texts_.end(), reason);
      marks += fmt::format("{}{}", marks.empty() ? "[" : ",", found - texts_.begin() + 1);
    }
    return marks + "]";
  }

  void list(Page& page) const {
    if (texts_.empty()) return;
    page.line({});
    for (std::size_t index = 0; index < std::min(texts_.size(), most_reasons); ++index) {
      page.paragraph(fmt::format("[{}]", index + 1), texts_[index], Tone::yellow);
    }
    if (texts_.size() <= most_reasons) return;
    page.paragraph(
        "", fmt::format("{} more reasons; --json - has them all", texts_.size() - most_reasons),
        Tone::plain);
  }

 private:
  std::vector<std::string> texts_;
};

std::string with_arrows(std::string text, const Page& page) {
  for (std::size_t at = text.find("->"); at != std::string::npos; at = text.find("->")) {
    text.replace(at, 2, page.pick("→", "to"));
  }
  return text;
}

Cell note_of(const SweepPoint& point, Reasons& reasons, const Page& page) {
  switch (point.state) {
    case PointState::cannot_run:
      return {"cannot run " + reasons.mark_of(point), Tone::bad};
    case PointState::too_large:
      return {"too large to simulate " + reasons.mark_of(point), Tone::bad};
    case PointState::does_not_fit:
      return {"does not fit", Tone::bad};
    case PointState::not_simulated:
      return {"not simulated", Tone::yellow};
    case PointState::predicted:
      break;
  }
  std::string text = point.reasons.empty() ? "" : "does not fit";
  for (const std::string& one : point.followed) text += (text.empty() ? "" : ", ") + one;
  return {printable(with_arrows(text, page), page.style()), Tone::dim};
}

Cell memory_cell(const SweepPoint& point) {
  if (point.peak_memory.value <= 0) return {"-", Tone::dim};
  const bool fits = point.peak_memory <= point.memory_limit;
  return {fmt::format("{:.1f}", point.peak_memory.value / 1e9), fits ? Tone::plain : Tone::bad};
}

std::string dollars(Usd usd) { return "$" + with_commas(usd.value, 0); }

// The cells of one point behind its label.
std::vector<Cell> row_of(const SweepPoint& point, std::string_view label, bool is_best,
                         bool shows_gpus, Reasons& reasons, const Page& page) {
  std::vector<Cell> row{Cell(std::string(label), is_best ? Tone::good : Tone::dim)};
  for (const SweepSetting& setting : point.settings) {
    const bool is_long = setting.number && setting.value.size() > 7;
    row.emplace_back(is_long ? fmt::format("{:.6g}", *setting.number)
                             : cut(printable(setting.value, page.style()), 32, page.style()),
                     Tone::strong);
  }
  if (shows_gpus) row.emplace_back(with_commas(point.gpus, 0));
  if (point.figures) {
    const SweepFigures& f = *point.figures;
    row.emplace_back(seconds_text(f.step), is_best ? Tone::good : Tone::plain);
    row.emplace_back(fmt::format("{:.2f}", 100 * f.mfu_causal));
    row.emplace_back(with_commas(f.tokens_per_second_per_gpu, 0));
    row.emplace_back(fmt::format("{:.1f}", 100 * (f.exposed_communication / f.step)));
    row.emplace_back(fmt::format("{:.1f}", 100 * (f.bubble / f.step)));
    row.push_back(memory_cell(point));
    row.emplace_back(with_commas(f.gpu_hours_per_trillion_tokens, 0));
    row.emplace_back(dollars(f.usd_per_trillion_tokens));
    row.emplace_back(label == "plan" ? "" : fmt::format("{:+.1f}", 100 * f.relative_change));
  } else {
    for (int column = 0; column < 5; ++column) row.emplace_back("-", Tone::dim);
    row.push_back(memory_cell(point));
    for (int column = 0; column < 3; ++column) row.emplace_back("-", Tone::dim);
  }
  row.push_back(note_of(point, reasons, page));
  return row;
}

// Two lines of head: names, and units below.
void add_head(const Sweep& sweep, bool shows_gpus, Table& table) {
  std::vector<Cell> names{""};
  std::vector<Cell> units{""};
  const auto add = [&](const std::string& name, const std::string& unit) {
    names.emplace_back(name, Tone::dim);
    units.emplace_back(unit, Tone::dim);
  };
  for (const SweepAxis& axis : sweep.axes) {
    // Of a pointer the last key: the whole of it stands above the table.
    add(axis.key.substr(axis.key.rfind('/') + 1), axis.unit);
  }
  if (shows_gpus) add("GPUs", "");
  add("step", "");
  add("MFU", "%");
  add("tokens/s", "a GPU");
  add("exposed", "%");
  add("bubble", "%");
  add("memory", "GB");
  add("GPU-h", "/T tok");
  add("cost", "/T tok");
  add("change", "%");
  table.add(std::move(names));
  table.add(std::move(units));
}

bool has_other_gpus(const Sweep& sweep) {
  return std::any_of(sweep.points.begin(), sweep.points.end(),
                     [&](const SweepPoint& point) { return point.gpus != sweep.unmodified.gpus; });
}

void add_title(const Sweep& sweep, Page& page) {
  const TextStyle& style = page.style();
  page.line({{printable(sweep.model, style), Tone::strong},
             {" on "},
             {fmt::format("{} {} GPUs", with_commas(sweep.unmodified.gpus, 0),
                          printable(sweep.device, style)),
              Tone::strong},
             {fmt::format("  plan {}, cluster {}", printable(sweep.plan, style),
                          printable(sweep.cluster, style)),
              Tone::dim}},
            0);
  page.paragraph("", sweep.effects.empty() ? "the bare step" : "effects: " + sweep.effects,
                 Tone::plain);
  for (const SweepAxis& axis : sweep.axes) {
    const std::string unit = axis.unit.empty() ? "" : axis.unit + ", ";
    page.paragraph(printable(axis.key, style), unit + axis.meaning, Tone::strong);
  }
  page.line({});
}

void add_end(const Sweep& sweep, Page& page) {
  std::size_t predicted = 0;
  for (const SweepPoint& point : sweep.points) predicted += point.figures ? 1U : 0U;
  page.line({});
  if (sweep.partial) {
    page.paragraph("partial", "stopped before the end: points are missing", Tone::yellow);
  }
  if (predicted < sweep.points.size()) {
    page.paragraph("", fmt::format("{} of {} points predicted", predicted, sweep.points.size()),
                   Tone::plain);
  }
  page.paragraph(
      "",
      fmt::format("MFU: causal attention; exposed: communication inside ops that no kernel hides, "
                  "and bubble: shares of the step; memory: of the pipeline rank that needs most; "
                  "/T tok: a trillion tokens; change: of GPU-hours a token against {}",
                  sweep.is_against_plan ? "the plan" : "the first point that can run"),
      Tone::dim);
}

}  // namespace

std::string sweep_text(const Sweep& sweep, const TextStyle& style) {
  Page page(style);
  add_title(sweep, page);
  const bool shows_gpus = has_other_gpus(sweep);
  std::vector<Align> columns(sweep.axes.size() + (shows_gpus ? 1U : 0U) + 10, Align::right);
  columns.front() = Align::left;
  columns.push_back(Align::left);
  Table table(columns);
  add_head(sweep, shows_gpus, table);
  Reasons reasons;
  table.add(row_of(sweep.unmodified, "plan", false, shows_gpus, reasons, page));
  const SweepPoint* const best = best_point(sweep);
  for (const SweepPoint& point : sweep.points) {
    const bool is_best = &point == best && sweep.points.size() > 1;
    table.add(row_of(point, is_best ? "best" : "", is_best, shows_gpus, reasons, page));
  }
  page.table(table);
  reasons.list(page);
  add_end(sweep, page);
  return std::move(page).text();
}

}  // namespace reckon

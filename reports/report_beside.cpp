// The sections that set our figures beside others: published figures and named effects.
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "reports/numbers.hpp"
#include "reports/published.hpp"
#include "reports/report_sections.hpp"

namespace reckon {
namespace {

std::string value_text(const PublishedFigure& figure, double value) {
  if (figure.unit == "s" && figure.published >= 0.2) return fmt::format("{:.2f} s", value);
  if (figure.unit == "s") return seconds_text({value});
  if (figure.unit == "share") return percent(value, 2);
  if (figure.unit == "usd") return usd_text({value});
  if (figure.unit == "gpu_hours") return scaled(value);
  return fmt::format("{:.6g}", value);
}

// Within its tolerance or not; no tone where none is stated.
Cell error_cell(const PublishedFigure& figure, double predicted, double tolerance) {
  const double error = error_of(figure, predicted);
  const Tone tone = tolerance <= 0                 ? Tone::plain
                    : std::abs(error) <= tolerance ? Tone::good
                                                   : Tone::bad;
  return {figure.tolerance_is_absolute ? signed_points(error) : signed_percent(error), tone};
}

std::string tolerance_text(const PublishedFigure& figure) {
  const auto one = [](double tolerance) {
    return tolerance <= 0 ? std::string("-") : fmt::format("{:.3g}", 100 * tolerance);
  };
  if (figure.tolerance_bare <= 0 && figure.tolerance_with_effects <= 0) return {};
  std::string text = one(figure.tolerance_bare);
  if (figure.with_effects) text += " / " + one(figure.tolerance_with_effects);
  return text + (figure.tolerance_is_absolute ? " pt" : " %");
}

Cell verdict_cell(const PublishedFigure& figure, const Page& page) {
  const std::optional<bool> within = is_within_tolerance(figure);
  if (!within) return {};
  if (*within) return {page.pick("✓", "ok"), Tone::good};
  const bool bare = std::abs(error_of(figure, figure.bare)) > figure.tolerance_bare;
  const bool effects =
      figure.with_effects && figure.tolerance_with_effects > 0 &&
      std::abs(error_of(figure, *figure.with_effects)) > figure.tolerance_with_effects;
  return {page.pick("✗ ", "MISS ") + (bare && effects ? "both"
                                      : bare          ? "bare"
                                                      : "effects"),
          Tone::bad};
}

}  // namespace

void add_published(const Report& report, Page& page) {
  if (report.published.empty()) return;
  page.title("PUBLISHED BESIDE PREDICTED",
             "bare: balanced routing, no jitter, nominal clocks, free sends");
  Table table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right,
               Align::right, Align::left});
  const bool effects = has_effects(report);
  table.add({"", Cell("published", Tone::dim), Cell("bare", Tone::dim), Cell("error", Tone::dim),
             Cell(effects ? "effects" : "", Tone::dim), Cell(effects ? "error" : "", Tone::dim),
             Cell("allowed", Tone::dim)});
  int notes = 0;
  std::vector<std::string> remarks;
  for (const PublishedFigure& figure : report.published) {
    // A figure that is met needs no explanation, but for the pair: its tick must not claim too
    // much.
    const bool is_met = is_within_tolerance(figure).value_or(false) && figure.id != "chunk_pair";
    const bool is_explained = is_met || figure.remark.empty();
    if (!is_explained) remarks.push_back(figure.remark);
    std::string name = figure.name;
    if (!is_explained) name += fmt::format(" [{}]", ++notes);
    std::vector<Cell> row{std::move(name), value_text(figure, figure.published),
                          value_text(figure, figure.bare),
                          error_cell(figure, figure.bare, figure.tolerance_bare)};
    if (figure.with_effects) {
      row.emplace_back(value_text(figure, *figure.with_effects));
      row.push_back(error_cell(figure, *figure.with_effects, figure.tolerance_with_effects));
    } else {
      row.resize(6);
    }
    row.emplace_back(tolerance_text(figure));
    row.push_back(verdict_cell(figure, page));
    table.add(std::move(row));
  }
  page.table(table);
  for (std::size_t index = 0; index < remarks.size(); ++index) {
    page.paragraph(fmt::format("[{}]", index + 1), remarks[index], Tone::dim);
  }
}

void add_effects(const Report& report, Page& page) {
  if (!has_effects(report)) return;
  page.title(
      "NAMED EFFECTS",
      fmt::format("added one after another to the bare step of {}: added, share, step so far",
                  seconds_text(report.bare.step)));
  Table table({Align::left, Align::right, Align::right, Align::right, Align::left});
  const Seconds all = report.with_effects.step - report.bare.step;
  for (const EffectShare& effect : report.effects) {
    const std::string name = cut(printable(effect.name, page.style()), 32, page.style());
    if (!effect.on) {
      table.add({Cell(name, Tone::dim), Cell("off", Tone::dim)});
      continue;
    }
    table.add({name, fmt::format("{:+.3f} s", effect.added.value),
               all.value > 0 ? percent(effect.added / all, 0) : "", seconds_text(effect.step)});
  }
  std::vector<Cell> sources;
  const int room = page.style().width - 2 - table.width() - 2;
  for (const EffectShare& effect : report.effects) {
    sources.emplace_back(
        room < 16 ? std::string() : cut(printable(effect.source, page.style()), room, page.style()),
        Tone::dim);
  }
  table.add_column(Align::left, sources);
  page.table(table);
}

void add_faults(const Report& report, Page& page) {
  if (report.faults.empty()) return;
  page.title("FAULTS", "each by itself, and what it loses for each day that it lasts");
  Table table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right});
  table.add({"", Cell("step", Tone::dim), Cell("added", Tone::dim), Cell("", Tone::dim),
             Cell("GPU-hours", Tone::dim), Cell("cost", Tone::dim)});
  for (const FaultCost& fault : report.faults) {
    table.add({cut(printable(fault.name, page.style()), 40, page.style()), seconds_text(fault.step),
               fmt::format("{:+.3f} s", fault.added.value),
               signed_percent(fault.added / (fault.step - fault.added)),
               scaled(fault.lost_gpu_hours_per_day), usd_text(fault.lost_usd_per_day)});
  }
  page.table(table);
}

}  // namespace reckon

// The sections on the bill: from ideal compute to dollars, phases; and the end of the report.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "reports/cost.hpp"
#include "reports/numbers.hpp"
#include "reports/report_sections.hpp"

namespace reckon {
namespace {

// A bar from one running total to the next: whole columns, so that bars meet; a thin mark for less
// than one column, a light one where the total shrinks.
std::string floating_bar(double from, double to, int width, const TextStyle& style) {
  const auto column = [width](double share) {
    return static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width));
  };
  const int left = column(std::min(from, to));
  const int right = column(std::max(from, to));
  std::string text(static_cast<std::size_t>(left), ' ');
  if (left == right) return text.append(style.unicode ? "▏" : "|");
  const std::string_view full = style.unicode ? (to < from ? "░" : "█") : (to < from ? "-" : "#");
  for (int at = left; at < right; ++at) text += full;
  return text;
}

// Causes that this run does not have (no MoE, no ramp).
bool is_nothing(const WaterfallLine& line, const RunCost& run) {
  return std::abs(line.gpu_hours) <= 1e-9 * run.gpu_hours;
}

}  // namespace

void add_waterfall(const Report& report, Page& page) {
  if (report.waterfall.empty() || report.run.gpu_hours <= 0) return;
  page.title("FROM IDEAL COMPUTE TO THE BILL", "GPU-hours, cost and share that each line adds");
  Table table({Align::left, Align::left, Align::right, Align::right, Align::right});
  for (std::size_t index = 0; index < report.waterfall.size(); ++index) {
    const WaterfallLine& line = report.waterfall[index];
    if (is_nothing(line, report.run)) continue;
    const char* sign = index == 0 ? "" : line.gpu_hours < 0 ? "-" : "+";
    table.add({sign, cut(printable(line.name, page.style()), 36, page.style()),
               scaled(std::abs(line.gpu_hours)), usd_text({std::abs(line.usd.value)}),
               percent(line.gpu_hours / report.run.gpu_hours, 1)});
  }
  table.add({"=", Cell("whole run", Tone::strong), Cell(scaled(report.run.gpu_hours), Tone::strong),
             Cell(usd_text(report.run.usd), Tone::strong), percent(1, 1)});
  const int width = page.bar_width(table, 40) - 1;
  if (width > 0) {
    std::vector<Cell> bars;
    double before = 0;
    for (const WaterfallLine& line : report.waterfall) {
      if (is_nothing(line, report.run)) continue;
      const double after = before + line.gpu_hours / report.run.gpu_hours;
      bars.emplace_back(floating_bar(before, after, width, page.style()),
                        bars.empty() ? Tone::good : Tone::blue);
      before = after;
    }
    bars.emplace_back(floating_bar(0, 1, width, page.style()), Tone::strong);
    table.add_column(Align::left, bars);
  }
  page.table(table);
}

void add_phases(const Report& report, Page& page) {
  const RunCost& run = report.run;
  if (run.phases.empty()) return;
  page.title("RUN BY PHASE", usd_text(run.usd_per_gpu_hour) + " a GPU-hour");
  Table table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right,
               Align::left});
  table.add({"", Cell("tokens", Tone::dim), Cell("time", Tone::dim), Cell("GPU-hours", Tone::dim),
             Cell("cost", Tone::dim), Cell("published", Tone::dim), Cell("error", Tone::dim)});
  for (std::size_t index = 0; index < run.phases.size(); ++index) {
    const PhaseCost& phase = run.phases[index];
    std::vector<Cell> row{cut(printable(phase.name, page.style()), 28, page.style()),
                          phase.tokens > 0 ? scaled(phase.tokens) : std::string("-"),
                          short_days_text(phase.duration), scaled(phase.gpu_hours),
                          usd_text(phase.usd)};
    const double covered = covered_gpu_hours(run.phases, index);
    if (covered > 0) {
      const double error = covered / phase.published_gpu_hours - 1;
      const bool is_given = phase.tokens <= 0;
      const std::string covers = covered > phase.gpu_hours ? " (with above)" : "";
      row.emplace_back(scaled(phase.published_gpu_hours));
      row.emplace_back(is_given ? "given" : signed_percent(error) + covers);
    }
    table.add(std::move(row));
  }
  std::vector<Cell> all{Cell("whole run", Tone::strong), "", short_days_text(run.duration),
                        Cell(scaled(run.gpu_hours), Tone::strong),
                        Cell(usd_text(run.usd), Tone::strong)};
  if (run.published_gpu_hours > 0) {
    all.emplace_back(scaled(run.published_gpu_hours));
    all.emplace_back(signed_percent(run.gpu_hours / run.published_gpu_hours - 1));
  }
  table.add(std::move(all));
  page.table(table);
}

void add_warnings(const Report& report, Page& page) {
  if (report.warnings.empty()) return;
  page.title("WARNINGS", "");
  for (const Warning& warning : report.warnings) {
    page.paragraph(warning.code, warning.message, Tone::bad);
  }
}

void add_provenance(const Report& report, Page& page) {
  page.title("SOURCES", "");
  std::string text = fmt::format(
      "step, MFU and memory are modelled from the kernel and link figures of device profile {} "
      "(each tagged there as measured, transferred or specified) and cluster {}",
      report.device, report.cluster.name);
  for (const PhaseCost& phase : report.run.phases) {
    if (phase.provenance == Provenance::modelled) continue;
    text += fmt::format("; {} is {}: {}", phase.name, enum_name(phase.provenance), phase.note);
  }
  if (!report.run.phases.empty()) {
    text +=
        fmt::format("; the price is assumed: {}",
                    report.run.price_source.empty() ? "no source given" : report.run.price_source);
  }
  page.paragraph("", text, Tone::plain);
  page.line({{"next", Tone::strong},
             {"  --json - | --csv - | --trace step.json | --effects none | --unfold"}},
            0);
}

}  // namespace reckon

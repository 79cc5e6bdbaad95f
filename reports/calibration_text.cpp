#include "reports/calibration_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/numbers.hpp"
#include "reports/report_sections.hpp"

namespace reckon {
namespace {

constexpr std::size_t problems_shown = 10;

std::string microseconds(Seconds time) {
  const double us = time.value * 1e6;
  return us >= 1000 ? fmt::format("{:.2f} ms", us / 1000) : fmt::format("{:.1f} us", us);
}

std::vector<Cell> error_cells(const ErrorSummary& errors, Tone tone) {
  if (errors.rows == 0) return {"-", "-", "-", "-"};
  return {with_commas(errors.rows, 0), Cell(percent(errors.median, 1), tone),
          Cell(percent(errors.p90, 1), tone), signed_percent(errors.bias)};
}

std::string group_name(const CalibrationGroup& group) {
  return std::string(enum_name(group.family)) + (group.variant.empty() ? "" : " " + group.variant);
}

void add_groups(const CalibrationCheck& check, Page& page) {
  page.title("PREDICTED AGAINST MEASURED",
             "|predicted / measured - 1|; held back: families of shapes that no fit has seen");
  Table table({Align::left, Align::left, Align::right, Align::right, Align::right, Align::right,
               Align::right, Align::right});
  table.add({"", "", Cell("held back", Tone::dim), Cell("median", Tone::dim),
             Cell("p90", Tone::dim), Cell("bias", Tone::dim), Cell("fitted", Tone::dim),
             Cell("median", Tone::dim)});
  std::string last;
  for (const CalibrationGroup& group : check.groups) {
    const std::string name = group_name(group);
    const bool is_whole = group.size_class.empty();
    std::vector<Cell> row{Cell(name == last ? "" : name, Tone::strong),
                          is_whole ? Cell("all promised", Tone::strong) : Cell(group.size_class)};
    last = name;
    const Tone tone = is_whole ? Tone::strong : Tone::plain;
    for (Cell& cell : error_cells(group.held_back, tone)) row.push_back(std::move(cell));
    row.emplace_back(with_commas(group.fitted.rows, 0));
    row.emplace_back(group.fitted.rows > 0 ? percent(group.fitted.median, 1) : "-");
    table.add(std::move(row));
  }
  page.table(table);
}

void add_worst(const CalibrationCheck& check, Page& page) {
  if (check.worst.empty()) return;
  page.title("THE WORST TEN", "");
  Table table({Align::left, Align::right, Align::right, Align::right, Align::left, Align::left});
  table.add({"", Cell("measured", Tone::dim), Cell("predicted", Tone::dim),
             Cell("error", Tone::dim), "", ""});
  for (const CalibrationPoint& point : check.worst) {
    table.add(
        {std::string(enum_name(point.family)) + (point.variant.empty() ? "" : " " + point.variant),
         microseconds(point.measured), microseconds(point.predicted),
         Cell(signed_percent(point.predicted / point.measured - 1), Tone::bad), point.shape,
         Cell(point.line > 0 ? fmt::format("line {}", point.line) : point.pointer, Tone::dim)});
  }
  page.table(table);
}

void add_left_out(const CalibrationCheck& check, Page& page) {
  if (check.unmodelled.empty() && check.problems.empty()) return;
  page.title("NOT COMPARED", "");
  for (const UnmodelledRows& rows : check.unmodelled) {
    page.paragraph(
        page.pick("•", "-"),
        fmt::format("{} rows of {}{}{}: this profile has no model for them", rows.rows,
                    enum_name(rows.family), rows.variant.empty() ? "" : " ", rows.variant),
        Tone::magenta);
  }
  for (std::size_t i = 0; i < check.problems.size() && i < problems_shown; ++i) {
    page.paragraph(page.pick("•", "-"), check.problems[i].to_text(), Tone::bad);
  }
  if (check.problems.size() > problems_shown) {
    page.line({{fmt::format("... and {} more (--json lists all)",
                            check.problems.size() - problems_shown)}});
  }
}

}  // namespace

std::string calibration_text(const CalibrationCheck& check, const TextStyle& style) {
  Page page(style);
  page.line({{check.device, Tone::strong},
             {fmt::format("  {} measured kernels and collectives, {} left out",
                          with_commas(check.rows, 0), with_commas(check.rows_left_out, 0))}},
            0);
  add_groups(check, page);
  add_worst(check, page);
  add_left_out(check, page);
  return std::move(page).text();
}

}  // namespace reckon

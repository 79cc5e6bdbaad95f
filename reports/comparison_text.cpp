#include "reports/comparison_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "reports/numbers.hpp"
#include "reports/report_sections.hpp"

namespace reckon {
namespace {

constexpr std::size_t most_inputs = 40;

std::string with_sign(double value, const std::string& text) {
  return value > 0 ? "+" + text : text;
}

std::string value_text(const std::string& unit, double value) {
  if (unit == "s" && std::abs(value) >= 100000) return days_text({value});
  if (unit == "s") return seconds_text({value});
  if (unit == "share") return percent(value, 2);
  if (unit == "bytes") return fmt::format("{:.2f} GB", value / 1e9);
  if (unit == "usd") return usd_text({value});
  if (unit == "gpu_hours") return scaled(value);
  return with_commas(value, 0);
}

// Shares differ by points, all else in its own unit.
std::string difference_text(const FigureDifference& figure) {
  const double d = figure.difference;
  if (d == 0) return "=";
  if (figure.unit == "share") return signed_points(d);
  if (figure.unit == "s" && std::abs(figure.before) >= 100000) {
    return with_sign(d, with_commas(d / 86400, 1) + " days");
  }
  if (figure.unit == "usd") return (d > 0 ? "+" : "-") + usd_text({std::abs(d)});
  return with_sign(d, value_text(figure.unit, d));
}

std::string relative_text(const FigureDifference& figure) {
  if (figure.difference == 0) return {};
  return figure.relative ? signed_percent(*figure.relative) : "new";
}

void add_side(const std::string& name, const ComparedSide& side, Page& page, Table& table) {
  const TextStyle& style = page.style();
  const bool is_named = side.given == side.plan;
  table.add({Cell(name, Tone::strong), printable(side.plan, style), printable(side.model, style),
             fmt::format("{} {}", with_commas(side.gpus, 0), printable(side.device, style)),
             printable(side.cluster, style),
             Cell(is_named ? "" : cut(printable(side.given, style), 40, style), Tone::dim)});
}

void add_head(const Comparison& comparison, Page& page) {
  Table sides({Align::left, Align::left, Align::left, Align::left, Align::left, Align::left});
  add_side("A", comparison.before, page, sides);
  add_side("B", comparison.after, page, sides);
  page.table(sides);
  const Seconds before = comparison.before.step;
  const Seconds after = comparison.after.step;
  page.line({});
  const Seconds difference = after - before;
  std::vector<Run> runs{
      {"step  "},
      {seconds_text(before), Tone::strong},
      {page.pick(" → ", " -> ")},
      {seconds_text(after), Tone::strong},
      {difference.value == 0 ? "  the same"
                             : "  " + with_sign(difference.value, seconds_text(difference)),
       difference.value > 0 ? Tone::bad : Tone::good}};
  if (difference.value != 0 && before.value > 0) {
    runs.push_back({"  " + signed_percent(after / before - 1)});
  }
  page.line(std::move(runs));
}

void add_inputs(const Comparison& comparison, Page& page) {
  const TextStyle& style = page.style();
  page.title("INPUTS THAT DIFFER", comparison.has_device
                                       ? "sources left out"
                                       : "sources left out; of the device what a report says");
  if (comparison.inputs.empty()) {
    page.paragraph("", "none", Tone::plain);
    return;
  }
  Table table({Align::left, Align::left, Align::left});
  table.add({"", Cell("A", Tone::dim), Cell("B", Tone::dim)});
  const int room = std::max(12, (style.width - 60) / 2);
  const auto cell = [&](const std::string& value) {
    return value.empty() ? Cell("not there", Tone::dim)
                         : Cell(cut(printable(value, style), room, style));
  };
  const std::size_t shown = std::min(most_inputs, comparison.inputs.size());
  for (std::size_t index = 0; index < shown; ++index) {
    const InputDifference& input = comparison.inputs[index];
    table.add({printable(input.document + "#" + input.pointer, style), cell(input.before),
               cell(input.after)});
  }
  page.table(table);
  if (shown < comparison.inputs.size()) {
    page.paragraph("",
                   fmt::format("{} more; --json - has them all", comparison.inputs.size() - shown),
                   Tone::plain);
  }
}

std::string with_arrows(std::string text, const Page& page) {
  for (std::size_t at = text.find("->"); at != std::string::npos; at = text.find("->")) {
    text.replace(at, 2, page.pick("→", "to"));
  }
  return text;
}

std::vector<Cell> contribution_row(const StepContribution& part) {
  const double d = part.difference.value;
  const Tone tone = d > 0 ? Tone::bad : d < 0 ? Tone::good : Tone::dim;
  return {part.name, seconds_text(part.before), seconds_text(part.after),
          Cell(d == 0 ? "=" : with_sign(d, seconds_text(part.difference)), tone),
          d == 0 ? "" : fmt::format("{:.0f} %", 100 * part.share)};
}

void add_contributions(const Comparison& comparison, Page& page) {
  page.title("WHERE THE STEP DIFFERS", "the largest first; the lines add up to the step");
  const std::vector<Align> columns{Align::left,  Align::right, Align::right,
                                   Align::right, Align::right, Align::left};
  std::vector<std::vector<Cell>> rows{{"", Cell("A", Tone::dim), Cell("B", Tone::dim),
                                       Cell("B - A", Tone::dim), Cell("share", Tone::dim)}};
  Table without_why(columns);
  for (const StepContribution& part : comparison.step) {
    rows.push_back(contribution_row(part));
    without_why.add(rows.back());
  }
  // The reasons take what is left of the line, and more lines if need be.
  const int room = std::max(20, page.style().width - without_why.width() - 4);
  rows.front().emplace_back("why", Tone::dim);
  Table table(columns);
  table.add(rows.front());
  for (std::size_t index = 0; index < comparison.step.size(); ++index) {
    const std::string why = printable(with_arrows(comparison.step[index].why, page), page.style());
    std::vector<Cell> row = rows[index + 1];
    for (const std::string& line : wrapped(why, room)) {
      row.emplace_back(line, Tone::dim);
      table.add(row);
      row.assign(5, Cell());
    }
    if (why.empty()) table.add(row);
  }
  page.table(table);
}

// One table for all sections, so that their columns line up.
void add_figures(const Comparison& comparison, Page& page) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> sections{{
      {"step", "STEP"},
      {"parts", "PARTS OF THE STEP"},
      {"memory", "MEMORY"},
      {"run", "RUN"},
      {"waterfall", "FROM IDEAL COMPUTE TO THE RUN, GPU-hours"},
  }};
  Table table({Align::left, Align::right, Align::right, Align::right, Align::right});
  std::string_view section;
  for (const FigureDifference& figure : comparison.figures) {
    if (figure.before == 0 && figure.after == 0) continue;
    if (figure.section != section) {
      section = figure.section;
      const auto title = std::find_if(sections.begin(), sections.end(),
                                      [&](const auto& one) { return one.first == section; });
      table.add({Cell(std::string(title->second), Tone::dim)});
    }
    const Tone tone = figure.difference == 0 ? Tone::dim : Tone::plain;
    table.add({"  " + printable(figure.name, page.style()), value_text(figure.unit, figure.before),
               value_text(figure.unit, figure.after), Cell(difference_text(figure), tone),
               Cell(relative_text(figure), tone)});
  }
  page.title("FIGURES", "with the effects that are on; memory of the rank that needs most");
  page.table(table);
}

}  // namespace

std::string comparison_text(const Comparison& comparison, const TextStyle& style) {
  Page page(style);
  add_head(comparison, page);
  add_inputs(comparison, page);
  add_contributions(comparison, page);
  add_figures(comparison, page);
  return std::move(page).text();
}

}  // namespace reckon

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "reports/accuracy.hpp"
#include "reports/numbers.hpp"
#include "reports/report_sections.hpp"

namespace reckon {
namespace {

std::string seconds(Seconds time) {
  if (time.value <= 0) return "-";
  return time.value < 1 ? fmt::format("{:.0f} ms", time.value * 1e3)
                        : fmt::format("{:.2f} s", time.value);
}

std::vector<Cell> row_of(const AccuracySummary& s, Tone tone) {
  const std::string name = s.name.empty() ? "unknown software" : s.name;
  return {Cell(name, tone),
          with_commas(s.rows, 0),
          with_commas(s.groups, 0),
          Cell(percent(s.median, 1), tone),
          percent(s.p90, 1),
          Cell(percent(s.group_median, 1), tone),
          percent(s.group_p90, 1),
          percent(s.held_out_median, 1),
          percent(s.held_out_p90, 1),
          signed_percent(s.bias),
          s.rows > 2 ? fmt::format("{:.3f}", s.rank_correlation) : "-"};
}

Table summary_table() {
  Table table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right,
               Align::right, Align::right, Align::right, Align::right, Align::right});
  table.add({"", "", "", Cell("by run", Tone::dim), "", Cell("by group", Tone::dim), "",
             Cell("left out", Tone::dim), "", "", Cell("rank", Tone::dim)});
  table.add({"", Cell("runs", Tone::dim), Cell("groups", Tone::dim), Cell("median", Tone::dim),
             Cell("p90", Tone::dim), Cell("median", Tone::dim), Cell("p90", Tone::dim),
             Cell("median", Tone::dim), Cell("p90", Tone::dim), Cell("bias", Tone::dim),
             Cell("corr.", Tone::dim)});
  return table;
}

void add_summaries(const Accuracy& a, Page& page) {
  page.title("STEP TIME",
             "|predicted / measured - 1|; a group is a model on a GPU; left out: its factor comes "
             "from the other groups");
  Table table = summary_table();
  table.add(row_of(a.all, Tone::strong));
  for (const AccuracySummary& s : a.classes) table.add(row_of(s, Tone::strong));
  page.table(table);
  page.title("BY SOFTWARE", "");
  Table families = summary_table();
  for (const AccuracySummary& s : a.families) families.add(row_of(s, Tone::plain));
  page.table(families);
  page.title("BY GROUP", "");
  Table groups = summary_table();
  for (const AccuracySummary& s : a.groups) groups.add(row_of(s, Tone::plain));
  page.table(groups);
}

void add_worst(const Accuracy& a, Page& page) {
  page.title("THE WORST TEN", "");
  for (const WorstRun& worst : a.worst) {
    page.line({{fmt::format("{}  ", worst.id), Tone::strong},
               {fmt::format("{} measured, {} predicted, ", seconds(worst.measured),
                            seconds(worst.predicted))},
               {signed_percent(worst.error), Tone::bad}});
    page.paragraph("   ", worst.reason, Tone::dim);
  }
}

void add_memory_and_bands(const Accuracy& a, Page& page) {
  if (a.all.expressed == 0) return;
  page.title("MEMORY AND BANDS", "");
  if (a.memory.rows > 0) {
    page.paragraph(page.pick("•", "-"),
                   fmt::format("peak memory of {} runs: median {}, p90 {}, bias {}", a.memory.rows,
                               percent(a.memory.median, 1), percent(a.memory.p90, 1),
                               signed_percent(a.memory.bias)),
                   Tone::plain);
  }
  page.paragraph(
      page.pick("•", "-"),
      fmt::format(
          "{} of {} runs called impossible (above the GPU's memory by more than the model's "
          "own error of {}), {} tight (above it by less)",
          a.memory.called_impossible, a.all.expressed, percent(memory_margin, 0),
          a.memory.above_limit - a.memory.called_impossible),
      a.memory.called_impossible > 0 ? Tone::bad : Tone::plain);
  page.paragraph(page.pick("•", "-"),
                 fmt::format("{} of runs end within their 80 % band, which runs of other groups "
                             "give",
                             percent(a.band_coverage, 1)),
                 Tone::plain);
}

void add_inexpressible(const Accuracy& a, Page& page) {
  if (a.all.expressed == a.all.rows) return;
  page.title("NOT EXPRESSED", "each counts as an error of 100 %");
  for (const RunCheck& run : a.runs) {
    if (run.predicted.value > 0) continue;
    page.paragraph(page.pick("•", "-"),
                   run.id + ": " + (run.problems.empty() ? "no prediction" : run.problems.front()),
                   Tone::bad);
  }
}

}  // namespace

std::string accuracy_text(const Accuracy& accuracy, const TextStyle& style) {
  Page page(style);
  page.line({{fmt::format("{} published runs", with_commas(accuracy.all.rows, 0)), Tone::strong},
             {fmt::format(" in {} groups, {} expressed", accuracy.all.groups,
                          with_commas(accuracy.all.expressed, 0))}},
            0);
  add_summaries(accuracy, page);
  add_worst(accuracy, page);
  add_memory_and_bands(accuracy, page);
  add_inexpressible(accuracy, page);
  return std::move(page).text();
}

}  // namespace reckon

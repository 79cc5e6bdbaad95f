#include "reports/report_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "reports/numbers.hpp"
#include "reports/published.hpp"
#include "reports/report_sections.hpp"

namespace reckon {

void Page::title(std::string_view text, std::string_view remark) {
  std::vector<Run> runs;
  if (!remark.empty()) runs.push_back({std::string(remark), Tone::dim});
  title(text, std::move(runs));
}

void Page::title(std::string_view text, std::vector<Run> remark) {
  if (!lines_.empty()) lines_.emplace_back();
  std::vector<Run> runs{{std::string(text), Tone::strong}};
  if (!remark.empty()) runs.push_back({"  "});
  std::move(remark.begin(), remark.end(), std::back_inserter(runs));
  line(std::move(runs), 0);
}

void Page::line(std::vector<Run> runs, int indent) {
  Table one({Align::left});
  one.add({Cell(std::move(runs))});
  for (std::string& text : one.lines(style_, indent)) lines_.push_back(std::move(text));
}

void Page::table(const Table& table) {
  for (std::string& text : table.lines(style_, 2)) lines_.push_back(std::move(text));
}

void Page::paragraph(std::string_view mark, std::string_view text, Tone tone) {
  const int indent = 2 + display_width(mark) + (mark.empty() ? 0 : 1);
  const std::vector<std::string> broken =
      wrapped(printable(text, style_), std::max(20, style_.width - indent));
  for (std::size_t index = 0; index < broken.size(); ++index) {
    if (index == 0) {
      line({{std::string(mark), tone}, {(mark.empty() ? "" : " ") + broken[index]}});
    } else {
      line({{broken[index]}}, indent);
    }
  }
}

int Page::bar_width(const Table& table, int most) const {
  const int room = style_.width - 2 - table.width() - 2;
  return room < 8 ? 0 : std::min(room, most);
}

std::string Page::text() && {
  std::string text;
  for (const std::string& line : lines_) text += line + "\n";
  return text;
}

namespace {

const PublishedFigure* find_figure(const Report& report, std::string_view id) {
  for (const PublishedFigure& figure : report.published) {
    if (figure.id == id) return &figure;
  }
  return nullptr;
}

void add_head_row(const Report& report, std::string_view id, std::string name, std::string ours,
                  std::string (*published_text)(double), std::string note, Table& table) {
  std::vector<Cell> row{std::move(name), Cell(std::move(ours), Tone::strong)};
  if (const PublishedFigure* figure = find_figure(report, id)) {
    const double error = error_of(*figure, figure->with_effects.value_or(figure->bare));
    row.emplace_back("published", Tone::dim);
    row.emplace_back(published_text(figure->published));
    const double allowed =
        figure->with_effects ? figure->tolerance_with_effects : figure->tolerance_bare;
    row.emplace_back(figure->tolerance_is_absolute ? signed_points(error) : signed_percent(error),
                     allowed <= 0                 ? Tone::plain
                     : std::abs(error) <= allowed ? Tone::good
                                                  : Tone::bad);
  } else {
    row.resize(5);
  }
  row.emplace_back(std::move(note), Tone::dim);
  table.add(std::move(row));
}

// "PP 16 · DP 128 · EP 64 · ZeRO-1": what differs from 1.
std::string parallelism_text(const Parallelism& p, std::string_view dot) {
  std::string text;
  const auto add = [&](std::string_view name, int size) {
    if (size > 1) text += fmt::format("{}{} {}", text.empty() ? "" : dot, name, size);
  };
  add("TP", p.tensor_parallel);
  add("PP", p.pipeline_parallel);
  add("chunks", p.chunks_per_rank);
  add("CP", p.context_parallel);
  add("DP", p.data_parallel);
  add("EP", p.expert_parallel);
  if (p.zero_stage > 0) {
    text += fmt::format("{}ZeRO-{}", text.empty() ? "" : dot, p.zero_stage);
  }
  return text.empty() ? "no parallelism" : text;
}

}  // namespace

void add_headline(const Report& report, Page& page) {
  const std::string dot = page.pick(" · ", ", ");
  const std::string times = page.pick(" × ", " x ");
  const TextStyle& style = page.style();
  const Batch& batch = report.plan.batch;
  page.line(
      {{printable(report.model.name, style), Tone::strong},
       {" on "},
       {fmt::format("{} {} GPUs", with_commas(report.gpus, 0), printable(report.device, style)),
        Tone::strong},
       {fmt::format("  plan {}, cluster {}", printable(report.plan.name, style),
                    printable(report.cluster.name, style)),
        Tone::dim}},
      0);
  page.line({{fmt::format("{} parameters, {} active{}{:.1f} GFLOP/token causal, {:.1f} full",
                          scaled(report.parameters), scaled(report.active_parameters), dot,
                          report.model_flops_per_token_causal.value / 1e9,
                          report.model_flops_per_token_full.value / 1e9)}});
  page.paragraph(
      "",
      fmt::format("{}{}{}{}{} sequences{}{} tokens in {} micro-batches",
                  parallelism_text(report.plan.parallelism, dot), dot,
                  enum_name(report.plan.schedule), dot, with_commas(batch.global_batch_size, 0),
                  times, with_commas(batch.sequence_length, 0), micro_batches(report.plan)),
      Tone::plain);
  page.line({});
  const StepSummary& step = report.with_effects;
  Table table({Align::left, Align::right, Align::left, Align::right, Align::right, Align::left});
  add_head_row(
      report, "step", "step", seconds_text(step.step),
      [](double value) { return seconds_text({value}); },
      with_commas(step.tokens_per_second_per_gpu, 0) + " tokens/s per GPU", table);
  add_head_row(
      report, "mfu_causal", "MFU causal", percent(step.mfu_causal, 2),
      [](double value) { return percent(value, 2); },
      fmt::format("full attention {}, HFU {}", percent(step.mfu_full, 2),
                  percent(step.hfu_causal, 2)),
      table);
  if (report.run.gpu_hours > 0) {
    add_head_row(
        report, "run_gpu_hours", "GPU-hours", scaled(report.run.gpu_hours),
        [](double value) { return scaled(value); },
        days_text(report.run.duration) + " without failures", table);
    add_head_row(
        report, "run_usd", "cost", usd_text(report.run.usd),
        [](double value) { return usd_text({value}); },
        "at " + usd_text(report.run.usd_per_gpu_hour) + " a GPU-hour", table);
  }
  page.table(table);
}

namespace {

struct StepClass {
  const char* code;
  const char* name;
  Seconds RankTime::*time;
  int RankTime::*ops;
};
constexpr std::array<StepClass, 6> step_classes{{
    {"1F", "forwards alone", &RankTime::forward, &RankTime::forwards},
    {"1B", "backwards alone", &RankTime::backward, &RankTime::backwards},
    {"1W", "weight gradients alone", &RankTime::backward_weight, &RankTime::backward_weights},
    {"1F1B", "overlapped pairs", &RankTime::overlapped_pair, &RankTime::pairs},
    {"", "reduction, optimizer, gather", &RankTime::optimizer, nullptr},
    {"", "bubble", &RankTime::bubble, nullptr},
}};

// A class's row of the table, in milliseconds for steps below a second.
std::vector<Cell> class_row(const StepSummary& step, const StepClass& row) {
  const bool in_ms = step.step.value < 1;
  const double scale = in_ms ? 1e3 : 1;
  const auto by_time = [&row](const RankTime& left, const RankTime& right) {
    return (left.*row.time).value < (right.*row.time).value;
  };
  const auto [least, most] = std::minmax_element(step.ranks.begin(), step.ranks.end(), by_time);
  const Seconds mean = step.mean.*row.time;
  std::vector<Cell> cells{row.code,
                          row.name,
                          fmt::format("{:.3f} {}", mean.value * scale, in_ms ? "ms" : "s"),
                          percent(mean / step.step, 1),
                          fmt::format("{:.3f}", ((*least).*row.time).value * scale),
                          fmt::format("{:.3f}", ((*most).*row.time).value * scale)};
  const RankTime& rank0 = step.ranks.front();
  const int ops = row.ops == nullptr ? 0 : rank0.*row.ops;
  if (ops > 0) {
    cells.emplace_back(std::to_string(ops));
    cells.emplace_back(seconds_text(rank0.*row.time / ops));
  }
  return cells;
}

}  // namespace

void add_step(const Report& report, Page& page) {
  const StepSummary& step = report.with_effects;
  if (step.ranks.empty() || step.step.value <= 0) return;
  page.title(has_effects(report) ? "STEP WITH EFFECTS" : "STEP",
             fmt::format("mean of {} pipeline rank{}; least and most of any rank; ops of rank 0",
                         step.ranks.size(), step.ranks.size() == 1 ? "" : "s"));
  Table table({Align::left, Align::left, Align::right, Align::right, Align::right, Align::right,
               Align::right, Align::right});
  table.add({"", "", Cell("mean", Tone::dim), Cell("share", Tone::dim), Cell("least", Tone::dim),
             Cell("most", Tone::dim), Cell("ops", Tone::dim), Cell("each", Tone::dim)});
  std::vector<double> shares{0};
  for (const StepClass& row : step_classes) {
    const double mean = (step.mean.*row.time).value;
    if (mean == 0 && (row.ops == nullptr || step.mean.*row.ops == 0)) continue;
    shares.push_back(mean / step.step.value);
    table.add(class_row(step, row));
  }
  std::vector<Cell> bars;
  const int width = page.bar_width(table, 32);
  for (const double share : shares) bars.emplace_back(bar(share, width, page.style()), Tone::blue);
  table.add_column(Align::left, bars);
  page.table(table);
  const std::string exchange =
      step.mean.exchange_busy.value > 0
          ? ", exchange beside them " + percent(step.mean.exchange_busy / step.step, 1)
          : "";
  page.paragraph("exposed communication in ops",
                 fmt::format("{} ({}); lanes busy: compute {}, communication {}{}",
                             seconds_text(step.mean.exposed_communication),
                             percent(step.mean.exposed_communication / step.step, 1),
                             percent(step.mean.compute_busy / step.step, 1),
                             percent(step.mean.communication_busy / step.step, 1), exchange),
                 Tone::plain);
}

void add_band(const Report& report, Page& page) {
  if (!report.band) return;
  const StepBand& band = *report.band;
  page.paragraph("80 % band of the step",
                 fmt::format("{} to {}, for {} {}: from {}", seconds_text(band.low),
                             seconds_text(band.high), seconds_text(band.expected),
                             report.plan.software.empty()
                                 ? "with software as good as the model's"
                                 : "with " + report.plan.software + "'s measured efficiency",
                             band.source),
                 Tone::plain);
}

// One line a lane: its four largest kinds of part.
void add_lanes(const Report& report, Page& page) {
  for (const std::string_view lane : {"compute", "communication", "exchange"}) {
    std::string text;
    int listed = 0;
    for (const LaneShare& share : report.lanes) {
      if (share.lane != lane || ++listed > 4) continue;
      std::string name = share.name;
      std::replace(name.begin(), name.end(), '_', ' ');
      text += fmt::format("{}{} {}", listed == 1 ? "" : ", ", name, seconds_text(share.time));
    }
    if (listed > 4) text += fmt::format(", {} more", listed - 4);
    if (listed > 0) page.paragraph(fmt::format("{:<13}", lane), text, Tone::plain);
  }
}

std::string report_text(const Report& report, const TextStyle& style) {
  Page page(style);
  add_headline(report, page);
  add_step(report, page);
  add_band(report, page);
  add_lanes(report, page);
  add_published(report, page);
  add_effects(report, page);
  add_faults(report, page);
  add_memory(report, page);
  add_waterfall(report, page);
  add_phases(report, page);
  add_warnings(report, page);
  add_provenance(report, page);
  return std::move(page).text();
}

}  // namespace reckon

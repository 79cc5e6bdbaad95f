#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/numbers.hpp"
#include "reports/plan_search_report.hpp"
#include "reports/report_sections.hpp"

namespace reckon {
namespace {

constexpr int most_plot_columns = 72;
constexpr int plot_rows = 12;

std::string value_of(const FoundPlan& plan, const char* axis) {
  const auto found = plan.choice.find(axis);
  return found != plan.choice.end() ? found->second : "";
}

// "tp1 pp16 dp128 ep64": sizes of 1 left out, but for the pipeline.
std::string parallelism_text(const FoundPlan& plan) {
  std::string text;
  for (const char* axis : {"tp", "cp", "pp"}) {
    const std::string value = value_of(plan, axis);
    if (value != "1" || std::string_view(axis) == "pp") text += axis + value + " ";
  }
  text += fmt::format("dp{}", plan.data_parallel);
  if (value_of(plan, "ep") != "1") text += " ep" + value_of(plan, "ep");
  if (const std::string etp = value_of(plan, "etp"); etp != "0" && !etp.empty())
    text += " etp" + etp;
  if (value_of(plan, "sp") == "on") text += " sp";
  return text;
}

std::string schedule_text(const FoundPlan& plan) {
  const std::string name = value_of(plan, "schedule");
  return name == "one_forward_one_backward" ? "1f1b" : name;
}

// A choice in few letters; nothing for the plainest one.
std::string short_text(const std::string& axis, const std::string& value) {
  if (axis == "mbs" || axis == "zero") return axis + value;
  if (value == "even" || value == "none") return "";
  return axis == "layout" || axis == "precision" ? value : axis + ":" + value;
}

// What the plans choose beside schedule and parallelism: alike in all of them, or apart.
std::string rest_text(const std::vector<FoundPlan>& plans, std::size_t plan, bool alike) {
  std::string text;
  for (const char* axis : {"precision", "mbs", "zero", "layout", "recompute", "overlap"}) {
    const std::string value = value_of(plans[plan], axis);
    const bool is_alike = std::all_of(plans.begin(), plans.end(), [&](const FoundPlan& other) {
      return value_of(other, axis) == value;
    });
    const std::string words = short_text(axis, value);
    if (is_alike != alike || words.empty()) continue;
    text += (text.empty() ? "" : " ") + words;
  }
  return text;
}

void add_plans(const std::vector<FoundPlan>& plans, Page& page) {
  const std::string common = plans.size() > 1 ? rest_text(plans, 0, true) : "";
  if (!common.empty()) page.line({{"all of them: " + common, Tone::dim}});
  Table table({Align::right, Align::right, Align::right, Align::right, Align::right, Align::right,
               Align::left, Align::left});
  table.add({"", Cell("days", Tone::dim), Cell("step", Tone::dim), Cell("MFU", Tone::dim),
             Cell("dollars", Tone::dim), Cell("free", Tone::dim), "", ""});
  int rank = 0;
  for (const FoundPlan& plan : plans) {
    ++rank;
    const Tone tone = rank == 1 ? Tone::strong : Tone::plain;
    table.add({Cell(std::to_string(rank), Tone::dim),
               Cell(with_commas(plan.run.value / 86400, 2), tone),
               seconds_text(to_seconds(plan.step_ps)), percent(plan.mfu, 1), usd_text(plan.usd),
               fmt::format("{} GiB", plan.headroom_gib), Cell(parallelism_text(plan), tone),
               schedule_text(plan)});
  }
  const int room = page.style().width - table.width() - 4;
  std::vector<Cell> rest{""};
  for (std::size_t plan = 0; plan < plans.size(); ++plan) {
    rest.emplace_back(
        cut(rest_text(plans, plan, plans.size() == 1), std::max(0, room), page.style()), Tone::dim);
  }
  if (room > 0) table.add_column(Align::left, rest);
  page.table(table);
}

struct Range {
  double low = 0, high = 1;
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  int place(double value, int cells) const {
    const double share = high > low ? (value - low) / (high - low) : 0;
    return static_cast<int>(std::lround(share * (cells - 1)));
  }
};

// Days to the right, free memory upwards; where plans need unlike numbers of GPUs, dollars upwards.
void add_plot(const PlanSearchReport& report, Page& page) {
  if (report.front.size() < 2) return;
  const bool dollars =
      std::any_of(report.front.begin(), report.front.end(),
                  [&](const FoundPlan& plan) { return plan.gpus != report.front.front().gpus; });
  const auto upward = [dollars](const FoundPlan& plan) {
    return dollars ? plan.usd.value : static_cast<double>(plan.headroom_gib);
  };
  const auto days = [](const FoundPlan& plan) { return plan.run.value / 86400; };
  Range x{days(report.front.front()), days(report.front.front())};
  Range y{upward(report.front.front()), upward(report.front.front())};
  for (const FoundPlan& plan : report.front) {
    x.add(days(plan));
    y.add(upward(plan));
  }
  const int columns = std::clamp(page.style().width - 16, 20, most_plot_columns);
  std::vector<std::vector<bool>> dots(plot_rows,
                                      std::vector<bool>(static_cast<std::size_t>(columns)));
  for (const FoundPlan& plan : report.front) {
    dots[static_cast<std::size_t>(plot_rows - 1 - y.place(upward(plan), plot_rows))]
        [static_cast<std::size_t>(x.place(days(plan), columns))] = true;
  }
  const auto label = [dollars](double value) {
    return dollars ? usd_text(Usd{value}) : fmt::format("{:.0f} GiB", value);
  };
  for (int row = 0; row < plot_rows; ++row) {
    const std::string left = row == 0 ? label(y.high) : row + 1 == plot_rows ? label(y.low) : "";
    std::string line;
    for (const bool dot : dots[static_cast<std::size_t>(row)]) {
      line += dot ? page.pick("●", "o") : std::string(" ");
    }
    page.line({{fmt::format("{:>9} ", left), Tone::dim},
               {page.pick("│", "|"), Tone::dim},
               {line, Tone::cyan}});
  }
  std::string axis;
  for (int column = 0; column < columns; ++column) axis += page.pick("─", "-");
  page.line({{std::string(10, ' ') + page.pick("└", "+") + axis, Tone::dim}});
  const std::string low = fmt::format("{:.2f} days", x.low);
  const std::string high = fmt::format("{:.2f} days", x.high);
  const auto gap = std::max<int>(1, columns - static_cast<int>(low.size() + high.size()));
  page.line({{std::string(11, ' ') + low + std::string(static_cast<std::size_t>(gap), ' ') + high,
              Tone::dim}});
}

void add_reasons(const PlanSearchReport& report, Page& page) {
  page.title("PLANS OF THE SPACE", fmt::format("{}; {} can run, {} are left",
                                               with_commas(static_cast<double>(report.space), 0),
                                               with_commas(static_cast<double>(report.legal), 0),
                                               with_commas(static_cast<double>(report.kept), 0)));
  Table table({Align::left, Align::right, Align::left});
  for (const PrunedPlans& pruned : report.pruned) {
    if (pruned.plans == 0) continue;
    const double share = static_cast<double>(pruned.plans) / static_cast<double>(report.space);
    table.add({"out for " + pruned.reason, with_commas(static_cast<double>(pruned.plans), 0),
               Cell(bar(share, 30, page.style()), Tone::blue)});
  }
  page.table(table);
}

void add_verdict(const PlanSearchReport& report, Page& page) {
  if (report.nothing) {
    page.paragraph(page.pick("✗", "x"), report.nothing->message, Tone::bad);
    return;
  }
  if (!report.complete) {
    page.paragraph("!", "partial: the search ended early; what is listed is the best so far",
                   Tone::bad);
  } else if (!report.top.empty()) {
    const std::string what = report.shards > 1 ? "no plan of this shard" : "no plan";
    page.paragraph(page.pick("✓", "*"),
                   fmt::format("proven: {} left can be faster than {} (bare step {})", what,
                               days_text(report.top.front().run),
                               seconds_text(to_seconds(report.top.front().step_ps))),
                   Tone::good);
  }
}

}  // namespace

std::string plan_search_text(const PlanSearchReport& report, const TextStyle& style) {
  Page page(style);
  page.line({{report.model + " on " + report.cluster, Tone::strong},
             {fmt::format("  {} tokens, steps of {} x {}, {} a GPU-hour", scaled(report.tokens),
                          with_commas(report.global_batch_size, 0), report.sequence_length,
                          usd_text(report.usd_per_gpu_hour))}},
            0);
  add_verdict(report, page);
  if (report.nothing && report.nothing->nearest) {
    page.title("NEAREST PLAN", "without " + report.nothing->constraint);
    add_plans({*report.nothing->nearest}, page);
  }
  if (!report.top.empty()) {
    page.title("FASTEST PLANS", "simulated, without effects; free: of the fullest GPU");
    add_plans(report.top, page);
    page.title("FRONT", "none beats another in time, dollars and free memory (whole GiB)");
    add_plot(report, page);
    add_plans(report.front, page);
  }
  add_reasons(report, page);
  return std::move(page).text();
}

}  // namespace reckon

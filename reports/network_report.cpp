#include "reports/network_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "planner/spec/json_io.hpp"
#include "reports/numbers.hpp"
#include "reports/report_sections.hpp"

namespace reckon {
namespace {

struct FlowOutcomes {
  std::vector<FlowOutcome> scenarios;
};

constexpr std::size_t flows_shown = 12;

std::string time_text(double seconds) {
  if (seconds >= 1) return fmt::format("{:.6g} s", seconds);
  if (seconds >= 1e-3) return fmt::format("{:.6g} ms", seconds * 1e3);
  return fmt::format("{:.6g} us", seconds * 1e6);
}

// The flows in the order of their ends, the middle of a long list left out.
void add_flows(const FlowOutcome& outcome, Page& page) {
  std::vector<std::size_t> order(outcome.finish.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&outcome](std::size_t a, std::size_t b) {
    return outcome.finish[a] < outcome.finish[b];
  });
  Table table({Align::right, Align::right});
  table.add({Cell("flow", Tone::dim), Cell("ends", Tone::dim)});
  const std::size_t half = flows_shown / 2;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order.size() > flows_shown && i == half) {
      table.add({"...", fmt::format("{} more", order.size() - flows_shown)});
      i = order.size() - half;
    }
    table.add({fmt::format("{}", order[i]), time_text(outcome.finish[order[i]])});
  }
  page.table(table);
}

}  // namespace

template <>
struct Fields<FlowOutcome> {
  static constexpr std::tuple table{
      required("name", &FlowOutcome::name),
      required("finish_s", &FlowOutcome::finish).min(0).doc("by flow"),
      required("makespan_s", &FlowOutcome::makespan).min(0),
      optional("worst_error", &FlowOutcome::worst_error)
          .min(0)
          .doc("largest |finish / expected - 1| of flows and makespan, if any are expected")};
};
template <>
struct Fields<FlowOutcomes> {
  static constexpr std::tuple table{required("scenarios", &FlowOutcomes::scenarios)};
};

std::string flows_text(const std::vector<FlowOutcome>& outcomes, const TextStyle& style) {
  Page page(style);
  for (const FlowOutcome& outcome : outcomes) {
    std::string remark = fmt::format("{} flows, the last ends after {}", outcome.finish.size(),
                                     time_text(outcome.makespan));
    if (outcome.worst_error) {
      remark += fmt::format("; expected, worst error {:.1e}", *outcome.worst_error);
    }
    page.title(printable(outcome.name.empty() ? "scenario" : outcome.name, style), remark);
    add_flows(outcome, page);
  }
  return std::move(page).text();
}

std::string flows_json(const std::vector<FlowOutcome>& outcomes) {
  return write(FlowOutcomes{outcomes}, "flows/1").dump(2) + "\n";
}

std::string flows_schema() { return json_schema<FlowOutcomes>("flows/1").dump(2) + "\n"; }

template <>
struct Fields<CollectiveLine> {
  static constexpr std::tuple table{
      required("bytes", &CollectiveLine::bytes, 1.0).min(0).doc("as nccl-tests count them"),
      required("algorithm", &CollectiveLine::algorithm),
      required("protocol", &CollectiveLine::protocol),
      required("time_us", &CollectiveLine::time, 1e-6).min(0),
      required("latency_us", &CollectiveLine::latency, 1e-6).min(0).doc("of the time"),
      required("algbw_gigabytes_per_s", &CollectiveLine::algbw, 1e9).min(0),
      required("busbw_gigabytes_per_s", &CollectiveLine::busbw, 1e9).min(0)};
};
template <>
struct Fields<CollectiveForecast> {
  static constexpr std::tuple table{required("nccl", &CollectiveForecast::nccl),
                                    required("operation", &CollectiveForecast::operation),
                                    required("node", &CollectiveForecast::node),
                                    required("nodes", &CollectiveForecast::nodes).min(1),
                                    required("ranks", &CollectiveForecast::ranks).min(1),
                                    required("lines", &CollectiveForecast::lines)};
};

std::string collective_text(const CollectiveForecast& forecast, const TextStyle& style) {
  Page page(style);
  page.title(
      fmt::format("{} on {} ranks", enum_name(forecast.operation), forecast.ranks),
      fmt::format("{} {} node{}, by the cost model of NCCL {}: what it expects, not a "
                  "measurement",
                  forecast.nodes, forecast.node, forecast.nodes == 1 ? "" : "s", forecast.nccl));
  Table table({Align::right, Align::left, Align::left, Align::right, Align::right, Align::right,
               Align::right});
  table.add({Cell("bytes", Tone::dim), Cell("algorithm", Tone::dim), Cell("protocol", Tone::dim),
             Cell("time", Tone::dim), Cell("latency", Tone::dim), Cell("algbw GB/s", Tone::dim),
             Cell("busbw GB/s", Tone::dim)});
  for (const CollectiveLine& line : forecast.lines) {
    table.add({with_commas(line.bytes.value, 0), std::string(enum_name(line.algorithm)),
               std::string(enum_name(line.protocol)), time_text(line.time.value),
               time_text(line.latency.value), fmt::format("{:.2f}", line.algbw.value / 1e9),
               Cell(fmt::format("{:.2f}", line.busbw.value / 1e9), Tone::strong)});
  }
  page.table(table);
  return std::move(page).text();
}

std::string collective_json(const CollectiveForecast& forecast) {
  return write(forecast, "collective/1").dump(2) + "\n";
}

std::string collective_schema() {
  return json_schema<CollectiveForecast>("collective/1").dump(2) + "\n";
}

}  // namespace reckon

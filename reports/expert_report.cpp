#include "reports/expert_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tuple>
#include <utility>

#include "planner/spec/json_io.hpp"
#include "reports/numbers.hpp"
#include "reports/report_sections.hpp"

namespace reckon {
namespace {

std::string microseconds(Seconds time) { return with_commas(time.value * 1e6, 1) + " us"; }
std::string gigabytes(BytesPerSecond rate) { return fmt::format("{:.1f}", rate.value / 1e9); }

std::string limit_text(const std::string& link, double utilisation, const TextStyle& style) {
  return link.empty() ? "" : fmt::format("{} {}", printable(link, style), percent(utilisation, 0));
}

std::string faults_text(const std::vector<std::string>& faults, const TextStyle& style) {
  return printable(fmt::format("{}", fmt::join(faults, ", ")), style);
}

std::string setting_text(const ExpertForecast& forecast) {
  return fmt::format("{} tokens each, {} of {} experts in {} of {} groups, {} x {}, loads {}",
                     with_commas(forecast.tokens, 0), forecast.experts_per_token, forecast.experts,
                     forecast.groups_per_token, forecast.groups, forecast.hidden,
                     enum_name(forecast.dtype), forecast.loads);
}

std::string kernel_text(const ExpertForecast& forecast) {
  const std::string way = forecast.low_latency ? "low latency, every copy straight to its expert"
                          : forecast.in_series ? "one copy a node, NVLink after the network"
                                               : "one copy a node, NVLink and network at once";
  return fmt::format("{} on {} SMs: {}", forecast.transport, forecast.sms, way);
}

// What tells a reader that the loads or the groups are not what they may take them for.
std::vector<std::string> hints_of(const ExpertForecast& forecast) {
  std::vector<std::string> hints;
  if (forecast.load_residual > 1e-6) {
    hints.push_back(fmt::format(
        "no routing within the limits gives these loads; nearest: busiest expert {:.2f} "
        "x mean, some expert {:.2g} x mean off",
        forecast.max_violation + 1, forecast.load_residual));
  }
  const bool is_limited = forecast.groups_per_token < forecast.groups && !forecast.low_latency;
  const bool is_even = forecast.distinct_groups == 0 && forecast.nodes > 1;
  if (is_limited && is_even &&
      forecast.lines.front().nodes_per_token < 0.98 * forecast.groups_per_token) {
    std::string hint =
        "groups are chosen evenly; a router that takes those of the best experts "
        "uses more nodes";
    if (forecast.groups == 8 && forecast.groups_per_token == 4 && forecast.experts_per_token == 8) {
      hint += ", DeepSeek-V3's 3.97 of 4: --nodes-per-token 3.97";
    }
    hints.push_back(std::move(hint));
  }
  return hints;
}

void add_lines(const ExpertForecast& forecast, Page& page) {
  Table table({Align::left, Align::left, Align::right, Align::right, Align::right, Align::right,
               Align::right, Align::right, Align::left});
  table.add({Cell("experts", Tone::dim), Cell("network", Tone::dim), Cell("max/mean", Tone::dim),
             Cell("nodes", Tone::dim), Cell("GPUs", Tone::dim), Cell("time", Tone::dim),
             Cell("RDMA GB/s", Tone::dim), Cell("NVLink GB/s", Tone::dim),
             Cell("busiest", Tone::dim)});
  for (const ExpertLine& line : forecast.lines) {
    std::string experts = line.placement;
    if (line.placement == "balanced" && forecast.redundant_experts > 0) {
      experts += fmt::format(" +{}", forecast.redundant_experts);
    }
    table.add(
        {experts, line.is_broken ? faults_text(forecast.faults, page.style()) : "healthy",
         fmt::format("{:.2f}", line.gpu_imbalance), fmt::format("{:.2f}", line.nodes_per_token),
         fmt::format("{:.2f}", line.gpus_per_token), Cell(microseconds(line.time), Tone::strong),
         forecast.nodes > 1 ? gigabytes(line.rdma) : "-", gigabytes(line.nvlink),
         limit_text(line.busiest_link, line.utilisation, page.style())});
  }
  page.table(table);
}

}  // namespace

template <>
struct Fields<ExpertLine> {
  static constexpr std::tuple table{
      required("placement", &ExpertLine::placement).doc("in order, or balanced"),
      required("is_broken", &ExpertLine::is_broken).doc("with the faults"),
      required("gpu_imbalance", &ExpertLine::gpu_imbalance)
          .min(0)
          .doc("load of the busiest GPU / mean"),
      required("node_imbalance", &ExpertLine::node_imbalance).min(0),
      required("nodes_per_token", &ExpertLine::nodes_per_token)
          .min(0)
          .doc("distinct, the own one included, as of the next"),
      required("gpus_per_token", &ExpertLine::gpus_per_token).min(0),
      required("time_us", &ExpertLine::time, 1e-6).min(0),
      required("first_finish_us", &ExpertLine::first_finish, 1e-6)
          .min(0)
          .doc("of the rank that is through first"),
      required("rdma_gigabytes_per_s", &ExpertLine::rdma, 1e9)
          .min(0)
          .doc("as DeepEP counts: copies to all nodes, the own one too; 0 within one"),
      required("nvlink_gigabytes_per_s", &ExpertLine::nvlink, 1e9)
          .min(0)
          .doc("as DeepEP counts: copies received, the own ones too"),
      required("busiest_link", &ExpertLine::busiest_link),
      required("utilisation", &ExpertLine::utilisation).min(0).doc("of the busiest link")};
};
template <>
struct Fields<ExpertForecast> {
  static constexpr std::tuple table{
      required("operation", &ExpertForecast::operation).doc("dispatch or combine"),
      required("cluster", &ExpertForecast::cluster),
      required("transport", &ExpertForecast::transport),
      required("gpus", &ExpertForecast::gpus).min(1),
      required("nodes", &ExpertForecast::nodes).min(1),
      required("tokens", &ExpertForecast::tokens).min(0).doc("of each rank"),
      required("hidden", &ExpertForecast::hidden).min(1),
      required("experts", &ExpertForecast::experts).min(1),
      required("experts_per_token", &ExpertForecast::experts_per_token).min(1),
      required("groups", &ExpertForecast::groups).min(1),
      required("groups_per_token", &ExpertForecast::groups_per_token).min(1),
      required("distinct_groups", &ExpertForecast::distinct_groups)
          .min(0)
          .doc("that a token uses, as asked for; 0: what even choice makes it"),
      required("dtype", &ExpertForecast::dtype),
      required("sms", &ExpertForecast::sms).min(1),
      required("low_latency", &ExpertForecast::low_latency),
      required("in_series", &ExpertForecast::in_series),
      required("loads", &ExpertForecast::loads),
      required("max_violation", &ExpertForecast::max_violation)
          .min(0)
          .doc("largest load of an expert / mean - 1, as routed"),
      required("load_residual", &ExpertForecast::load_residual)
          .min(0)
          .doc("largest difference from the loads asked for / mean, above 1e-6 where no routing "
               "gives them"),
      required("dropped", &ExpertForecast::dropped).min(0).max(1).doc("share of all choices"),
      required("redundant_experts", &ExpertForecast::redundant_experts).min(0),
      required("faults", &ExpertForecast::faults).doc("as --fault names them"),
      required("routing", &ExpertForecast::routing),
      required("balanced_gain", &ExpertForecast::balanced_gain)
          .min(0)
          .doc("time in order / balanced, healthy; 0 where only one is given"),
      required("lines", &ExpertForecast::lines)};
};
template <>
struct Fields<FlowCollectiveLine> {
  static constexpr std::tuple table{
      required("bytes", &FlowCollectiveLine::bytes, 1.0).min(0).doc("as nccl-tests count them"),
      required("time_us", &FlowCollectiveLine::time, 1e-6).min(0),
      required("algbw_gigabytes_per_s", &FlowCollectiveLine::algbw, 1e9).min(0),
      required("busbw_gigabytes_per_s", &FlowCollectiveLine::busbw, 1e9).min(0),
      required("busiest_link", &FlowCollectiveLine::busiest_link),
      required("utilisation", &FlowCollectiveLine::utilisation).min(0).doc("of the busiest link")};
};
template <>
struct Fields<FlowCollectiveForecast> {
  static constexpr std::tuple table{
      required("operation", &FlowCollectiveForecast::operation),
      required("cluster", &FlowCollectiveForecast::cluster),
      required("gpus", &FlowCollectiveForecast::gpus).min(2),
      required("faults", &FlowCollectiveForecast::faults).doc("as --fault names them"),
      required("routing", &FlowCollectiveForecast::routing),
      required("imbalance", &FlowCollectiveForecast::imbalance)
          .min(0)
          .doc("what the busiest receiver gets / mean"),
      required("lines", &FlowCollectiveForecast::lines)};
};

std::string expert_text(const ExpertForecast& forecast, const TextStyle& style) {
  Page page(style);
  page.title(fmt::format("{} on {} ranks", forecast.operation, forecast.gpus),
             fmt::format("{} node{} of {}; flows that share links: what it expects, not a "
                         "measurement",
                         forecast.nodes, forecast.nodes == 1 ? "" : "s",
                         printable(forecast.cluster, style)));
  page.line({{printable(setting_text(forecast), style), Tone::dim}});
  page.line({{printable(kernel_text(forecast), style), Tone::dim}});
  add_lines(forecast, page);
  std::string summary = fmt::format("busiest expert {:.2f} x mean", forecast.max_violation + 1);
  if (forecast.dropped > 0) summary += ", " + percent(forecast.dropped, 2) + " of choices dropped";
  if (forecast.balanced_gain > 0) {
    summary += fmt::format("; balanced placement {:.2f} x as fast", forecast.balanced_gain);
  }
  page.line({{summary, Tone::plain}});
  for (const std::string& hint : hints_of(forecast)) page.line({{hint, Tone::plain}});
  return std::move(page).text();
}

std::string expert_json(const ExpertForecast& forecast) {
  return write(forecast, "experts/1").dump(2) + "\n";
}
std::string expert_schema() { return json_schema<ExpertForecast>("experts/1").dump(2) + "\n"; }

std::string flow_collective_text(const FlowCollectiveForecast& forecast, const TextStyle& style) {
  Page page(style);
  std::string remark = fmt::format(
      "of {}; flows that share links: what it expects, not a "
      "measurement",
      printable(forecast.cluster, style));
  if (!forecast.faults.empty()) remark += "; " + faults_text(forecast.faults, style);
  page.title(fmt::format("{} on {} ranks", enum_name(forecast.operation), forecast.gpus), remark);
  Table table({Align::right, Align::right, Align::right, Align::right, Align::left});
  table.add({Cell("bytes", Tone::dim), Cell("time", Tone::dim), Cell("algbw GB/s", Tone::dim),
             Cell("busbw GB/s", Tone::dim), Cell("busiest", Tone::dim)});
  for (const FlowCollectiveLine& line : forecast.lines) {
    table.add({with_commas(line.bytes.value, 0), microseconds(line.time),
               fmt::format("{:.2f}", line.algbw.value / 1e9),
               Cell(fmt::format("{:.2f}", line.busbw.value / 1e9), Tone::strong),
               limit_text(line.busiest_link, line.utilisation, style)});
  }
  page.table(table);
  if (forecast.imbalance > 1) {
    page.line({{fmt::format("the busiest rank gets {:.2f} x the mean", forecast.imbalance),
                Tone::plain}});
  }
  return std::move(page).text();
}

std::string flow_collective_json(const FlowCollectiveForecast& forecast) {
  return write(forecast, "flow_collective/1").dump(2) + "\n";
}
std::string flow_collective_schema() {
  return json_schema<FlowCollectiveForecast>("flow_collective/1").dump(2) + "\n";
}

}  // namespace reckon

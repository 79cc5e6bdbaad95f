#include <fmt/format.h>

#include <utility>

#include "reports/numbers.hpp"
#include "reports/report_sections.hpp"
#include "reports/topology_report.hpp"

namespace reckon {
namespace {

std::string count(std::int64_t number) { return with_commas(static_cast<double>(number), 0); }

std::string plural(std::int64_t number, std::string_view word) {
  return fmt::format("{} {}{}", count(number), word,
                     number == 1                ? ""
                     : word.ends_with("switch") ? "es"
                                                : "s");
}

std::string rate_text(BytesPerSecond rate) {
  const double gigabytes = rate.value / 1e9;
  if (gigabytes >= 1e6) return fmt::format("{:.4g} PB/s", gigabytes / 1e6);
  if (gigabytes >= 1e3) return fmt::format("{:.4g} TB/s", gigabytes / 1e3);
  return fmt::format("{:.4g} GB/s", gigabytes);
}

std::string latency_text(Seconds time) { return fmt::format("{:.2f} us", time.value * 1e6); }

std::string power_text(double watts) {
  if (watts >= 1e6) return fmt::format("{:.2f} MW", watts / 1e6);
  if (watts >= 1e3) return fmt::format("{:.1f} kW", watts / 1e3);
  return fmt::format("{:.1f} W", watts);
}

Cell head(const char* text) { return Cell(text, Tone::dim); }

void add_headline(const TopologyReport& report, Page& page) {
  std::string remark = fmt::format("{}{}{} in {}", report.kind, page.pick(" · ", ", "),
                                   plural(report.endpoints, "GPU"), plural(report.nodes, "node"));
  if (report.gpus_per_node > 1) remark += fmt::format(" of {}", report.gpus_per_node);
  page.title(printable(report.name, page.style()), remark);
}

void add_switches(const TopologyReport& report, Page& page) {
  Table table({Align::left, Align::right, Align::right, Align::right});
  table.add({head("layer"), head("switches"), head("ports"), head("used")});
  for (const SwitchLine& line : report.layers) {
    const std::string used = line.ports_least == line.ports_most
                                 ? fmt::format("{}", line.ports_most)
                                 : fmt::format("{} to {}", line.ports_least, line.ports_most);
    table.add({line.layer, count(line.switches),
               line.ports > 0 ? fmt::format("{}", line.ports) : page.pick("–", "-"), used});
  }
  table.add({Cell("all", Tone::strong), Cell(count(report.switches), Tone::strong)});
  page.table(table);
}

void add_wires(const TopologyReport& report, Page& page) {
  page.title("Wires", "one direction of one of them");
  Table table({Align::left, Align::right, Align::right, Align::right});
  table.add({head("between"), head("wires"), head("bandwidth"), head("latency")});
  for (const WireLine& line : report.wires) {
    table.add(
        {line.between, count(line.wires), rate_text(line.bandwidth), latency_text(line.latency)});
  }
  table.add({Cell("between switches", Tone::strong), Cell(count(report.links), Tone::strong)});
  page.table(table);
  if (report.oversubscription) {
    page.line({{fmt::format("oversubscription {:.3g} : 1", *report.oversubscription)},
               {"  bandwidth down over bandwidth up, of a full leaf", Tone::dim}});
  }
}

void add_distances(const TopologyReport& report, Page& page) {
  if (report.distances.empty()) return;
  page.title("Distances", "from GPU 0 to the first GPU that is so far away");
  Table table({Align::left, Align::right, Align::right, Align::right, Align::right});
  table.add({head(""), head("to GPU"), head("switches"), head("wires"), head("latency")});
  for (const DistanceLine& line : report.distances) {
    table.add({line.name, count(line.to), fmt::format("{}", line.switches),
               fmt::format("{}", line.wires), latency_text(line.latency)});
  }
  page.table(table);
}

void add_bisection(const TopologyReport& report, Page& page) {
  if (!report.bisection) return;
  const BisectionFigure& figure = *report.bisection;
  const bool exact = figure.method == BisectionMethod::max_flow;
  page.title("Bisection", fmt::format("first half of the {} to the rest, one direction; {}",
                                      report.nodes > 1 ? "nodes" : "GPUs, NVLink included,",
                                      exact ? "maximum flow" : "upper bound"));
  Table table({Align::left, Align::right, Align::right, Align::right});
  table.add({head(""), head("in all"), head("per GPU"), head("of full")});
  // The smaller half.
  const std::int64_t gpus =
      report.nodes > 1 ? report.nodes / 2 * report.gpus_per_node : report.endpoints / 2;
  const auto add = [&](const char* name, BytesPerSecond bandwidth) {
    table.add({name, rate_text(bandwidth), rate_text(bandwidth / static_cast<double>(gpus)),
               percent(bandwidth / figure.full, 1)});
  };
  add("full: all that the NICs carry", figure.full);
  add(figure.after_failures ? "before the failures" : "this network", figure.bandwidth);
  if (figure.after_failures) add("after them", *figure.after_failures);
  page.table(table);
  if (!exact) {
    page.paragraph("",
                   "Too large for a maximum flow in a second: counted leaf by leaf and pod by "
                   "pod, or over the wires of the cut.",
                   Tone::dim);
  }
}

std::string names_text(const std::vector<std::string>& names, std::int64_t of) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  const auto more = of - static_cast<std::int64_t>(names.size());
  return more > 0 ? text + fmt::format(" and {} more", count(more)) : text;
}

std::string pairs_text(const Unreachable& unreachable, std::int64_t gpus) {
  if (unreachable.pairs == 0) return "every GPU reaches every other";
  std::string text = fmt::format("{} of {} pairs have no way: ", count(unreachable.pairs),
                                 count(gpus * (gpus - 1)));
  std::vector<std::string> pairs;
  for (const UnreachablePair& pair : unreachable.first) {
    pairs.push_back(fmt::format("{} to {}", pair.from, pair.to));
  }
  return text + names_text(pairs, unreachable.pairs);
}

// The first words of the lines about failures, as wide as the longest.
std::string mark(std::string_view word) { return fmt::format("{:<10} ", word); }

void add_failures(const TopologyReport& report, Page& page) {
  if (!report.failures) return;
  const FailureFigure& figure = *report.failures;
  std::string what = plural(figure.wires, "wire") + " failed";
  if (figure.switches > 0) what += ", those of " + plural(figure.switches, "switch") + " included";
  page.title("Failures", what);
  if (!figure.first_switches.empty()) {
    page.paragraph(mark("switches"), names_text(figure.first_switches, figure.switches), Tone::bad);
  }
  if (!figure.first_wires.empty()) {
    page.paragraph(mark("wires"), names_text(figure.first_wires, figure.wires_by_themselves),
                   Tone::bad);
  }
  if (figure.gpus_without_nic > 0) {
    page.paragraph(mark("NICs"),
                   plural(figure.gpus_without_nic, "GPU") + " without a wire to the fabric",
                   Tone::bad);
  }
  if (figure.parts.size() > 1) {
    std::vector<std::string> sizes;
    for (const std::int64_t part : figure.parts) {
      if (sizes.size() < 8) sizes.push_back(count(part));
    }
    page.paragraph(mark("parts"),
                   fmt::format("{} that no wire joins, of {} GPUs",
                               count(static_cast<std::int64_t>(figure.parts.size())),
                               names_text(sizes, static_cast<std::int64_t>(figure.parts.size()))),
                   Tone::bad);
  }
  const auto tone = [](const Unreachable& one) { return one.pairs > 0 ? Tone::bad : Tone::good; };
  page.paragraph(mark("by wires"), pairs_text(figure.by_wires, report.endpoints),
                 tone(figure.by_wires));
  if (figure.by_routing) {
    page.paragraph(mark("by routing"), pairs_text(*figure.by_routing, report.endpoints),
                   tone(*figure.by_routing));
  } else {
    page.paragraph(mark("by routing"), "too many pairs to try them all; --route A,B tries one",
                   Tone::dim);
  }
}

void add_routes(const TopologyReport& report, Page& page) {
  for (const RouteFigure& route : report.routes) {
    const std::string name = fmt::format("Route from GPU {} to GPU {}", route.from, route.to);
    if (!route.found) {
      page.title(name, {{"none past what has failed", Tone::bad}});
      continue;
    }
    if (route.hops.empty()) {
      page.title(name, "the same GPU");
      continue;
    }
    page.title(name, fmt::format("{}, {}, {}",
                                 plural(static_cast<std::int64_t>(route.hops.size()), "wire"),
                                 latency_text(route.latency), rate_text(route.bandwidth)));
    Table table({Align::left, Align::left, Align::left, Align::right, Align::right});
    for (const RouteHop& hop : route.hops) {
      table.add({hop.from, page.pick("→ ", "> ") + hop.to, Cell(hop.kind, Tone::dim),
                 rate_text(hop.bandwidth), latency_text(hop.latency)});
    }
    page.table(table);
  }
}

void add_bill(const TopologyReport& report, Page& page) {
  const FabricCost& cost = report.cost;
  page.title("Cost", cost.note.empty() ? "switches and what joins them" : cost.note);
  Table money({Align::left, Align::right, Align::left});
  money.add({"fabric", Cell(usd_text(cost.total), Tone::strong),
             Cell(fmt::format("{} a switch, {} a link between switches", usd_text(cost.per_switch),
                              usd_text(cost.per_link)),
                  Tone::dim)});
  money.add({"for each GPU", usd_text(cost.per_endpoint)});
  page.table(money);
  const FabricPower& power = report.power;
  page.title("Power", power.provenance + (power.note.empty() ? "" : ", ") + power.note);
  Table watts({Align::left, Align::right});
  watts.add({"switches", power_text(power.switches_watts)});
  watts.add({"NICs", power_text(power.nics_watts)});
  watts.add({"transceivers", power_text(power.transceivers_watts)});
  watts.add({Cell("fabric", Tone::strong), Cell(power_text(power.total_watts), Tone::strong)});
  watts.add({"for each GPU", power_text(power.per_endpoint_watts)});
  page.table(watts);
  page.title("Sources", "");
  for (const auto& [name, source] :
       {std::pair{"network", &report.source}, std::pair{"cost", &cost.source},
        std::pair{"power", &power.source}}) {
    if (!source->empty()) page.paragraph(fmt::format("{:<7}", name), *source, Tone::dim);
  }
}

}  // namespace

std::string topology_text(const TopologyReport& report, const TextStyle& style) {
  Page page(style);
  add_headline(report, page);
  for (const std::string& note : report.notes) page.paragraph("!", note, Tone::yellow);
  add_switches(report, page);
  add_wires(report, page);
  add_distances(report, page);
  add_bisection(report, page);
  add_failures(report, page);
  add_routes(report, page);
  add_bill(report, page);
  return std::move(page).text();
}

}  // namespace reckon

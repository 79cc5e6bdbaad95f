// The same transfers by SimGrid's flow model and by ours: times of both, and whether they end
// alike.
//
// SimGrid is set to plain max-min sharing: model CM02 without TCP factors (latency and bandwidth
// factor 1, no weight by bandwidth, no window bound, no cross traffic), links without latency,
// since CM02 weights flows by it. What differs then is precision: SimGrid counts a transfer as over
// when less than `surf/precision` of it is left, and shares as equal within `maxmin/precision`.
#include <sys/wait.h>
#include <unistd.h>
#include <simgrid/s4u.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "sim/flows/flow_simulator.hpp"
#include "tests/benchmark/scenarios.hpp"

namespace reckon {
namespace {

namespace s4u = simgrid::s4u;

double ms_of(const std::function<void()>& work) {
  const std::clock_t begin = std::clock();
  work();
  return 1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

// Every rank to every other, in the order of the scenario's flows.
std::vector<std::pair<std::size_t, std::size_t>> pairs(std::size_t ranks) {
  std::vector<std::pair<std::size_t, std::size_t>> all;
  for (std::size_t from = 0; from < ranks; ++from) {
    for (std::size_t to = 0; to < ranks; ++to) {
      if (from != to) all.emplace_back(from, to);
    }
  }
  return all;
}

void build_platform(const FlowScenario& scenario, std::size_t ranks) {
  s4u::NetZone* zone = s4u::create_full_zone("network");
  std::vector<s4u::Host*> hosts;
  std::vector<s4u::Link*> links;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    hosts.push_back(zone->create_host(std::to_string(rank), 1e9));
  }
  for (const FlowLink& link : scenario.links) {
    links.push_back(zone->create_link("link" + std::to_string(links.size()), link.capacity));
    links.back()->set_latency(link.latency)->seal();
  }
  std::size_t flow = 0;
  for (const auto& [from, to] : pairs(ranks)) {
    std::vector<s4u::LinkInRoute> route;
    for (const int link : scenario.flows.path(flow++)) {
      route.emplace_back(links[static_cast<std::size_t>(link)]);
    }
    zone->add_route(hosts[from]->get_netpoint(), hosts[to]->get_netpoint(), nullptr, nullptr, route,
                    false);
  }
  zone->seal();
}

// One actor starts them all at once and waits for them; SimGrid notes when each has ended.
void send_all(const FlowScenario& scenario, std::size_t ranks, std::vector<double>& finish) {
  const auto rank = [](std::size_t number) { return s4u::Host::by_name(std::to_string(number)); };
  std::vector<s4u::CommPtr> transfers;
  for (const auto& [from, to] : pairs(ranks)) {
    const auto bytes = static_cast<std::uint64_t>(scenario.flows.bytes(transfers.size()));
    transfers.push_back(s4u::Comm::sendto_async(rank(from), rank(to), bytes));
  }
  for (const s4u::CommPtr& transfer : transfers) {
    transfer->wait();
    finish.push_back(transfer->get_finish_time());
  }
}

// To be called once a process, which has one SimGrid clock.
void compare(const char* name, const FlowScenario& scenario, std::size_t ranks) {
  FlowResult ours;
  double our_ms = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 5; ++i) {
    our_ms =
        std::min(our_ms, ms_of([&] { ours = simulate_flows(scenario.links, scenario.flows); }));
  }
  char program[] = "reckon_simgrid_benchmark";
  char quiet[] = "--log=xbt_cfg.thres:warning";
  char* arguments[] = {program, quiet, nullptr};
  int count = 2;
  s4u::Engine engine(&count, arguments);
  for (const char* const option :
       {"network/model:CM02", "network/latency-factor:1", "network/bandwidth-factor:1",
        "network/weight-S:0", "network/TCP-gamma:0", "network/crosstraffic:0",
        "maxmin/precision:1e-9", "surf/precision:1e-12"}) {
    s4u::Engine::set_config(option);
  }
  build_platform(scenario, ranks);
  std::vector<double> theirs;
  s4u::Actor::create("sender", s4u::Host::by_name("0"), [&] { send_all(scenario, ranks, theirs); });
  const double their_ms = ms_of([&engine] { engine.run(); });
  double worst = 0;
  for (std::size_t flow = 0; flow < theirs.size(); ++flow) {
    worst = std::max(worst, std::abs(ours.finish[flow] / theirs[flow] - 1));
  }
  std::printf("%-28s %7zu %12.6g s %11.4g ms %11.4g ms %8.0f %11.1e\n", name, theirs.size(),
              ours.makespan, our_ms, their_ms, their_ms / our_ms, worst);
}

void compare_in_own_process(const char* name, const FlowScenario& scenario, std::size_t ranks) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    compare(name, scenario, ranks);
    std::fflush(nullptr);
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
    std::printf("%-28s did not come to an end\n", name);
  }
}

}  // namespace
}  // namespace reckon

int main() {
  using namespace reckon;
  std::printf("%-28s %7s %14s %14s %14s %8s %11s\n", "all-to-all", "flows", "makespan",
              "reckon, best 5", "SimGrid", "ratio", "difference");
  compare_in_own_process("16 ranks, mixed, star", star_all_to_all(16, true, 0), 16);
  compare_in_own_process("64 ranks, mixed, star", star_all_to_all(64, true, 0), 64);
  compare_in_own_process("64 ranks, uniform, fat tree", fat_tree_all_to_all(64, 0), 64);
  return 0;
}

#include "planner/expert_transfer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <utility>

#include "planner/catalog.hpp"
#include "planner/faults.hpp"
#include "planner/spec/expert_transport_json.hpp"
#include "sim/experts/expert_loads.hpp"
#include "sim/experts/token_routing.hpp"
#include "sim/experts/transport_mode.hpp"
#include "sim/flows/flow_collectives.hpp"
#include "topologies/generate.hpp"

namespace reckon {
namespace {

constexpr int most_gpus = 1024;    // whose transfers to each other are a million flows
constexpr double most_work = 5e9;  // multiplications for the chances of a routing: some seconds

class Problems {
 public:
  void add(std::string_view flag, std::string message) {
    found_.push_back({std::string(flag), 0, 0, "", std::move(message)});
  }
  void add(const std::vector<Problem>& more) {
    found_.insert(found_.end(), more.begin(), more.end());
  }
  void finish() {
    if (!found_.empty()) throw InputError(std::move(found_));
  }

 private:
  std::vector<Problem> found_;
};

// --- loads ---

ExpertLoads recorded_loads(const std::string& data_dir, const std::string& name, int experts,
                           std::int64_t seed, Problems& problems) {
  const bool is_file = name.ends_with(".json");
  const std::string path = is_file ? name : data_dir + "/topologies/expert_loads/measured.json";
  const ExpertLoadsFile file = read_expert_loads(read_text_file(path), path);
  std::string known;
  for (const RecordedLoads& loads : file.loads) {
    if (!is_file && loads.name != name) {
      known += (known.empty() ? "" : ", ") + loads.name;
      continue;
    }
    if (loads.shares.empty()) {
      return dirichlet_loads(experts, loads.concentration, static_cast<std::uint64_t>(seed));
    }
    if (static_cast<int>(loads.shares.size()) != experts) {
      problems.add("--loads", printable(name, 200) + " has shares of " +
                                  std::to_string(loads.shares.size()) + " experts, not of " +
                                  std::to_string(experts));
    }
    ExpertLoads shares = normalised(loads.shares);
    if (shares.empty()) problems.add("--loads", printable(name, 200) + " has only zeros");
    return shares;
  }
  problems.add("--loads", in_quotes(name) + " is unknown; there are " + known +
                              ", or give a file that ends in .json");
  return {};
}

// Empty, with a problem, if there are none.
ExpertLoads loads_of(const std::string& data_dir, const NetworkRequest& request, int parts,
                     Problems& problems) {
  const std::string& text = request.loads;
  const std::string dirichlet = "dirichlet:", recorded = "recorded:";
  if (text == "balanced") return balanced_loads(parts);
  if (text.starts_with(recorded)) {
    return recorded_loads(data_dir, text.substr(recorded.size()), parts, request.seed, problems);
  }
  double concentration = 0;
  if (text.starts_with(dirichlet)) {
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data() + dirichlet.size(), end, concentration);
    if (error == std::errc() && at == end && concentration >= 1e-3 && concentration <= 1e9) {
      return dirichlet_loads(parts, concentration, static_cast<std::uint64_t>(request.seed));
    }
  }
  problems.add("--loads", in_quotes(text) +
                              " is none; give balanced, dirichlet:CONCENTRATION (of one expert, "
                              "0.001 to 1e9) or recorded:NAME");
  return {};
}

// --- the network ---

void check_gpus(const ClusterSpec& cluster, const NetworkRequest& request, Problems& problems) {
  const int most = std::min(most_gpus, gpus(cluster));
  if (request.gpus < 2 || request.gpus > most) {
    problems.add("--gpus", "give 2 to " + std::to_string(most) + " of " + cluster.name);
  } else if (request.gpus > cluster.gpus_per_node && request.gpus % cluster.gpus_per_node != 0) {
    problems.add("--gpus", std::to_string(request.gpus) + " do not fill whole nodes of " +
                               std::to_string(cluster.gpus_per_node));
  }
}

// The cluster with the faults of both; slow GPUs are left out, as they slow no transfer down.
ClusterSpec faulty_cluster(ClusterSpec cluster, const NetworkRequest& request, Problems& problems) {
  problems.add(add_faults(request.faults, cluster));
  for (const Fault& fault : request.faults) {
    if (fault.kind != FaultKind::slow_gpu) continue;
    problems.add("--fault", to_text(fault) +
                                " slows no transfer down; reckon simulate shows what "
                                "it costs a step");
  }
  std::vector<Fault>& faults = cluster.faults;
  const auto slow_gpu = [](const Fault& f) { return f.kind == FaultKind::slow_gpu; };
  faults.erase(std::remove_if(faults.begin(), faults.end(), slow_gpu), faults.end());
  return cluster;
}

std::vector<std::string> fault_names(const ClusterSpec& cluster) {
  std::vector<std::string> names;
  for (const Fault& fault : cluster.faults) names.push_back(to_text(fault));
  return names;
}

int nic_of(const Topology& topology, int gpu) { return links_from(topology, gpu).back(); }

void slow_down(Topology& topology, int link, double speed) {
  for (const int direction : {link, reverse_of(link)}) {
    topology.links[static_cast<std::size_t>(direction)].capacity *= speed;
  }
}

// Every GPU of a failed plane loses its NIC's wire; a slow NIC's wire has its share of the rate.
Topology with_faults(Topology topology, const ClusterSpec& cluster) {
  Failures failures;
  for (const Fault& fault : cluster.faults) {
    if (fault.kind == FaultKind::slow_nic) {
      const int gpu = fault.node * cluster.gpus_per_node + fault.gpu;
      slow_down(topology, nic_of(topology, gpu), fault.speed);
      continue;
    }
    for (int gpu = 0; gpu < topology.gpus; ++gpu) {
      const int plane = gpu % cluster.gpus_per_node % cluster.fabric.planes;
      if (plane == fault.plane) failures.links.push_back(nic_of(topology, gpu));
    }
  }
  return without(std::move(topology), failures);
}

Topology network_of(const ClusterSpec& cluster, Problems& problems) {
  const FatTreeShape shape = shape_of(cluster);
  for (const std::string& problem : shape_problems(shape)) problems.add(cluster.name, problem);
  problems.finish();
  return build_topology(shape);
}

RoutingPolicy routing_policy(const NetworkRequest& request, RoutingPolicy policy) {
  policy.choice = request.routing;
  policy.seed = static_cast<std::uint64_t>(request.seed);
  return policy;
}

std::vector<int> first_gpus(int count) {
  std::vector<int> gpus(static_cast<std::size_t>(count));
  std::iota(gpus.begin(), gpus.end(), 0);
  return gpus;
}

void check_reached(const std::vector<GpuPair>& unreachable) {
  if (unreachable.empty()) return;
  throw InputError({{"--fault", 0, 0, "",
                     "GPU " + std::to_string(unreachable.front().from) + " has no way to GPU " +
                         std::to_string(unreachable.front().to) + " any more; " +
                         std::to_string(unreachable.size()) + " transfers have none"}});
}

// --- experts ---

TokenRouting routing_of(const ModelSpec& model, const ExpertRequest& request) {
  const MoeSpec moe = model.moe.value_or(MoeSpec{});
  TokenRouting routing{request.experts.value_or(moe.experts),
                       request.experts_per_token.value_or(moe.experts_per_token),
                       request.groups.value_or(moe.groups),
                       request.groups_per_token.value_or(moe.groups_per_token),
                       request.distinct_groups};
  // No limit unless it is asked for, where the groups are not the model's.
  if (request.groups && !request.groups_per_token) routing.groups_per_token = routing.groups;
  return routing;
}

// Of three fits, and of what every GPU and node misses of two placements.
void check_work(const TokenRouting& routing, int gpus, Problems& problems) {
  const double work = routing_work(routing) * (100.0 + 3.0 * gpus);
  if (work <= most_work) return;
  problems.add("--experts",
               fmt::format("the chances of {} of {} experts in {} of {} groups take {:.1e} "
                           "multiplications, more than {:.0e}; give fewer experts, groups, --topk "
                           "or --gpus",
                           routing.experts_per_token, routing.experts, routing.groups_per_token,
                           routing.groups, work, most_work));
}

struct Experts {
  TokenRouting routing;
  ExpertLoads loads;
  PlacementRequest placement;
  TransportUse use;
  TransferMode mode;
};

ExpertLine line_of(const Topology& topology, const Experts& experts,
                   const ExpertPlacement& placement, const ExpertTraffic& traffic) {
  const ExpertTransferTimes times =
      expert_transfer_by_flows(topology, first_gpus(placement.ranks), traffic, experts.mode);
  check_reached(times.unreachable);
  const LoadBalance balance = balance_of(placement, experts.loads);
  ExpertLine line;
  line.gpu_imbalance = balance.gpu;
  line.node_imbalance = balance.node;
  line.nodes_per_token = nodes_per_token(traffic);
  line.gpus_per_token = gpus_per_token(traffic);
  line.time = {times.time};
  line.first_finish = {*std::min_element(times.finish.begin(), times.finish.end())};
  line.rdma = times.rdma;
  line.nvlink = times.nvlink;
  if (times.busiest_rank >= 0) {
    line.busiest_link = "SMs of GPU " + std::to_string(times.busiest_rank);
  } else if (times.busiest_link >= 0) {
    line.busiest_link = link_text(topology, times.busiest_link);
  }
  line.utilisation = times.utilisation;
  return line;
}

// The experts in order, if they can stand so, and as EPLB puts them; healthy, then broken.
void add_lines(const Topology& healthy, const std::optional<Topology>& broken,
               const Experts& experts, const ExpertRequest& request, ExpertForecast& forecast) {
  std::vector<std::pair<std::string, ExpertPlacement>> placements;
  PlacementRequest in_order = experts.placement;
  in_order.redundant_experts = 0;
  if (placement_problems(in_order, experts.routing.experts).empty()) {
    placements.emplace_back("in order", contiguous_placement(in_order, experts.routing.experts));
  }
  const bool is_even = forecast.max_violation < 1e-9 && request.redundant_experts == 0;
  if (placements.empty() || !is_even) {
    placements.emplace_back("balanced", balanced_placement(experts.placement, experts.loads));
  }
  const std::vector<double> tokens(static_cast<std::size_t>(forecast.gpus), request.tokens);
  for (const auto& [name, placement] : placements) {
    const ExpertTraffic traffic =
        expert_traffic(experts.routing, experts.loads, placement, tokens, request.capacity_factor);
    forecast.dropped = traffic.dropped;
    for (const Topology* const topology : {&healthy, broken ? &*broken : nullptr}) {
      if (topology == nullptr) continue;
      ExpertLine line = line_of(*topology, experts, placement, traffic);
      line.placement = name;
      line.is_broken = topology != &healthy;
      forecast.lines.push_back(std::move(line));
    }
  }
  if (placements.size() == 2) {
    const std::size_t balanced = forecast.lines.size() / 2;
    forecast.balanced_gain = forecast.lines.front().time / forecast.lines[balanced].time;
  }
}

}  // namespace

ExpertForecast forecast_expert_transfer(const std::string& data_dir, const ExpertRequest& request) {
  const ModelSpec model = load_model(data_dir, request.model);
  const std::string file = data_dir + "/topologies/transports/deepep.json";
  const ExpertTransport transport = read_expert_transport(read_text_file(file), file);

  Problems problems;
  const ClusterSpec cluster =
      faulty_cluster(load_cluster(data_dir, request.network.cluster), request.network, problems);
  check_gpus(cluster, request.network, problems);
  problems.finish();
  if (!model.moe && !request.experts) {
    problems.add("--model", printable(model.name) + " has no experts; name another or --experts");
    problems.finish();
  }
  Experts experts{routing_of(model, request), {}, {}, {}, {}};
  const int per_node = std::min(request.network.gpus, cluster.gpus_per_node);
  experts.placement = {request.network.gpus, per_node, experts.routing.groups,
                       request.redundant_experts};
  for (const std::string& problem : routing_problems(experts.routing)) {
    problems.add(request.model, problem);
  }
  problems.finish();
  for (const std::string& problem :
       placement_problems(experts.placement, experts.routing.experts)) {
    problems.add("--gpus", problem);
  }
  check_work(experts.routing, request.network.gpus, problems);
  experts.loads = loads_of(data_dir, request.network, experts.routing.experts, problems);
  problems.finish();
  if (!can_route(experts.routing, experts.loads)) {
    problems.add("--loads", "leave a token fewer than " +
                                std::to_string(experts.routing.experts_per_token) +
                                " experts that have any load");
  }
  problems.finish();
  // No expert takes more than all tokens, no group more than its limit lets through.
  const RoutingOdds odds = routing_odds(experts.routing, experts.loads);
  experts.loads = normalised(inclusion(odds));

  const Dtype dtype = request.dtype.value_or(request.is_combine ? Dtype::bf16 : Dtype::fp8_block);
  const int nodes = request.network.gpus / per_node;
  const int hidden = request.hidden.value_or(model.hidden);
  experts.use = {request.is_combine, request.low_latency,         nodes,
                 request.sms,        static_cast<double>(hidden), dtype};
  experts.mode = transfer_mode(transport, experts.use);
  experts.mode.in_series = request.in_series;
  experts.mode.routing = routing_policy(request.network, experts.mode.routing);

  ExpertForecast forecast{request.is_combine ? "combine" : "dispatch",
                          cluster.name,
                          transport.name,
                          request.network.gpus,
                          nodes,
                          request.tokens,
                          hidden,
                          experts.routing.experts,
                          experts.routing.experts_per_token,
                          experts.routing.groups,
                          experts.routing.groups_per_token,
                          experts.routing.distinct_groups,
                          dtype,
                          request.sms > 0 ? request.sms : transport.sms,
                          request.low_latency,
                          request.in_series,
                          request.network.loads,
                          max_violation(experts.loads),
                          odds.residual,
                          0,
                          request.redundant_experts,
                          fault_names(cluster),
                          request.network.routing,
                          0,
                          {}};
  if (request.low_latency) forecast.sms = transport.low_latency_sms;
  const Topology healthy =
      network_of(at_transport_rates(cluster, transport, experts.use), problems);
  std::optional<Topology> broken;
  if (!cluster.faults.empty()) broken = with_faults(healthy, cluster);
  add_lines(healthy, broken, experts, request, forecast);
  return forecast;
}

FlowCollectiveForecast forecast_flow_collective(const std::string& data_dir,
                                                const NetworkRequest& request,
                                                FlowOperation operation,
                                                const std::vector<Bytes>& sizes) {
  Problems problems;
  const ClusterSpec cluster =
      faulty_cluster(load_cluster(data_dir, request.cluster), request, problems);
  check_gpus(cluster, request, problems);
  const bool is_uneven = operation == FlowOperation::all_to_all_v;
  problems.finish();
  const ExpertLoads shares = is_uneven ? loads_of(data_dir, request, request.gpus, problems)
                                       : balanced_loads(request.gpus);
  problems.finish();
  const Topology topology = with_faults(network_of(cluster, problems), cluster);
  const std::vector<int> gpus = first_gpus(request.gpus);
  FlowCollectiveForecast forecast{operation,
                                  cluster.name,
                                  request.gpus,
                                  fault_names(cluster),
                                  request.routing,
                                  max_violation(shares) + 1,
                                  {}};
  for (const Bytes bytes : sizes) {
    const RoutedTimes times =
        simulate_transfers(topology, routing_policy(request, {}),
                           is_uneven ? all_to_all_v(gpus, matrix_by_shares(shares, bytes))
                                     : collective_transfers(operation, gpus, bytes));
    check_reached(times.unreachable);
    const Seconds time{times.makespan};
    const BytesPerSecond algbw = bytes / time;
    forecast.lines.push_back(
        {bytes, time, algbw, algbw * bus_factor(operation, request.gpus),
         times.busiest_link >= 0 ? link_text(topology, times.busiest_link) : "",
         times.utilisation});
  }
  return forecast;
}

}  // namespace reckon

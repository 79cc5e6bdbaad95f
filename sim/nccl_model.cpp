#include "sim/nccl_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace reckon {
namespace {

constexpr std::array<NcclProtocol, nccl_protocols> protocols{NcclProtocol::ll, NcclProtocol::ll128,
                                                             NcclProtocol::simple};

struct Communicator {
  const NcclTuning& tuning;
  const NcclNode& node;
  const NcclGraphs& graphs;
  const NcclGeneration& generation;
  const NcclCpu& cpu;
  int nodes;
  int ranks;
};

// Of an algorithm and a protocol, before what depends on the bytes.
struct Cost {
  Seconds latency;
  BytesPerSecond bandwidth;  // bytes / time, as for algbw
};

const NcclGeneration& generation_of(const NcclTuning& tuning, GpuGeneration wanted) {
  return *std::find_if(tuning.generations.begin(), tuning.generations.end(),
                       [wanted](const NcclGeneration& row) { return row.generation == wanted; });
}
const NcclCpu& cpu_of(const NcclTuning& tuning, CpuVendor wanted) {
  return *std::find_if(tuning.cpus.begin(), tuning.cpus.end(),
                       [wanted](const NcclCpu& row) { return row.vendor == wanted; });
}

Communicator communicator(const NcclTuning& tuning, const NcclNode& node, int nodes) {
  return {tuning,
          node,
          nodes == 1 ? node.one_node : node.more_nodes,
          generation_of(tuning, node.generation),
          cpu_of(tuning, node.cpu),
          nodes,
          nodes * node.gpus};
}

Seconds of_protocol(const NcclProtocolTimes& times, NcclProtocol protocol) {
  switch (protocol) {
    case NcclProtocol::ll:
      return times.ll;
    case NcclProtocol::ll128:
      return times.ll128;
    case NcclProtocol::simple:
      return times.simple;
  }
  return {};
}

BytesPerSecond of_nodes(const NcclLimitByNodes& limit, int nodes) {
  if (nodes == 1) return limit.one_node;
  return nodes == 2 ? limit.two_nodes : limit.more_nodes;
}

// Of all channels together, protocol LL.
BytesPerSecond ll_limit(const Communicator& c) {
  if (c.nodes == 1) return c.generation.ll_limit;
  return c.nodes == 2 ? c.cpu.ll_limit_two_nodes : c.cpu.ll_limit_more_nodes;
}

// Up to two nodes NCCL counts on the bandwidth inside a node, from three on on that between nodes.
BytesPerSecond of_all_channels(const NcclGraph& graph, int nodes) {
  return graph.channels * (nodes <= 2 ? graph.within_node : graph.between_nodes);
}

double floor_log2(int value) { return std::ilogb(static_cast<double>(value)); }

// One step from node to node. Beside the data, `simple` pays the NIC's latency for a flush.
Seconds network_step(const Communicator& c, Seconds step, NcclProtocol protocol) {
  return step + c.node.nic_latency * (protocol == NcclProtocol::simple ? 2.0 : 1.0);
}

int ring_steps(NcclOperation operation, int ranks) {
  switch (operation) {
    case NcclOperation::broadcast:
    case NcclOperation::reduce:
      return ranks;
    case NcclOperation::all_gather:
    case NcclOperation::reduce_scatter:
      return ranks - 1;
    case NcclOperation::all_reduce:
      return 2 * (ranks - 1);
  }
  return 0;
}

// Bus bandwidth to bytes / time.
double ring_share(const Communicator& c, NcclOperation operation) {
  return static_cast<double>(c.ranks) / ring_steps(operation, c.ranks);
}

// Broadcast and reduce: the data pass all ranks once. With the same ring in every channel NCCL
// counts a single step.
Seconds chain_latency(const Communicator& c, NcclProtocol protocol) {
  const NcclLatencies& steps = c.nodes == 1 ? c.tuning.within_node : c.tuning.between_nodes;
  if (c.graphs.ring.same_channels) return of_protocol(steps.ring, protocol);
  const NcclProtocolTimes& by_protocol =
      protocol == NcclProtocol::simple ? steps.tree : steps.ring;  // a chunk's latency
  return c.ranks * of_protocol(by_protocol, protocol);
}

Seconds ring_latency(const Communicator& c, NcclOperation operation, NcclProtocol protocol) {
  const Seconds base = of_protocol(c.tuning.base.ring, protocol);
  if (operation == NcclOperation::broadcast || operation == NcclOperation::reduce) {
    return base + chain_latency(c, protocol);
  }
  const int network_steps =
      (c.nodes - 1) * (operation == NcclOperation::all_reduce ? 2 : 1);  // none on one node
  const int inner_steps = ring_steps(operation, c.ranks) - network_steps;
  Seconds inner = of_protocol(c.tuning.within_node.ring, protocol);
  if (c.nodes > 1) {
    const double factor =
        protocol == NcclProtocol::simple ? c.tuning.net_overhead_simple_factor : 1.0;
    inner = std::max(inner, c.cpu.net_overhead * factor);
  }
  const Seconds network =
      network_step(c, of_protocol(c.tuning.between_nodes.ring, protocol), protocol);
  return base + inner_steps * inner + network_steps * network;
}

Cost ring_cost(const Communicator& c, NcclOperation operation, NcclProtocol protocol) {
  const NcclGraph& graph = c.graphs.ring;
  const NcclShares& shares = c.tuning.shares;
  BytesPerSecond bus = of_all_channels(graph, c.nodes);
  if (protocol == NcclProtocol::ll) bus = std::min(ll_limit(c), bus * shares.ring_ll);
  if (protocol == NcclProtocol::ll128) {
    bus = std::min(bus * shares.ring_ll128, graph.channels * c.generation.ring_ll128_limit);
  }
  return {ring_latency(c, operation, protocol), bus * ring_share(c, operation)};
}

// All-reduce only: up the tree and down again.
Cost tree_cost(const Communicator& c, NcclProtocol protocol) {
  const NcclGraph& graph = c.graphs.tree;
  const NcclShares& shares = c.tuning.shares;
  BytesPerSecond bus = std::min(of_all_channels(graph, c.nodes) * shares.tree,
                                graph.channels * of_nodes(c.generation.tree_limit, c.nodes));
  if (protocol == NcclProtocol::ll) bus = std::min(bus / shares.tree_ll_divisor, ll_limit(c));
  if (protocol == NcclProtocol::ll128) {
    const double share = c.nodes == 1 ? shares.tree_ll128_one_node : shares.tree_ll128_more_nodes;
    bus = std::min(bus * share, graph.channels * of_nodes(c.generation.tree_ll128_limit, c.nodes));
  }
  if (graph.pattern == NcclPattern::tree) bus *= shares.tree_pattern;

  const Seconds inner = of_protocol(c.tuning.within_node.tree, protocol);
  const Seconds network =
      network_step(c, of_protocol(c.tuning.between_nodes.tree, protocol), protocol);
  const Seconds one_way = (c.node.gpus - 1) * inner + floor_log2(c.nodes) * network;
  return {of_protocol(c.tuning.base.tree, protocol) + 2.0 * one_way, bus / 2.0};
}

// Of one channel. A reduction in the switch saves half of what a ring carries.
BytesPerSecond nvls_within_node(const Communicator& c, const NcclGraph& graph,
                                NcclOperation operation) {
  const double channels = graph.channels;
  const double gpus = c.node.gpus;
  const double saved = operation == NcclOperation::all_reduce ? 2.0 : (gpus - 1) / gpus;
  return graph.within_node * (c.generation.nvls_efficiency * (channels - 1) / channels * saved);
}

// One node only: more would need SHARP.
Cost nvls_cost(const Communicator& c, const NcclGraph& graph, NcclOperation operation) {
  const BytesPerSecond bus =
      graph.channels * std::min(nvls_within_node(c, graph, operation), graph.between_nodes);
  const double share =
      operation == NcclOperation::all_reduce ? ring_share(c, operation) : 1.0;  // NCCL's
  return {c.tuning.within_node.nvls, bus * share};
}

// All-reduce over several nodes.
Cost nvls_tree_cost(const Communicator& c, const NcclGraph& graph) {
  const BytesPerSecond between = graph.between_nodes * (c.nodes == 2 ? 2.0 : 1.0);
  const BytesPerSecond channel =
      std::min({nvls_within_node(c, graph, NcclOperation::all_reduce), between,
                of_nodes(c.generation.nvls_tree_limit, c.nodes)});
  const Seconds network = network_step(c, c.tuning.between_nodes.nvls_tree, NcclProtocol::simple);
  return {c.tuning.within_node.nvls_tree + 2.0 * floor_log2(c.nodes) * network,
          graph.channels * channel * ring_share(c, NcclOperation::all_reduce)};
}

// The factor of a tree's bandwidth for these bytes.
double tree_correction(const Communicator& c, NcclAlgorithm algorithm, NcclProtocol protocol,
                       Bytes bytes) {
  const NcclTreeCorrection& correction = c.tuning.tree_correction;
  const bool is_tree = algorithm == NcclAlgorithm::tree;
  const bool is_nvls_tree =
      algorithm == NcclAlgorithm::nvls_tree && c.generation.nvls_tree_corrected && c.cpu.x86;
  if ((!is_tree && !is_nvls_tree) || bytes < correction.first) return 1.0;
  const int octaves = is_tree ? correction.tree_octaves : correction.nvls_tree_octaves;
  const int octave = std::ilogb(bytes / correction.first);
  if (octave >= octaves) return 1.0;
  const auto index = static_cast<std::size_t>(octave);
  switch (protocol) {
    case NcclProtocol::ll:
      return correction.ll[index];
    case NcclProtocol::ll128:
      return correction.ll128[index];
    case NcclProtocol::simple:
      return correction.simple[index];
  }
  return 1.0;
}

// NCCL raises the latency of a large all-reduce on a ring over several nodes. It counts twice the
// channels that the search found (four times for less than 8 on Hopper, which no shipped node has).
double plateau(const Communicator& c, NcclOperation operation, NcclAlgorithm algorithm,
               NcclProtocol protocol, Bytes bytes) {
  if (algorithm != NcclAlgorithm::ring || protocol != NcclProtocol::simple || c.nodes == 1 ||
      operation != NcclOperation::all_reduce) {
    return 1.0;
  }
  const Bytes chunk = bytes / (2.0 * c.graphs.ring.channels * c.ranks);
  return chunk >= c.tuning.plateau_from ? c.generation.ring_simple_plateau_factor : 1.0;
}

NcclChoice choice(const Communicator& c, NcclOperation operation, NcclAlgorithm algorithm,
                  NcclProtocol protocol, const Cost& cost, Bytes bytes) {
  const BytesPerSecond bandwidth = cost.bandwidth * tree_correction(c, algorithm, protocol, bytes);
  const double busbw_factor = nccl_busbw_factor(operation, c.ranks);
  NcclChoice made;
  made.algorithm = algorithm;
  made.protocol = protocol;
  made.latency = cost.latency * plateau(c, operation, algorithm, protocol, bytes);
  made.transfer = bytes / bandwidth;
  made.time = made.latency + made.transfer;
  made.algbw = bytes / made.time;
  made.busbw = made.algbw * busbw_factor;
  made.peak_busbw = bandwidth * busbw_factor;
  return made;
}

}  // namespace

double nccl_busbw_factor(NcclOperation operation, int ranks) {
  const double n = ranks;
  switch (operation) {
    case NcclOperation::broadcast:
    case NcclOperation::reduce:
      return 1.0;
    case NcclOperation::all_gather:
    case NcclOperation::reduce_scatter:
      return (n - 1) / n;
    case NcclOperation::all_reduce:
      return 2 * (n - 1) / n;
  }
  return 1.0;
}

const NcclNode* find_nccl_node(const NcclTuning& tuning, std::string_view name) {
  const auto found = std::find_if(tuning.nodes.begin(), tuning.nodes.end(),
                                  [name](const NcclNode& node) { return node.name == name; });
  return found == tuning.nodes.end() ? nullptr : &*found;
}

std::vector<NcclChoice> nccl_candidates(const NcclTuning& tuning, const NcclNode& node, int nodes,
                                        NcclOperation operation, Bytes bytes) {
  const Communicator c = communicator(tuning, node, nodes);
  const bool is_all_reduce = operation == NcclOperation::all_reduce;
  std::vector<NcclChoice> candidates;
  const auto add = [&](NcclAlgorithm algorithm, NcclProtocol protocol, const Cost& cost) {
    candidates.push_back(choice(c, operation, algorithm, protocol, cost, bytes));
  };
  if (is_all_reduce) {
    for (const NcclProtocol protocol : protocols) {
      add(NcclAlgorithm::tree, protocol, tree_cost(c, protocol));
    }
  }
  for (const NcclProtocol protocol : protocols) {
    add(NcclAlgorithm::ring, protocol, ring_cost(c, operation, protocol));
  }
  const bool has_nvls = c.graphs.nvls && c.graphs.nvls->channels >= 2 &&
                        c.generation.nvls_efficiency > 0 && operation != NcclOperation::broadcast &&
                        operation != NcclOperation::reduce;
  if (has_nvls && nodes == 1) {
    add(NcclAlgorithm::nvls, NcclProtocol::simple, nvls_cost(c, *c.graphs.nvls, operation));
  }
  if (has_nvls && nodes > 1 && is_all_reduce) {
    add(NcclAlgorithm::nvls_tree, NcclProtocol::simple, nvls_tree_cost(c, *c.graphs.nvls));
  }
  return candidates;
}

NcclChoice nccl_choice(const NcclTuning& tuning, const NcclNode& node, int nodes,
                       NcclOperation operation, Bytes bytes) {
  const std::vector<NcclChoice> candidates = nccl_candidates(tuning, node, nodes, operation, bytes);
  return *std::min_element(
      candidates.begin(), candidates.end(),
      [](const NcclChoice& a, const NcclChoice& b) { return a.time < b.time; });
}

}  // namespace reckon

#include "sim/experts/expert_flows.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "sim/flows/routed_flows.hpp"

namespace reckon {
namespace {

std::size_t index(int value) { return static_cast<std::size_t>(value); }

// What reaches a GPU that passes it on, and what it passes on.
struct Hop {
  std::vector<int> earlier;
  std::vector<int> later;
};

// The transfers of a kernel while they are put together; written as a dispatch, turned for a
// combine.
class Transfers {
 public:
  Transfers(std::span<const int> gpus, const ExpertTraffic& traffic, const TransferMode& mode)
      : gpus_(gpus), traffic_(traffic), mode_(mode), node_(index(traffic.ranks_per_node)) {
    const std::size_t ranks = traffic.tokens.size();
    for (std::size_t first = 0; first + ranks <= gpus.size(); first += ranks) {
      if (mode.copies == CopyRule::per_node) {
        add_node_wise(first);
      } else {
        add_direct(first);
      }
    }
  }

  const std::vector<RoutedTransfer>& all() const { return transfers_; }
  // The ranks at the two ends of each.
  const std::vector<GpuPair>& ranks() const { return ranks_; }
  const std::vector<Hop>& hops() const { return hops_; }

 private:
  int add(std::size_t from, std::size_t to, double copies) {
    const double bytes = copies * mode_.bytes_per_copy.value;
    GpuPair ranks{static_cast<int>(from), static_cast<int>(to)};
    RoutedTransfer transfer{{gpus_[from], gpus_[to]}, bytes, -1, {}};
    if (mode_.is_combine) {
      std::swap(ranks.from, ranks.to);
      std::swap(transfer.gpus.from, transfer.gpus.to);
    }
    // The SMs of the GPU that dispatches a copy, and that reduces it on the way back.
    if (mode_.sm_rate.value > 0) transfer.private_link = static_cast<int>(from);
    transfers_.push_back(std::move(transfer));
    ranks_.push_back(ranks);
    return static_cast<int>(transfers_.size()) - 1;
  }

  void add_direct(std::size_t first) {
    const std::vector<double>& copies =
        mode_.copies == CopyRule::per_expert ? traffic_.expert_copies : traffic_.gpu_copies;
    const std::size_t ranks = traffic_.tokens.size();
    for (std::size_t from = 0; from < ranks; ++from) {
      for (std::size_t to = 0; to < ranks; ++to) {
        if (from == to && mode_.sm_rate.value <= 0) continue;
        add(first + from, first + to, traffic_.tokens[from] * copies[to]);
      }
    }
  }

  // All that comes to a GPU for forwarding goes on as one flow to each GPU of the node, whoever
  // sent it.
  void add_node_wise(std::size_t first) {
    const std::size_t ranks = traffic_.tokens.size();
    for (std::size_t landing = 0; landing < ranks; ++landing) {
      std::vector<int> arriving;
      double tokens = 0;
      for (std::size_t from = landing % node_; from < ranks; from += node_) {
        tokens += traffic_.tokens[from];
        const bool between_nodes = ranks > node_;
        if (between_nodes && (from != landing || mode_.sm_rate.value > 0)) {
          arriving.push_back(add(first + from, first + landing,
                                 traffic_.tokens[from] * traffic_.node_copies[landing / node_]));
        }
      }
      add_forwarding(first, landing, tokens, arriving);
    }
  }

  void add_forwarding(std::size_t first, std::size_t landing, double tokens,
                      const std::vector<int>& arriving) {
    const std::size_t node_begin = landing / node_ * node_;
    std::vector<int> forwarded;
    for (std::size_t to = node_begin; to < node_begin + node_; ++to) {
      if (to == landing && mode_.sm_rate.value <= 0) continue;
      forwarded.push_back(add(first + landing, first + to, tokens * traffic_.gpu_copies[to]));
    }
    hops_.push_back(mode_.is_combine ? Hop{forwarded, arriving} : Hop{arriving, forwarded});
    if (!mode_.in_series) return;
    for (const int later : hops_.back().later) {
      transfers_[index(later)].after = hops_.back().earlier;
    }
  }

  std::span<const int> gpus_;
  const ExpertTraffic& traffic_;
  const TransferMode& mode_;
  std::size_t node_;
  std::vector<RoutedTransfer> transfers_;
  std::vector<GpuPair> ranks_;
  std::vector<Hop> hops_;
};

// Of both hops at once the later one cannot end before what it passes on has come.
void wait_for_earlier(const std::vector<Hop>& hops, std::vector<double>& finish) {
  for (const Hop& hop : hops) {
    double last = 0;
    for (const int transfer : hop.earlier) last = std::max(last, finish[index(transfer)]);
    for (const int transfer : hop.later) {
      finish[index(transfer)] = std::max(finish[index(transfer)], last);
    }
  }
}

void add_bandwidths(const ExpertTraffic& traffic, const TransferMode& mode,
                    ExpertTransferTimes& times) {
  if (times.time <= 0) return;
  const double mean_tokens = std::accumulate(traffic.tokens.begin(), traffic.tokens.end(), 0.0) /
                             static_cast<double>(traffic.tokens.size());
  const double received =
      mode.copies == CopyRule::per_expert
          ? std::accumulate(traffic.expert_copies.begin(), traffic.expert_copies.end(), 0.0)
          : gpus_per_token(traffic);
  const double one = mean_tokens * mode.bytes_per_copy.value / times.time;
  times.nvlink = {one * received};
  if (traffic.node_copies.size() < 2) return;  // nothing leaves the node
  times.rdma = {one * (mode.copies == CopyRule::per_node ? nodes_per_token(traffic) : received)};
}

}  // namespace

ExpertTransferTimes expert_transfer_by_flows(const Topology& topology,
                                             std::span<const int> group_gpus,
                                             const ExpertTraffic& traffic,
                                             const TransferMode& mode) {
  const Transfers transfers(group_gpus, traffic, mode);
  const std::vector<FlowLink> sms(mode.sm_rate.value > 0 ? group_gpus.size() : 0,
                                  FlowLink{mode.sm_rate.value, 0});
  RoutedTimes flows = simulate_transfers(topology, mode.routing, transfers.all(), sms);
  ExpertTransferTimes times;
  times.finish.assign(group_gpus.size(), 0);
  times.unreachable = std::move(flows.unreachable);
  if (!times.unreachable.empty()) return times;
  wait_for_earlier(transfers.hops(), flows.finish);
  for (std::size_t i = 0; i < flows.finish.size(); ++i) {
    for (const int rank : {transfers.ranks()[i].from, transfers.ranks()[i].to}) {
      double& finish = times.finish[index(rank)];
      finish = std::max(finish, flows.finish[i] + mode.startup.value);
    }
  }
  times.time = flows.makespan + mode.startup.value;
  const int first_sm = static_cast<int>(topology.links.size());
  if (flows.busiest_link >= first_sm) times.busiest_rank = flows.busiest_link - first_sm;
  if (flows.busiest_link < first_sm) times.busiest_link = flows.busiest_link;
  times.utilisation = flows.utilisation;
  add_bandwidths(traffic, mode, times);
  return times;
}

}  // namespace reckon

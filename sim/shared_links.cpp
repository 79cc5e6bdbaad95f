#include "sim/shared_links.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <tuple>

#include "planner/spec/flow_set.hpp"
#include "sim/flows/flow_simulator.hpp"

namespace reckon {
namespace {

enum Port : int { nic_out, nic_in, nvlink_out, nvlink_in, ports };

int link_of(int rank, Port port) { return rank * ports + port; }

// Flows of all transfers, in units of a whole port's seconds: a port passes 1 of it a second. Each
// flow first goes over a link that passes just its share, so that alone it takes its time; those of
// a rank that are alike have it together, as a rank makes them one after the other.
class PortFlows {
 public:
  PortFlows(std::span<const PortTransfer> transfers, int ranks)
      : links_(static_cast<std::size_t>(ranks * ports), FlowLink{1, 0}) {
    for (std::size_t i = 0; i < transfers.size(); ++i) {
      const PortTransfer& t = transfers[i];
      add(i, t, t.shares.nic, nic_out, nic_in);
      add(i, t, t.shares.nvlink, nvlink_out, nvlink_in);
    }
  }

  std::vector<SimTime> delays(std::span<const PortTransfer> transfers) const {
    std::vector<SimTime> result(transfers.size());
    const FlowResult flows = simulate_flows(links_, flows_);
    for (std::size_t f = 0; f < owners_.size(); ++f) {
      const PortTransfer& t = transfers[owners_[f]];
      const double delay = flows.finish[f] - to_seconds(t.start + t.duration).value;
      // The flow simulator is exact to 1e-9; what is less is no wait.
      if (delay <= 1e-9 * flows.finish[f]) continue;
      result[owners_[f]] = std::max(result[owners_[f]], to_sim_time({delay}));
    }
    return result;
  }

 private:
  void add(std::size_t owner, const PortTransfer& t, double share, Port out, Port in) {
    if (share <= 0 || t.duration <= 0) return;
    const double used = std::min(share, 1.0);
    const int receiver = t.peer < 0 ? t.rank : t.peer;
    const auto [own, is_new] =
        own_links_.emplace(std::tuple(t.rank, t.peer, out, used), static_cast<int>(links_.size()));
    if (is_new) links_.push_back({used, 0});
    const std::array<int, 3> path{own->second, link_of(t.rank, out), link_of(receiver, in)};
    flows_.add(path, used * to_seconds(t.duration).value, to_seconds(t.start).value);
    owners_.push_back(owner);
  }

  std::vector<FlowLink> links_;
  std::map<std::tuple<int, int, Port, double>, int> own_links_;  // (rank, peer, port, share)
  FlowSet flows_;
  std::vector<std::size_t> owners_;  // [flow]: its transfer
};

}  // namespace

std::vector<SimTime> contention_delays(std::span<const PortTransfer> transfers, int ranks) {
  return PortFlows(transfers, ranks).delays(transfers);
}

}  // namespace reckon

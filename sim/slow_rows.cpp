#include "sim/slow_rows.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace reckon {
namespace {

std::int32_t extra_of_speed(double speed) {
  return static_cast<std::int32_t>(std::lround((1 / speed - 1) * (1 << SlowRows::fraction_bits)));
}

void raise(std::int32_t& extra, std::int32_t to) { extra = std::max(extra, to); }

std::set<int> failed_planes(const ClusterSpec& cluster) {
  std::set<int> failed;
  for (const Fault& fault : cluster.faults) {
    if (fault.kind == FaultKind::failed_plane) failed.insert(fault.plane);
  }
  return failed;
}

// The share of a node's NICs that still have a plane.
double nics_left(const ClusterSpec& cluster, const std::set<int>& failed) {
  int left = 0;
  for (int gpu = 0; gpu < cluster.gpus_per_node; ++gpu) {
    left += failed.count(gpu % cluster.fabric.planes) == 0 ? 1 : 0;
  }
  return static_cast<double>(left) / cluster.gpus_per_node;
}

double as_factor(std::int32_t extra) {
  return static_cast<double>(extra) / (1 << SlowRows::fraction_bits);
}

double slowest(const std::vector<std::int32_t>& row) {
  return 1 + as_factor(*std::max_element(row.begin(), row.end()));
}

}  // namespace

SlowRows::SlowRows(const SimulateInputs& in, const Lanes& lanes) {
  const auto ranks = static_cast<std::size_t>(in.plan.parallelism.pipeline_parallel);
  compute_.assign(ranks, std::vector<std::int32_t>(lanes.size()));
  const std::set<int> failed = failed_planes(in.cluster);
  const double left = nics_left(in.cluster, failed);
  nic_.assign(ranks, std::vector<std::int32_t>(lanes.size(), extra_of_speed(left)));
  for (const Fault& fault : in.cluster.faults) {
    if (!is_of_one_gpu(fault.kind)) continue;
    const auto place = place_of_gpu(in.cluster, in.plan, fault.node, fault.gpu);
    if (!place) continue;
    const auto lane = std::find(lanes.data_rank.begin(), lanes.data_rank.end(), place->data_rank);
    if (lane == lanes.data_rank.end()) continue;
    const auto rank = static_cast<std::size_t>(place->pipeline_rank);
    const auto index = static_cast<std::size_t>(lane - lanes.data_rank.begin());
    if (fault.kind == FaultKind::slow_gpu) {
      raise(compute_[rank][index], extra_of_speed(fault.speed));
    } else if (failed.count(fault.gpu % in.cluster.fabric.planes) == 0) {
      // It carries its share of the lost planes as well. A NIC without a plane carries nothing.
      raise(nic_[rank][index], extra_of_speed(left * fault.speed));
    }
  }
}

double SlowRows::slowest_compute(std::size_t rank) const {
  return any() ? slowest(compute_[rank]) : 1;
}
double SlowRows::slowest_nic(std::size_t rank) const { return any() ? slowest(nic_[rank]) : 1; }

std::int64_t extra_of_slow_exchange(std::int64_t time, double share, std::int32_t nic_extra) {
  const double needed = share * (1 + as_factor(nic_extra));
  return needed <= 1 ? 0 : std::llround(static_cast<double>(time) * (needed - 1));
}

std::int64_t extra_of_slow_send(std::int64_t time, double share, std::int32_t nic_extra) {
  return std::llround(static_cast<double>(time) * share * as_factor(nic_extra));
}

}  // namespace reckon

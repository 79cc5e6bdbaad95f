#include "sim/experts/transport_mode.hpp"

#include <algorithm>
#include <cmath>

namespace reckon {
namespace {

const TransportRates& rates_of(const ExpertTransport& transport, const TransportUse& use) {
  if (use.low_latency) {
    return use.is_combine ? transport.low_latency_combine : transport.low_latency_dispatch;
  }
  return use.is_combine ? transport.combine : transport.dispatch;
}

}  // namespace

ClusterSpec at_transport_rates(ClusterSpec cluster, const ExpertTransport& transport,
                               const TransportUse& use) {
  const TransportRates& rates = rates_of(transport, use);
  cluster.nvlink.achieved = cluster.nvlink.bandwidth * rates.nvlink_share;
  cluster.nic.achieved = cluster.nic.bandwidth * rates.nic_share;
  return cluster;
}

TransferMode transfer_mode(const ExpertTransport& transport, const TransportUse& use) {
  const TransportRates& rates = rates_of(transport, use);
  TransferMode mode;
  mode.copies = use.low_latency ? CopyRule::per_expert : CopyRule::per_node;
  mode.is_combine = use.is_combine;
  const double header = use.low_latency && !use.is_combine ? transport.message_bytes : 0;
  mode.bytes_per_copy = {use.hidden * bytes_per_element(use.dtype) + header};
  const BytesPerSecond one_sm = use.nodes > 1 ? rates.one_sm_between_nodes : rates.one_sm_in_node;
  const int lent = use.sms > 0 ? use.sms : transport.sms;
  mode.sm_rate = one_sm * static_cast<double>(use.low_latency ? transport.low_latency_sms : lent);
  mode.startup = rates.startup_in_node;
  if (use.nodes > 1) {
    mode.startup =
        rates.startup_two_nodes + rates.startup_per_doubling * std::log2(use.nodes / 2.0);
  }
  return mode;
}

}  // namespace reckon

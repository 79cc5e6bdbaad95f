// What slow GPUs, slow NICs and failed planes cost each lane: relative extra times in 16-bit fixed
// point, as noise_rows.hpp has them.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/lanes.hpp"
#include "sim/simulate.hpp"

namespace reckon {

class SlowRows {
 public:
  static constexpr int fraction_bits = 16;

  SlowRows() = default;  // nothing is slow
  SlowRows(const SimulateInputs& inputs, const Lanes& lanes);

  bool any() const { return !compute_.empty(); }
  // By lane: how much longer kernels take, and a transfer that the NIC alone holds up. A node whose
  // planes have failed sends over the NICs that are left, evenly.
  const std::vector<std::int32_t>& compute(std::size_t rank) const { return compute_[rank]; }
  const std::vector<std::int32_t>& nic(std::size_t rank) const { return nic_[rank]; }

  // The slowest GPU and NIC of a pipeline rank, as factors on a time: 1 if nothing is slow.
  double slowest_compute(std::size_t rank) const;
  double slowest_nic(std::size_t rank) const;

 private:
  std::vector<std::vector<std::int32_t>> compute_, nic_;  // [pipeline rank][lane]
};

// Extra time of an exchange that takes `share` of its NIC when the NIC is well: none until the NIC
// is what holds it up.
std::int64_t extra_of_slow_exchange(std::int64_t time, double share, std::int32_t nic_extra);

// Extra time of a send, which nothing but its NIC holds up for `share` of its time; the rest is
// latency.
std::int64_t extra_of_slow_send(std::int64_t time, double share, std::int32_t nic_extra);

}  // namespace reckon

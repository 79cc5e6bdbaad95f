// Transfers over links that they share: what the flow simulator takes. Flat arrays, so that a
// million flows are three allocations, not a million.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reckon {

// One direction of a wire.
struct FlowLink {
  double capacity = 1;  // bytes/s
  double latency = 0;   // s
};

class FlowSet {
 public:
  // Adds `multiplicity` flows that go alike, and returns the index of the entry. Each of them takes
  // all links of `path` at once, at one rate, once it is ready: at `start` (s) or when the last
  // flow of `after` has ended, whichever is later. An entry of `after` may be added later than this
  // one.
  int add(std::span<const int> path, double bytes, double start = 0,
          std::span<const int> after = {}, int multiplicity = 1) {
    path_links_.insert(path_links_.end(), path.begin(), path.end());
    path_begin_.push_back(static_cast<std::int64_t>(path_links_.size()));
    after_flows_.insert(after_flows_.end(), after.begin(), after.end());
    after_begin_.push_back(static_cast<std::int64_t>(after_flows_.size()));
    bytes_.push_back(bytes);
    start_.push_back(start);
    multiplicity_.push_back(multiplicity);
    return static_cast<int>(bytes_.size()) - 1;
  }

  void reserve(std::size_t flows, std::size_t links) {
    path_links_.reserve(links);
    path_begin_.reserve(flows + 1);
    after_begin_.reserve(flows + 1);
    bytes_.reserve(flows);
    start_.reserve(flows);
    multiplicity_.reserve(flows);
  }

  std::size_t size() const { return bytes_.size(); }
  std::size_t incidences() const { return path_links_.size(); }
  bool any_waits() const { return !after_flows_.empty(); }
  std::int64_t path_begin(std::size_t flow) const { return path_begin_[flow]; }
  std::span<const int> path(std::size_t flow) const {
    return slice(path_links_, path_begin_, flow);
  }
  std::span<const int> after(std::size_t flow) const {
    return slice(after_flows_, after_begin_, flow);
  }
  double bytes(std::size_t flow) const { return bytes_[flow]; }
  double start(std::size_t flow) const { return start_[flow]; }
  int multiplicity(std::size_t flow) const { return multiplicity_[flow]; }

 private:
  static std::span<const int> slice(const std::vector<int>& values,
                                    const std::vector<std::int64_t>& begin, std::size_t flow) {
    return {values.data() + begin[flow], static_cast<std::size_t>(begin[flow + 1] - begin[flow])};
  }

  std::vector<int> path_links_, after_flows_;
  std::vector<std::int64_t> path_begin_{0}, after_begin_{0};
  std::vector<double> bytes_, start_;
  std::vector<int> multiplicity_;
};

}  // namespace reckon

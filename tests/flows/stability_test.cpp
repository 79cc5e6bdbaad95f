// What rounding does in the long run.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <queue>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sim/flows/fair_share.hpp"

namespace reckon {
namespace {

constexpr std::array<double, 3> capacities{3, 7, 5};
const std::vector<std::vector<int>> paths{{0}, {1}, {2}, {0, 1}, {1, 2}, {0, 1, 2}};

// Flows come at times of their own to one of six paths over three links, which are busy for 40 to
// 70 % of the time. (If a flow began when another ends, an error would grow with every event
// whatever the solver does: such systems are chaotic.)
class Arrivals {
 public:
  struct Flow {
    double time = 0;
    int id = 0;
    std::size_t path = 0;
    double bytes = 0;
    int multiplicity = 1;
  };
  Arrivals() { take(); }
  const Flow& next() const { return next_; }
  void take() {
    ++next_.id;
    next_.time += share() * 0.55;
    next_.path = random_() % paths.size();
    next_.bytes = 0.1 + share();
    next_.multiplicity = static_cast<int>(1 + random_() % 3);
  }

 private:
  double share() { return static_cast<double>(random_()) / 4294967296.0; }
  std::mt19937 random_{1};
  Flow next_;
};

// The ends in long double: rates from nothing at every event, and bytes served on each path.
class Reference {
 public:
  // When flow `id` ends.
  long double end_of(int id) {
    while (ends_.find(id) == ends_.end()) step();
    const long double end = ends_[id];
    ends_.erase(id);
    return end;
  }

 private:
  struct Path {
    long double served = 0;
    long double rate = 0;
    int flows = 0;
    std::priority_queue<std::pair<long double, std::pair<int, int>>,
                        std::vector<std::pair<long double, std::pair<int, int>>>, std::greater<>>
        ends;  // bytes, flow, multiplicity
  };

  void step() {
    long double time = arrivals_.next().time;
    Path* ending = nullptr;
    for (Path& path : paths_) {
      if (path.ends.empty()) continue;
      const long double end = now_ + (path.ends.top().first - path.served) / path.rate;
      if (end < time) {
        time = end;
        ending = &path;
      }
    }
    for (Path& path : paths_) path.served += path.rate * (time - now_);
    now_ = time;
    if (ending != nullptr) {
      const auto [id, multiplicity] = ending->ends.top().second;
      ends_[id] = now_;
      ending->flows -= multiplicity;
      ending->ends.pop();
    } else {
      const Arrivals::Flow& flow = arrivals_.next();
      Path& path = paths_[flow.path];
      path.ends.push({path.served + flow.bytes, {flow.id, flow.multiplicity}});
      path.flows += flow.multiplicity;
      arrivals_.take();
    }
    allocate();
  }

  void allocate() {
    std::array<long double, 3> left{};
    std::copy(capacities.begin(), capacities.end(), left.begin());
    for (Path& path : paths_) path.rate = path.flows > 0 ? -1 : 0;
    while (true) {
      long double least = std::numeric_limits<long double>::infinity();
      std::size_t full = 0;
      for (std::size_t link = 0; link < left.size(); ++link) {
        int open = 0;
        for (std::size_t path = 0; path < paths_.size(); ++path) {
          if (paths_[path].rate < 0 && uses(path, link)) open += paths_[path].flows;
        }
        if (open > 0 && left[link] / open < least) {
          least = left[link] / open;
          full = link;
        }
      }
      if (std::isinf(least)) return;
      for (std::size_t path = 0; path < paths_.size(); ++path) {
        if (paths_[path].rate >= 0 || !uses(path, full)) continue;
        paths_[path].rate = least;
        for (const int link : paths[path]) {
          left[static_cast<std::size_t>(link)] -= least * paths_[path].flows;
        }
      }
    }
  }

  static bool uses(std::size_t path, std::size_t link) {
    const std::vector<int>& links = paths[path];
    return std::find(links.begin(), links.end(), static_cast<int>(link)) != links.end();
  }

  Arrivals arrivals_;
  std::vector<Path> paths_{paths.size()};
  std::unordered_map<int, long double> ends_;
  long double now_ = 0;
};

TEST(FlowStability, TenMillionRateChanges) {
  constexpr int flows = 5'000'000;
  FairShare share;
  share.reserve(70000, 10);
  for (const double capacity : capacities) share.add_link(capacity);
  std::vector<int> numbers;
  for (const std::vector<int>& path : paths) numbers.push_back(share.add_path(path, {}));
  // No more than so many at a time.
  for (const std::vector<int>& path : paths) {
    for (int flow = 0; flow < 10000; ++flow) share.add_path(path, {});
  }
  share.prepare();
  Arrivals arrivals;
  Reference reference;
  std::vector<std::pair<int, double>> ended;
  double worst = 0;
  int seen = 0;
  while (seen < flows) {
    const double now = std::min(share.next_end(), arrivals.next().time);
    ended.clear();
    share.take_ended(now, ended);
    for (const auto& [id, time] : ended) {
      const long double end = reference.end_of(id);
      const long double error = std::abs(static_cast<long double>(time) - end);
      worst = std::max(worst, static_cast<double>(error / end));
      ++seen;
    }
    if (arrivals.next().time <= now) {
      const Arrivals::Flow& flow = arrivals.next();
      share.begin(numbers[flow.path], flow.id, flow.bytes, flow.multiplicity, now);
      arrivals.take();
    }
    share.solve(now);
  }
  RecordProperty("worst_relative_error", testing::PrintToString(worst));
  EXPECT_LT(worst, 1e-12);  // 1e-9 is promised
  EXPECT_GE(share.solves(), 2 * flows);
}

}  // namespace
}  // namespace reckon

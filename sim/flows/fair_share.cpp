#include "sim/flows/fair_share.hpp"

#include <algorithm>

namespace reckon {
namespace {

// Sums of rates drift by rounding; so many solves later they are made anew.
constexpr std::int64_t solves_between_resets = 512;
// Shares this close belong to one level, whatever rounding says.
constexpr double same_share = 1e-12;

}  // namespace

void FairShare::begin(int flow) {
  const int local = of_flow_[static_cast<std::size_t>(flow)];
  Flow& f = flows_[static_cast<std::size_t>(local)];
  f.id = flow;
  f.level = open;
  f.rate = 0;
  f.remaining = flow_set_->bytes(static_cast<std::size_t>(flow));
  const auto count = static_cast<std::int64_t>(multiplicity(f));
  for (const int link : path(f)) {
    Link& l = link_at(link);
    l.open_flows += count;
    l.active_flows += count;
    on_link_[static_cast<std::size_t>(of_link_[static_cast<std::size_t>(link)])].push_back(local);
    // With equal parts of every link it would have at least this, so nothing slower can change.
    least_change_ = std::min(least_change_, l.capacity / static_cast<double>(l.active_flows));
  }
}

void FairShare::take_ended(double time, std::vector<std::pair<int, double>>& ended) {
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    if (levels_[level].own_end > time) continue;
    const std::size_t last = level + 1 < levels_.size() ? levels_[level + 1].begin : order_.size();
    for (std::size_t i = levels_[level].begin; i < last; ++i) {
      Flow& flow = flows_[static_cast<std::size_t>(order_[i])];
      if (flow.level < 0 || flow.end > time) continue;
      ended.emplace_back(flow.id, flow.end);
      const double count = multiplicity(flow);
      for (const int link : path(flow)) {
        Link& l = link_at(link);
        l.left += flow.rate * count;
        l.active_flows -= static_cast<std::int64_t>(count);
      }
      least_change_ = std::min(least_change_, flow.rate);
      flow.level = away;
    }
  }
}

void FairShare::solve(double now) {
  if (least_change_ == never) return;
  ++solves_;
  if (solves_ % solves_between_resets == 0) {
    redo_all();
  } else {
    const double reached = least_change_ * (1 - same_share);
    const auto level = std::partition_point(levels_.begin(), levels_.end(),
                                            [reached](const Level& l) { return l.rate < reached; });
    redo_from(static_cast<std::size_t>(level - levels_.begin()));
  }
  least_change_ = never;
  fill(now);
}

// Opens the flows of a level and of all above it.
void FairShare::redo_from(std::size_t level) {
  if (level == 0) return redo_all();
  if (level == levels_.size()) return;
  for (std::size_t i = levels_[level].begin; i < order_.size(); ++i) {
    Flow& flow = flows_[static_cast<std::size_t>(order_[i])];
    if (flow.level < 0) continue;
    flow.level = open;
    const double count = multiplicity(flow);
    for (const int link : path(flow)) {
      Link& l = link_at(link);
      l.left += flow.rate * count;
      l.open_flows += static_cast<std::int64_t>(count);
    }
  }
  order_.resize(levels_[level].begin);
  levels_.resize(level);
}

void FairShare::redo_all() {
  for (const int index : order_) {
    Flow& flow = flows_[static_cast<std::size_t>(index)];
    if (flow.level >= 0) flow.level = open;
  }
  for (Link& link : links_) {
    link.left = link.capacity;
    link.open_flows = link.active_flows;
  }
  order_.clear();
  levels_.clear();
}

// Shares only grow while links fill, so a key that is too small is put back with what it has
// become.
void FairShare::fill(double now) {
  heap_.clear();
  for (std::size_t link = 0; link < links_.size(); ++link) {
    const Link& l = links_[link];
    if (l.open_flows > 0) {
      heap_.push_back({l.left / static_cast<double>(l.open_flows), static_cast<int>(link)});
    }
  }
  std::make_heap(heap_.begin(), heap_.end());
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end());
    const Key key = heap_.back();
    heap_.pop_back();
    const Link& link = links_[static_cast<std::size_t>(key.link)];
    if (link.open_flows == 0) continue;
    const double share = std::max(0.0, link.left / static_cast<double>(link.open_flows));
    if (share > key.share * (1 + same_share)) {
      heap_.push_back({share, key.link});
      std::push_heap(heap_.begin(), heap_.end());
      continue;
    }
    settle_flows_of(key.link, share, now);
  }
}

void FairShare::settle_flows_of(int link, double rate, double now) {
  const double before = levels_.empty() ? never : levels_.back().least_end;
  const int number = static_cast<int>(levels_.size());
  levels_.push_back({rate, order_.size(), never, before});
  const double seconds_per_byte = 1 / rate;
  double own_end = never;
  std::vector<int>& candidates = on_link_[static_cast<std::size_t>(link)];
  std::size_t kept = 0;
  for (const int index : candidates) {
    Flow& flow = flows_[static_cast<std::size_t>(index)];
    if (flow.level == away) continue;
    candidates[kept++] = index;
    if (flow.level != open) continue;
    flow.level = number;
    order_.push_back(index);
    ++touched_;
    if (flow.rate != rate) {
      if (flow.rate > 0) flow.remaining -= flow.rate * (now - flow.since);
      flow.since = now;
      flow.rate = rate;
      flow.end = now + std::max(0.0, flow.remaining) * seconds_per_byte;
    }
    own_end = std::min(own_end, flow.end);
    const double count = multiplicity(flow);
    for (const int other : path(flow)) {
      Link& l = link_at(other);
      l.left -= rate * count;
      l.open_flows -= static_cast<std::int64_t>(count);
    }
  }
  candidates.resize(kept);
  levels_.back().own_end = own_end;
  levels_.back().least_end = std::min(before, own_end);
}

}  // namespace reckon

#include "sim/flows/fair_share.hpp"

#include <algorithm>

namespace reckon {
namespace {

// Sums of rates drift by rounding; so many solves later they are made anew.
constexpr std::int64_t solves_between_resets = 512;
// Shares this close belong to one level, whatever rounding says.
constexpr double same_share = 1e-12;

}  // namespace

void FairShare::reserve(std::size_t flows, std::size_t incidences) {
  flows_.reserve(flows);
  level_.reserve(flows);
  path_.reserve(incidences);
  // One more than can be settled: it is written before it is counted.
  order_.resize(flows + 1);
}

void FairShare::add_flow(int id, const FlowSet& flows, std::span<const int> of_link) {
  const auto index = static_cast<std::size_t>(id);
  Flow flow;
  flow.id = id;
  flow.remaining = flows.bytes(index);
  flow.multiplicity = flows.multiplicity(index);
  flow.path_begin = static_cast<std::int64_t>(path_.size());
  flow.path_size = static_cast<int>(flows.path(index).size());
  for (const int link : flows.path(index)) path_.push_back(of_link[static_cast<std::size_t>(link)]);
  flows_.push_back(flow);
  level_.push_back(away);
}

void FairShare::begin(int flow) {
  Flow& f = flows_[static_cast<std::size_t>(flow)];
  level_[static_cast<std::size_t>(flow)] = open;
  for (const int link : path(f)) {
    Link& l = link_at(link);
    l.open_flows += f.multiplicity;
    l.active_flows += f.multiplicity;
    on_link_[static_cast<std::size_t>(link)].push_back(flow);
    // With equal parts of every link it would have at least this, so nothing slower can change.
    least_change_ = std::min(least_change_, l.capacity / l.active_flows);
  }
}

void FairShare::take_ended(double time, std::vector<std::pair<int, double>>& ended) {
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    if (levels_[level].own_end > time) continue;
    const std::size_t last = level + 1 < levels_.size() ? levels_[level + 1].begin : settled_;
    for (std::size_t i = levels_[level].begin; i < last; ++i) {
      const auto index = static_cast<std::size_t>(order_[i]);
      const Flow& flow = flows_[index];
      if (level_[index] < 0 || flow.end > time) continue;
      ended.emplace_back(flow.id, flow.end);
      for (const int link : path(flow)) {
        Link& l = link_at(link);
        l.left += flow.rate * flow.multiplicity;
        l.active_flows -= flow.multiplicity;
      }
      least_change_ = std::min(least_change_, flow.rate);
      level_[index] = away;
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
  const int* const paths = path_.data();
  Link* const links = links_.data();
  for (std::size_t redone = level; redone < levels_.size(); ++redone) {
    const Level& old = levels_[redone];
    const std::size_t last = redone + 1 < levels_.size() ? levels_[redone + 1].begin : settled_;
    double open_here = 0;
    for (std::size_t i = old.begin; i < last; ++i) {
      const auto index = static_cast<std::size_t>(order_[i]);
      if (level_[index] < 0) continue;
      level_[index] = open;
      const Flow& flow = flows_[index];
      open_here += flow.multiplicity;
      const double taken = old.rate * flow.multiplicity;
      const int* const end = paths + flow.path_begin + flow.path_size;
      for (const int* link = paths + flow.path_begin; link != end; ++link) {
        if (*link == old.link) continue;
        links[*link].left += taken;
        links[*link].open_flows += flow.multiplicity;
      }
    }
    // All of them use the level's own link: one sum in place of a chain of additions to it.
    links[old.link].left += old.rate * open_here;
    links[old.link].open_flows += open_here;
  }
  settled_ = levels_[level].begin;
  levels_.resize(level);
}

void FairShare::redo_all() {
  for (std::size_t i = 0; i < settled_; ++i) {
    int& level = level_[static_cast<std::size_t>(order_[i])];
    if (level >= 0) level = open;
  }
  for (Link& link : links_) {
    link.left = link.capacity;
    link.open_flows = link.active_flows;
  }
  settled_ = 0;
  levels_.clear();
}

// Shares only grow while links fill, so a key that is too small is replaced by what it has become.
void FairShare::fill(double now) {
  heap_.clear();
  for (std::size_t link = 0; link < links_.size(); ++link) {
    const Link& l = links_[link];
    if (l.open_flows > 0) heap_.push_back({l.left / l.open_flows, static_cast<int>(link)});
  }
  std::make_heap(heap_.begin(), heap_.end());
  while (!heap_.empty()) {
    const Key key = heap_.front();
    const Link& link = links_[static_cast<std::size_t>(key.link)];
    if (link.open_flows > 0) {
      const double share = std::max(0.0, link.left / link.open_flows);
      if (share > key.share * (1 + same_share)) {
        replace_first({share, key.link});
        continue;
      }
      settle_flows_of(key.link, share, now);
    }
    const Key last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) replace_first(last);
  }
}

// Puts a key in place of the first of the heap: one way down, where pop and push would go it twice.
void FairShare::replace_first(Key key) {
  const std::size_t size = heap_.size();
  std::size_t hole = 0;
  for (std::size_t child = 1; child < size; child = 2 * hole + 1) {
    if (child + 1 < size && heap_[child] < heap_[child + 1]) ++child;
    if (!(key < heap_[child])) break;
    heap_[hole] = heap_[child];
    hole = child;
  }
  heap_[hole] = key;
}

void FairShare::settle_flows_of(int link, double rate, double now) {
  const double before = levels_.empty() ? never : levels_.back().least_end;
  const int number = static_cast<int>(levels_.size());
  const double seconds_per_byte = 1 / rate;
  const int* const paths = path_.data();
  Link* const links = links_.data();
  const std::size_t first = settled_;
  double own_end = never;
  double settled_here = 0;
  std::vector<int>& candidates = on_link_[static_cast<std::size_t>(link)];
  std::size_t kept = 0;
  // Which of them are open follows no pattern: counting instead of branching.
  for (const int candidate : candidates) {
    const int level = level_[static_cast<std::size_t>(candidate)];
    order_[settled_] = candidate;
    settled_ += level == open ? 1 : 0;
    candidates[kept] = candidate;
    kept += level != away ? 1 : 0;
  }
  for (std::size_t i = first; i < settled_; ++i) {
    const auto index = static_cast<std::size_t>(order_[i]);
    level_[index] = number;
    Flow& flow = flows_[index];
    if (flow.rate != rate) {
      flow.remaining = std::max(0.0, flow.remaining - flow.rate * (now - flow.since));
      flow.since = now;
      flow.rate = rate;
      flow.end = now + flow.remaining * seconds_per_byte;
    }
    own_end = std::min(own_end, flow.end);
    settled_here += flow.multiplicity;
    const double taken = rate * flow.multiplicity;
    const int* const end = paths + flow.path_begin + flow.path_size;
    for (const int* other = paths + flow.path_begin; other != end; ++other) {
      if (*other == link) continue;
      links[*other].left -= taken;
      links[*other].open_flows -= flow.multiplicity;
    }
  }
  candidates.resize(kept);
  links[link].left -= rate * settled_here;
  links[link].open_flows -= settled_here;
  touched_ += static_cast<std::int64_t>(settled_ - first);
  levels_.push_back({link, rate, first, own_end, std::min(before, own_end)});
}

}  // namespace reckon

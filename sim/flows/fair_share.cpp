#include "sim/flows/fair_share.hpp"

#include <algorithm>
#include <cmath>

namespace reckon {
namespace {

// Shares this close belong to one level, whatever rounding says.
constexpr double same_share = 1e-13;
// Rates that are this close to a change may be reached by it.
constexpr double safely_below = 1e-12;
// Moving an origin costs a look at each path of a link; so many steps for each path pay for it.
constexpr int steps_a_path_between_origins = 4;

constexpr double unknown = -std::numeric_limits<double>::infinity();

constexpr std::uint64_t mix(std::uint64_t value) {
  value *= 0x9E3779B97F4A7C15U;  // 2^64 over the golden ratio
  return value ^ (value >> 29U);
}

}  // namespace

// --- what there is

void FairShare::reserve(std::size_t flows, std::size_t incidences) {
  paths_.reserve(flows + 1);
  paths_.emplace_back();
  queues_.reserve(flows);
  incidences_.reserve(incidences);
  std::size_t room = 4;
  while (room < 2 * flows) room *= 2;
  found_.assign(room, none);
}

void FairShare::add_link(double capacity) {
  const double scale = std::ldexp(1.0, 61 - std::ilogb(capacity));
  links_.emplace_back().capacity = static_cast<std::int64_t>(capacity * scale);
  sums_.emplace_back().scale = scale;
}

int FairShare::add_path(std::span<const int> links, std::span<const int> weights) {
  const auto weight = [&weights](std::size_t i) { return weights.empty() ? 1 : weights[i]; };
  const auto is_this = [&](int path) {
    const std::span<const Incidence> known = incidences(path);
    if (known.size() != links.size()) return false;
    for (std::size_t i = 0; i < links.size(); ++i) {
      if (known[i].link != links[i] || known[i].weight != weight(i)) return false;
    }
    return true;
  };
  // Paths that differ in the last bits of their last link only lie side by side.
  constexpr std::uint64_t side_by_side = 16;
  std::uint64_t hash = links.size();
  for (std::size_t i = 0; i + 1 < links.size(); ++i) {
    hash = mix(hash + static_cast<std::uint64_t>(links[i]));
  }
  const auto last = static_cast<std::uint64_t>(links.back());
  hash = mix(hash + last / side_by_side) * side_by_side + last % side_by_side;
  const std::size_t mask = found_.size() - 1;
  std::size_t place = hash & mask;
  while (found_[place] != none && !is_this(found_[place])) place = (place + 1) & mask;
  int& path = found_[place];
  if (path == none) {
    path = static_cast<int>(queues_.size());
    for (std::size_t i = 0; i < links.size(); ++i) {
      incidences_.push_back({links[i], weight(i)});
      ++links_[at(links[i])].slots;
    }
    paths_.emplace_back().first = static_cast<int>(incidences_.size());
    queues_.emplace_back();
    longest_path_ = std::max(longest_path_, links.size());
  }
  ++queues_[at(path)].room;
  return path;
}

void FairShare::prepare() {
  found_ = {};
  std::size_t slot = 0;
  for (Link& link : links_) {
    link.first_slot = slot;
    slot += at(link.slots);
    link.slots = 0;
  }
  std::size_t end = 0;
  for (Queue& queue : queues_) {
    queue.first = end;
    end += at(queue.room);
  }
  slots_.resize(slot);
  slot_of_.resize(incidences_.size());
  ends_.resize(end);
  is_full_.assign(links_.size(), 0);
  clocks_.resize(links_.size());
  own_ends_.resize(links_.size());
}

// --- flows that begin and end

void FairShare::begin(int path, int id, double bytes, int multiplicity, double now) {
  const int owner = paths_[at(path)].owner;
  Queue& queue = queues_[at(path)];
  double already = 0;
  if (owner != none) already = served(owner, now) - queue.origin;
  End* const ends = ends_.data() + queue.first;
  ends[queue.size++] = {already + bytes, id, multiplicity};
  std::push_heap(ends, ends + queue.size);
  if (owner != none && ends[0].id == id) push_end(owner, path);
  if (queue.size == 1) open_slots(path);
  change(path, multiplicity);
  for (const auto& [link, weight] : incidences(path)) {
    const Link& l = links_[at(link)];
    // With equal parts of every link it would have at least this, so nothing slower can change.
    const double part =
        static_cast<double>(l.capacity) / (sums_[at(link)].scale * static_cast<double>(l.active));
    least_change_ = std::min(least_change_, part);
  }
}

// More or fewer flows on an active path. Those of a settled one count at once.
void FairShare::change(int path, int flows) {
  Path& p = paths_[at(path)];
  p.active += flows;
  const std::span<const Incidence> all = incidences(path);
  for (std::size_t i = 0; i < all.size(); ++i) {
    Link& link = links_[at(all[i].link)];
    const std::int64_t more = std::int64_t{all[i].weight} * flows;
    link.active += more;
    if (all.size() == 2) {
      slots_[link.first_slot + at(slot_of_[at(p.first) + i])].flows = p.active * all[1 - i].weight;
    }
    if (p.owner == none) continue;
    if (p.owner == all[i].link) link.own_active += more;
    sums_[at(all[i].link)].add(clocks_[at(p.owner)].rate, most_units_, more);
  }
}

void FairShare::open_slots(int path) {
  const std::span<const Incidence> all = incidences(path);
  for (std::size_t i = 0; i < all.size(); ++i) {
    Link& link = links_[at(all[i].link)];
    slot_of_[at(paths_[at(path)].first) + i] = link.slots;
    const int other = all[i == 0 ? all.size() - 1 : 0].link;
    slots_[link.first_slot + at(link.slots++)] = {path, other, 0};
  }
}

// Precondition: no link owns it.
void FairShare::close_slots(int path) {
  for (const auto& [link, weight] : incidences(path)) {
    Link& l = links_[at(link)];
    swap_slots(link, slot_of(path, link), l.slots - 1);
    --l.slots;
  }
}

int& FairShare::slot_of(int path, int link) {
  auto i = at(paths_[at(path)].first);
  while (incidences_[i].link != link) ++i;
  return slot_of_[i];
}

void FairShare::swap_slots(int link, int left, int right) {
  if (left == right) return;
  Slot* const slots = slots_.data() + links_[at(link)].first_slot;
  std::swap(slots[left], slots[right]);
  slot_of(slots[left].path, link) = left;
  slot_of(slots[right].path, link) = right;
}

// Makes a link the owner of an active path, or none. What the path has been served is not its
// business.
void FairShare::own(int path, int link) {
  Path& p = paths_[at(path)];
  for (const auto& [on, weight] : incidences(path)) {
    Link& l = links_[at(on)];
    if (on == p.owner) {
      swap_slots(on, slot_of(path, on), --l.own);
      l.own_active -= p.active * weight;
      clocks_[at(on)].first_end = unknown;
    } else if (on == link) {
      swap_slots(on, slot_of(path, on), l.own++);
      l.own_active += p.active * weight;
    }
  }
  p.owner = link;
}

void FairShare::take_ended(double time, std::vector<std::pair<int, double>>& ended) {
  for (const Level& level : levels_) {
    if (level.own_end > time) continue;
    least_change_ = std::min(least_change_, level.rate);
    for (double end = level.own_end; end <= time; end = own_end(level.link)) {
      const int path = own_ends_[at(level.link)].front().id;
      Queue& queue = queues_[at(path)];
      End* const ends = ends_.data() + queue.first;
      ended.emplace_back(ends[0].id, end);
      change(path, -ends[0].multiplicity);
      clocks_[at(level.link)].first_end = unknown;
      std::pop_heap(ends, ends + queue.size);
      --queue.size;
      if (queue.size > 0) {
        push_end(level.link, path);
      } else {
        own(path, none);
        close_slots(path);
      }
    }
  }
}

// --- rates

void FairShare::solve(double now) {
  if (least_change_ == never) return;
  ++solves_;
  restart_below(least_change_ * (1 - safely_below));
  least_change_ = never;
  if (to_place_.empty() || !fill_in_order(now)) {
    to_place_.clear();
    take_back_all();
    fill_by_share(now);
  }
}

// Takes back the levels of this rate and above.
void FairShare::restart_below(double rate) {
  const auto level = std::partition_point(levels_.begin(), levels_.end(),
                                          [rate](const Level& l) { return l.rate < rate; });
  const auto kept = static_cast<std::size_t>(level - levels_.begin());
  for (std::size_t i = levels_.size(); i > kept; --i) to_place_.push_back(levels_[i - 1].link);
  if (kept == 0) return take_back_all();
  while (levels_.size() > kept) take_back_last();
}

// What is left of a link for its open flows, in its units.
double FairShare::left(int link) const {
  const Wide left = links_[at(link)].capacity - sums_[at(link)].taken;
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  return static_cast<double>(left < least ? least : static_cast<std::int64_t>(left));
}

double FairShare::share_of(int link) const {
  return left(link) / (sums_[at(link)].scale * static_cast<double>(open_flows(link)));
}

// Tries the links that were levels in their order, then whether all others can bear what the flows
// take. False: the order has changed too much.
bool FairShare::fill_in_order(double now) {
  int patience = 2 * static_cast<int>(to_place_.size()) + 64;
  heap_.clear();
  const auto place_all = [&] {
    while (!to_place_.empty() || !heap_.empty()) {
      if (!place(next_to_place(), now, patience)) return false;
    }
    return true;
  };
  if (!place_all()) return false;
  for (bool all_fit = false; !all_fit;) {
    all_fit = true;
    for (int link = 0; at(link) < links_.size(); ++link) {
      if (is_full_[at(link)] == 1 || (open_flows(link) == 0 && fits(link))) continue;
      all_fit = false;
      if (!place(link, now, patience) || !place_all()) return false;
    }
  }
  return true;
}

// The next link in the old order; but one whose share is above that of the next waits in the heap
// until it is its turn.
int FairShare::next_to_place() {
  const auto share = [this](int link) { return open_flows(link) > 0 ? share_of(link) : never; };
  while (!to_place_.empty()) {
    const int link = to_place_.back();
    const double own = share(link);
    if (!heap_.empty() && heap_.front().share < own) {
      const Key first = heap_.front();
      const double now = share(first.link);
      if (now <= first.share * (1 + same_share)) break;
      replace_first({now, first.link});
      continue;
    }
    to_place_.pop_back();
    if (own == never || to_place_.empty() || own <= share(to_place_.back())) return link;
    heap_.push_back({own, link});
    std::push_heap(heap_.begin(), heap_.end());
  }
  const int link = heap_.front().link;
  std::pop_heap(heap_.begin(), heap_.end());
  heap_.pop_back();
  return link;
}

// Whether a link that is not a level can come behind the levels that there are.
bool FairShare::fits(int link) const {
  if (levels_.empty()) return true;
  if (open_flows(link) > 0) return share_of(link) >= levels_.back().rate * (1 - same_share);
  return left(link) >= -same_share * static_cast<double>(links_[at(link)].capacity);
}

// Settles a link at its place; levels that come behind it are to be placed again.
bool FairShare::place(int link, double now, int& patience) {
  while (!fits(link)) {
    if (--patience < 0) return false;
    to_place_.push_back(levels_.back().link);
    take_back_last();
  }
  if (open_flows(link) > 0) settle(link, now);
  return true;
}

// From nothing. Shares only grow while links fill, so a key that is too small is replaced by what
// it has become.
void FairShare::fill_by_share(double now) {
  heap_.clear();
  for (int link = 0; at(link) < links_.size(); ++link) {
    if (open_flows(link) > 0) heap_.push_back({share_of(link), link});
  }
  std::make_heap(heap_.begin(), heap_.end());
  while (!heap_.empty()) {
    const Key key = heap_.front();
    if (open_flows(key.link) > 0) {
      const double share = share_of(key.link);
      if (share > key.share * (1 + same_share)) {
        replace_first({share, key.link});
        continue;
      }
      settle(key.link, now);
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

// --- levels

// Makes a link a level: all its open paths are its own, at its share.
void FairShare::settle(int link, double now) {
  const Link& l = links_[at(link)];
  const double rate = share_of(link);
  set_rate(link, rate, now);
  // An own path that another link has settled since has got that owner.
  if (open_flows(link) > l.own_active) take_open_paths(link, now);
  take<1>(link, rate);
  is_full_[at(link)] = 1;
  touched_ += l.own;
  const double end = own_end(link);
  levels_.push_back({link, rate, end, std::min(next_end(), end)});
}

void FairShare::take_back_last() {
  const Level& last = levels_.back();
  take<-1>(last.link, last.rate);
  is_full_[at(last.link)] = 0;
  levels_.pop_back();
}

void FairShare::take_back_all() {
  for (const Level& level : levels_) is_full_[at(level.link)] = 0;
  levels_.clear();
  for (Sums& sums : sums_) sums = {0, 0, sums.scale};
}

// Counts the own paths of a link as settled at a rate, or no longer.
template <int Sign>
void FairShare::take(int link, double rate) {
  const Link& l = links_[at(link)];
  const Slot* const slots = slots_.data() + l.first_slot;
  Sums* const sums = sums_.data();
  const double most = most_units_;
  sums[link].add(rate, most, Sign * l.own_active);
  if (longest_path_ <= 2) {
    for (int i = 0; i < l.own; ++i) sums[slots[i].other].add(rate, most, Sign * slots[i].flows);
    return;
  }
  for (int i = 0; i < l.own; ++i) {
    const std::int64_t active = paths_[at(slots[i].path)].active;
    for (const auto& [on, weight] : incidences(slots[i].path)) {
      if (on != link) sums[on].add(rate, most, Sign * active * weight);
    }
  }
}

// Makes a link the owner of all its open paths.
void FairShare::take_open_paths(int link, double now) {
  const Link& l = links_[at(link)];
  for (int i = l.own; i < l.slots; ++i) {
    const int path = slots_[l.first_slot + at(i)].path;
    const std::span<const Incidence> all = incidences(path);
    if (std::any_of(all.begin(), all.end(),
                    [this](const Incidence& on) { return is_full_[at(on.link)] == 1; })) {
      continue;
    }
    const int before = paths_[at(path)].owner;
    Queue& queue = queues_[at(path)];
    const double already = before == none ? 0 : served(before, now) - queue.origin;
    queue.origin = served(link, now) - already;
    own(path, link);
    push_end(link, path);
  }
}

// --- clocks

void FairShare::set_rate(int link, double rate, double now) {
  Clock& clock = clocks_[at(link)];
  if (links_[at(link)].own == 0) {
    own_ends_[at(link)].clear();
    clock = {0, now, rate, never, 0};
  }
  if (clock.rate == rate) return;
  clock.served = served(link, now);
  clock.since = now;
  clock.rate = rate;
  const int paths = links_[at(link)].own;
  // Makes what has been served zero: it is small again against what is left.
  if (++clock.steps > steps_a_path_between_origins * paths) {
    move_ends(link, clock.served);
    clock.served = 0;
    clock.steps = 0;
  } else if (own_ends_[at(link)].size() > 2 * at(paths) + 8) {
    move_ends(link, 0);
  }
}

// Makes the heap of a link's ends anew, so much earlier.
void FairShare::move_ends(int link, double bytes) {
  std::vector<End>& ends = own_ends_[at(link)];
  ends.clear();
  for (int i = 0; i < links_[at(link)].own; ++i) {
    const int path = slots_[links_[at(link)].first_slot + at(i)].path;
    queues_[at(path)].origin -= bytes;
    ends.push_back({next_of(path), path, 0});
  }
  std::make_heap(ends.begin(), ends.end());
  clocks_[at(link)].first_end = unknown;
}

void FairShare::push_end(int link, int path) {
  std::vector<End>& ends = own_ends_[at(link)];
  ends.push_back({next_of(path), path, 0});
  std::push_heap(ends.begin(), ends.end());
  clocks_[at(link)].first_end = unknown;
}

// When the first flow of a link's own paths ends at its rate.
double FairShare::own_end(int link) {
  Clock& clock = clocks_[at(link)];
  if (clock.first_end == unknown) {
    std::vector<End>& ends = own_ends_[at(link)];
    clock.first_end = never;
    while (!ends.empty() && clock.first_end == never) {
      const auto [end, path, multiplicity] = ends.front();
      if (paths_[at(path)].owner == link && next_of(path) == end) {
        clock.first_end = end;
      } else {  // it has got another owner or another end since
        std::pop_heap(ends.begin(), ends.end());
        ends.pop_back();
      }
    }
  }
  return clock.since + std::max(0.0, clock.first_end - clock.served) / clock.rate;
}

}  // namespace reckon

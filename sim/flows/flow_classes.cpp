#include "sim/flows/flow_classes.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

namespace reckon {
namespace {

// What is not folded by then is not worth it.
constexpr int most_rounds = 8;
// But so many counts are nothing.
constexpr std::size_t always_counted = 65536;

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15U;  // 2^64 over the golden ratio
  return hash ^ (hash >> 32U);
}

std::uint64_t mix(std::uint64_t hash, double value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return mix(hash, bits);
}

// Numbers things that are equal alike, in the order in which they are met.
class Numbering {
 public:
  explicit Numbering(std::size_t most) {
    std::size_t room = 4;
    while (room < 2 * most + 2) room *= 2;
    found_.assign(room, -1);
  }
  // `is_like(first)`: whether the thing is equal to the one that was met first of its number.
  template <class IsLike>
  int number(std::size_t thing, std::uint64_t hash, const IsLike& is_like) {
    const std::size_t mask = found_.size() - 1;
    std::size_t place = hash & mask;
    while (found_[place] >= 0 && !is_like(firsts_[static_cast<std::size_t>(found_[place])])) {
      place = (place + 1) & mask;
    }
    if (found_[place] < 0) {
      found_[place] = static_cast<int>(firsts_.size());
      firsts_.push_back(thing);
    }
    return found_[place];
  }
  const std::vector<std::size_t>& firsts() const { return firsts_; }

 private:
  std::vector<int> found_;
  std::vector<std::size_t> firsts_;
};

class Folding {
 public:
  Folding(std::span<const FlowLink> links, const FlowSet& flows)
      : links_(links),
        flows_(flows),
        // Counts of each class on each link are to be no more than the links of all paths, and
        // classes half of the flows.
        most_classes_(std::min(
            std::max(flows.incidences(), always_counted) / std::max<std::size_t>(1, links.size()),
            flows.size() / 2)) {}

  std::optional<FlowClasses> fold() {
    if (most_classes_ == 0) return {};
    split_links_by_kind();
    of_flow_.assign(flows_.size(), 0);
    for (int round = 0; round < most_rounds; ++round) {
      const std::size_t flows_before = first_flow_.size(), links_before = first_link_.size();
      if (!split_flows() || !count()) return {};
      split_links();
      // Classes are only ever split: as many as before are those of before.
      if (first_link_.size() == links_before &&
          (first_flow_.size() == flows_before || !flows_.any_waits())) {
        return classes();
      }
    }
    return {};
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  void split_links_by_kind() {
    Numbering numbers(links_.size());
    of_link_.resize(links_.size());
    for (std::size_t link = 0; link < links_.size(); ++link) {
      const FlowLink& l = links_[link];
      of_link_[link] =
          numbers.number(link, mix(mix(0, l.capacity), l.latency), [&](std::size_t first) {
            return links_[first].capacity == l.capacity && links_[first].latency == l.latency;
          });
    }
    first_link_ = numbers.firsts();
  }

  bool are_like(std::size_t a, std::size_t b) const {
    const auto same = [](std::span<const int> x, std::span<const int> y,
                         const std::vector<int>& classes) {
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), [&classes](int left, int right) {
        return classes[at(left)] == classes[at(right)];
      });
    };
    return flows_.bytes(a) == flows_.bytes(b) && flows_.start(a) == flows_.start(b) &&
           flows_.multiplicity(a) == flows_.multiplicity(b) &&
           same(flows_.path(a), flows_.path(b), of_link_) &&
           same(flows_.after(a), flows_.after(b), of_flow_);
  }

  // By what they are, the classes of their links and those of the flows that they wait for.
  bool split_flows() {
    Numbering numbers(most_classes_);
    std::vector<int> of_flow(flows_.size());
    int last = -1;
    for (std::size_t flow = 0; flow < flows_.size(); ++flow) {
      const auto is_like = [this, flow](std::size_t first) { return are_like(first, flow); };
      if (last < 0 || !is_like(numbers.firsts()[at(last)])) {
        std::uint64_t hash = mix(mix(0, flows_.bytes(flow)), flows_.start(flow));
        for (const int link : flows_.path(flow)) {
          hash = mix(hash, static_cast<std::uint64_t>(of_link_[at(link)]));
        }
        for (const int before : flows_.after(flow)) {
          hash = mix(hash, static_cast<std::uint64_t>(of_flow_[at(before)]));
        }
        last = numbers.number(flow, hash, is_like);
        if (numbers.firsts().size() > most_classes_) return false;
      }
      of_flow[flow] = last;
    }
    of_flow_ = std::move(of_flow);
    first_flow_ = numbers.firsts();
    return true;
  }

  // Flows of each class on each link.
  bool count() {
    const std::size_t width = first_flow_.size();
    counts_.assign(links_.size() * width, 0);
    for (std::size_t flow = 0; flow < flows_.size(); ++flow) {
      for (const int link : flows_.path(flow)) {
        counts_[at(link) * width + at(of_flow_[flow])] += flows_.multiplicity(flow);
      }
    }
    return std::all_of(counts_.begin(), counts_.end(),
                       [](std::int64_t count) { return count <= std::numeric_limits<int>::max(); });
  }

  std::span<const std::int64_t> counts_of(std::size_t link) const {
    return {counts_.data() + link * first_flow_.size(), first_flow_.size()};
  }

  // By the flows of each class that they bear.
  void split_links() {
    Numbering numbers(links_.size());
    std::vector<int> of_link(links_.size());
    for (std::size_t link = 0; link < links_.size(); ++link) {
      const std::span<const std::int64_t> counts = counts_of(link);
      std::uint64_t hash = mix(0, static_cast<std::uint64_t>(of_link_[link]));
      for (const std::int64_t n : counts) hash = mix(hash, static_cast<std::uint64_t>(n));
      of_link[link] = numbers.number(link, hash, [&](std::size_t first) {
        const std::span<const std::int64_t> others = counts_of(first);
        return of_link_[first] == of_link_[link] &&
               std::equal(counts.begin(), counts.end(), others.begin());
      });
    }
    of_link_ = std::move(of_link);
    first_link_ = numbers.firsts();
  }

  FlowClasses classes() {
    FlowClasses classes;
    for (const std::size_t link : first_link_) classes.links.push_back(links_[link]);
    const auto add_once = [](std::vector<int>& to, int number) {
      if (std::find(to.begin(), to.end(), number) == to.end()) to.push_back(number);
    };
    for (std::size_t number = 0; number < first_flow_.size(); ++number) {
      const std::size_t flow = first_flow_[number];
      std::vector<int> path, after;
      double delay = 0;
      for (const int link : flows_.path(flow)) {
        add_once(path, of_link_[at(link)]);
        delay += links_[at(link)].latency;
      }
      for (const int before : flows_.after(flow)) add_once(after, of_flow_[at(before)]);
      for (const int link : path) {
        classes.weights.push_back(static_cast<int>(counts_of(first_link_[at(link)])[number]));
      }
      classes.flows.add(path, flows_.bytes(flow), flows_.start(flow), after);
      classes.delays.push_back(delay);
    }
    classes.class_of = std::move(of_flow_);
    return classes;
  }

  std::span<const FlowLink> links_;
  const FlowSet& flows_;
  std::size_t most_classes_;
  std::vector<int> of_link_, of_flow_;                // classes
  std::vector<std::size_t> first_link_, first_flow_;  // one of each class
  std::vector<std::int64_t> counts_;  // flows of each class (column) on each link (row)
};

}  // namespace

std::optional<FlowClasses> fold(std::span<const FlowLink> links, const FlowSet& flows) {
  return Folding(links, flows).fold();
}

}  // namespace reckon

// Max-min fair rates of the flows of one component, kept as flows begin and end. Inside of the flow
// simulator.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "planner/spec/flow_set.hpp"

namespace reckon {

// Progressive filling: of all links the one with the least share for each of its flows is full
// first; its flows are settled, their rate is taken from the other links that they use, and so on.
// A level is one such link. Flows are kept in the order of their levels: an event that cannot reach
// below a rate leaves all levels below that rate as they are, and filling restarts above them.
class FairShare {
 public:
  // A link that `flows` flows go over, in the order of numbers.
  void add_link(const FlowLink& link, std::size_t flows) {
    links_.push_back({link.capacity, link.capacity, 0, 0});
    on_link_.emplace_back().reserve(flows);
  }

  // So many flows, which go over so many links all together, are to come.
  void reserve(std::size_t flows, std::size_t incidences);

  // The next flow, with an id of the caller's; `of_link` numbers the links of its path as they were
  // added here.
  void add_flow(int id, const FlowSet& flows, std::span<const int> of_link);

  // The flow that was added as number `flow` uses bandwidth from the next solve() on.
  void begin(int flow);

  // Moves the flows that end by `time` to `ended`, each with its own time.
  void take_ended(double time, std::vector<std::pair<int, double>>& ended);

  // Works out the rates from `now` on, if anything has begun or ended since the last time.
  void solve(double now);

  // When the next flow ends, if nothing begins before; infinity if none is under way.
  double next_end() const { return levels_.empty() ? never : levels_.back().least_end; }

  std::int64_t solves() const { return solves_; }
  std::int64_t touched() const { return touched_; }

 private:
  static constexpr double never = std::numeric_limits<double>::infinity();
  static constexpr int open = -1;  // level of a flow that is under way and not settled
  static constexpr int away = -2;  // level of a flow that has not begun or has ended

  struct Flow {
    double rate = 0;
    double remaining = 0;  // bytes at `since`
    double since = 0;
    double end = 0;           // at this rate
    double multiplicity = 1;  // a whole number, as below
    std::int64_t path_begin = 0;
    int path_size = 0;
    int id = 0;
  };
  struct Link {
    double capacity;
    double left;        // not taken by settled flows
    double open_flows;  // with multiplicity
    double active_flows;
  };
  struct Level {
    int link;
    double rate;
    std::size_t begin;  // first of its flows in order_
    double own_end;     // the first end among its flows
    double least_end;   // and among those of all levels before
  };
  struct Key {
    double share;
    int link;
    bool operator<(const Key& other) const {  // std heaps have the greatest on top
      return share != other.share ? share > other.share : link > other.link;
    }
  };

  std::span<const int> path(const Flow& flow) const {
    return {path_.data() + flow.path_begin, static_cast<std::size_t>(flow.path_size)};
  }
  Link& link_at(int link) { return links_[static_cast<std::size_t>(link)]; }

  void redo_from(std::size_t level);
  void redo_all();
  void fill(double now);
  void replace_first(Key key);
  void settle_flows_of(int link, double rate, double now);

  std::vector<Link> links_;
  std::vector<Flow> flows_;
  std::vector<int> level_;                 // of each flow, apart: most looks at a flow end here
  std::vector<int> path_;                  // links of each flow
  std::vector<std::vector<int>> on_link_;  // flows of each link; those that ended go when met
  std::vector<int> order_;                 // settled flows by level, settled_ of them
  std::size_t settled_ = 0;
  std::vector<Level> levels_;
  std::vector<Key> heap_;
  double least_change_ = never;  // rates below it stay
  std::int64_t solves_ = 0;
  std::int64_t touched_ = 0;
};

}  // namespace reckon

// Max-min fair rates of the flows of one component, kept as flows begin and end. Inside of the flow
// simulator.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace reckon {

// Progressive filling: of all links the one with the least share for each of its flows is full
// first; its flows are settled, their rate is taken from the other links that they use, and so on.
// A level is one such link.
//
// An event that cannot reach below a rate leaves all levels below that rate as they are. The levels
// above it are taken back and tried again in the order that they had, which has hardly changed: a
// link whose share turns out to be below the rates before it goes back to its place among them.
//
// Flows over the same path have one rate, so the solver knows paths only. Paths that one link
// settles, its own paths, have one rate too: what each of their flows has been served is the
// clock of that link, and a path is looked at only when another link becomes its owner.
//
// Sums over a link are whole numbers of a unit of its own (2^-62 to 2^-61 of its capacity): they do
// not depend on the order of the flows, and what is taken back is taken back to the bit.
class FairShare {
 public:
  // Before all else: so many flows, which go over so many links all together, are to come.
  void reserve(std::size_t flows, std::size_t incidences);

  // The next link, in the order of numbers; bytes/s.
  void add_link(double capacity);

  // The number of the path over these links (numbered as they were added here), of which a flow
  // counts `weights` times; no weights: once. One call for every flow that is to come.
  int add_path(std::span<const int> links, std::span<const int> weights);

  // After the last path, before the first flow.
  void prepare();

  // `multiplicity` flows of an id of the caller's use the path from the next solve() on, at `now`.
  void begin(int path, int id, double bytes, int multiplicity, double now);

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
  static constexpr int none = -1;

  // Before a link finds its place, far more may be taken of it than it has.
  __extension__ typedef __int128 Wide;

  // What settled paths take of a link, and how many flows they are.
  struct Sums {
    Wide taken = 0;
    std::int64_t settled = 0;
    double scale = 1;  // units of a byte/s, a power of two

    // A flow takes `most_units` at most, whatever its rate: too much is too much.
    void add(double rate, double most_units, std::int64_t flows) {
      const auto units = static_cast<std::int64_t>(std::min(most_units, rate * scale));
      taken += Wide{units} * flows;
      settled += flows;
    }
  };
  struct Link {
    std::int64_t capacity = 0;
    std::int64_t active = 0;      // flows, settled or not
    std::int64_t own_active = 0;  // those of own paths
    std::size_t first_slot = 0;
    int own = 0;    // paths
    int slots = 0;  // active paths
  };
  // A path of a link; of a path of two links the other one too, and how many flows that sees. A
  // path of one link has itself as the other, with no flows.
  struct Slot {
    int path;
    int other;
    std::int64_t flows;
  };
  // How far a link's own paths are: bytes at `since`, from an origin of its own.
  struct Clock {
    double served = 0;
    double since = 0;
    double rate = 0;
    double first_end = never;  // bytes, of the first flow to end; never: none; -never: to be found
    int steps = 0;             // since the origin was moved last
  };
  struct Incidence {
    int link;
    int weight;
  };
  struct Path {
    std::int64_t active = 0;  // flows
    int first = 0;            // of its incidences; they end where those of the next path begin
    int owner = none;
  };
  // Ends of the flows of a path, a heap in bytes served; `origin` is zero of them in the clock of
  // the owner.
  struct Queue {
    double origin = 0;
    std::size_t first = 0;
    int size = 0;
    int room = 0;
  };
  struct End {
    double served;
    int id;  // of a flow, or of a path among the ends of a link
    int multiplicity;
    bool operator<(const End& other) const {  // std heaps have the greatest on top
      return served != other.served ? served > other.served : id > other.id;
    }
  };
  struct Level {
    int link;
    double rate;
    double own_end;    // the first end among its flows
    double least_end;  // and among those of all levels before
  };
  struct Key {
    double share;
    int link;
    bool operator<(const Key& other) const {
      return share != other.share ? share > other.share : link > other.link;
    }
  };

  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  std::span<const Incidence> incidences(int path) const {
    const auto first = at(paths_[at(path)].first);
    return {incidences_.data() + first, at(paths_[at(path) + 1].first) - first};
  }
  double served(int link, double now) const {
    const Clock& clock = clocks_[at(link)];
    return clock.served + clock.rate * (now - clock.since);
  }
  double next_of(int path) const {
    const Queue& queue = queues_[at(path)];
    return queue.origin + ends_[queue.first].served;
  }
  std::int64_t open_flows(int link) const {
    return links_[at(link)].active - sums_[at(link)].settled;
  }
  double left(int link) const;
  double share_of(int link) const;

  void change(int path, int flows);
  void open_slots(int path);
  void close_slots(int path);
  int& slot_of(int path, int link);
  void swap_slots(int link, int left, int right);
  void own(int path, int link);

  void restart_below(double rate);
  bool fill_in_order(double now);
  void fill_by_share(double now);
  void replace_first(Key key);
  int next_to_place();
  bool fits(int link) const;
  bool place(int link, double now, int& patience);
  void settle(int link, double now);
  void take_back_last();
  void take_back_all();
  void take_open_paths(int link, double now);
  template <int Sign>
  void take(int link, double rate);

  void set_rate(int link, double rate, double now);
  void move_ends(int link, double bytes);
  void push_end(int link, int path);
  double own_end(int link);

  std::vector<Link> links_;
  std::vector<Sums> sums_;     // of each link, apart: most looks at a link end here
  std::vector<char> is_full_;  // of each link: 1 if it is a level
  std::vector<Clock> clocks_;
  std::vector<std::vector<End>> own_ends_;  // of each link, a heap; those not true any more go late
  std::vector<Path> paths_;                 // and one behind the last
  std::vector<Queue> queues_;
  std::vector<Incidence> incidences_;
  std::vector<int> slot_of_;  // of each incidence of an active path, among its link's
  std::vector<Slot> slots_;   // of each link: its own paths, then other active ones
  std::vector<End> ends_;
  std::vector<int> found_;        // hash table of paths, until prepare()
  std::size_t longest_path_ = 0;  // in links
  std::vector<Level> levels_;
  std::vector<int> to_place_;  // links that were levels, the first one last
  std::vector<Key> heap_;
  double most_units_ = 0x1p62;   // above all capacities; as a constant it costs a branch each time
  double least_change_ = never;  // rates below it stay
  std::int64_t solves_ = 0;
  std::int64_t touched_ = 0;
};

}  // namespace reckon

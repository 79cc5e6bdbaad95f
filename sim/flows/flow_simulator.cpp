#include "sim/flows/flow_simulator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <utility>

#include "sim/flows/fair_share.hpp"
#include "sim/flows/flow_classes.hpp"

namespace reckon {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();
// Events this close in time are one: sums of the same latencies and sizes in another order.
constexpr double same_time = 1e-12;

// --- which flows can touch each other
// ---------------------------------------------------------------

class UnionFind {
 public:
  explicit UnionFind(std::size_t size) : parent_(size) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }
  int find(int of) {
    while (parent_[at(of)] != of) {
      parent_[at(of)] = parent_[at(parent_[at(of)])];
      of = parent_[at(of)];
    }
    return of;
  }
  void join(int left, int right) {
    const int a = find(left);
    const int b = find(right);
    if (a != b) parent_[at(std::max(a, b))] = std::min(a, b);
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  std::vector<int> parent_;
};

// The component of each link, numbered from 0 in the order of links; -1: no flow uses it.
struct Components {
  std::vector<int> of_link;
  int count = 0;
};

Components components_of(std::size_t links, const FlowSet& flows) {
  UnionFind sets(links);
  std::vector<char> used(links, 0);
  for (std::size_t flow = 0; flow < flows.size(); ++flow) {
    const std::span<const int> path = flows.path(flow);
    for (const int link : path) {
      used[static_cast<std::size_t>(link)] = 1;
      if (link != path[0]) sets.join(path[0], link);
    }
  }
  Components components{std::vector<int>(links, -1), 0};
  std::vector<int> number(links, -1);
  for (std::size_t link = 0; link < links; ++link) {
    if (used[link] == 0) continue;
    int& of_root = number[static_cast<std::size_t>(sets.find(static_cast<int>(link)))];
    if (of_root < 0) of_root = components.count++;
    components.of_link[link] = of_root;
  }
  return components;
}

// --- time
// -------------------------------------------------------------------------------------------

struct Activation {
  double time;
  int flow;
  bool operator>(const Activation& other) const {
    return time != other.time ? time > other.time : flow > other.flow;
  }
};

// Activations of one component, those known from the beginning in order, later ones in a heap.
class Activations {
 public:
  void reserve(std::size_t count) { first_.reserve(count); }
  void add_first(Activation activation) { first_.push_back(activation); }
  void order() {
    const auto before = [](const Activation& a, const Activation& b) { return b > a; };
    if (!std::is_sorted(first_.begin(), first_.end(), before)) {
      std::sort(first_.begin(), first_.end(), before);
    }
  }
  void add(Activation activation) { later_.push(activation); }
  double next() const {
    const double first = next_ < first_.size() ? first_[next_].time : never;
    return later_.empty() ? first : std::min(first, later_.top().time);
  }
  int take() {
    if (next_ < first_.size() && (later_.empty() || !(first_[next_] > later_.top()))) {
      return first_[next_++].flow;
    }
    const int flow = later_.top().flow;
    later_.pop();
    return flow;
  }

 private:
  std::vector<Activation> first_;
  std::size_t next_ = 0;
  std::priority_queue<Activation, std::vector<Activation>, std::greater<>> later_;
};

class Simulator {
 public:
  // `weights` of each link of each path, `delays` of each flow; none: one, and its latencies.
  Simulator(std::span<const FlowLink> links, const FlowSet& flows,
            std::span<const int> weights = {}, std::span<const double> delays = {})
      : links_(links),
        flows_(flows),
        weights_(weights),
        delays_(delays),
        components_(components_of(links.size(), flows)),
        activations_(static_cast<std::size_t>(components_.count)) {
    result_.finish.assign(flows.size(), 0);
    collect_waiting();
    make_shares();
  }

  FlowResult run() {
    for (std::size_t flow = 0; flow < flows_.size(); ++flow) {
      if (waits_for_[flow] == 0) make_ready(flow, flows_.start(flow), true);
    }
    for (Activations& activations : activations_) activations.order();
    release();
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
    for (int component = 0; component < components_.count; ++component) {
      push(events, component);
    }
    while (!events.empty()) {
      const Event event = events.top();
      events.pop();
      const auto component = static_cast<std::size_t>(event.component);
      if (event.version != versions_[component]) continue;
      advance(component, event.time);
      release();
      push(events, event.component);
      for (const int woken : woken_) push(events, woken);
      woken_.clear();
    }
    for (const FairShare& share : shares_) {
      result_.solves += share.solves();
      result_.touched += share.touched();
    }
    for (const double finish : result_.finish) {
      result_.makespan = std::max(result_.makespan, finish);
    }
    return std::move(result_);
  }

 private:
  struct Event {
    double time;
    int component;
    int version;
    bool operator>(const Event& other) const {
      return time != other.time ? time > other.time : component > other.component;
    }
  };

  // The links and paths of each component, numbered from 0 within it.
  void make_shares() {
    shares_.resize(activations_.size());
    std::vector<std::size_t> flows(shares_.size(), 0), incidences(shares_.size(), 0);
    for (std::size_t flow = 0; flow < flows_.size(); ++flow) {
      const std::span<const int> path = flows_.path(flow);
      if (path.empty()) continue;
      const std::size_t component = component_of(path);
      ++flows[component];
      incidences[component] += path.size();
    }
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      shares_[i].reserve(flows[i], incidences[i]);
      activations_[i].reserve(flows[i]);
    }
    std::vector<int> counted(shares_.size(), 0), local_link(links_.size(), -1);
    for (std::size_t link = 0; link < links_.size(); ++link) {
      if (components_.of_link[link] < 0) continue;
      const auto component = static_cast<std::size_t>(components_.of_link[link]);
      local_link[link] = counted[component]++;
      shares_[component].add_link(links_[link].capacity);
    }
    path_of_.assign(flows_.size(), -1);
    std::vector<int> path;
    for (std::size_t flow = 0; flow < flows_.size(); ++flow) {
      if (flows_.path(flow).empty()) continue;
      path.clear();
      for (const int link : flows_.path(flow)) {
        path.push_back(local_link[static_cast<std::size_t>(link)]);
      }
      FairShare& share = shares_[component_of(flows_.path(flow))];
      path_of_[flow] = share.add_path(path, weights_of(flow));
    }
    for (FairShare& share : shares_) share.prepare();
    ended_.reserve(flows_.size());
  }

  std::span<const int> weights_of(std::size_t flow) const {
    if (weights_.empty()) return {};
    return weights_.subspan(static_cast<std::size_t>(flows_.path_begin(flow)),
                            flows_.path(flow).size());
  }

  double delay_of(std::size_t flow) const {
    if (!delays_.empty()) return delays_[flow];
    double delay = 0;
    for (const int link : flows_.path(flow))
      delay += links_[static_cast<std::size_t>(link)].latency;
    return delay;
  }

  std::size_t component_of(std::span<const int> path) const {
    return static_cast<std::size_t>(components_.of_link[static_cast<std::size_t>(path[0])]);
  }

  // Successors of each flow, and how many flows each one waits for.
  void collect_waiting() {
    waits_for_.assign(flows_.size(), 0);
    successor_begin_.assign(flows_.size() + 1, 0);
    for (std::size_t flow = 0; flow < flows_.size(); ++flow) {
      waits_for_[flow] = static_cast<int>(flows_.after(flow).size());
      for (const int before : flows_.after(flow)) {
        ++successor_begin_[static_cast<std::size_t>(before) + 1];
      }
    }
    std::partial_sum(successor_begin_.begin(), successor_begin_.end(), successor_begin_.begin());
    successors_.resize(static_cast<std::size_t>(successor_begin_.back()));
    std::vector<std::int64_t> next(successor_begin_.begin(), successor_begin_.end() - 1);
    for (std::size_t flow = 0; flow < flows_.size(); ++flow) {
      for (const int before : flows_.after(flow)) {
        successors_[static_cast<std::size_t>(next[static_cast<std::size_t>(before)]++)] =
            static_cast<int>(flow);
      }
    }
    versions_.assign(activations_.size(), 0);
  }

  // A flow that nothing holds back any more uses bandwidth once its head has arrived.
  void make_ready(std::size_t flow, double ready, bool at_the_beginning) {
    const std::span<const int> path = flows_.path(flow);
    const double time = ready + delay_of(flow);
    if (path.empty() || flows_.bytes(flow) == 0) {
      ended_.emplace_back(static_cast<int>(flow), time);
      return;
    }
    const std::size_t component = component_of(path);
    Activations& activations = activations_[component];
    if (at_the_beginning) {
      activations.add_first({time, static_cast<int>(flow)});
    } else {
      activations.add({time, static_cast<int>(flow)});
      woken_.push_back(static_cast<int>(component));
    }
  }

  // Lets the successors of ended flows go.
  void release() {
    while (!ended_.empty()) {
      const auto [flow, time] = ended_.back();
      ended_.pop_back();
      const auto index = static_cast<std::size_t>(flow);
      result_.finish[index] = time;
      for (std::int64_t i = successor_begin_[index]; i < successor_begin_[index + 1]; ++i) {
        const auto next = static_cast<std::size_t>(successors_[static_cast<std::size_t>(i)]);
        latest_end_.resize(flows_.size(), 0);
        latest_end_[next] = std::max(latest_end_[next], time);
        if (--waits_for_[next] == 0) {
          make_ready(next, std::max(flows_.start(next), latest_end_[next]), false);
        }
      }
    }
  }

  // All that happens in a component at one time.
  void advance(std::size_t component, double time) {
    const double until = time * (1 + same_time);
    FairShare& share = shares_[component];
    share.take_ended(until, ended_);
    Activations& activations = activations_[component];
    while (activations.next() <= until) {
      const int flow = activations.take();
      const auto index = static_cast<std::size_t>(flow);
      share.begin(path_of_[index], flow, flows_.bytes(index), flows_.multiplicity(index), time);
    }
    share.solve(time);
  }

  template <class Queue>
  void push(Queue& events, int component) {
    const auto index = static_cast<std::size_t>(component);
    const double time = std::min(activations_[index].next(), shares_[index].next_end());
    if (time < never) events.push({time, component, ++versions_[index]});
  }

  std::span<const FlowLink> links_;
  const FlowSet& flows_;
  std::span<const int> weights_;
  std::span<const double> delays_;
  Components components_;
  std::vector<Activations> activations_;
  std::vector<int> path_of_;  // of each flow, within its component
  std::vector<FairShare> shares_;
  std::vector<int> versions_;
  std::vector<int> waits_for_, successors_;
  std::vector<std::int64_t> successor_begin_;
  std::vector<double> latest_end_;
  std::vector<std::pair<int, double>> ended_;
  std::vector<int> woken_;
  FlowResult result_;
};

// --- what cannot be simulated
// ---------------------------------------------------------------------------

constexpr double most_seconds = 1e15;        // sums of as many as there can be stay finite
constexpr double least_capacity = 1e-200;    // bytes/s; the solver's units are as much smaller
constexpr double most_bytes = 0x1p63;        // beyond it bytes are no longer told apart
constexpr std::size_t most_links = 1024;     // of a path; the solver looks at all of them
constexpr std::size_t most_flows_named = 3;  // of a cycle

std::string numbered_place(std::string_view list, std::size_t index) {
  return '/' + std::string(list) + '/' + std::to_string(index);
}

bool is_within(double value, double most) { return value >= 0 && value <= most; }

// Which flows are on a cycle of `after`, or behind one.
std::vector<char> never_ready(const FlowSet& flows) {
  std::vector<int> waits(flows.size());
  std::vector<std::vector<int>> successors(flows.size());
  std::vector<int> ready;
  for (std::size_t flow = 0; flow < flows.size(); ++flow) {
    waits[flow] = static_cast<int>(flows.after(flow).size());
    for (const int before : flows.after(flow)) {
      successors[static_cast<std::size_t>(before)].push_back(static_cast<int>(flow));
    }
    if (waits[flow] == 0) ready.push_back(static_cast<int>(flow));
  }
  std::vector<char> stuck(flows.size(), 1);
  while (!ready.empty()) {
    const auto flow = static_cast<std::size_t>(ready.back());
    ready.pop_back();
    stuck[flow] = 0;
    for (const int next : successors[flow]) {
      if (--waits[static_cast<std::size_t>(next)] == 0) ready.push_back(next);
    }
  }
  return stuck;
}

// "waits for itself, by way of flows 3, 5, 2 and 7 more": the others of its cycle, in their order.
std::string cycle_text(const std::vector<int>& cycle, std::size_t member) {
  std::string text = "waits for itself";
  const std::size_t others = cycle.size() - 1;
  for (std::size_t i = 1; i <= std::min(others, most_flows_named); ++i) {
    text += i > 1 ? ", " : others > 1 ? ", by way of flows " : ", by way of flow ";
    text += std::to_string(cycle[(member + i) % cycle.size()]);
  }
  if (others > most_flows_named) {
    text += " and " + std::to_string(others - most_flows_named) + " more";
  }
  return text;
}

// Each flow that is never ready waits for another such flow, so going from one to the next ends in
// a cycle. Flows behind a cycle are not told: without it they are ready.
void add_cycle_problems(const FlowSet& flows, std::vector<FlowProblem>& problems) {
  const std::vector<char> stuck = never_ready(flows);
  std::vector<std::size_t> place(flows.size(), 0);  // in `after`, of the flow that it waits for
  std::vector<int> seen_from(flows.size(), -1);
  std::vector<FlowProblem> found;
  for (std::size_t first = 0; first < flows.size(); ++first) {
    if (stuck[first] == 0 || seen_from[first] >= 0) continue;
    const int from = static_cast<int>(first);
    int flow = from;
    std::vector<int> way;
    while (seen_from[static_cast<std::size_t>(flow)] < 0) {
      const auto index = static_cast<std::size_t>(flow);
      seen_from[index] = from;
      way.push_back(flow);
      const std::span<const int> after = flows.after(index);
      while (stuck[static_cast<std::size_t>(after[place[index]])] == 0) ++place[index];
      flow = after[place[index]];
    }
    if (seen_from[static_cast<std::size_t>(flow)] != from) continue;  // a cycle that is known
    const std::vector<int> cycle(std::find(way.begin(), way.end(), flow), way.end());
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      found.push_back({cycle[i], -1,
                       numbered_place("after", place[static_cast<std::size_t>(cycle[i])]),
                       cycle_text(cycle, i)});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const FlowProblem& a, const FlowProblem& b) { return a.flow < b.flow; });
  problems.insert(problems.end(), found.begin(), found.end());
}

void add_link_problems(std::span<const FlowLink> links, std::vector<FlowProblem>& problems) {
  for (std::size_t link = 0; link < links.size(); ++link) {
    const int index = static_cast<int>(link);
    const double capacity = links[link].capacity;
    if (!(capacity >= least_capacity) || !std::isfinite(capacity)) {
      problems.push_back({-1, index, "/cap", "has a capacity below 1e-200 bytes/s, or none"});
    }
    if (!is_within(links[link].latency, most_seconds)) {
      problems.push_back({-1, index, "/lat", "has a latency that is not from 0 to 1e15 s"});
    }
  }
}

// `seen_by`: of each link the last flow that went over it.
void add_path_problems(std::span<const FlowLink> links, const FlowSet& flows, std::size_t flow,
                       std::vector<int>& seen_by, std::vector<FlowProblem>& problems) {
  const int index = static_cast<int>(flow);
  const std::span<const int> path = flows.path(flow);
  if (path.size() > most_links) {
    problems.push_back({index, -1, "/path",
                        "goes over " + std::to_string(path.size()) + " links; the most is " +
                            std::to_string(most_links)});
    return;
  }
  double slowest = most_bytes;  // bytes/s
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] < 0 || static_cast<std::size_t>(path[i]) >= links.size()) {
      problems.push_back(
          {index, -1, numbered_place("path", i), "goes over a link that does not exist"});
      continue;
    }
    const auto link = static_cast<std::size_t>(path[i]);
    if (seen_by[link] == index) {
      problems.push_back({index, -1, numbered_place("path", i), "goes over a link twice"});
    }
    seen_by[link] = index;
    if (links[link].capacity >= least_capacity) slowest = std::min(slowest, links[link].capacity);
  }
  if (flows.bytes(flow) <= most_bytes && flows.bytes(flow) / slowest > most_seconds) {
    problems.push_back({index, -1, "/bytes", "takes longer than 1e15 s over its slowest link"});
  }
}

}  // namespace

std::vector<FlowProblem> flow_problems(std::span<const FlowLink> links, const FlowSet& flows) {
  std::vector<FlowProblem> problems;
  add_link_problems(links, problems);
  std::vector<int> seen_by(links.size(), -1);
  bool after_is_known = true;
  for (std::size_t flow = 0; flow < flows.size(); ++flow) {
    const int index = static_cast<int>(flow);
    if (!is_within(flows.bytes(flow), most_bytes)) {
      problems.push_back({index, -1, "/bytes", "has a size that is not from 0 to 2^63 bytes"});
    }
    if (!is_within(flows.start(flow), most_seconds)) {
      problems.push_back({index, -1, "/start", "has a start that is not from 0 to 1e15 s"});
    }
    if (flows.multiplicity(flow) < 1) problems.push_back({index, -1, "", "stands for no flow"});
    add_path_problems(links, flows, flow, seen_by, problems);
    const std::span<const int> after = flows.after(flow);
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (after[i] >= 0 && static_cast<std::size_t>(after[i]) < flows.size()) continue;
      after_is_known = false;
      problems.push_back(
          {index, -1, numbered_place("after", i), "waits for a flow that does not exist"});
    }
  }
  if (after_is_known) add_cycle_problems(flows, problems);
  return problems;
}

FlowResult simulate_flows(std::span<const FlowLink> links, const FlowSet& flows) {
  const std::optional<FlowClasses> classes = fold(links, flows);
  if (!classes) return Simulator(links, flows).run();
  FlowResult result =
      Simulator(classes->links, classes->flows, classes->weights, classes->delays).run();
  std::vector<double> finish(flows.size());
  for (std::size_t flow = 0; flow < flows.size(); ++flow) {
    finish[flow] = result.finish[static_cast<std::size_t>(classes->class_of[flow])];
  }
  result.finish = std::move(finish);
  return result;
}

}  // namespace reckon

#include "topologies/routes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <numeric>
#include <unordered_map>
#include <utility>
#include <variant>

#include "topologies/distances.hpp"
#include "topologies/fat_tree.hpp"
#include "topologies/random.hpp"

namespace reckon {
namespace {

constexpr std::size_t most_distances_kept = std::size_t{1} << 26;

using Distances = std::vector<SwitchDistance>;

// Part of a way around a ring of a torus.
struct Ring {
  int stride = 1;  // between the ids of neighbours
  int size = 1;
  int steps = 0;
  int move = 1;  // places on with each step, modulo size
};

// The GPUs, by index in their nodes, whose NICs a transfer leaves and arrives by.
struct Relay {
  int index_out = 0;
  int index_in = 0;
};

class RouteFinder {
 public:
  RouteFinder(const Topology& topology, const RoutingPolicy& policy)
      : topology_(topology),
        policy_(policy),
        fat_tree_(std::get_if<FatTreeShape>(&topology.shape)),
        torus_(std::get_if<TorusShape>(&topology.shape)) {
    if (fat_tree_ != nullptr && topology.gpus > 0) sizes_ = fat_tree_sizes(*fat_tree_);
  }

  std::optional<Route> find(GpuPair pair);

 private:
  const TopologyLink& link(int id) const { return topology_.links[static_cast<std::size_t>(id)]; }
  const TopologyNode& node(int id) const { return topology_.nodes[static_cast<std::size_t>(id)]; }
  bool is_up(int id) const { return node(link(id).to).layer > node(link(id).from).layer; }
  int nic_of(int gpu) const { return links_from(topology_, gpu).back(); }
  int node_of(int gpu) const { return gpu / node_shape(topology_.shape).gpus; }
  std::size_t slot(int id) const { return static_cast<std::size_t>(id - topology_.first_switch); }

  int lane(int gpu) const;
  std::optional<Route> by_way_of(GpuPair pair, Relay relay);
  // Each adds its links to the route, and tells whether there is such a way.
  bool add_nvlink(Route& route, int from, int to) const;
  bool add_fabric(Route& route, int from, int to);
  bool add_shortest(Route& route, int from_switch, int to_switch);
  bool add_torus(Route& route, int from_switch, int to_switch) const;
  bool add_ring(Route& route, int& at, const Ring& ring) const;
  // The link to take, and which of the candidates that is.
  int choose(int at, const Distances& distances);
  int port_up(int at, std::int64_t port) const;
  void find_own_ports(int to);
  std::int64_t choose_up(int at) const;
  std::int64_t choose_down(int at) const;
  const Distances& distances_to(int to_switch);
  std::vector<int> nics_left(int node) const;
  std::vector<Relay> find_relays(int from_node, int to_node);
  const std::vector<Relay>& relays_between(int from_node, int to_node);

  const Topology& topology_;
  const RoutingPolicy policy_;
  const FatTreeShape* fat_tree_;
  const TorusShape* torus_;
  FatTreeSizes sizes_;
  std::unordered_map<int, Distances> distances_;  // by switch
  std::vector<int> candidates_;                   // links from the switch at hand that lead nearer
  GpuPair pair_;                                  // whose route is sought
  std::int64_t number_ = 0;         // in its plane, of the NIC that the fabric is left by
  std::array<int, 2> own_{-1, -1};  // ports up of its leaf, and of the switch that this leads to
  std::unordered_map<int, std::array<int, 2>> own_ports_;  // by GPU
  int relays_to_ = -1;                                     // the node that those of relays_ lead to
  std::unordered_map<int, std::vector<Relay>> relays_;     // by the node that they leave
};

// GPUs of one lane reach each other without changing index.
int RouteFinder::lane(int gpu) const {
  if (fat_tree_ == nullptr || fat_tree_->wiring == FatTreeWiring::packed) return 0;
  const int index = gpu % fat_tree_->node.gpus;
  return fat_tree_->wiring == FatTreeWiring::rail ? index : index % fat_tree_->planes;
}

bool RouteFinder::add_nvlink(Route& route, int from, int to) const {
  if (from == to) return true;
  const std::span<const int> ups =
      links_from(topology_, from).first(links_from(topology_, from).size() - 1);
  const std::span<const int> downs = links_from(topology_, to);
  for (std::size_t turn = 0; turn < ups.size(); ++turn) {
    const std::size_t nvswitch = (static_cast<std::size_t>(from + to) + turn) % ups.size();
    if (link(ups[nvswitch]).failed || link(downs[nvswitch]).failed) continue;
    route.push_back(ups[nvswitch]);
    route.push_back(reverse_of(downs[nvswitch]));
    return true;
  }
  return false;
}

bool RouteFinder::add_fabric(Route& route, int from, int to) {
  const int out = nic_of(from);
  const int in = nic_of(to);
  if (link(out).failed || link(in).failed) return false;
  number_ = to;
  if (fat_tree_ != nullptr) find_own_ports(to);
  route.push_back(out);
  const bool found = torus_ != nullptr ? add_torus(route, link(out).to, link(in).to)
                                       : add_shortest(route, link(out).to, link(in).to);
  route.push_back(reverse_of(in));
  return found;
}

bool RouteFinder::add_shortest(Route& route, int from_switch, int to_switch) {
  if (from_switch == to_switch) return true;
  const Distances& distances = distances_to(to_switch);
  if (distances[slot(from_switch)].hops < 0) return false;
  for (int at = from_switch; at != to_switch; at = link(route.back()).to) {
    route.push_back(choose(at, distances));
  }
  return true;
}

bool RouteFinder::add_torus(Route& route, int from_switch, int to_switch) const {
  const int first = topology_.first_switch;
  int at = from_switch;
  int stride = 1;
  for (const int size : torus_->sizes) {
    const int forward = ((to_switch - first) / stride - (at - first) / stride) % size;
    const int forwards = (forward + size) % size;
    const int backwards = size - forwards;
    const Ring ahead{stride, size, forwards, 1};
    const Ring back{stride, size, backwards, size - 1};
    const bool is_ahead_shorter = forwards <= backwards;
    if (forwards != 0 && !add_ring(route, at, is_ahead_shorter ? ahead : back) &&
        !add_ring(route, at, is_ahead_shorter ? back : ahead)) {
      return false;
    }
    stride *= size;
  }
  return true;
}

// Leaves `route` and `at` as they were if the way is broken.
bool RouteFinder::add_ring(Route& route, int& at, const Ring& ring) const {
  const std::size_t before = route.size();
  int here = at;
  for (int step = 0; step < ring.steps; ++step) {
    const int place = (here - topology_.first_switch) / ring.stride % ring.size;
    const int next = here + ((place + ring.move) % ring.size - place) * ring.stride;
    const std::span<const int> out = links_from(topology_, here);
    const auto found = std::find_if(
        out.begin(), out.end(), [&](int id) { return link(id).to == next && !link(id).failed; });
    if (found == out.end()) {
      route.resize(before);
      return false;
    }
    route.push_back(*found);
    here = next;
  }
  at = here;
  return true;
}

int RouteFinder::choose(int at, const Distances& distances) {
  const SwitchDistance here = distances[slot(at)];
  candidates_.clear();
  for (const int id : links_from(topology_, at)) {
    if (link(id).kind != TopologyLinkKind::fabric || link(id).failed) continue;
    const SwitchDistance there = distances[slot(link(id).to)];
    if (there.hops != here.hops - 1) continue;
    if (fat_tree_ != nullptr && is_up(id) == here.descending) continue;
    candidates_.push_back(id);
  }
  const auto ways = static_cast<std::int64_t>(candidates_.size());
  std::int64_t way = number_ % ways;
  if (policy_.choice == PathChoice::ecmp) {
    const auto from = static_cast<std::uint64_t>(pair_.from);
    const auto to = static_cast<std::uint64_t>(pair_.to);
    const std::uint64_t flow = mix(policy_.seed, from << 32 | to);
    way = static_cast<std::int64_t>(mix(flow, static_cast<std::uint64_t>(at)) %
                                    static_cast<std::uint64_t>(ways));
  } else if (fat_tree_ != nullptr) {
    way = here.descending ? choose_down(at) : choose_up(at);
  }
  return candidates_[static_cast<std::size_t>(way)];
}

// The port up of a switch; -1 if nothing is above it.
int RouteFinder::port_up(int at, std::int64_t port) const {
  for (const int id : links_from(topology_, at)) {
    if (link(id).kind != TopologyLinkKind::fabric || !is_up(id)) continue;
    if (port-- == 0) return id;
  }
  return -1;
}

// D-mod-k (Zahavi 2012): the destination's number, in digits of the ports up at each layer, names
// ports of its leaf and of the switch that this leads to.
void RouteFinder::find_own_ports(int to) {
  const FatTreeSeat seat = fat_tree_seat(*fat_tree_, sizes_, to);
  number_ = seat.leaf * sizes_.down + seat.position;
  const auto [at, is_new] = own_ports_.try_emplace(to, std::array{-1, -1});
  own_ = at->second;
  if (!is_new) return;
  own_[0] = port_up(link(nic_of(to)).to, number_ % sizes_.up);
  if (own_[0] >= 0 && fat_tree_->layers == 3 && sizes_.middle_up > 0) {
    own_[1] = port_up(link(own_[0]).to, number_ / sizes_.up % sizes_.middle_up);
  }
  at->second = own_;
}

// To the switch above that the destination's own port leads to, or the one in its place in this
// pod. Several wires there are shared in the order of these ports. If the wire has failed, the
// digits above spread the destinations over all that have a way.
std::int64_t RouteFinder::choose_up(int at) const {
  const bool is_leaf = node(at).layer == 1;
  const std::int64_t ports = is_leaf ? sizes_.up : sizes_.middle_up;
  const std::int64_t number = is_leaf ? number_ : number_ / sizes_.up;
  const TopologyLink& own = link(own_[is_leaf ? 0 : 1]);
  const TopologyNode& below = node(own.from);
  const std::int64_t switches_above =
      !is_leaf || fat_tree_->layers == 2 ? sizes_.tops : sizes_.middles;
  const std::int64_t order =
      ((is_leaf ? below.index : below.group) * ports + number % ports) / switches_above;
  const auto leads_there = [&](int id) {
    return link(id).kind == TopologyLinkKind::fabric && is_up(id) &&
           node(link(id).to).index == node(own.to).index;
  };
  const std::span<const int> links = links_from(topology_, at);
  std::int64_t turn = order % std::count_if(links.begin(), links.end(), leads_there);
  for (const int id : links) {
    if (!leads_there(id) || turn-- > 0) continue;
    const auto found = std::find(candidates_.begin(), candidates_.end(), id);
    if (found != candidates_.end()) return found - candidates_.begin();
    break;
  }
  return number / ports % static_cast<std::int64_t>(candidates_.size());
}

// The destination's own wire; if that is elsewhere or has failed, those that come by here share
// what leads down.
std::int64_t RouteFinder::choose_down(int at) const {
  const bool is_above_leaves = node(at).layer == 2;
  const int own = own_[is_above_leaves ? 0 : 1];
  const auto found = std::find(candidates_.begin(), candidates_.end(), reverse_of(own));
  if (found != candidates_.end()) return found - candidates_.begin();
  const std::int64_t ports = is_above_leaves ? sizes_.up : sizes_.middle_up;
  const std::int64_t number = is_above_leaves ? number_ : number_ / sizes_.up;
  return number % ports * static_cast<std::int64_t>(candidates_.size()) / ports;
}

const Distances& RouteFinder::distances_to(int to_switch) {
  const auto known = distances_.find(to_switch);
  if (known != distances_.end()) return known->second;
  const std::size_t switches = slot(static_cast<int>(topology_.nodes.size()));
  if ((distances_.size() + 1) * switches > most_distances_kept) distances_.clear();
  return distances_[to_switch] = fat_tree_ != nullptr ? up_down_distances(topology_, to_switch)
                                                      : shortest_distances(topology_, to_switch);
}

// Over NVLink to index_out, through the fabric to index_in, over NVLink.
std::optional<Route> RouteFinder::by_way_of(GpuPair pair, Relay relay) {
  const int gpus_per_node = node_shape(topology_.shape).gpus;
  const int out = node_of(pair.from) * gpus_per_node + relay.index_out;
  const int in = node_of(pair.to) * gpus_per_node + relay.index_in;
  Route route;
  if (!add_nvlink(route, pair.from, out) || !add_fabric(route, out, in) ||
      !add_nvlink(route, in, pair.to)) {
    return std::nullopt;
  }
  return route;
}

// The indices of the GPUs of a node whose NICs work.
std::vector<int> RouteFinder::nics_left(int node) const {
  const int gpus_per_node = node_shape(topology_.shape).gpus;
  std::vector<int> left;
  for (int index = 0; index < gpus_per_node; ++index) {
    if (!link(nic_of(node * gpus_per_node + index)).failed) left.push_back(index);
  }
  return left;
}

// All that the fabric joins, those of one index first. Pairs of nodes start at different ones, so
// that all of them share what a broken NIC carried.
std::vector<Relay> RouteFinder::find_relays(int from_node, int to_node) {
  const int gpus_per_node = node_shape(topology_.shape).gpus;
  const std::vector<int> outs = nics_left(from_node);
  const std::vector<int> ins = nics_left(to_node);
  std::vector<Relay> relays;
  Route route;
  const auto try_relay = [&](int out, int in) {
    route.clear();
    const int from = from_node * gpus_per_node + out;
    const int to = to_node * gpus_per_node + in;
    if (from != to && add_fabric(route, from, to)) relays.push_back({out, in});
  };
  std::vector<int> both;
  std::set_intersection(outs.begin(), outs.end(), ins.begin(), ins.end(), std::back_inserter(both));
  const std::size_t start = static_cast<std::size_t>(from_node) + static_cast<std::size_t>(to_node);
  for (std::size_t turn = 0; turn < both.size(); ++turn) {
    const int index = both[(start + turn) % both.size()];
    try_relay(index, index);
  }
  for (std::size_t turn = 0; turn < outs.size() * ins.size(); ++turn) {
    const int out = outs[(start + turn / ins.size()) % outs.size()];
    const int in = ins[(start + turn) % ins.size()];
    if (out != in) try_relay(out, in);
  }
  return relays;
}

// Remembered for one destination after the other.
const std::vector<Relay>& RouteFinder::relays_between(int from_node, int to_node) {
  if (relays_to_ != to_node) relays_.clear();
  relays_to_ = to_node;
  const auto [at, is_new] = relays_.try_emplace(from_node);
  if (is_new) at->second = find_relays(from_node, to_node);
  return at->second;
}

std::optional<Route> RouteFinder::find(GpuPair pair) {
  const auto exists = [&](int gpu) { return gpu >= 0 && gpu < topology_.gpus; };
  if (!exists(pair.from) || !exists(pair.to)) return std::nullopt;
  pair_ = pair;
  const int gpus_per_node = node_shape(topology_.shape).gpus;
  const int from = pair.from % gpus_per_node;
  const int to = pair.to % gpus_per_node;
  const bool is_inside = node_of(pair.from) == node_of(pair.to);
  if (is_inside) {
    Route route;
    if (add_nvlink(route, pair.from, pair.to)) return route;
  }
  const bool may_forward = policy_.forwarding != NvlinkForwarding::none;
  std::vector<Relay> relays{{from, to}};
  if (may_forward && !is_inside && lane(pair.from) != lane(pair.to)) {
    const bool at_destination = policy_.forwarding == NvlinkForwarding::at_destination;
    relays = {{from, from}, {to, to}, {from, to}};
    if (!at_destination) std::swap(relays[0], relays[1]);
  }
  for (const Relay& relay : relays) {
    if (std::optional<Route> route = by_way_of(pair, relay)) return route;
  }
  if (!may_forward || gpus_per_node == 1) return std::nullopt;
  for (const Relay& relay : relays_between(node_of(pair.from), node_of(pair.to))) {
    if (std::optional<Route> route = by_way_of(pair, relay)) return route;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Route> find_route(const Topology& topology, const RoutingPolicy& policy,
                                GpuPair pair) {
  return RouteFinder(topology, policy).find(pair);
}

std::vector<std::optional<Route>> find_routes(const Topology& topology, const RoutingPolicy& policy,
                                              std::span<const GpuPair> pairs) {
  // Destination after destination: what is known of one serves all sources, and then may be
  // forgotten.
  std::vector<std::size_t> order(pairs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return pairs[a].to < pairs[b].to; });
  RouteFinder finder(topology, policy);
  std::vector<std::optional<Route>> routes(pairs.size());
  for (const std::size_t at : order) routes[at] = finder.find(pairs[at]);
  return routes;
}

std::vector<GpuPair> unreachable_pairs(const Topology& topology, const RoutingPolicy& policy,
                                       std::size_t limit) {
  RouteFinder finder(topology, policy);
  std::vector<GpuPair> unreachable;
  for (int to = 0; to < topology.gpus; ++to) {  // what is known of one serves all sources
    for (int from = 0; from < topology.gpus; ++from) {
      if (!finder.find({from, to})) unreachable.push_back({from, to});
    }
  }
  std::sort(unreachable.begin(), unreachable.end(), [](const GpuPair& a, const GpuPair& b) {
    return a.from != b.from ? a.from < b.from : a.to < b.to;
  });
  unreachable.resize(std::min(unreachable.size(), limit));
  return unreachable;
}

Seconds latency_of(const Topology& topology, const Route& route) {
  Seconds latency;
  for (const int id : route) latency += topology.links[static_cast<std::size_t>(id)].latency;
  return latency;
}

}  // namespace reckon

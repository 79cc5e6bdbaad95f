#include <algorithm>
#include <tuple>
#include <utility>

#include "planner/spec/json_io.hpp"
#include "topologies/topology_spec.hpp"

namespace reckon {
namespace {

constexpr int most_ports = 4096;
constexpr int most_numbered = 1 << 20;

}  // namespace

template <>
struct Fields<LinkSpeed> {
  static constexpr std::tuple table{required("bandwidth_gigabytes_per_s", &LinkSpeed::capacity, 1e9)
                                        .positive()
                                        .max(1e6)
                                        .doc("one direction"),
                                    required("latency_us", &LinkSpeed::latency, 1e-6)
                                        .min(0)
                                        .max(1e6)
                                        .doc("of the wire and what is at its end")};
};
template <>
struct Fields<NodeSpec> {
  static constexpr std::tuple table{
      optional("type", &NodeSpec::type).doc("server, or nvl72: a rack of 72 GPUs as one node"),
      optional("gpus", &NodeSpec::gpus).min(1).max(most_ports).doc("8 by default; each has a NIC"),
      optional("nvswitches", &NodeSpec::nvswitches)
          .min(1)
          .max(most_ports)
          .doc("1, the default: one vertex with the bandwidth of all, as the hardware stripes"),
      optional("nvlink", &NodeSpec::nvlink).doc("of a GPU, over all NVSwitches"),
      required("nic", &NodeSpec::nic).doc("of a GPU to its switch")};
};
template <>
struct Fields<FatTreeShape> {
  static constexpr std::tuple table{
      optional("wiring", &FatTreeShape::wiring)
          .doc("packed: leaf after leaf; rail: GPUs of one index share a leaf; multi_plane: GPU i "
               "of a node is on plane i mod planes"),
      optional("planes", &FatTreeShape::planes).min(1).max(most_ports).doc("of multi_plane"),
      optional("layers", &FatTreeShape::layers).min(2).max(3),
      required("radix", &FatTreeShape::radix).min(2).max(most_ports).doc("ports of a switch"),
      optional("oversubscription", &FatTreeShape::oversubscription)
          .min(1)
          .max(most_ports)
          .doc("ports down for each port up, of a leaf"),
      required("fabric", &FatTreeShape::fabric)
          .not_empty()
          .doc("wires from leaf to spine, then from spine to core")};
};
template <>
struct Fields<DragonflyShape> {
  static constexpr std::tuple table{
      required("endpoints_per_switch", &DragonflyShape::endpoints_per_switch)
          .min(1)
          .max(most_ports),
      required("switches_per_group", &DragonflyShape::switches_per_group).min(1).max(most_ports),
      required("global_ports_per_switch", &DragonflyShape::global_ports_per_switch)
          .min(1)
          .max(most_ports),
      required("groups", &DragonflyShape::groups).min(1).max(most_numbered),
      required("local", &DragonflyShape::local).doc("wires inside a group"),
      required("global", &DragonflyShape::global).doc("wires between groups")};
};
template <>
struct Fields<SlimFlyShape> {
  static constexpr std::tuple table{
      required("q", &SlimFlyShape::q).min(3).max(most_ports).doc("2 q^2 switches"),
      required("endpoints_per_switch", &SlimFlyShape::endpoints_per_switch).min(1).max(most_ports),
      required("fabric", &SlimFlyShape::fabric)};
};
template <>
struct Fields<TorusShape> {
  static constexpr std::tuple table{
      required("sizes", &TorusShape::sizes)
          .min(1)
          .max(most_ports)
          .not_empty()
          .doc("switches along each of 2 or 3 dimensions"),
      required("endpoints_per_switch", &TorusShape::endpoints_per_switch).min(1).max(most_ports),
      required("fabric", &TorusShape::fabric)};
};
template <>
struct Fields<FailureSpec> {
  static constexpr std::tuple table{
      optional("links", &FailureSpec::links).doc("\"A-B\": every wire between two parts"),
      optional("switches", &FailureSpec::switches).doc("by name or number"),
      optional("planes", &FailureSpec::planes).min(0).max(most_ports),
      optional("random_links", &FailureSpec::random_links)
          .min(0)
          .max(1e9)
          .doc("that many wires between switches, drawn by the seed"),
      optional("seed", &FailureSpec::seed).min(0)};
};
template <>
struct Fields<TopologySpec> {
  static constexpr std::tuple table{
      required("name", &TopologySpec::name).not_empty(),
      optional("nodes", &TopologySpec::nodes)
          .min(1)
          .max(most_numbered)
          .doc("as many as the fabric has ports for, if left out"),
      required("node", &TopologySpec::node),
      optional("fat_tree", &TopologySpec::fat_tree).doc("one of the four is needed"),
      optional("dragonfly", &TopologySpec::dragonfly),
      optional("slim_fly", &TopologySpec::slim_fly),
      optional("torus", &TopologySpec::torus),
      optional("failures", &TopologySpec::failures),
      optional("source", &TopologySpec::source)};
};

namespace {

// Finds problems that no single field shows.
class Checker {
 public:
  explicit Checker(const Document& document) : document_(document) {}

  void check(const TopologySpec& spec) {
    check_node(spec.node);
    std::string family;
    for (const auto& [name, is_there] : {std::pair{"/fat_tree", spec.fat_tree.has_value()},
                                         std::pair{"/dragonfly", spec.dragonfly.has_value()},
                                         std::pair{"/slim_fly", spec.slim_fly.has_value()},
                                         std::pair{"/torus", spec.torus.has_value()}}) {
      if (!is_there) continue;
      if (!family.empty()) report(name, "a second shape beside " + family + "; give one");
      if (family.empty()) family = name;
    }
    if (family.empty()) {
      report("", "no shape; give one of fat_tree, dragonfly, slim_fly, torus");
    }
    if (problems_.empty()) check_shape(spec, family);
  }

  std::vector<Problem> problems() && { return std::move(problems_); }

 private:
  void report(const std::string& pointer, std::string message) {
    Problem problem{document_.file_name(), 1, 1, pointer, std::move(message)};
    if (const auto place = document_.find(pointer)) {
      problem.line = place->line;
      problem.column = place->column;
    }
    problems_.push_back(std::move(problem));
  }

  void check_node(const NodeSpec& node) {
    if (node.type == NodeType::nvl72 && node.gpus.value_or(72) != 72) {
      report("/node/gpus", "an NVL72 rack has 72 GPUs; leave gpus out, or the type");
    }
    if (!node.nvlink && node.gpus.value_or(8) > 1) {
      report("/node", "nvlink is missing; a node of several GPUs needs it");
    }
  }

  void check_shape(const TopologySpec& spec, const std::string& family) {
    TopologySpec one = spec;
    one.nodes = 1;
    for (const std::string& problem : count_problems(shape_of(one))) report(family, problem);
    if (!problems_.empty()) return;
    const TopologyShape shape = shape_of(spec);
    const std::int64_t most = most_nodes(shape);
    if (!spec.nodes && most > most_numbered) {
      report("/nodes", "missing; the fabric has ports for " + std::to_string(most) +
                           " nodes, of which " + std::to_string(most_numbered) +
                           " can be given at most");
      return;
    }
    for (const std::string& problem : count_problems(shape)) report("/nodes", problem);
  }

  const Document& document_;
  std::vector<Problem> problems_;
};

struct SetNodes {
  int nodes;
  const NodeShape& node;

  template <typename Shape>
  TopologyShape operator()(Shape shape) const {
    shape.nodes = nodes;
    shape.node = node;
    return shape;
  }
};

}  // namespace

TopologySpec read_topology(std::string_view text, const std::string& file_name) {
  const Document document = parse_document(text, file_name);
  TopologySpec spec = read<TopologySpec>(document, "topology/1");
  Checker checker(document);
  checker.check(spec);
  std::vector<Problem> problems = std::move(checker).problems();
  if (!problems.empty()) throw InputError(std::move(problems));
  return spec;
}

std::string write_topology(const TopologySpec& spec) {
  return write(spec, "topology/1").dump(2) + "\n";
}

std::string topology_schema() { return json_schema<TopologySpec>("topology/1").dump(2) + "\n"; }

TopologyShape shape_of(const TopologySpec& spec) {
  TopologyShape shape;
  if (spec.fat_tree) shape = *spec.fat_tree;
  if (spec.dragonfly) shape = *spec.dragonfly;
  if (spec.slim_fly) shape = *spec.slim_fly;
  if (spec.torus) shape = *spec.torus;
  const LinkSpeed nvlink = spec.node.nvlink.value_or(LinkSpeed{});
  NodeShape node = spec.node.type == NodeType::nvl72
                       ? nvl72_rack(nvlink, spec.node.nic)
                       : NodeShape{spec.node.gpus.value_or(8), 1, nvlink, spec.node.nic};
  node.nvswitches = spec.node.nvswitches;
  shape = std::visit(SetNodes{1, node}, shape);
  const auto most = std::min<std::int64_t>(most_nodes(shape), most_numbered);
  return std::visit(SetNodes{spec.nodes.value_or(static_cast<int>(most)), node}, shape);
}

}  // namespace reckon

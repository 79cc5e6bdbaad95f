#include "topologies/node_names.hpp"

#include <charconv>
#include <cstddef>

#include "planner/spec/fields.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {
namespace {

std::string with_number(std::string_view word, int number) {
  return std::string(word) + std::to_string(number);
}

std::string fat_tree_name(const FatTreeShape& shape, const TopologyNode& node) {
  const std::string plane = shape.planes > 1 ? with_number("p", node.plane) + "." : std::string();
  const std::string layer = layer_name(shape, node.layer);
  if (shape.layers == 2) return plane + with_number(layer, node.index);
  if (node.layer == 3) return plane + with_number(layer, node.group) + with_number(".", node.index);
  return plane + with_number("pod", node.group) + "." + with_number(layer, node.index);
}

struct NameSwitch {
  const TopologyNode& node;

  std::string operator()(const FatTreeShape& shape) const { return fat_tree_name(shape, node); }
  std::string operator()(const TorusShape& shape) const {
    std::string name = "sw";
    int left = node.index;
    for (std::size_t at = 0; at < shape.sizes.size(); ++at) {
      name += with_number(at == 0 ? "" : ".", left % shape.sizes[at]);
      left /= shape.sizes[at];
    }
    return name;
  }
  std::string operator()(const DragonflyShape&) const { return grouped(); }
  std::string operator()(const SlimFlyShape&) const { return grouped(); }

 private:
  std::string grouped() const {
    return with_number("g", node.group) + with_number(".switch", node.index);
  }
};

}  // namespace

std::string layer_name(const TopologyShape& shape, int layer) {
  if (!std::holds_alternative<FatTreeShape>(shape)) return "switch";
  return layer == 1 ? "leaf" : layer == 2 ? "spine" : "core";
}

std::string node_name(const Topology& topology, int id) {
  const TopologyNode& node = topology.nodes[static_cast<std::size_t>(id)];
  switch (node.kind) {
    case NodeKind::gpu:
      return with_number("gpu", id);
    case NodeKind::nvswitch: {
      const std::string name = with_number("nvswitch", node.group);
      const bool alone = node_shape(topology.shape).nvswitches == 1;
      return alone ? name : name + with_number(".", node.index);
    }
    case NodeKind::network_switch:
      return std::visit(NameSwitch{node}, topology.shape);
  }
  return {};
}

NodeNames::NodeNames(const Topology& topology) : nodes_(static_cast<int>(topology.nodes.size())) {
  for (int id = 0; id < nodes_; ++id) ids_.emplace(node_name(topology, id), id);
}

std::optional<int> NodeNames::find(std::string_view name) const {
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc() && end == name.data() + name.size()) {
    if (number < 0 || number >= nodes_) return std::nullopt;
    return number;
  }
  const auto found = ids_.find(name);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::string NodeNames::unknown(std::string_view name) const {
  std::vector<std::string_view> known;
  known.reserve(ids_.size());
  for (const auto& [one, id] : ids_) known.push_back(one);
  const auto near = closest(name, known);
  return in_quotes(name) + " is no part of this network" +
         (near ? "; did you mean " + in_quotes(*near) + "?"
               : ", whose parts are called like " + in_quotes(ids_.begin()->first) +
                     " or numbered from 0 to " + std::to_string(nodes_ - 1));
}

}  // namespace reckon

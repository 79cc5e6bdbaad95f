// A network as a file states it (topology/1): a shape, and what of it has failed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "planner/spec/fields.hpp"
#include "topologies/shape.hpp"

namespace reckon {

enum class NodeType : std::uint8_t { server, nvl72 };

template <>
struct EnumNames<NodeType> {
  static constexpr std::array<std::pair<NodeType, std::string_view>, 2> table{{
      {NodeType::server, "server"},
      {NodeType::nvl72, "nvl72"},
  }};
};
template <>
struct EnumNames<FatTreeWiring> {
  static constexpr std::array<std::pair<FatTreeWiring, std::string_view>, 3> table{{
      {FatTreeWiring::packed, "packed"},
      {FatTreeWiring::rail, "rail"},
      {FatTreeWiring::multi_plane, "multi_plane"},
  }};
};

struct NodeSpec {
  NodeType type = NodeType::server;
  std::optional<int> gpus;  // absent: 8 of a server, 72 of an NVL72 rack
  int nvswitches = 1;
  std::optional<LinkSpeed> nvlink;  // needed where a node has more than one GPU
  LinkSpeed nic;
  bool operator==(const NodeSpec&) const = default;
};

// Parts by name (node_names.hpp) or by the number of their vertex.
struct FailureSpec {
  std::vector<std::string> links;  // "A-B": every wire between A and B
  std::vector<std::string> switches;
  std::vector<int> planes;
  int random_links = 0;  // wires between switches
  std::int64_t seed = 1;
  bool operator==(const FailureSpec&) const = default;
};

struct TopologySpec {
  std::string name;
  std::optional<int> nodes;  // absent: as many as the fabric has ports for
  NodeSpec node;
  // One of these. Their own `nodes` and `node` stay as they are: shape_of() fills them.
  std::optional<FatTreeShape> fat_tree;
  std::optional<DragonflyShape> dragonfly;
  std::optional<SlimFlyShape> slim_fly;
  std::optional<TorusShape> torus;
  FailureSpec failures;
  std::string source;
  bool operator==(const TopologySpec&) const = default;
};

// Throws InputError with every problem of the document: what the field tables find, no or several
// families, and numbers that make no network. A Slim Fly of a q of which no graph is known passes:
// it can be counted.
TopologySpec read_topology(std::string_view text, const std::string& file_name);
std::string write_topology(const TopologySpec& spec);
std::string topology_schema();

// Precondition: read_topology() returned it.
TopologyShape shape_of(const TopologySpec& spec);

}  // namespace reckon

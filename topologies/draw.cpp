#include "topologies/draw.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <map>
#include <numbers>
#include <set>
#include <utility>

#include "topologies/node_names.hpp"

namespace reckon {
namespace {

using Key = std::array<int, 3>;
using KeyOf = std::function<Key(int vertex)>;

constexpr int small_network = 64;  // GPUs, up to which each is drawn

std::size_t as_index(int id) { return static_cast<std::size_t>(id); }

std::string number(std::int64_t value, const std::string& word) {
  const bool one = value == 1;
  const std::string many = word == "switch" ? "switches" : word == "leaf" ? "leaves" : word + "s";
  return std::to_string(value) + " " + (one ? word : many);
}

// Puts vertices into boxes, level by level.
class Drawer {
 public:
  Drawer(const Topology& topology, const Failures& failures)
      : topology_(topology),
        failed_(failures.nodes.begin(), failures.nodes.end()),
        box_of_(topology.nodes.size(), -1),
        gpus_per_node_(node_shape(topology.shape).gpus) {}

  TopologyDrawing draw() {
    if (topology_.gpus == 0) return {};
    if (const auto* tree = std::get_if<FatTreeShape>(&topology_.shape)) {
      drawing_.planes = tree->planes;
      draw_layers(*tree);
    } else if (const auto* torus = std::get_if<TorusShape>(&topology_.shape)) {
      draw_grid(*torus);
    } else {
      draw_circle();
    }
    find_homes();
    add_lines();
    return std::move(drawing_);
  }

 private:
  const TopologyNode& node(int id) const { return topology_.nodes[as_index(id)]; }
  std::vector<int> vertices(int first, int last) const {
    std::vector<int> ids;
    for (int id = first; id < last; ++id) ids.push_back(id);
    return ids;
  }
  std::vector<int> switches(int layer) const {
    std::vector<int> ids;
    for (const int id : vertices(topology_.first_switch, size())) {
      if (node(id).layer == layer) ids.push_back(id);
    }
    return ids;
  }
  int size() const { return static_cast<int>(topology_.nodes.size()); }
  int leaf_of(int gpu) const {
    return topology_.links[as_index(links_from(topology_, gpu).back())].to;
  }

  // Boxes for `ids` by the first of `keys` that makes no more than `most` of them. Returns the
  // number of that key.
  std::size_t add_boxes(const std::vector<int>& ids, const std::vector<KeyOf>& keys, int level,
                        int most) {
    std::size_t chosen = keys.size() - 1;
    for (std::size_t at = 0; at < keys.size(); ++at) {
      std::set<Key> distinct;
      for (const int id : ids) distinct.insert(keys[at](id));
      if (distinct.size() > static_cast<std::size_t>(most)) continue;
      chosen = at;
      break;
    }
    std::map<Key, int> boxes;
    first_box_ = drawing_.boxes.size();
    for (const int id : ids) {
      const auto [at, is_new] =
          boxes.try_emplace(keys[chosen](id), static_cast<int>(drawing_.boxes.size()));
      if (is_new) {
        drawing_.boxes.push_back({node_name(topology_, id), {}, level, -1, 0, 0, 0.5, 0.5, 0, 0});
        if (drawing_.planes > 1 && node(id).kind == NodeKind::network_switch) {
          drawing_.boxes.back().plane = node(id).plane;
        }
      }
      DrawnBox& box = drawing_.boxes[as_index(at->second)];
      ++box.count;
      if (failed_.count(id) > 0) ++box.failed;
      box_of_[as_index(id)] = at->second;
    }
    return chosen;
  }

  // Of ids that follow each other, `together` of which are never parted.
  static KeyOf chunks(const std::vector<int>& ids, int most, int together = 1) {
    const int first = ids.front();
    const std::size_t parts = ids.size() / as_index(together);
    const auto every = static_cast<int>((parts + as_index(most) - 1) / as_index(most)) * together;
    return [first, every](int id) { return Key{(id - first) / every, 0, 0}; };
  }

  // --- fat trees

  void draw_layers(const FatTreeShape& tree) {
    if (topology_.gpus <= small_network) {
      add_gpus();
    } else {
      add_nodes();
    }
    for (int layer = 1; layer <= tree.layers; ++layer) {
      const std::vector<int> ids = switches(layer);
      if (ids.empty()) continue;
      const std::vector<KeyOf> keys{[](int id) {
                                      return Key{id, 0, 0};
                                    },
                                    [this](int id) {
                                      return Key{node(id).plane, node(id).group, 0};
                                    },
                                    [this](int id) {
                                      return Key{node(id).plane, 0, 0};
                                    },
                                    chunks(ids, most_boxes_in_a_layer)};
      const auto level = static_cast<int>(drawing_.levels.size());
      const std::string name = layer_name(topology_.shape, layer);
      drawing_.levels.push_back(name);
      const std::size_t key = add_boxes(ids, keys, level, most_boxes_in_a_layer);
      if (key > 0) label_folded(name, key == 1 && tree.layers == 3);
      spread();
    }
    const auto levels = static_cast<double>(drawing_.levels.size());
    for (DrawnBox& box : drawing_.boxes) box.y = (box.level + 0.5) / levels;
  }

  void label_folded(const std::string& layer, bool by_group) {
    for (std::size_t at = first_box_; at < drawing_.boxes.size(); ++at) {
      DrawnBox& box = drawing_.boxes[at];
      const std::size_t dot = box.label.rfind('.');
      const bool has_group = (by_group || drawing_.planes > 1) && dot != std::string::npos;
      box.label = has_group ? box.label.substr(0, dot) : "from " + box.label;
      box.remark = number(box.count, layer);
    }
  }

  // The boxes of the level that was added last, side by side.
  void spread() {
    const auto boxes = static_cast<double>(drawing_.boxes.size() - first_box_);
    for (std::size_t at = first_box_; at < drawing_.boxes.size(); ++at) {
      drawing_.boxes[at].x = (static_cast<double>(at - first_box_) + 0.5) / boxes;
    }
  }

  void add_gpus() {
    const auto each = [](int id) { return Key{id, 0, 0}; };
    if (gpus_per_node_ > 1) {
      drawing_.levels.emplace_back("NVSwitch");
      add_boxes(vertices(topology_.gpus, topology_.first_switch), {each}, 0, size());
      spread();
    }
    const auto level = static_cast<int>(drawing_.levels.size());
    drawing_.levels.emplace_back("GPU");
    add_boxes(vertices(0, topology_.gpus), {each}, level, size());
    spread();
  }

  void add_nodes() {
    const std::vector<int> gpus = vertices(0, topology_.gpus);
    const auto first_gpu = [this](int id) { return id / gpus_per_node_ * gpus_per_node_; };
    const std::vector<KeyOf> keys{[this](int id) {
                                    return Key{node(id).group, 0, 0};
                                  },
                                  [this, first_gpu](int id) {
                                    return Key{leaf_of(first_gpu(id)), 0, 0};
                                  },
                                  [this, first_gpu](int id) {
                                    return Key{node(leaf_of(first_gpu(id))).group, 0, 0};
                                  },
                                  chunks(gpus, most_boxes_in_a_layer, gpus_per_node_)};
    drawing_.levels.emplace_back("node");
    add_boxes(gpus, keys, 0, most_boxes_in_a_layer);
    for (DrawnBox& box : drawing_.boxes) {
      const std::int64_t nodes = box.count / gpus_per_node_;
      box.remark = nodes > 1 ? number(nodes, "node") : number(box.count, "GPU");
    }
    std::vector<std::pair<int, int>> range(drawing_.boxes.size(), {-1, -1});  // first, last node
    for (const int id : gpus) {
      auto& [first, last] = range[as_index(box_of_[as_index(id)])];
      if (first < 0) first = node(id).group;
      last = node(id).group;
    }
    for (std::size_t at = 0; at < range.size(); ++at) {
      const auto& [first, last] = range[at];
      std::string& label = drawing_.boxes[at].label;
      label = "node " + std::to_string(first);
      // Nodes may come back to a box after others: a span says no more than where they lie.
      if (last > first) label = "nodes " + std::to_string(first) + "-" + std::to_string(last);
    }
    spread();
  }

  // --- networks without layers

  // What hangs on the switches of a box goes into its remark.
  void remark_flat() {
    std::vector<std::int64_t> gpus(drawing_.boxes.size(), 0);
    for (int gpu = 0; gpu < topology_.gpus; ++gpu)
      ++gpus[as_index(box_of_[as_index(leaf_of(gpu))])];
    for (std::size_t at = 0; at < drawing_.boxes.size(); ++at) {
      DrawnBox& box = drawing_.boxes[at];
      const std::string switches = box.count > 1 ? number(box.count, "switch") + ", " : "";
      box.remark = switches + number(gpus[at], "GPU");
    }
  }

  void draw_circle() {
    const std::vector<int> ids = vertices(topology_.first_switch, size());
    const auto* fly = std::get_if<SlimFlyShape>(&topology_.shape);
    const int groups = node(ids.back()).group + 1;
    const int together = (groups + most_boxes_in_a_layer - 1) / most_boxes_in_a_layer;
    const KeyOf by_group = [this, together](int id) {
      return Key{node(id).group / together, 0, 0};
    };
    const KeyOf by_column = [this, fly](int id) {
      return Key{node(id).group, node(id).index / fly->q, 0};
    };
    const std::vector<KeyOf> keys{[](int id) {
                                    return Key{id, 0, 0};
                                  },
                                  fly != nullptr ? by_column : by_group,
                                  chunks(ids, most_boxes_in_a_layer)};
    const std::size_t key = add_boxes(ids, keys, 0, most_boxes_in_a_layer);
    for (std::size_t at = 0; at < drawing_.boxes.size(); ++at) {
      DrawnBox& box = drawing_.boxes[at];
      if (key > 0 && fly != nullptr) box.label = "from " + box.label;
      if (key > 0 && fly == nullptr) {
        const int first = static_cast<int>(at) * together;
        const int last = std::min(first + together, groups) - 1;
        box.label = "g" + std::to_string(first);
        if (last > first) box.label += "-g" + std::to_string(last);
      }
      const double angle = 2 * std::numbers::pi * static_cast<double>(at) /
                           static_cast<double>(drawing_.boxes.size());
      box.x = 0.5 + 0.45 * std::sin(angle);
      box.y = 0.5 + 0.45 * std::cos(angle);
    }
    remark_flat();
  }

  void draw_grid(const TorusShape& shape) {
    const std::vector<int> ids = vertices(topology_.first_switch, size());
    const auto place = [this, &shape](int id) {
      Key key{0, 0, 0};
      int left = node(id).index;
      for (std::size_t at = 0; at < shape.sizes.size(); ++at) {
        key[at] = left % shape.sizes[at];
        left /= shape.sizes[at];
      }
      return key;
    };
    const std::vector<KeyOf> keys{place,
                                  [place](int id) {
                                    const Key key = place(id);
                                    return Key{key[1], key[2], 0};
                                  },
                                  [place](int id) {
                                    return Key{place(id)[2], 0, 0};
                                  },
                                  chunks(ids, most_boxes_in_a_grid)};
    const std::size_t key = add_boxes(ids, keys, 0, most_boxes_in_a_grid);
    std::vector<std::pair<double, double>>& places = grid_;
    places.resize(drawing_.boxes.size());
    const double tile = shape.sizes[0] + 1.0;  // a third dimension stands beside
    double right = 0;
    double top = 0;
    for (const int id : ids) {
      const Key at = keys[key](id);
      auto& [x, y] = places[as_index(box_of_[as_index(id)])];
      x = key == 0 ? at[0] + tile * at[2] : at[0];
      y = at[1];
      right = std::max(right, x);
      top = std::max(top, y);
    }
    for (std::size_t box = 0; box < places.size(); ++box) {
      drawing_.boxes[box].x = (places[box].first + 0.5) / (right + 1);
      drawing_.boxes[box].y = (places[box].second + 0.5) / (top + 1);
      if (key > 0) drawing_.boxes[box].label = "from " + drawing_.boxes[box].label;
    }
    remark_flat();
  }

  // --- lines

  // GPUs without a box are at home with their switch, NVSwitches with the first GPU of their node.
  void find_homes() {
    for (int gpu = 0; gpu < topology_.gpus; ++gpu) {
      int& box = box_of_[as_index(gpu)];
      if (box < 0) box = box_of_[as_index(leaf_of(gpu))];
    }
    for (int id = topology_.gpus; id < topology_.first_switch; ++id) {
      int& box = box_of_[as_index(id)];
      if (box >= 0) continue;
      box = box_of_[as_index(node(id).group * gpus_per_node_)];
      if (failed_.count(id) > 0) ++drawing_.boxes[as_index(box)].nvswitches_failed;
    }
  }

  void add_lines() {
    std::map<std::pair<int, int>, std::pair<std::int64_t, std::int64_t>> wires;
    const bool flat = drawing_.levels.empty();
    for (std::size_t id = 0; id < topology_.links.size(); id += 2) {
      const TopologyLink& link = topology_.links[id];
      const int from = box_of_[as_index(link.from)];  // of a GPU, if it is one's wire
      const int to = box_of_[as_index(link.to)];
      if (from == to || (flat && link.kind != TopologyLinkKind::fabric)) {
        if (link.failed) ++drawing_.boxes[as_index(from)].wires_failed;
        continue;
      }
      auto& [all, failed] = wires[{std::min(from, to), std::max(from, to)}];
      ++all;
      if (link.failed) ++failed;
    }
    for (const auto& [ends, found] : wires) {
      const bool around = !grid_.empty() && grid_distance(ends.first, ends.second) > 1.5;
      drawing_.lines.push_back(
          {ends.first, ends.second, found.first, found.second, around ? 0.12 : 0});
    }
  }

  // In cells; wires that go round a ring, or to the next of three dimensions, are longer than 1.
  double grid_distance(int a, int b) const {
    const auto& [ax, ay] = grid_[as_index(a)];
    const auto& [bx, by] = grid_[as_index(b)];
    return std::hypot(ax - bx, ay - by);
  }

  const Topology& topology_;
  std::set<int> failed_;
  std::vector<int> box_of_;  // by vertex
  int gpus_per_node_;
  std::size_t first_box_ = 0;                    // of the level that was added last
  std::vector<std::pair<double, double>> grid_;  // cells of the boxes of a torus
  TopologyDrawing drawing_;
};

}  // namespace

TopologyDrawing draw(const Topology& broken, const Failures& failures) {
  return Drawer(broken, failures).draw();
}

}  // namespace reckon

#include "topologies/draw.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tests/topologies/networks.hpp"

namespace reckon {
namespace {

TopologyDrawing drawn(const TopologyShape& shape, const Failures& failures = {}) {
  return draw(without(build_topology(shape), failures), failures);
}

std::int64_t wires_of(const TopologyDrawing& drawing) {
  std::int64_t wires = 0;
  for (const DrawnLine& line : drawing.lines) wires += line.wires;
  return wires;
}

TEST(Draw, EveryPictureIsSmallAndInsideItsFrame) {
  std::vector<TopologyShape> shapes = small_networks();
  for (const TopologyShape& large :
       {TopologyShape(fat_tree(2, 64, 8)), TopologyShape(multi_plane_tree(2048, 64, 8, 8)),
        TopologyShape(fat_tree(3, 32, 8)), TopologyShape(dragonfly(4, 8, 4, 33, 8)),
        TopologyShape(dragonfly(1, 2, 60, 100, 1)), TopologyShape(slim_fly(37, 1, 1)),
        TopologyShape(torus({8, 8, 16}, 4)), TopologyShape(torus({40, 50}, 1))}) {
    shapes.push_back(large);
  }
  for (const TopologyShape& shape : shapes) {
    const TopologyDrawing drawing = drawn(shape);
    std::map<int, int> in_level;
    for (const DrawnBox& box : drawing.boxes) {
      ++in_level[box.level];
      EXPECT_GT(box.count, 0);
      EXPECT_FALSE(box.label.empty());
      EXPECT_TRUE(box.x > 0 && box.x < 1 && box.y > 0 && box.y < 1) << box.label;
    }
    for (const auto& [level, boxes] : in_level) EXPECT_LE(boxes, most_boxes_in_a_grid);
    for (const DrawnLine& line : drawing.lines) {
      ASSERT_LT(line.from, line.to);
      ASSERT_LT(line.to, static_cast<int>(drawing.boxes.size()));
    }
  }
}

// 256 nodes of 8 planes: 8 boxes of 32 nodes, each with 8 wires of every plane's leaf.
TEST(Draw, AMultiPlaneTreeIsFoldedByLeaf) {
  FatTreeShape shape = multi_plane_tree(256, 64, 8, 8);
  const TopologyDrawing drawing = drawn(shape);
  EXPECT_EQ(drawing.levels, (std::vector<std::string>{"node", "leaf", "spine"}));
  EXPECT_EQ(drawing.planes, 8);
  ASSERT_EQ(drawing.boxes.size(), 8u + 64 + 32);
  EXPECT_EQ(drawing.boxes[0].label, "nodes 0-31");
  EXPECT_EQ(drawing.boxes[0].remark, "32 nodes");
  EXPECT_EQ(drawing.boxes[0].plane, -1);
  EXPECT_EQ(drawing.boxes[8].label, "p0.leaf0");
  EXPECT_EQ(drawing.boxes.back().plane, 7);
  EXPECT_EQ(wires_of(drawing), 2048 + 2048);  // NICs, and between switches
  EXPECT_EQ(drawing.lines[0].wires, 32);
}

TEST(Draw, FoldedLayersSayWhatIsInThem) {
  const TopologyDrawing drawing = drawn(multi_plane_tree(2048, 64, 8, 8));
  const auto leaves =
      std::find_if(drawing.boxes.begin(), drawing.boxes.end(),
                   [](const DrawnBox& box) { return box.level == 1 && box.plane == 3; });
  ASSERT_NE(leaves, drawing.boxes.end());
  EXPECT_EQ(leaves->label, "p3");
  EXPECT_EQ(leaves->remark, "64 leaves");
  EXPECT_EQ(leaves->count, 64);
}

TEST(Draw, OfASmallNetworkEveryGpuIsDrawn) {
  FatTreeShape shape = fat_tree(2, 64, 8);
  shape.nodes = 2;
  shape.node.nvswitches = 4;
  const TopologyDrawing drawing = drawn(shape);
  EXPECT_EQ(drawing.levels, (std::vector<std::string>{"NVSwitch", "GPU", "leaf"}));
  EXPECT_EQ(drawing.boxes.size(), 8u + 16 + 1);
  EXPECT_EQ(wires_of(drawing), 16 * 4 + 16);
}

TEST(Draw, FailuresAreMarked) {
  const Topology whole = build_topology(fat_tree(2, 8, 8));
  const Failures failures{{}, {whole.first_switch}};
  const TopologyDrawing drawing = draw(without(whole, failures), failures);
  std::int64_t boxes = 0;
  for (const DrawnBox& box : drawing.boxes) boxes += box.failed;
  EXPECT_EQ(boxes, 1);
  std::int64_t wires = 0;
  for (const DrawnLine& line : drawing.lines) wires += line.failed;
  EXPECT_EQ(wires, 4 + 4);
}

std::int64_t wires_inside(const TopologyDrawing& drawing) {
  std::int64_t wires = 0;
  for (const DrawnBox& box : drawing.boxes) wires += box.wires_failed;
  return wires;
}

// What is folded into boxes fails in them: all failed wires are in lines or boxes.
TEST(Draw, FailuresInsideABoxAreMarked) {
  for (const TopologyShape& shape :
       {TopologyShape(fat_tree(2, 64, 8)), TopologyShape(multi_plane_tree(256, 64, 8, 8)),
        TopologyShape(fat_tree(2, 8, 8)), TopologyShape(dragonfly(4, 8, 4, 33, 8)),
        TopologyShape(dragonfly(2, 4, 2, 9, 4)), TopologyShape(slim_fly(5, 4, 8)),
        TopologyShape(torus({8, 8}, 4)), TopologyShape(torus({40, 50}, 1))}) {
    const Topology whole = build_topology(shape);
    Failures failures = random_link_failures(whole, TopologyLinkKind::nic, 3, 1);
    for (const TopologyLinkKind kind : {TopologyLinkKind::nvlink, TopologyLinkKind::fabric}) {
      const Failures more = random_link_failures(whole, kind, 5, 1);
      failures.links.insert(failures.links.end(), more.links.begin(), more.links.end());
    }
    const bool has_nvswitches = whole.first_switch > whole.gpus;
    if (has_nvswitches) failures.nodes = {whole.gpus};
    const Topology broken = without(whole, failures);
    const TopologyDrawing drawing = draw(broken, failures);
    std::int64_t failed = 0;
    for (const TopologyLink& link : broken.links) failed += link.failed && link.from < link.to;
    std::int64_t drawn_failed = wires_inside(drawing);
    for (const DrawnLine& line : drawing.lines) drawn_failed += line.failed;
    EXPECT_EQ(drawn_failed, failed) << shape.index();
    std::int64_t nvswitches = 0;
    for (const DrawnBox& box : drawing.boxes) nvswitches += box.nvswitches_failed + box.failed;
    EXPECT_EQ(nvswitches, has_nvswitches ? 1 : 0) << shape.index();
  }
}

// 1,458 nodes of 8 GPUs in 64 boxes: 23 to a box, but for the last.
TEST(Draw, NoNodeIsSplitBetweenBoxes) {
  FatTreeShape shape = fat_tree(3, 72, 8);
  std::int64_t nodes = 0;
  const TopologyDrawing drawing = drawn(shape);
  for (const DrawnBox& box : drawing.boxes) {
    if (box.level > 0) continue;
    EXPECT_EQ(box.count % 8, 0) << box.label;
    nodes += box.count / 8;
  }
  EXPECT_EQ(nodes, shape.nodes);
}

// Groups in a circle; 8 x 8 switches in a grid, the wires that go round bowed.
TEST(Draw, NetworksWithoutLayers) {
  const TopologyDrawing circle = drawn(dragonfly(4, 8, 4, 33, 8));
  EXPECT_TRUE(circle.levels.empty());
  ASSERT_EQ(circle.boxes.size(), 33u);
  EXPECT_EQ(circle.boxes[4].label, "g4");
  EXPECT_EQ(circle.boxes[4].remark, "8 switches, 32 GPUs");
  EXPECT_EQ(wires_of(circle), 33 * 32 / 2);
  const TopologyDrawing grid = drawn(torus({8, 8}, 4));
  ASSERT_EQ(grid.boxes.size(), 64u);
  EXPECT_EQ(std::count_if(grid.lines.begin(), grid.lines.end(),
                          [](const DrawnLine& line) { return line.bow > 0; }),
            16);
}

TEST(Draw, NothingOfNothing) { EXPECT_EQ(draw({}, {}), TopologyDrawing{}); }

}  // namespace
}  // namespace reckon

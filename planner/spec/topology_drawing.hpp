// A network as boxes and lines with places, small enough to look at.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace reckon {

struct DrawnBox {
  std::string label;
  std::string remark;       // what is in it: "8 GPUs", "64 switches"
  int level = 0;            // 0 at the bottom
  int plane = -1;           // -1: of no plane
  std::int64_t count = 1;   // vertices that it stands for
  std::int64_t failed = 0;  // of them
  double x = 0.5;           // 0 to 1, from the left
  double y = 0.5;           // 0 to 1, from the bottom
  // Inside of it, where neither it nor a line stands for them.
  std::int64_t wires_failed = 0;
  std::int64_t nvswitches_failed = 0;
  bool operator==(const DrawnBox&) const = default;
};

struct DrawnLine {
  int from = 0;  // boxes
  int to = 0;
  std::int64_t wires = 1;
  std::int64_t failed = 0;  // of them
  double bow = 0;           // sideways, in shares of its length: wires that go round
  bool operator==(const DrawnLine&) const = default;
};

struct TopologyDrawing {
  std::string title;
  std::string remark;
  std::vector<std::string> levels;  // names from the bottom; empty: not drawn in levels
  std::vector<DrawnBox> boxes;
  std::vector<DrawnLine> lines;
  int planes = 1;
  bool operator==(const TopologyDrawing&) const = default;
};

}  // namespace reckon

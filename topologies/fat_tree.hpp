// Inside topologies: the arithmetic of a fat tree that counting, building and routing share.
#pragma once

#include <cstdint>

#include "topologies/shape.hpp"

namespace reckon {

// Of one plane. Only for numbers that shape_problems() lets pass.
struct FatTreeSizes {
  std::int64_t down = 0;            // ports of a leaf to GPUs
  std::int64_t up = 0;              // ports of a leaf to the layer above
  std::int64_t leaves = 0;          //
  std::int64_t most_leaves = 0;     //
  std::int64_t pods = 0;            // 1 in a tree of two layers
  std::int64_t leaves_per_pod = 0;  // but the last may have fewer
  std::int64_t middles = 0;         // switches of layer 2 in a pod of a tree of three layers
  std::int64_t middle_up = 0;       // ports of such a switch to layer 3
  std::int64_t tops = 0;            // of the tree, or above each of the `middles`
};

FatTreeSizes fat_tree_sizes(const FatTreeShape& shape);

// Where a GPU is plugged in.
struct FatTreeSeat {
  int plane = 0;
  int leaf = 0;      // within its plane
  int position = 0;  // port of the leaf
};

FatTreeSeat fat_tree_seat(const FatTreeShape& shape, const FatTreeSizes& sizes, int gpu);

FabricCounts fat_tree_counts(const FatTreeShape& shape);

}  // namespace reckon

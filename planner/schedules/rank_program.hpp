// The ops of one rank while a builder or a pass writes them: hands out the slots.
#pragma once

#include <utility>
#include <vector>

#include "planner/spec/schedule.hpp"

namespace reckon {

class RankProgram {
 public:
  // An op in a slot of its own.
  void run(OpKind kind, int stage, int micro_batch) {
    ops_.push_back(
        {.kind = kind, .stage = stage, .micro_batch = micro_batch, .slot = next_slot_++});
  }

  // A forward and a full backward that overlap, in one slot.
  void run_pair(int forward_stage, int forward_micro_batch, int backward_stage,
                int backward_micro_batch) {
    ops_.push_back({OpKind::forward, forward_stage, forward_micro_batch, next_slot_});
    ops_.push_back({OpKind::backward, backward_stage, backward_micro_batch, next_slot_++});
  }

  // Copies ops [first, last) of another program into one slot.
  void run_together(const std::vector<Op>& ops, std::size_t first, std::size_t last) {
    for (std::size_t index = first; index < last; ++index) {
      ops_.push_back(ops[index]);
      ops_.back().slot = next_slot_;
    }
    ++next_slot_;
  }

  std::vector<Op> take() && { return std::move(ops_); }

 private:
  std::vector<Op> ops_;
  int next_slot_ = 0;
};

// One past the last op that shares the slot of ops[first].
inline std::size_t end_of_slot(const std::vector<Op>& ops, std::size_t first) {
  std::size_t last = first + 1;
  while (last < ops.size() && ops[last].slot == ops[first].slot) ++last;
  return last;
}

}  // namespace reckon

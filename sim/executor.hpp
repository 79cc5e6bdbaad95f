// Walks a schedule of timed programs: the heart of simulate(), visible to its tests only.
//
// All times are rows of `lanes` clocks, one for each data-parallel rank that is told apart; the
// control flow is the same for all of them, so a part costs one short loop over its row.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "planner/spec/plan.hpp"
#include "planner/spec/schedule.hpp"
#include "planner/spec/trace.hpp"
#include "sim/effects.hpp"
#include "sim/exchanges.hpp"
#include "sim/lanes.hpp"
#include "sim/noise_rows.hpp"
#include "sim/shared_links.hpp"
#include "sim/slow_rows.hpp"
#include "sim/timed_program.hpp"

namespace reckon {

// One slot of a rank: which program it runs and which ops of the schedule that program stands for.
struct Step {
  enum class Kind : std::uint8_t { program, receive, reduce, optimizer, gather };
  Kind kind = Kind::program;
  int program = -1;
  std::array<int, 2> op{-1, -1};    // [owner] index into the rank's ops
  std::array<int, 2> send{-1, -1};  // [owner] index of the send op that follows, -1: none
};

// The reduction of a stage's gradients or the gather of its weights.
struct StageExchange {
  SimTime time = 0;
  PortShares shares;
  int pieces = 1;
  bool beside = false;  // compute, on a channel of its own
};

struct ExecutorInputs {
  const Schedule& schedule;
  const std::vector<std::vector<Step>>& steps;  // [pipeline_rank]
  const std::vector<TimedProgram>& programs;
  std::vector<StageExchange> reduce;  // [stage]
  std::vector<StageExchange> gather;  // [stage]
  std::vector<SimTime> optimizer;     // [pipeline_rank]
  Lanes lanes;
  bool record_parts = false;
  // What the n-th transfer of each pipeline rank takes more than alone; empty: nothing.
  TransferDelays transfer_delays{};
  // If there: the transfers of the first lane, alone, by pipeline rank in its order.
  std::vector<std::vector<PortTransfer>>* transfers = nullptr;
  SlowRows slow{};
  Overlap overlap{};
};

// Runs to the end of the step. Precondition: the schedule validates (no deadlock).
StepTrace execute(const ExecutorInputs& inputs, NoiseRows& noise);

}  // namespace reckon

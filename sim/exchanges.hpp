// The exchanges of a stage's gradients or weights among the ranks that hold it: when each runs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "planner/spec/units.hpp"

namespace reckon {

// Made in `pieces` of equal size (buckets), which get ready one after the other at an even pace:
// with more than one, the exchange runs beside what makes them.
struct Exchange {
  int stage = 0;
  SimTime first_ready = 0;   // of the first piece
  SimTime ready = 0;         // of the last
  SimTime time = 0;          // of all pieces, alone on the ports
  int pieces = 1;            // at least 1
  SimTime delay = 0;         // because others use the ports
  std::vector<int> holders;  // pipeline ranks
  bool operator==(const Exchange&) const = default;
};

struct ExchangeWindow {
  int stage = 0;
  SimTime start = 0;
  SimTime end = 0;  // delay included
  bool operator==(const ExchangeWindow&) const = default;
};

// By stage number, as many as `exchanges`. An exchange starts when its first piece is there and the
// channels of all its holders are free, in the order in which first pieces get ready; it ends when
// all pieces have passed, the last one not before it was made. `free` [pipeline rank] moves on.
std::vector<ExchangeWindow> run_exchanges(const std::vector<Exchange>& exchanges,
                                          std::span<SimTime> free);

// The earliest that a consumer of `span`, which wants the pieces one after the other at an even
// pace, can start so that none is late: first piece there at its start, last one for its last part.
SimTime earliest_consumer(const ExchangeWindow& window, int pieces, SimTime span);

}  // namespace reckon

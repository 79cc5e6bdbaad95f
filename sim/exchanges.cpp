#include "sim/exchanges.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <tuple>

namespace reckon {

std::vector<ExchangeWindow> run_exchanges(const std::vector<Exchange>& exchanges,
                                          std::span<SimTime> free) {
  std::vector<std::size_t> order(exchanges.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
    const Exchange& a = exchanges[left];
    const Exchange& b = exchanges[right];
    return std::tie(a.first_ready, a.stage) < std::tie(b.first_ready, b.stage);
  });
  std::vector<ExchangeWindow> windows(exchanges.size());
  for (const std::size_t index : order) {
    const Exchange& e = exchanges[index];
    SimTime start = e.first_ready;
    for (const int rank : e.holders) start = std::max(start, free[static_cast<std::size_t>(rank)]);
    const SimTime end = std::max(start + e.time, e.ready + e.time / e.pieces) + e.delay;
    for (const int rank : e.holders) free[static_cast<std::size_t>(rank)] = end;
    windows[index] = {e.stage, start, end};
  }
  return windows;
}

SimTime earliest_consumer(const ExchangeWindow& window, int pieces, SimTime span) {
  const SimTime first = window.start + (window.end - window.start) / pieces;
  return std::max(first, window.end - span / pieces * (pieces - 1));
}

}  // namespace reckon

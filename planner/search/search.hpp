// Best first: plans are simulated in the order of their least time until none is left that could
// still be among the best or on the front. Then both are proven, and the same whatever the order,
// the number of threads or the split into shards.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "planner/search/enumerate.hpp"

namespace reckon {

// What a simulation of a plan says.
struct Score {
  SimTime step = 0;
  double memory_bytes = 0;
};
// Of all plans given, in their order; the caller may use threads.
using ScorePlans = std::function<std::vector<Score>(const std::vector<std::uint64_t>& numbers)>;

// A simulated plan. Less is better of the first two, more of the third.
struct ScoredPlan {
  Candidate candidate;
  SimTime step = 0;
  double run_s = 0;
  double gpu_hours = 0;  // of the run; dollars go with them
  int headroom_gib = 0;  // whole GiB that the fullest GPU has left
  bool operator==(const ScoredPlan&) const = default;
};

// A plan that comes nearest to a limit that it breaks: it got furthest through the reasons, and of
// those it breaks its limit least.
struct Refused {
  Candidate candidate;
  PruneReason reason = PruneReason::memory;
};
bool is_nearer(const Refused& a, const Refused& b);

struct SearchOptions {
  std::size_t top = 10;
  double front_within = 2;            // times the GPU-hours of the cheapest plan
  std::size_t batch = 32;             // plans simulated together: the result does not hang on it
  std::size_t most_open = 1'000'000;  // candidates kept before some are simulated
};

// How work is shared out; the result does not hang on it. `for_each` calls its argument with every
// item below `items` and with which of the workers it runs on, and returns when all are done.
struct Workers {
  std::size_t count = 1;
  std::function<void(std::size_t items,
                     const std::function<void(std::size_t item, std::size_t worker)>&)>
      for_each;
};
Workers one_worker();

struct SearchResult {
  SearchCounts counts;
  std::vector<ScoredPlan> top;    // by time, then by number
  std::vector<ScoredPlan> front;  // none beats another in time, GPU-hours and headroom; by time
  bool complete = false;          // false: ended early, nothing is proven
  std::uint64_t simulated = 0;
  std::optional<Refused> nearest;  // where nothing is kept
};

// Where a search stands, for a progress bar; false ends it.
struct SearchProgress {
  double enumerated = 0;  // share of the space
  std::uint64_t simulated = 0;
  std::uint64_t open = 0;  // candidates that may have to be simulated
  const ScoredPlan* best = nullptr;
};
using GoOn = std::function<bool(const SearchProgress&)>;

SearchResult search(const SearchProblem& problem, const SearchCosts& costs, const ScorePlans& score,
                    const SearchOptions& options, const Workers& workers, const GoOn& go_on);

// Adds a plan to a front, or to the best `most`; false if it is beaten.
bool add_to_front(std::vector<ScoredPlan>& front, const ScoredPlan& plan);
bool add_to_top(std::vector<ScoredPlan>& top, std::size_t most, const ScoredPlan& plan);

// Drops from a front what takes more than `within` times the fewest GPU-hours.
void cut_front(std::vector<ScoredPlan>& front, double within);

// The results of all shards of a search as one: what the whole search finds.
SearchResult merged(const std::vector<SearchResult>& shards, const SearchOptions& options);

}  // namespace reckon

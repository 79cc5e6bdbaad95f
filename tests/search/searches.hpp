// Search problems of the tests: what ships, and small ones that can be gone through by hand.
#pragma once

#include <string>
#include <vector>

#include "planner/plan_search.hpp"

namespace reckon::test {

// Keeps what a search refers to.
struct SearchCase {
  Inputs inputs;  // the plan is the base
  SearchSpace space;
  SearchLimits limits;
  Shard shard;

  SearchProblem problem() const {
    return {inputs.model, inputs.cluster, inputs.device, inputs.plan, space, limits, shard};
  }
};

// The whole space of shipped documents.
SearchCase shipped_search(const std::string& model, const std::string& cluster, int batch,
                          int sequence_length);

// 16 GPUs, a small model with or without experts.
SearchCase small_search(bool moe);

// "pp=4", "schedule=dual_pipe,zb_h1": only these values.
void fix(SearchCase& given, const std::vector<std::string>& words);

struct Found {
  SearchCounts counts;
  std::vector<Candidate> kept;
};
// All that is left of a space, without any simulation.
Found enumerated(const SearchCase& given);

SearchResult searched(const SearchCase& given, const SearchOptions& options,
                      std::size_t thread_count);

}  // namespace reckon::test

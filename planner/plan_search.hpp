// A search over plans with the simulator as its judge, from a request to a report. Part of the
// composition root, as predict.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "planner/plan_request.hpp"
#include "planner/predict.hpp"
#include "planner/search/search.hpp"
#include "reports/plan_search_report.hpp"

namespace reckon {

// The simulator's times of parts, exchanges and updates on a cluster. Refers to `inputs`.
SearchCosts search_costs(const Inputs& inputs);

// So many threads, and fewer where there is less to do.
Workers threads(std::size_t count);

// Simulates plans of the space bare. Refers to both.
ScorePlans plan_scorer(const SearchProblem& problem, const Workers& workers);

// The inputs of one plan of the space.
Inputs inputs_of(const SearchProblem& problem, std::uint64_t number);

// A request with all that it names.
struct SearchTask {
  Inputs inputs;  // the plan: what no axis says
  PlanRequest request;
  SearchSpace space;
  SearchLimits limits;
  std::string contradiction;  // fixes of one axis that leave it no value

  SearchProblem problem() const {
    return {inputs.model,
            inputs.cluster,
            inputs.device,
            inputs.plan,
            space,
            limits,
            {request.shard, request.shard_count}};
  }
};

// `inputs` without a plan. Throws InputError with the fixes that name no value.
SearchTask search_task(Inputs inputs, const PlanRequest& request);

// Of what is simulated: model, cluster, device, batch and space. Shards and resumed searches must
// have the same.
std::string fingerprint_of(const SearchTask& task);

// Wraps a scorer in a memory of what was simulated before.
using Remember = std::function<ScorePlans(ScorePlans)>;

// Searches; if nothing is left, says which limit or fix is to blame and what there would be
// without.
PlanSearchReport search_plans(const SearchTask& task, const Workers& workers,
                              const Remember& remember, const GoOn& go_on);

// One report of those of all shards. Throws InputError if they do not belong together.
PlanSearchReport merge_searches(
    const std::vector<std::pair<std::string, PlanSearchReport>>& shards);

// The plan/1 file of a ranked plan, ready for `reckon simulate`.
Plan ready_plan(const SearchTask& task, const FoundPlan& found, int rank);

}  // namespace reckon

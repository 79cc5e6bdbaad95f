// The bound and the memory of a search over random small plans (any_case.hpp).
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "planner/plan_search.hpp"
#include "tests/property/any_case.hpp"

namespace reckon {
namespace {

using test::any_case;
using test::Case;

// A space of this plan alone.
SearchSpace space_of(const Case& given) {
  const Plan& plan = given.plan;
  const Parallelism& p = plan.parallelism;
  SearchSpace space;
  space.gpus = {gpus(given.cluster)};
  space.tensor_parallel = {p.tensor_parallel};
  space.context_parallel = {p.context_parallel};
  space.expert_parallel = {p.expert_parallel};
  space.precision = {{"its own", plan.precision}};
  space.sequence_parallel = {p.sequence_parallel ? 1 : 0};
  space.micro_batch_size = {plan.batch.micro_batch_size};
  space.recompute = {{"its own", plan.recompute}};
  space.pipeline_parallel = {p.pipeline_parallel};
  space.schedule = {{plan.schedule, p.chunks_per_rank}};
  space.layout = {LayoutRule()};
  space.zero_stage = {p.zero_stage};
  space.overlap = {plan.overlap};
  return space;
}

RC_GTEST_PROP(SearchProperty, BoundsAreBelowSimulationsAndMemoryIsThatOfThePlan, ()) {
  const Case given = *any_case();
  const Inputs in{given.model, given.cluster, given.device, given.plan};
  const SearchSpace space = space_of(given);
  const SearchCosts costs = search_costs(in);
  PlanBounds bounds(in.model, space, costs, in.plan);
  const std::vector<std::uint16_t>& stages = bounds.classes().of(reckon::stages(in.plan), 0);
  RC_ASSERT(!stages.empty());
  bounds.set_parallelism(in.plan);
  bounds.set_kernels(in.plan);
  bounds.set_pipeline(in.plan, 0, stages);
  const SimTime step = test::run(given, no_effects).step_end;
  RC_ASSERT(bounds.step(in.plan) <= step);
  // And worth something; ZeRO-2 and 3 may wait for exchanges all the time.
  if (in.plan.parallelism.zero_stage < 2) RC_ASSERT(2 * bounds.step(in.plan) >= step);
  double memory = 0;
  for (const RankMemory& rank : memory_of(in, schedule_of(in.plan))) {
    memory = std::max(memory, total(rank).value);
  }
  RC_ASSERT(std::abs(bounds.memory(in.plan).value / memory - 1) < 1e-9);
}

}  // namespace
}  // namespace reckon

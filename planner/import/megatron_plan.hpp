// The plan in Megatron-LM's arguments.
#pragma once

#include "planner/import/megatron_reader.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"

namespace reckon {

// `world_size` 0: nothing tells it, which is a problem.
void read_megatron_plan(MegatronReader& in, const ModelSpec& model, int world_size, Plan& plan);

// Its part without sizes: precision, recompute, overlap, how tokens travel.
void read_megatron_step(MegatronReader& in, const ModelSpec& model, Plan& plan);

}  // namespace reckon

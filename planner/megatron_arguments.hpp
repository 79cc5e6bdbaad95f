// A plan as the arguments of Megatron-LM.
#pragma once

#include <string>

#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"

namespace reckon {

// A shell fragment that sets the array MEGATRON_ARGS; a comment says what Megatron-LM (core 0.12,
// megatron/training/arguments.py) has no argument for. `tokens`: of the run.
std::string megatron_arguments(const ModelSpec& model, const Plan& plan, double tokens);

}  // namespace reckon

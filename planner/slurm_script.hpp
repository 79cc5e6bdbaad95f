// A search in shards as a Slurm job array.
#pragma once

#include <string>

#include "planner/plan_request.hpp"

namespace reckon {

// For sbatch: runs the command line of the request once a shard, each with a result of its own.
std::string slurm_script(const PlanRequest& request);

}  // namespace reckon

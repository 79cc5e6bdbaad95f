// Whether a plan can run at all: every reason why not, at once, with the numbers that do not fit
// and what to do. Values, not exceptions, because a search meets thousands of such plans.
#pragma once

#include <string>
#include <vector>

#include "planner/document_kind.hpp"
#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"

namespace reckon {

struct PlanProblem {
  std::string pointer;  // JSON pointer into the document below
  std::string message;
  DocumentKind document = DocumentKind::plan;
  bool operator==(const PlanProblem&) const = default;
};

// Empty if the plan can run. Any values may be given, those that no file could hold included.
// Memory is not looked at, nor what the GPU can compute.
std::vector<PlanProblem> feasible(const ModelSpec& model, const ClusterSpec& cluster,
                                  const Plan& plan);

// The same, and whether the GPU has what the plan asks for: FP8 tensor cores, SMs to lend.
std::vector<PlanProblem> feasible(const ModelSpec& model, const ClusterSpec& cluster,
                                  const DeviceProfile& device, const Plan& plan);

// The plan as it stands during one of its phases: batch, sequence length and context parallelism of
// the phase where it names them; data_parallel shrinks as context_parallel grows.
Plan in_phase(const Plan& plan, const Phase& phase);

}  // namespace reckon

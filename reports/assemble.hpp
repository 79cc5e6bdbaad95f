// A Report from its parts, one hop a line:
//   Report report = begin_report(model, cluster, plan, device);
//   report.bare = summarize(...); report.with_effects = ...; report.effects = ...; report.memory =
//   ...; report.bare_run = price_run(...); report.run = price_run(...); report =
//   finish_report(std::move(report));
#pragma once

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"
#include "reports/report.hpp"

namespace reckon {

// The inputs echoed, and what follows from them alone: GPUs, peak, memory limit, parameters and
// model FLOPs a token.
Report begin_report(const ModelSpec& model, const ClusterSpec& cluster, const Plan& plan,
                    const DeviceProfile& device);

// The figures that follow from the rest of the report: `published`, `waterfall`, and warnings
// behind those that are there (memory over the limit, a phase or a price that is missing, a
// published figure missed by more than its tolerance).
Report finish_report(Report report);

}  // namespace reckon

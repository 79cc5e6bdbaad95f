// From what ran when to where the time went.
#pragma once

#include <vector>

#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/schedule.hpp"
#include "planner/spec/trace.hpp"
#include "planner/spec/units.hpp"
#include "reports/report.hpp"

namespace reckon {

// Step time, its parts by rank, MFU and throughput of a traced step. `gpus` run it, each with
// `bf16_peak`; `recompute_and_mtp_flops_per_token` is what the hardware computes beyond the model
// FLOPs (for HFU). Predicted and measured traces alike.
//
// A rank's classes are the spans of its ops (see RankTime). Ops that share a slot are one pair,
// from the first start to the last end. Sends and receives belong to no class. Reductions,
// optimizer and gathers count where nothing else of the rank runs: after its last backward. Exposed
// communication comes from the part spans if the trace has them; else it is the time in ops in
// which no kernel ran, which counts waits for other ranks as well.
//
// Throws std::invalid_argument if the trace is not of this schedule.
StepSummary summarize(const StepTrace& trace, const Schedule& schedule, const ModelSpec& model,
                      const Plan& plan, double gpus, FlopsPerSecond bf16_peak,
                      Flops recompute_and_mtp_flops_per_token);

// Time by kind of part and lane, mean over the ranks that were traced with parts, largest first
// within a lane, compute first. Empty for a trace without parts.
std::vector<LaneShare> lane_shares(const StepTrace& trace);

}  // namespace reckon

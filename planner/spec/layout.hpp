// Which layers each pipeline stage holds.
#pragma once

#include <vector>

#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"

namespace reckon {

struct StageLayers {
  int first_layer = 0;
  int layers = 0;       // main-model layers [first_layer, first_layer + layers)
  int mtp_modules = 0;  // layers of MTP modules; their head passes are where `head` is
  bool embedding = false;
  bool head = false;
  bool operator==(const StageLayers&) const = default;
};

// The stages of a plan in model order: the plan's own layers_per_stage, or layers spread as evenly
// as possible (earlier stages take the rest). Precondition: the layout, if given, adds up (see
// feasible).
std::vector<StageLayers> stage_layers(const ModelSpec& model, const Plan& plan);

// Whether all of a layer is computed again in the backward: with Recompute::full the first
// `full_layers` of its stage, or every one.
bool recomputes_layer(const ModelSpec& model, const Plan& plan, int layer);

}  // namespace reckon

#include "planner/spec/layout.hpp"

namespace reckon {

std::vector<StageLayers> stage_layers(const ModelSpec& model, const Plan& plan) {
  const int count = stages(plan);
  const std::vector<int>& given = plan.layout.layers_per_stage;
  const int mtp_stage = plan.layout.mtp_stage < 0 ? count - 1 : plan.layout.mtp_stage;
  std::vector<StageLayers> result;
  int first = 0;
  for (int stage = 0; stage < count; ++stage) {
    StageLayers s;
    s.first_layer = first;
    s.layers = given.empty() ? model.layers / count + (stage < model.layers % count ? 1 : 0)
                             : given[static_cast<std::size_t>(stage)];
    s.embedding = stage == 0;
    s.head = stage == count - 1;
    s.mtp_modules = stage == mtp_stage ? model.mtp_modules : 0;
    first += s.layers;
    result.push_back(s);
  }
  return result;
}

bool recomputes_layer(const ModelSpec& model, const Plan& plan, int layer) {
  const Recompute& r = plan.recompute;
  if (!r.full || r.full_layers == 0) return r.full;
  for (const StageLayers& stage : stage_layers(model, plan)) {
    const int position = layer - stage.first_layer;
    if (position >= 0 && position < stage.layers) return position < r.full_layers;
  }
  return false;  // an MTP module
}

}  // namespace reckon

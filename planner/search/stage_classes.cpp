#include "planner/search/stage_classes.hpp"

#include <algorithm>
#include <set>

#include "planner/spec/parameters.hpp"
#include "planner/spec/program.hpp"

namespace reckon {
namespace {

// A plan with so many stages and nothing else.
Plan plan_of_stages(int stages, std::vector<int> layers_per_stage) {
  Plan plan;
  plan.parallelism.pipeline_parallel = stages;
  plan.layout.layers_per_stage = std::move(layers_per_stage);
  return plan;
}

int stages_of(int pipeline_parallel, const PipelineRule& rule) {
  Plan plan;
  plan.parallelism.pipeline_parallel = pipeline_parallel;
  plan.parallelism.chunks_per_rank = rule.chunks_per_rank;
  plan.schedule = rule.kind;
  return stages(plan);
}

}  // namespace

LayerClass layer_class_of(const ModelSpec& model, int layer) {
  if (layer >= model.layers) return LayerClass::mtp;
  return is_moe_layer(model, layer) ? LayerClass::moe : LayerClass::dense;
}

StageClasses::StageClasses(const ModelSpec& model, const SearchSpace& space) {
  std::set<int> counts;
  for (const int ranks : space.pipeline_parallel) {
    for (const PipelineRule& rule : space.schedule) counts.insert(stages_of(ranks, rule));
  }
  for (const int count : counts) {
    if (count <= model.layers + 2) add_layouts(model, space, count);
  }
}

void StageClasses::add_layouts(const ModelSpec& model, const SearchSpace& space, int stages) {
  std::vector<Layout> layouts;
  std::set<std::vector<int>> seen;
  for (const LayoutRule& rule : space.layout) {
    Layout& layout = layouts.emplace_back();
    const std::vector<int> given = layers_by_rule(model, stages, rule);
    const bool fits = rule == LayoutRule() ? stages <= model.layers : !given.empty();
    if (!fits) continue;
    const Plan plan = plan_of_stages(stages, given);
    const std::vector<StageLayers> layers = stage_layers(model, plan);
    std::vector<int> counts;
    for (const StageLayers& stage : layers) counts.push_back(stage.layers);
    layout.repeated = !seen.insert(counts).second;
    for (std::size_t stage = 0; stage < layers.size(); ++stage) {
      layout.stages.push_back(class_of(model, plan, static_cast<int>(stage), layers[stage]));
    }
  }
  if (layouts_.size() <= static_cast<std::size_t>(stages)) {
    layouts_.resize(static_cast<std::size_t>(stages) + 1);
  }
  layouts_[static_cast<std::size_t>(stages)] = std::move(layouts);
}

std::uint16_t StageClasses::class_of(const ModelSpec& model, const Plan& plan, int stage,
                                     const StageLayers& layers) {
  StageClass made{{}, layers, plan, stage};
  for (const int layer : layers_of(model, layers)) {
    ++made.layers[static_cast<std::size_t>(layer_class_of(model, layer))];
  }
  const std::array<int, 5> key{made.layers[0], made.layers[1], made.layers[2], layers.embedding,
                               layers.head};
  const auto [found, is_new] = known_.try_emplace(key, static_cast<std::uint16_t>(classes_.size()));
  if (is_new) classes_.push_back(std::move(made));
  return found->second;
}

const std::vector<std::uint16_t>& StageClasses::of(int stages, std::size_t layout) const {
  static const std::vector<std::uint16_t> none;
  const auto index = static_cast<std::size_t>(stages);
  if (index >= layouts_.size() || layouts_[index].empty()) return none;
  return layouts_[index][layout].stages;
}

bool StageClasses::is_repeated(int stages, std::size_t layout) const {
  return layouts_[static_cast<std::size_t>(stages)][layout].repeated;
}

}  // namespace reckon

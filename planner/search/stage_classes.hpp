// Stages that hold the same kinds of layers take the same time and memory: a search works each kind
// out once. Layouts of the space, as numbers of such classes.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "planner/search/search_space.hpp"
#include "planner/spec/layout.hpp"
#include "planner/spec/model_spec.hpp"

namespace reckon {

// Layers of a model with equal parts.
enum class LayerClass : std::uint8_t { dense, moe, mtp };
constexpr int layer_classes = 3;
LayerClass layer_class_of(const ModelSpec& model, int layer);

// A stage by what it holds, and one layout that has it.
struct StageClass {
  std::array<int, layer_classes> layers{};
  StageLayers example;
  Plan plan;  // with `example` as its stage `stage`, no other axis set
  int stage = 0;
};

class StageClasses {
 public:
  StageClasses(const ModelSpec& model, const SearchSpace& space);

  const std::vector<StageClass>& all() const { return classes_; }
  std::size_t size() const { return classes_.size(); }

  // Classes of the stages of a layout; empty where the model cannot be cut like that, or where the
  // rule gives what an earlier rule of the space gives.
  const std::vector<std::uint16_t>& of(int stages, std::size_t layout) const;
  bool is_repeated(int stages, std::size_t layout) const;

 private:
  void add_layouts(const ModelSpec& model, const SearchSpace& space, int stages);
  std::uint16_t class_of(const ModelSpec& model, const Plan& plan, int stage,
                         const StageLayers& layers);

  struct Layout {
    std::vector<std::uint16_t> stages;
    bool repeated = false;
  };
  std::vector<StageClass> classes_;
  std::vector<std::vector<Layout>> layouts_;  // [stages][layout]
  std::map<std::array<int, 5>, std::uint16_t> known_;
};

}  // namespace reckon

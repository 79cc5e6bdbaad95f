// What a search may choose: a list of values for each axis of a plan. A plan of the space is its
// number: one digit an axis, the last axis fastest.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"

namespace reckon {

// Axes from the slowest digit to the fastest. Times of kernels hang on those up to `recompute`.
enum class Axis : std::uint8_t {
  gpus,
  tensor_parallel,
  context_parallel,
  expert_parallel,
  expert_tensor_parallel,
  precision,
  sequence_parallel,
  micro_batch_size,
  recompute,
  pipeline_parallel,
  schedule,
  layout,
  zero_stage,
  overlap,
};
constexpr int axes = 14;

template <>
struct EnumNames<Axis> {
  static constexpr std::array<std::pair<Axis, std::string_view>, axes> table{{
      {Axis::gpus, "gpus"},
      {Axis::tensor_parallel, "tp"},
      {Axis::context_parallel, "cp"},
      {Axis::expert_parallel, "ep"},
      {Axis::expert_tensor_parallel, "etp"},
      {Axis::precision, "precision"},
      {Axis::sequence_parallel, "sp"},
      {Axis::micro_batch_size, "mbs"},
      {Axis::recompute, "recompute"},
      {Axis::pipeline_parallel, "pp"},
      {Axis::schedule, "schedule"},
      {Axis::layout, "layout"},
      {Axis::zero_stage, "zero"},
      {Axis::overlap, "overlap"},
  }};
};

// A schedule and its virtual stages.
struct PipelineRule {
  ScheduleKind kind = ScheduleKind::one_forward_one_backward;
  int chunks_per_rank = 1;
  bool operator==(const PipelineRule&) const = default;
};

// Layers that the first and the last stage hold fewer than an even share, because the embedding,
// the output head and MTP modules take time as well. Both 0: the plan's own even layout.
struct LayoutRule {
  int first_less = 0;
  int last_less = 0;
  bool operator==(const LayoutRule&) const = default;
};

struct NamedPrecision {
  std::string name;
  Precision precision;
  bool operator==(const NamedPrecision&) const = default;
};

struct NamedRecompute {
  std::string name;
  Recompute recompute;
  bool operator==(const NamedRecompute&) const = default;
};

struct SearchSpace {
  std::vector<int> gpus, tensor_parallel, context_parallel, expert_parallel, sequence_parallel,
      micro_batch_size, pipeline_parallel, zero_stage;
  std::vector<int> expert_tensor_parallel;  // 0: as tensor_parallel
  std::vector<NamedPrecision> precision;
  std::vector<NamedRecompute> recompute;
  std::vector<PipelineRule> schedule;
  std::vector<LayoutRule> layout;
  std::vector<Overlap> overlap;
  // A batch that does not divide into rounds is made smaller until it does, instead of refused
  // (Calculon's rule for its space).
  bool batch_at_most = false;
  bool operator==(const SearchSpace&) const = default;

  std::size_t size(Axis axis) const;
};

// Plans of the space, those that cannot run included.
std::uint64_t size_of(const SearchSpace& space);

// Which value of each axis a plan has.
using Choice = std::array<std::uint16_t, axes>;
std::uint64_t number_of(const SearchSpace& space, const Choice& choice);
Choice choice_of(const SearchSpace& space, std::uint64_t number);

// The value as --fix spells it ("16", "dual_pipe", "interleaved/4", "norm+swiglu", "first-1").
std::string value_text(const SearchSpace& space, Axis axis, std::size_t value);

// The whole space of a model on a cluster: every value that can be legal for some plan, but tensor
// parallelism beyond a node, and context parallelism and micro-batches beyond 16. `gpu_counts`:
// those that a plan may use; empty: all of the cluster.
SearchSpace whole_space(const ModelSpec& model, const ClusterSpec& cluster,
                        const DeviceProfile& device, const Batch& batch,
                        const std::vector<int>& gpu_counts = {});

// Keeps only the values of an axis that `words` spell. What is wrong with them, each with what
// there is; empty if nothing.
std::vector<std::string> fix_axis(SearchSpace& space, Axis axis,
                                  const std::vector<std::string>& words);

// Layers of each of `stages` stages; empty for an even layout and where the rule does not fit.
std::vector<int> layers_by_rule(const ModelSpec& model, int stages, const LayoutRule& rule);

// The full plan of a choice; `base` says what no axis does (batch, experts' communication).
Plan plan_of(const SearchSpace& space, const ModelSpec& model, const Plan& base,
             const Choice& choice);

// The cluster cut down to the GPUs of a choice.
ClusterSpec cluster_of(const SearchSpace& space, const ClusterSpec& cluster, const Choice& choice);

}  // namespace reckon

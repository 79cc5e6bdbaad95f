#include "planner/search/search_space.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <numeric>

namespace reckon {
namespace {

constexpr int most_context_parallel = 16;
constexpr int most_micro_batch_size = 16;
constexpr int most_chunks = 8;

std::size_t at(const Choice& choice, Axis axis) { return choice[static_cast<std::size_t>(axis)]; }

std::vector<int> divisors(int number, int most) {
  std::vector<int> found;
  for (int divisor = 1; divisor <= std::min(number, most); ++divisor) {
    if (number % divisor == 0) found.push_back(divisor);
  }
  return found;
}

std::vector<int> powers_of_two(int most) {
  std::vector<int> found;
  for (int value = 1; value <= most; value *= 2) found.push_back(value);
  return found;
}

// What Megatron-LM has for a recipe (planner/import): inputs of GEMMs and their cache, nothing
// else.
Precision recipe_precision(Dtype linear) {
  Precision p;
  p.linear = p.linear_input_cache = linear;
  p.source = "planner/import: Megatron-LM's --fp8-recipe";
  return p;
}

// DeepSeek-V3's mix: report (arXiv:2412.19437), section 3.3.
Precision fp8_precision() {
  Precision p;
  p.linear = p.dispatch = p.weights = Dtype::fp8_block;
  p.linear_input_cache = p.swiglu_input_cache = Dtype::fp8_block;
  p.attention_output_cache = Dtype::e5m6;
  p.moments = Dtype::bf16;
  p.source = "DeepSeek-V3 Technical Report (arXiv:2412.19437), section 3.3";
  return p;
}

struct RecomputeWord {
  std::string_view name;
  bool Recompute::*on;
};
constexpr std::array<RecomputeWord, 7> recompute_words{{{"full", &Recompute::full},
                                                        {"norm", &Recompute::norm},
                                                        {"mla_up", &Recompute::mla_up_projection},
                                                        {"swiglu", &Recompute::swiglu},
                                                        {"attention", &Recompute::attention_core},
                                                        {"mlp", &Recompute::mlp},
                                                        {"experts", &Recompute::experts}}};

std::string recompute_name(const Recompute& recompute) {
  std::string name;
  for (const RecomputeWord& word : recompute_words) {
    if (!(recompute.*word.on)) continue;
    name += (name.empty() ? "" : "+") + std::string(word.name);
  }
  return name.empty() ? "none" : name;
}

// Nothing, every set of small modules that the model has, MLPs and experts alone and with the norms
// (and MLA's up-projections), and whole layers.
std::vector<NamedRecompute> recomputes(const ModelSpec& model) {
  const bool mla = model.attention.kind == AttentionKind::mla;
  std::vector<NamedRecompute> found;
  for (unsigned set = 0; set < 16; ++set) {
    Recompute r;
    r.norm = (set & 1) != 0;
    r.swiglu = (set & 2) != 0;
    r.attention_core = (set & 4) != 0;
    r.mla_up_projection = (set & 8) != 0;
    if (r.mla_up_projection && !mla) continue;
    if (r.swiglu && model.activation != Activation::swiglu) continue;
    found.push_back({recompute_name(r), r});
  }
  for (unsigned set = 1; set < 4; ++set) {
    for (const bool norm : {false, true}) {
      Recompute r;
      r.mlp = (set & 1) != 0;
      r.experts = (set & 2) != 0;
      r.norm = norm;
      r.mla_up_projection = norm && mla;
      if (!r.experts || model.moe) found.push_back({recompute_name(r), r});
    }
  }
  Recompute full;
  full.full = true;
  found.push_back({recompute_name(full), full});
  return found;
}

std::vector<PipelineRule> pipelines() {
  std::vector<PipelineRule> found;
  for (const auto& [kind, name] : EnumNames<ScheduleKind>::table) {
    if (kind != ScheduleKind::interleaved_one_forward_one_backward) {
      found.push_back({kind, 1});
      continue;
    }
    for (int chunks = 2; chunks <= most_chunks; ++chunks) found.push_back({kind, chunks});
  }
  return found;
}

std::string pipeline_name(const PipelineRule& rule) {
  if (rule.kind != ScheduleKind::interleaved_one_forward_one_backward) {
    return std::string(enum_name(rule.kind));
  }
  return "interleaved/" + std::to_string(rule.chunks_per_rank);
}

std::string layout_name(const LayoutRule& rule) {
  std::string name;
  if (rule.first_less > 0) name = "first-" + std::to_string(rule.first_less);
  if (rule.last_less == 0) return name.empty() ? "even" : name;
  return name + (name.empty() ? "" : "+") + "last-" + std::to_string(rule.last_less);
}

// Of what replicas exchange; the others depend on the software, not on a choice.
std::vector<Overlap> overlaps() {
  std::vector<Overlap> found;
  for (const bool gather : {false, true}) {
    for (const bool reduction : {false, true}) {
      Overlap overlap;
      overlap.gradient_reduction = reduction;
      overlap.parameter_gather = gather;
      found.push_back(overlap);
    }
  }
  return found;
}

std::string overlap_name(const Overlap& overlap) {
  if (overlap.gradient_reduction && overlap.parameter_gather) return "both";
  if (overlap.gradient_reduction) return "gradients";
  return overlap.parameter_gather ? "parameters" : "none";
}

template <class Value>
void keep(std::vector<Value>& values, const std::vector<std::size_t>& kept) {
  std::vector<Value> left;
  for (const std::size_t index : kept) left.push_back(values[index]);
  values = std::move(left);
}

void keep(SearchSpace& space, Axis axis, const std::vector<std::size_t>& kept) {
  switch (axis) {
    case Axis::gpus:
      return keep(space.gpus, kept);
    case Axis::tensor_parallel:
      return keep(space.tensor_parallel, kept);
    case Axis::context_parallel:
      return keep(space.context_parallel, kept);
    case Axis::expert_parallel:
      return keep(space.expert_parallel, kept);
    case Axis::expert_tensor_parallel:
      return keep(space.expert_tensor_parallel, kept);
    case Axis::precision:
      return keep(space.precision, kept);
    case Axis::sequence_parallel:
      return keep(space.sequence_parallel, kept);
    case Axis::micro_batch_size:
      return keep(space.micro_batch_size, kept);
    case Axis::recompute:
      return keep(space.recompute, kept);
    case Axis::pipeline_parallel:
      return keep(space.pipeline_parallel, kept);
    case Axis::schedule:
      return keep(space.schedule, kept);
    case Axis::layout:
      return keep(space.layout, kept);
    case Axis::zero_stage:
      return keep(space.zero_stage, kept);
    case Axis::overlap:
      return keep(space.overlap, kept);
  }
}

// Whole numbers that an axis may have although the whole space leaves them out.
std::vector<int>* open_axis(SearchSpace& space, Axis axis) {
  switch (axis) {
    case Axis::gpus:
      return &space.gpus;
    case Axis::tensor_parallel:
      return &space.tensor_parallel;
    case Axis::context_parallel:
      return &space.context_parallel;
    case Axis::expert_parallel:
      return &space.expert_parallel;
    case Axis::expert_tensor_parallel:
      return &space.expert_tensor_parallel;
    case Axis::micro_batch_size:
      return &space.micro_batch_size;
    case Axis::pipeline_parallel:
      return &space.pipeline_parallel;
    case Axis::zero_stage:
      return &space.zero_stage;
    case Axis::precision:
    case Axis::sequence_parallel:
    case Axis::recompute:
    case Axis::schedule:
    case Axis::layout:
    case Axis::overlap:
      break;
  }
  return nullptr;
}

int whole_number(const std::string& word) {
  int value = 0;
  const char* const end = word.data() + word.size();
  const auto [last, error] = std::from_chars(word.data(), end, value);
  return error == std::errc() && last == end && value > 0 && value <= 1 << 20 ? value : 0;
}

// The layout of a rule, whether or not it is a legal one.
std::vector<int> unchecked_layers(int layers, int stages, const LayoutRule& rule) {
  std::vector<int> result(static_cast<std::size_t>(stages));
  const int base = layers / stages;
  result.front() = base + (layers % stages > 0 ? 1 : 0) - rule.first_less;
  result.back() = base - rule.last_less;
  const int between = stages - 2;
  const int left = layers - result.front() - result.back();
  for (int stage = 0; stage < between; ++stage) {
    result[static_cast<std::size_t>(stage) + 1] = left / between + (stage < left % between ? 1 : 0);
  }
  return result;
}

}  // namespace

std::size_t SearchSpace::size(Axis axis) const {
  switch (axis) {
    case Axis::gpus:
      return gpus.size();
    case Axis::tensor_parallel:
      return tensor_parallel.size();
    case Axis::context_parallel:
      return context_parallel.size();
    case Axis::expert_parallel:
      return expert_parallel.size();
    case Axis::expert_tensor_parallel:
      return expert_tensor_parallel.size();
    case Axis::precision:
      return precision.size();
    case Axis::sequence_parallel:
      return sequence_parallel.size();
    case Axis::micro_batch_size:
      return micro_batch_size.size();
    case Axis::recompute:
      return recompute.size();
    case Axis::pipeline_parallel:
      return pipeline_parallel.size();
    case Axis::schedule:
      return schedule.size();
    case Axis::layout:
      return layout.size();
    case Axis::zero_stage:
      return zero_stage.size();
    case Axis::overlap:
      return overlap.size();
  }
  return 0;
}

std::uint64_t size_of(const SearchSpace& space) {
  std::uint64_t product = 1;
  for (const auto& [axis, name] : EnumNames<Axis>::table) product *= space.size(axis);
  return product;
}

std::uint64_t number_of(const SearchSpace& space, const Choice& choice) {
  std::uint64_t number = 0;
  for (const auto& [axis, name] : EnumNames<Axis>::table) {
    number = number * space.size(axis) + at(choice, axis);
  }
  return number;
}

Choice choice_of(const SearchSpace& space, std::uint64_t number) {
  Choice choice{};
  for (std::size_t index = axes; index-- > 0;) {
    const std::uint64_t size = space.size(static_cast<Axis>(index));
    choice[index] = static_cast<std::uint16_t>(number % size);
    number /= size;
  }
  return choice;
}

std::string value_text(const SearchSpace& space, Axis axis, std::size_t value) {
  switch (axis) {
    case Axis::gpus:
      return std::to_string(space.gpus[value]);
    case Axis::tensor_parallel:
      return std::to_string(space.tensor_parallel[value]);
    case Axis::context_parallel:
      return std::to_string(space.context_parallel[value]);
    case Axis::expert_parallel:
      return std::to_string(space.expert_parallel[value]);
    case Axis::expert_tensor_parallel:
      return std::to_string(space.expert_tensor_parallel[value]);
    case Axis::precision:
      return space.precision[value].name;
    case Axis::sequence_parallel:
      return space.sequence_parallel[value] != 0 ? "on" : "off";
    case Axis::micro_batch_size:
      return std::to_string(space.micro_batch_size[value]);
    case Axis::recompute:
      return space.recompute[value].name;
    case Axis::pipeline_parallel:
      return std::to_string(space.pipeline_parallel[value]);
    case Axis::schedule:
      return pipeline_name(space.schedule[value]);
    case Axis::layout:
      return layout_name(space.layout[value]);
    case Axis::zero_stage:
      return std::to_string(space.zero_stage[value]);
    case Axis::overlap:
      return overlap_name(space.overlap[value]);
  }
  return {};
}

SearchSpace whole_space(const ModelSpec& model, const ClusterSpec& cluster,
                        const DeviceProfile& device, const Batch& batch,
                        const std::vector<int>& gpu_counts) {
  SearchSpace space;
  space.gpus = gpu_counts.empty() ? std::vector<int>{gpus(cluster)} : gpu_counts;
  const auto shares = [&space](int ranks) {
    return std::any_of(space.gpus.begin(), space.gpus.end(),
                       [ranks](int count) { return count % ranks == 0; });
  };
  const auto sharing = [&shares](std::vector<int> sizes) {
    std::erase_if(sizes, [&shares](int size) { return !shares(size); });
    return sizes;
  };
  space.tensor_parallel = sharing(divisors(model.attention.heads, cluster.gpus_per_node));
  space.context_parallel = sharing(powers_of_two(most_context_parallel));
  std::erase_if(space.context_parallel,
                [&batch](int ranks) { return batch.sequence_length % ranks != 0; });
  const int experts = model.moe ? model.moe->experts : 1;
  space.expert_parallel = sharing(divisors(experts, experts));
  space.expert_tensor_parallel = {0};
  if (model.moe && space.tensor_parallel.size() > 1) space.expert_tensor_parallel.push_back(1);
  space.precision = {{"bf16", Precision{}}};
  if (device.gpu.fp8_peak.value > 0) space.precision.push_back({"fp8", fp8_precision()});
  if (device.gpu.fp4_peak.value > 0) {  // Blackwell: scales of small blocks in hardware
    space.precision.push_back({"mxfp8", recipe_precision(Dtype::mxfp8)});
    Precision fp4 = recipe_precision(Dtype::nvfp4);
    fp4.linear_input_cache = Dtype::mxfp8;  // as planner/express_run has it
    fp4.source = "planner/express_run: NVFP4 inputs of GEMMs, kept in MXFP8";
    space.precision.push_back({"nvfp4", fp4});
  }
  space.sequence_parallel = {0, 1};
  space.micro_batch_size = powers_of_two(std::min(most_micro_batch_size, batch.global_batch_size));
  space.recompute = recomputes(model);
  for (int ranks = 1; ranks <= model.layers + 2; ++ranks) {
    if (shares(ranks)) space.pipeline_parallel.push_back(ranks);
  }
  space.schedule = pipelines();
  for (int first = 0; first <= 1; ++first) {
    for (int last = 0; last <= 3; ++last) space.layout.push_back({first, last});
  }
  space.zero_stage = {0, 1, 2, 3};
  space.overlap = overlaps();
  return space;
}

std::vector<std::string> fix_axis(SearchSpace& space, Axis axis,
                                  const std::vector<std::string>& words) {
  std::vector<std::string> problems;
  std::vector<std::size_t> kept;
  for (const std::string& word : words) {
    std::size_t value = 0;
    while (value < space.size(axis) && value_text(space, axis, value) != word) ++value;
    std::vector<int>* const open = open_axis(space, axis);
    const int number = whole_number(word);
    const bool is_open = axis != Axis::zero_stage || number <= 3;
    if (value == space.size(axis) && open != nullptr && number > 0 && is_open) {
      open->push_back(number);
    }
    if (value < space.size(axis)) {
      if (std::find(kept.begin(), kept.end(), value) == kept.end()) kept.push_back(value);
      continue;
    }
    std::string known;
    for (std::size_t one = 0; one < space.size(axis); ++one) {
      known += (one > 0 ? ", " : "") + value_text(space, axis, one);
    }
    problems.push_back(std::string(enum_name(axis)) + "=" + word + " is no value; there are " +
                       known);
  }
  std::sort(kept.begin(), kept.end());
  if (problems.empty()) keep(space, axis, kept);
  return problems;
}

std::vector<int> layers_by_rule(const ModelSpec& model, int stages, const LayoutRule& rule) {
  if (rule == LayoutRule() || stages < 3) return {};
  std::vector<int> layers = unchecked_layers(model.layers, stages, rule);
  if (layers.front() < 0 || layers.back() < 0) return {};
  for (std::size_t stage = 1; stage + 1 < layers.size(); ++stage) {
    if (layers[stage] < 1) return {};
  }
  return layers;
}

Plan plan_of(const SearchSpace& space, const ModelSpec& model, const Plan& base,
             const Choice& choice) {
  Plan plan = base;
  Parallelism& p = plan.parallelism;
  p.tensor_parallel = space.tensor_parallel[at(choice, Axis::tensor_parallel)];
  p.context_parallel = space.context_parallel[at(choice, Axis::context_parallel)];
  p.expert_parallel = space.expert_parallel[at(choice, Axis::expert_parallel)];
  p.expert_tensor_parallel = space.expert_tensor_parallel[at(choice, Axis::expert_tensor_parallel)];
  p.sequence_parallel = space.sequence_parallel[at(choice, Axis::sequence_parallel)] != 0;
  p.pipeline_parallel = space.pipeline_parallel[at(choice, Axis::pipeline_parallel)];
  p.zero_stage = space.zero_stage[at(choice, Axis::zero_stage)];
  const int replica = p.tensor_parallel * p.context_parallel * p.pipeline_parallel;
  p.data_parallel = std::max(1, space.gpus[at(choice, Axis::gpus)] / replica);
  const PipelineRule& pipeline = space.schedule[at(choice, Axis::schedule)];
  plan.schedule = pipeline.kind;
  p.chunks_per_rank = pipeline.chunks_per_rank;
  plan.batch.micro_batch_size = space.micro_batch_size[at(choice, Axis::micro_batch_size)];
  if (space.batch_at_most) {
    const int round = p.data_parallel;
    plan.batch.global_batch_size = std::max(1, base.batch.global_batch_size / round) * round;
  }
  plan.precision = space.precision[at(choice, Axis::precision)].precision;
  plan.recompute = space.recompute[at(choice, Axis::recompute)].recompute;
  plan.layout = {};
  plan.layout.layers_per_stage =
      layers_by_rule(model, stages(plan), space.layout[at(choice, Axis::layout)]);
  plan.overlap = space.overlap[at(choice, Axis::overlap)];
  return plan;
}

ClusterSpec cluster_of(const SearchSpace& space, const ClusterSpec& cluster, const Choice& choice) {
  ClusterSpec cut = cluster;
  cut.nodes = std::max(1, space.gpus[at(choice, Axis::gpus)] / cluster.gpus_per_node);
  return cut;
}

}  // namespace reckon

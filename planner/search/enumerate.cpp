#include "planner/search/enumerate.hpp"

#include <algorithm>
#include <cmath>

#include "planner/schedules/build_schedule.hpp"
#include "planner/spec/parameters.hpp"

namespace reckon {
namespace {

bool divides(int divisor, double number) { return std::fmod(number, divisor) == 0; }

// As shape_problems() is empty, without its words.
bool admits(const ScheduleShape& shape) {
  const std::int64_t ranks = shape.pipeline_ranks;
  const std::int64_t n = shape.micro_batches;
  if (std::int64_t{shape.stages} * n > most_chunks) return false;
  switch (shape.kind) {
    case ScheduleKind::gpipe:
    case ScheduleKind::one_forward_one_backward:
    case ScheduleKind::zb_h1:
    case ScheduleKind::zb_h2:
    case ScheduleKind::zb_v:
      return true;
    case ScheduleKind::interleaved_one_forward_one_backward:
      return shape.stages >= 2 * ranks && n % ranks == 0;
    case ScheduleKind::dual_pipe:
      return ranks % 2 == 0 && n % 2 == 0 && n >= 2 * ranks;
    case ScheduleKind::dual_pipe_v:
      return n >= 2 * ranks;
  }
  return false;
}

bool splits_backward(ScheduleKind kind) {
  switch (kind) {
    case ScheduleKind::gpipe:
    case ScheduleKind::one_forward_one_backward:
    case ScheduleKind::interleaved_one_forward_one_backward:
      return false;
    case ScheduleKind::zb_h1:
    case ScheduleKind::zb_h2:
    case ScheduleKind::zb_v:
    case ScheduleKind::dual_pipe:
    case ScheduleKind::dual_pipe_v:
      return true;
  }
  return true;
}

std::uint64_t size_below(const SearchSpace& space, Axis axis) {
  std::uint64_t below = 1;
  for (std::size_t index = static_cast<std::size_t>(axis) + 1; index < axes; ++index) {
    below *= space.size(static_cast<Axis>(index));
  }
  return below;
}

// Which values of an axis are looked at.
std::vector<std::uint16_t> looked_at(const SearchSpace& space, Axis axis, Look look) {
  const auto size = static_cast<std::uint16_t>(space.size(axis));
  const auto last = static_cast<std::uint16_t>(size - 1);
  std::vector<std::uint16_t> values;
  if (look == Look::coarse && axis == Axis::layout) return {0};
  if (look == Look::coarse && axis == Axis::zero_stage) {
    const auto& stages = space.zero_stage;
    const auto first = std::find(stages.begin(), stages.end(), 1);
    if (first != stages.end()) return {static_cast<std::uint16_t>(first - stages.begin())};
  }
  if (look == Look::coarse && axis == Axis::overlap) {
    if (size == 1) return {0};
    return {0, last};
  }
  for (std::uint16_t value = 0; value < size; ++value) {
    const bool is_end = value == 0 || value >= last - 1;
    if (look == Look::whole || axis != Axis::recompute || is_end) values.push_back(value);
  }
  return values;
}

// Goes through one piece of the space.
class Enumerator {
 public:
  Enumerator(const SearchProblem& problem, PlanBounds& bounds, Look look,
             const EnumerateCalls& calls)
      : in_(problem), space_(problem.space), bounds_(bounds), calls_(calls), plan_(problem.base) {
    for (const auto& [axis, name] : EnumNames<Axis>::table) {
      const auto index = static_cast<std::size_t>(axis);
      below_[index] = size_below(space_, axis);
      values_[index] = looked_at(space_, axis, look);
    }
    find_same_overlaps();
    memory_limit_ = in_.device.gpu.memory.value * (1 - in_.limits.memory_margin);
  }

  SearchCounts run(std::uint64_t piece) {
    choice_ = choice_of(space_, piece * below(Axis::precision));
    counts_.space = below(Axis::precision);
    parallelism();
    return counts_;
  }

 private:
  std::uint16_t digit(Axis axis) const { return choice_[static_cast<std::size_t>(axis)]; }
  std::uint16_t& digit(Axis axis) { return choice_[static_cast<std::size_t>(axis)]; }
  const std::vector<std::uint16_t>& values(Axis axis) const {
    return values_[static_cast<std::size_t>(axis)];
  }

  // Plans that share the choice up to and with `axis`.
  std::uint64_t below(Axis axis) const { return below_[static_cast<std::size_t>(axis)]; }
  void prune(PruneReason reason, Axis axis) { counts_.at(reason) += below(axis); }

  void parallelism() {
    Parallelism& p = plan_.parallelism;
    p = {};
    gpus_ = space_.gpus[digit(Axis::gpus)];
    p.tensor_parallel = space_.tensor_parallel[digit(Axis::tensor_parallel)];
    p.context_parallel = space_.context_parallel[digit(Axis::context_parallel)];
    p.expert_parallel = space_.expert_parallel[digit(Axis::expert_parallel)];
    p.expert_tensor_parallel = space_.expert_tensor_parallel[digit(Axis::expert_tensor_parallel)];
    plan_.precision = space_.precision[digit(Axis::precision)].precision;
    const PruneReason* const reason = why_no_parallelism();
    if (reason != nullptr) return prune(*reason, Axis::precision);
    p.data_parallel = std::max(1, gpus_ / (p.tensor_parallel * p.context_parallel));
    bounds_.set_parallelism(plan_);
    for (const std::uint16_t sp : values(Axis::sequence_parallel)) {
      digit(Axis::sequence_parallel) = sp;
      p.sequence_parallel = space_.sequence_parallel[sp] != 0;
      for (const std::uint16_t mbs : values(Axis::micro_batch_size)) {
        digit(Axis::micro_batch_size) = mbs;
        plan_.batch.micro_batch_size = space_.micro_batch_size[mbs];
        micro_batch();
      }
    }
  }

  // Null if the outer choices can be part of a plan.
  const PruneReason* why_no_parallelism() {
    static constexpr PruneReason world_size = PruneReason::world_size,
                                 tensor = PruneReason::tensor_parallel,
                                 context = PruneReason::context_parallel,
                                 expert = PruneReason::expert_parallel,
                                 device = PruneReason::device, same = PruneReason::same_plan;
    const Parallelism& p = plan_.parallelism;
    const ModelSpec& model = in_.model;
    const bool whole_nodes = gpus_ % in_.cluster.gpus_per_node == 0 && gpus_ <= gpus(in_.cluster);
    if (!whole_nodes || gpus_ % (p.tensor_parallel * p.context_parallel) != 0) return &world_size;
    if (!shares_tensors(p.tensor_parallel)) return &tensor;
    if (shares_experts_as_before()) return &same;
    const int length = in_.base.batch.sequence_length;
    const bool has_positions =
        model.positions != Positions::learned || length <= std::max(1, model.learned_positions);
    if (length % p.context_parallel != 0 || !has_positions) return &context;
    if (model.moe ? model.moe->experts % p.expert_parallel != 0 : p.expert_parallel != 1) {
      return &expert;
    }
    const bool lends =
        p.expert_parallel == 1 || in_.base.expert_communication.sms < in_.device.gpu.sms;
    return lends && computes(plan_.precision.linear) && computes(plan_.precision.head) ? nullptr
                                                                                       : &device;
  }

  // Whether an earlier value of the axis shares each expert among as many ranks.
  bool shares_experts_as_before() const {
    const std::vector<int>& values = space_.expert_tensor_parallel;
    const auto here = values.begin() + digit(Axis::expert_tensor_parallel);
    if (!in_.model.moe) return here != values.begin();
    const int ranks = expert_tensor_parallel(plan_.parallelism);
    return std::any_of(values.begin(), here, [&](int value) {
      return (value > 0 ? value : plan_.parallelism.tensor_parallel) == ranks;
    });
  }

  bool computes(Dtype dtype) const {
    return dtype == Dtype::bf16 || (is_narrow(dtype) && in_.device.gpu.fp8_peak.value > 0);
  }

  bool shares_tensors(int tp) const {
    const ModelSpec& model = in_.model;
    const AttentionSpec& a = model.attention;
    const bool kv = a.kind != AttentionKind::gqa || a.kv_heads == 0 || a.kv_heads % tp == 0 ||
                    tp % a.kv_heads == 0;
    const bool has_dense =
        !model.moe || model.moe->first_dense_layers > 0 || model.moe->layer_interval > 1;
    const int etp = expert_tensor_parallel(plan_.parallelism);
    return a.heads % tp == 0 && kv && (!has_dense || model.intermediate % tp == 0) &&
           (!model.moe || model.moe->expert_intermediate % etp == 0) && model.vocabulary % tp == 0;
  }

  void micro_batch() {
    const Parallelism& p = plan_.parallelism;
    if (p.sequence_parallel && p.tensor_parallel == 1) {
      return prune(PruneReason::same_plan, Axis::micro_batch_size);
    }
    if (p.sequence_parallel && !divides(p.tensor_parallel, tokens_per_rank(plan_))) {
      return prune(PruneReason::sequence_parallel, Axis::micro_batch_size);
    }
    for (const std::uint16_t value : values(Axis::recompute)) {
      digit(Axis::recompute) = value;
      plan_.recompute = space_.recompute[value].recompute;
      kernels_set_ = false;
      for (const std::uint16_t ranks : values(Axis::pipeline_parallel)) {
        digit(Axis::pipeline_parallel) = ranks;
        pipeline_size(ranks);
      }
    }
  }

  void pipeline_size(std::size_t ranks) {
    Parallelism& p = plan_.parallelism;
    p.pipeline_parallel = space_.pipeline_parallel[ranks];
    const int replica = p.tensor_parallel * p.context_parallel * p.pipeline_parallel;
    if (gpus_ % replica != 0) return prune(PruneReason::world_size, Axis::pipeline_parallel);
    p.data_parallel = gpus_ / replica;
    const int stage_ranks = p.tensor_parallel * p.context_parallel * p.data_parallel;
    if (stage_ranks % (p.expert_parallel * expert_tensor_parallel(p)) != 0) {
      return prune(PruneReason::expert_parallel, Axis::pipeline_parallel);
    }
    if (space_.batch_at_most) {
      const int most = in_.base.batch.global_batch_size / p.data_parallel;
      if (most == 0) return prune(PruneReason::batch, Axis::pipeline_parallel);
      plan_.batch.global_batch_size = most * p.data_parallel;
    }
    micro_batches_ = micro_batches(plan_);
    if (micro_batches_ == 0) return prune(PruneReason::batch, Axis::pipeline_parallel);
    is_hopeless_.reset();
    for (const std::uint16_t value : values(Axis::schedule)) {
      digit(Axis::schedule) = value;
      plan_.schedule = space_.schedule[value].kind;
      p.chunks_per_rank = space_.schedule[value].chunks_per_rank;
      schedule(ranks);
    }
    p.chunks_per_rank = 1;
  }

  void schedule(std::size_t ranks) {
    const ScheduleShape shape = schedule_shape(plan_);
    if (shape.stages > in_.model.layers + 2) return prune(PruneReason::layers, Axis::schedule);
    if (!admits(shape)) return prune(PruneReason::schedule, Axis::schedule);
    for (const std::uint16_t value : values(Axis::layout)) {
      digit(Axis::layout) = value;
      const std::vector<std::uint16_t>& stages = bounds_.classes().of(shape.stages, value);
      if (stages.empty()) {
        prune(PruneReason::layers, Axis::layout);
      } else if (bounds_.classes().is_repeated(shape.stages, value)) {
        prune(PruneReason::same_plan, Axis::layout);
      } else {
        layout(ranks, stages);
      }
    }
  }

  void layout(std::size_t ranks, const std::vector<std::uint16_t>& stages) {
    if (!kernels_set_) bounds_.set_kernels(plan_);
    kernels_set_ = true;
    bounds_.set_pipeline(plan_, ranks, stages);
    digit(Axis::zero_stage) = digit(Axis::overlap) = 0;
    const std::uint64_t first = number_of(space_, choice_);
    for (const std::uint16_t zero : values(Axis::zero_stage)) {
      plan_.parallelism.zero_stage = space_.zero_stage[zero];
      if (!exchanges_shards()) {
        counts_.at(PruneReason::schedule) += space_.overlap.size();
        continue;
      }
      const double memory = bounds_.memory(plan_).value;
      for (const std::uint16_t overlap : values(Axis::overlap)) {
        plan_.overlap = space_.overlap[overlap];
        if (says_nothing_new(overlap)) {
          ++counts_.at(PruneReason::same_plan);
        } else {
          judge({first + zero * space_.overlap.size() + overlap, 0, memory, gpus_});
        }
      }
    }
    plan_.parallelism.zero_stage = 0;
    plan_.overlap = {};
  }

  // ZeRO-2 and 3 exchange behind each layer's whole backward: schedules that split backwards or
  // pair them with forwards have no place for that.
  bool exchanges_shards() const {
    return plan_.parallelism.zero_stage < 2 || !splits_backward(plan_.schedule);
  }

  // Overlap of exchanges that do not take place, or shards of one.
  bool says_nothing_new(std::size_t overlap) const {
    const Parallelism& p = plan_.parallelism;
    const bool alone =
        p.data_parallel * p.context_parallel == 1 && plan_.schedule != ScheduleKind::dual_pipe;
    if (alone && (plan_.overlap.gradient_reduction || p.zero_stage > 0)) return true;
    if (p.zero_stage >= 2 && same_overlap_[p.zero_stage == 2 ? 0 : 1][overlap]) return true;
    return plan_.overlap.parameter_gather && p.zero_stage == 0;
  }

  // With ZeRO-2 the gradients, with ZeRO-3 the weights as well are exchanged layer by layer
  // whatever the overlap says: it is the same plan without, if that is in the space.
  void find_same_overlaps() {
    for (std::size_t zero = 0; zero < 2; ++zero) {
      for (const Overlap& overlap : space_.overlap) {
        Overlap plain = overlap;
        plain.gradient_reduction = false;
        if (zero == 1) plain.parameter_gather = false;
        const auto& all = space_.overlap;
        same_overlap_[zero].push_back(!(plain == overlap) &&
                                      std::find(all.begin(), all.end(), plain) != all.end());
      }
    }
  }

  void judge(Candidate candidate) {
    ++counts_.legal;
    if (candidate.memory_bytes > memory_limit_) return refuse(candidate, PruneReason::memory);
    if (is_hopeless()) {
      ++counts_.kept;
      return;
    }
    candidate.least_s = run_seconds(in_.limits, plan_, to_seconds(bounds_.step(plan_)));
    const std::optional<PruneReason> reason = beyond(in_, candidate.gpus, candidate.least_s);
    if (reason) return refuse(candidate, *reason);
    ++counts_.kept;
    calls_.keep(candidate);
  }

  // Whether no schedule, layout or sharding makes the pipeline fast enough: its ranks compute too
  // long even if none ever waits.
  bool is_hopeless() {
    const bool has_limits = in_.limits.most_days > 0 || in_.limits.most_usd > 0;
    if (has_limits || !calls_.longest_s) return false;
    if (!is_hopeless_) {
      const SimTime step =
          bounds_.micro_batch_work() * micro_batches_ / plan_.parallelism.pipeline_parallel;
      is_hopeless_ = run_seconds(in_.limits, plan_, to_seconds(step)) > calls_.longest_s(gpus_);
    }
    return *is_hopeless_;
  }

  void refuse(const Candidate& candidate, PruneReason reason) {
    ++counts_.at(reason);
    if (calls_.refuse) calls_.refuse(candidate, reason);
  }

  const SearchProblem& in_;
  const SearchSpace& space_;
  PlanBounds& bounds_;
  const EnumerateCalls& calls_;
  Plan plan_;
  Choice choice_{};
  std::array<std::uint64_t, axes> below_{};
  std::array<std::vector<std::uint16_t>, axes> values_;
  std::array<std::vector<bool>, 2> same_overlap_;  // [ZeRO-2 or 3][overlap]
  SearchCounts counts_;
  double memory_limit_ = 0;
  int gpus_ = 1;
  int micro_batches_ = 0;
  std::optional<bool> is_hopeless_;  // of the size of pipeline at hand
  bool kernels_set_ = false;
};

}  // namespace

SearchCounts& operator+=(SearchCounts& sum, const SearchCounts& more) {
  sum.space += more.space;
  sum.legal += more.legal;
  sum.kept += more.kept;
  for (std::size_t reason = 0; reason < sum.pruned.size(); ++reason) {
    sum.pruned[reason] += more.pruned[reason];
  }
  return sum;
}

double run_seconds(const SearchLimits& limits, const Plan& plan, Seconds step) {
  const double steps = limits.tokens > 0 ? std::ceil(limits.tokens / tokens_per_step(plan)) : 1;
  return steps * step.value;
}

double run_usd(const SearchProblem& problem, int gpus, double seconds) {
  return problem.cluster.pricing.usd_per_gpu_hour.value * gpus * seconds / 3600;
}

std::optional<PruneReason> beyond(const SearchProblem& problem, int gpus, double run_s) {
  const SearchLimits& limits = problem.limits;
  if (limits.most_days > 0 && run_s > limits.most_days * 86400) return PruneReason::days;
  if (limits.most_usd > 0 && run_usd(problem, gpus, run_s) > limits.most_usd) {
    return PruneReason::budget;
  }
  return std::nullopt;
}

std::vector<std::uint64_t> pieces_of(const SearchProblem& problem) {
  const std::uint64_t pieces =
      size_of(problem.space) /
      std::max<std::uint64_t>(1, size_below(problem.space, Axis::precision));
  std::vector<std::uint64_t> found;
  for (auto piece = static_cast<std::uint64_t>(problem.shard.index); piece < pieces;
       piece += static_cast<std::uint64_t>(problem.shard.count)) {
    found.push_back(piece);
  }
  return found;
}

SearchCounts enumerate(const SearchProblem& problem, PlanBounds& bounds, std::uint64_t piece,
                       Look look, const EnumerateCalls& calls) {
  return Enumerator(problem, bounds, look, calls).run(piece);
}

}  // namespace reckon

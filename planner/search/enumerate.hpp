// Goes through every plan of a space: counts why those that cannot run cannot, and hands on the
// others with the least time that they take and the memory that they need.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "planner/search/plan_bounds.hpp"
#include "planner/search/search_space.hpp"
#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/model_spec.hpp"

namespace reckon {

// Why a plan is out, in the order in which it is looked at; the first that holds counts.
enum class PruneReason : std::uint8_t {
  world_size,         // tensor x context x pipeline parallel ranks do not divide the GPUs
  tensor_parallel,    // does not divide heads, KV heads, MLP columns or vocabulary
  context_parallel,   // does not divide the sequence
  expert_parallel,    // does not divide the experts, or the ranks of a pipeline stage
  device,             // the GPU has no such tensor cores
  sequence_parallel,  // does not divide the tokens of a micro-batch
  same_plan,          // another plan of the space under another name
  layers,             // more stages than layers, or a stage without any
  batch,              // micro-batch x data parallel ranks do not divide it
  schedule,           // wants other numbers of ranks or micro-batches, or less than ZeRO-2
  memory,             // does not fit, margin included
  days,               // takes longer than asked for, by its bound
  budget,             // costs more than asked for, by its bound
};
constexpr int prune_reasons = 13;

template <>
struct EnumNames<PruneReason> {
  static constexpr std::array<std::pair<PruneReason, std::string_view>, prune_reasons> table{{
      {PruneReason::world_size, "world_size"},
      {PruneReason::tensor_parallel, "tensor_parallel"},
      {PruneReason::context_parallel, "context_parallel"},
      {PruneReason::expert_parallel, "expert_parallel"},
      {PruneReason::device, "device"},
      {PruneReason::sequence_parallel, "sequence_parallel"},
      {PruneReason::same_plan, "same_plan"},
      {PruneReason::layers, "layers"},
      {PruneReason::batch, "batch"},
      {PruneReason::schedule, "schedule"},
      {PruneReason::memory, "memory"},
      {PruneReason::days, "days"},
      {PruneReason::budget, "budget"},
  }};
};

struct SearchCounts {
  std::uint64_t space = 0;  // all plans
  std::array<std::uint64_t, prune_reasons> pruned{};
  std::uint64_t legal = 0;  // neither of the reasons before memory
  std::uint64_t kept = 0;   // none of the reasons
  bool operator==(const SearchCounts&) const = default;

  std::uint64_t& at(PruneReason reason) { return pruned[static_cast<std::size_t>(reason)]; }
  std::uint64_t at(PruneReason reason) const { return pruned[static_cast<std::size_t>(reason)]; }
};
SearchCounts& operator+=(SearchCounts& sum, const SearchCounts& more);

// One plan that is left. Plain numbers: millions of them are looked at.
struct Candidate {
  std::uint64_t number = 0;  // in the space
  double least_s = 0;        // of the whole run
  double memory_bytes = 0;   // of the fullest rank
  std::int32_t gpus = 0;
  bool operator==(const Candidate&) const = default;
};

// The run, and what it may take. Infinite or 0: no limit.
struct SearchLimits {
  double tokens = 0;  // of the whole run; 0: one step
  double most_days = 0;
  double most_usd = 0;
  double memory_margin = 0;  // share of the device's memory to be left free
  bool operator==(const SearchLimits&) const = default;
};

// A part of the space: plans whose outer choices (those up to precision) are number index, index +
// count, ...
struct Shard {
  int index = 0;
  int count = 1;
  bool operator==(const Shard&) const = default;
};

struct SearchProblem {
  const ModelSpec& model;
  const ClusterSpec& cluster;
  const DeviceProfile& device;
  const Plan& base;  // batch, sequence length, experts' communication
  const SearchSpace& space;
  SearchLimits limits;
  Shard shard;
};

// The run of a plan whose step takes `step`.
double run_seconds(const SearchLimits& limits, const Plan& plan, Seconds step);
double run_usd(const SearchProblem& problem, int gpus, double seconds);

// Which of days and budget a run breaks, if any.
std::optional<PruneReason> beyond(const SearchProblem& problem, int gpus, double run_s);

// The outer choices (GPUs, tensor, context and (tensor) expert parallelism, precision) of the
// problem's shard: pieces of the space that can be gone through apart.
std::vector<std::uint64_t> pieces_of(const SearchProblem& problem);

// A coarse look takes few values of each other axis.
enum class Look : std::uint8_t { whole, coarse };

struct EnumerateCalls {
  std::function<void(const Candidate&)> keep;
  // The longest run on so many GPUs that is of use, if there is a longest. Without limits of days
  // and dollars, longer ones may be counted and not handed on.
  std::function<double(int gpus)> longest_s;
  // A plan that is legal but beyond a limit, and why. One that does not fit has no time.
  std::function<void(const Candidate&, PruneReason)> refuse;
};

SearchCounts enumerate(const SearchProblem& problem, PlanBounds& bounds, std::uint64_t piece,
                       Look look, const EnumerateCalls& calls);

}  // namespace reckon

// What `reckon simulate --vary` can vary: short names of what engineers ask about, with what hangs
// together with each, and any other value of a document by its JSON pointer, by itself.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/device_profile.hpp"
#include "planner/spec/model_spec.hpp"
#include "planner/spec/plan.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {

inline constexpr std::size_t most_sweep_points = 10000;

// One thing that varies. `key` is a short name, or a document and a pointer into it
// ("plan#/parallelism/tensor_parallel"). Values as JSON writes them; words without quotes.
struct VaryAxis {
  std::string key;
  std::vector<std::string> values;
  bool operator==(const VaryAxis&) const = default;
};

// One of them at one of its values.
struct Setting {
  std::string key;
  std::string value;
};

// The documents of a prediction, to be changed.
struct Documents {
  ModelSpec& model;
  ClusterSpec& cluster;
  DeviceProfile& device;
  Plan& plan;
};

struct VaryKey {
  std::string_view name;
  std::string_view unit;     // empty: a count
  std::string_view meaning;  // what moves with it, too
  bool is_whole = true;
  double least = 1;
  double most = 1e9;
  double (*get)(const Documents&);
  void (*set)(const Documents&, double);
};

// In the order in which they are set: what one scales, a later one may still override.
std::span<const VaryKey> vary_keys();
const VaryKey* find_vary_key(std::string_view name);

bool is_pointer_key(std::string_view key);

// A finite decimal number and nothing else.
std::optional<double> number_of(std::string_view text);

// "nvlink=100:450:50", "nic=50:800:x2" or "tp=1,2,4" to an axis; empty, with the problems, if it is
// none. Pointers are not looked up yet.
std::optional<VaryAxis> parse_axis(const std::string& text, std::vector<Problem>& problems);

// What is wrong with the axes together: one of them twice, too many points.
std::vector<Problem> axes_problems(const std::vector<VaryAxis>& axes);

// The value that a document has now.
std::string current_value(const Documents& documents, const std::string& key);

// Sets all of them; dp or nodes keep all GPUs at work, a layout listed for other
// stages or layers becomes an even one. The phases of the plan
// are dropped: they describe the run, not the step. Returns what followed, in words. Throws
// InputError for a pointer or value that the document does not take.
std::vector<std::string> apply_settings(const std::vector<Setting>& settings,
                                        const Documents& documents);

}  // namespace reckon

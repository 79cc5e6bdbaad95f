#include "planner/faults.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <system_error>

#include "planner/spec/json_document.hpp"

namespace reckon {
namespace {

constexpr double least_speed = 0.01;

// All of `text` as a number.
template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What stands before the first `separator`; `rest` is left with what stands behind it.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view before = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return before;
}

std::optional<FaultKind> kind_of(std::string_view name) {
  for (const auto& [kind, known] : EnumNames<FaultKind>::table) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

std::vector<std::string_view> kind_names() {
  std::vector<std::string_view> names;
  for (const auto& [kind, name] : EnumNames<FaultKind>::table) names.push_back(name);
  return names;
}

std::optional<Fault> parse_fault(std::string_view text) {
  std::string_view rest = text;
  Fault fault;
  fault.source = "--fault";
  const std::optional<FaultKind> kind = kind_of(take(rest, ':'));
  if (!kind) return std::nullopt;
  fault.kind = *kind;
  if (!is_of_one_gpu(fault.kind)) {
    const auto plane = number<int>(rest);
    if (!plane) return std::nullopt;
    fault.plane = *plane;
    return fault;
  }
  const auto node = number<int>(take(rest, '.'));
  const auto gpu = number<int>(take(rest, '='));
  const auto speed = number<double>(rest);
  if (!node || !gpu || !speed) return std::nullopt;
  fault.node = *node;
  fault.gpu = *gpu;
  fault.speed = *speed;
  return fault;
}

std::string below(std::string_view what, int value, int limit, std::string_view of) {
  if (value >= 0 && value < limit) return {};
  return std::string(what) + " " + std::to_string(value) + " is not one of the " +
         std::to_string(limit) + " " + std::string(of) + "; give 0 to " + std::to_string(limit - 1);
}

std::string plane_problem(const ClusterSpec& cluster, const Fault& fault) {
  const int planes = cluster.fabric.planes;
  if (planes < 2) return "the fabric has no planes that fail apart; drop it";
  std::string outside = below("plane", fault.plane, planes, "planes of the fabric");
  if (!outside.empty()) return outside;
  std::set<int> left;
  for (int gpu = 0; gpu < cluster.gpus_per_node; ++gpu) left.insert(gpu % planes);
  for (const Fault& other : cluster.faults) {
    if (other.kind == FaultKind::failed_plane) left.erase(other.plane);
  }
  return left.empty() ? "no plane is left: nodes cannot reach each other" : "";
}

}  // namespace

std::vector<Fault> parse_faults(std::string_view text, std::vector<Problem>& problems) {
  std::vector<Fault> faults;
  while (!text.empty()) {
    const std::string_view word = take(text, ',');
    if (const auto fault = parse_fault(word)) {
      faults.push_back(*fault);
      continue;
    }
    std::string_view rest = word;
    const std::string_view kind = take(rest, ':');
    const auto near = kind_of(kind) ? std::nullopt : closest(kind, kind_names());
    problems.push_back({"--fault", 0, 0, "",
                        in_quotes(std::string(word)) + " is no fault; " +
                            (near ? "did you mean \"" + std::string(*near) + "\"? " : "") +
                            "give slow_gpu:NODE.GPU=SPEED, slow_nic:NODE.GPU=SPEED or "
                            "failed_plane:PLANE, separated by commas"});
  }
  return faults;
}

std::string to_text(const Fault& fault) {
  const std::string kind(enum_name(fault.kind));
  if (!is_of_one_gpu(fault.kind)) return kind + ":" + std::to_string(fault.plane);
  return kind + ":" + std::to_string(fault.node) + "." + std::to_string(fault.gpu) + "=" +
         number_to_text(fault.speed);
}

std::string fault_problem(const ClusterSpec& cluster, const Fault& fault) {
  if (!is_of_one_gpu(fault.kind)) return plane_problem(cluster, fault);
  std::string node = below("node", fault.node, cluster.nodes, "nodes of the cluster");
  if (!node.empty()) return node;
  std::string gpu = below("GPU", fault.gpu, cluster.gpus_per_node, "GPUs of a node");
  if (!gpu.empty()) return gpu;
  if (fault.speed >= least_speed && fault.speed <= 1) return {};
  return "speed " + number_to_text(fault.speed) + " is not from 0.01 to 1, the normal speed";
}

std::vector<Problem> add_faults(const std::vector<Fault>& faults, ClusterSpec& cluster) {
  std::vector<Problem> problems;
  for (const Fault& fault : faults) {
    cluster.faults.push_back(fault);
    const std::string problem = fault_problem(cluster, fault);
    if (!problem.empty()) {
      problems.push_back({"--fault", 0, 0, "", to_text(fault) + ": " + problem});
    }
  }
  return problems;
}

}  // namespace reckon

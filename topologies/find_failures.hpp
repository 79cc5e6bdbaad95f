// From what a file or a flag says has failed to the parts of a graph.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "topologies/node_names.hpp"
#include "topologies/topology.hpp"
#include "topologies/topology_spec.hpp"

namespace reckon {

struct FailureProblem {
  std::string pointer;  // within the FailureSpec: "/links/3"
  std::string message;
  bool operator==(const FailureProblem&) const = default;
};

// Collects failures of one graph. What is named in vain goes to `problems`.
class FailureFinder {
 public:
  explicit FailureFinder(const Topology& topology) : topology_(topology) {}

  void add_named(const FailureSpec& spec, std::vector<FailureProblem>& problems);

  // Wires drawn from those that have not failed before: after all that is named.
  void add_random(const FailureSpec& spec, std::vector<FailureProblem>& problems);

  Failures failures() && { return std::move(failures_); }

 private:
  void add_link(const std::string& pointer, const std::string& text,
                std::vector<FailureProblem>& problems);
  void add_switch(const std::string& pointer, const std::string& text,
                  std::vector<FailureProblem>& problems);
  void add_plane(const std::string& pointer, int plane, std::vector<FailureProblem>& problems);
  std::optional<int> named(const std::string& pointer, std::string_view name,
                           std::vector<FailureProblem>& problems);

  const Topology& topology_;
  std::optional<NodeNames> names_;  // once there is a name
  int unknown_ = 0;
  Failures failures_;
};

// All that one spec asks for.
Failures find_failures(const Topology& topology, const FailureSpec& spec,
                       std::vector<FailureProblem>& problems);

}  // namespace reckon

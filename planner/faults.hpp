// Faults of a cluster as the command line names them, and what keeps one from being simulated.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/problems.hpp"

namespace reckon {

// "slow_gpu:17.3=0.8,slow_nic:17.3=0.5,failed_plane:2": GPU 3 of node 17 at 80 % of its speed, ...
// What cannot be read is added to `problems` of --fault, one for each.
std::vector<Fault> parse_faults(std::string_view text, std::vector<Problem>& problems);

// "slow_gpu:17.3=0.8", as parse_faults() reads it.
std::string to_text(const Fault& fault);

// Why the cluster cannot have it; empty if it can.
std::string fault_problem(const ClusterSpec& cluster, const Fault& fault);

// Gives the cluster these faults beside its own; one problem of --fault for each that it cannot
// have.
std::vector<Problem> add_faults(const std::vector<Fault>& faults, ClusterSpec& cluster);

}  // namespace reckon

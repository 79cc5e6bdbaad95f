// A network from its name or file to its figures: the hops of `reckon network describe`. Part of
// the composition root, as predict.hpp is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "planner/spec/path_choice.hpp"
#include "planner/spec/topology_drawing.hpp"
#include "planner/spec/topology_report.hpp"

namespace reckon {

// Beyond this many wires a network is only counted.
constexpr std::int64_t most_wires_to_build = 3'000'000;

struct DescribeFlags {
  std::vector<std::string> fails;   // "plane:3", "switch:NAME", "link:A-B", "links:N"
  std::vector<std::string> routes;  // "0,1023"
  std::int64_t seed = 1;            // of "links:N" and of ecmp
  PathChoice routing = PathChoice::d_mod_k;
};

struct DescribedNetwork {
  TopologyReport report;
  TopologyDrawing drawing;  // empty of a network that is only counted
};

// `name` is a shipped cluster or topology, or a cluster/1 or topology/1 file. Throws InputError
// with every problem of the file and the flags.
DescribedNetwork describe_network(const std::string& data_dir, const std::string& name,
                                  const DescribeFlags& flags);

}  // namespace reckon

// From routing, loads and placement to what each rank of an expert-parallel group sends to whom.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/experts/expert_placement.hpp"
#include "sim/experts/token_routing.hpp"

namespace reckon {

// Copies of a token that a transfer moves. All ranks route alike, so that what rank i sends to
// rank j is tokens[i] x a number of j.
enum class CopyRule : std::uint8_t {
  per_node,    // one to each node that holds a chosen expert, from there one to each such GPU
  per_gpu,     // one to each GPU that holds a chosen expert
  per_expert,  // one for each chosen expert
};

// Expected numbers, the sender's own node and GPU included.
struct ExpertTraffic {
  int ranks_per_node = 1;
  std::vector<double> tokens;         // of each rank
  std::vector<double> node_copies;    // of a token, by node: at most 1 each
  std::vector<double> gpu_copies;     // of a token, by rank: at most 1 each
  std::vector<double> expert_copies;  // of a token, by rank; sum to experts_per_token if none drop
  double dropped = 0;                 // share of the choices that the capacity limit drops
  bool operator==(const ExpertTraffic&) const = default;
};

// What keeps a router from working. Any numbers may be given.
std::vector<std::string> routing_problems(const TokenRouting& routing);

// `capacity_factor` as of kept_shares(). Preconditions: the placement is of as many experts as
// there are loads, routing_problems() is empty, and as of routing_odds().
ExpertTraffic expert_traffic(const TokenRouting& routing, std::span<const double> loads,
                             const ExpertPlacement& placement, std::span<const double> tokens,
                             double capacity_factor = 0);

// Distinct nodes and GPUs of a token, its own included.
double nodes_per_token(const ExpertTraffic& traffic);
double gpus_per_token(const ExpertTraffic& traffic);

// Bytes from rank to rank, [from * ranks + to], the diagonal included: what a transfer of one copy
// of `bytes` is for, whatever way it takes. With per_node it is what the last hop brings, from the
// rank of the sender's index on the receiver's node.
std::vector<double> traffic_matrix(const ExpertTraffic& traffic, CopyRule rule, double bytes);

}  // namespace reckon

// What NCCL expects of a collective before it starts one, and what it therefore chooses: time =
// latency + bytes / bandwidth for every algorithm and protocol. The formulas of NCCL 2.30's
// src/graph/tuning.cc on the constants of an NcclTuning.
//
// Left out: CollNet (needs SHARP switches), PAT (one GPU a node), PCIe nodes, several operations
// aggregated in one launch, FP8 reductions (which avoid long rings), and the later reduction of
// channels and threads for few bytes, which does not enter the choice.
//
// This is a model that NCCL trusts, not a measurement: it knows no congestion, no collisions in the
// fabric, and no kernel launch beyond its base latency.
#pragma once

#include <string_view>
#include <vector>

#include "planner/spec/nccl_tuning.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

struct NcclChoice {
  NcclAlgorithm algorithm = NcclAlgorithm::ring;
  NcclProtocol protocol = NcclProtocol::simple;
  Seconds time;      // latency + transfer
  Seconds latency;   // whatever the bytes
  Seconds transfer;  // bytes / bandwidth
  // nccl-tests' doc/PERFORMANCE.md: algbw = bytes / time, busbw = algbw * nccl_busbw_factor().
  BytesPerSecond algbw;
  BytesPerSecond busbw;
  BytesPerSecond peak_busbw;  // without latency, at the bandwidth of these bytes
  bool operator==(const NcclChoice&) const = default;
};

// 2(n - 1)/n for all_reduce, (n - 1)/n for all_gather and reduce_scatter, else 1.
double nccl_busbw_factor(NcclOperation operation, int ranks);

// The node of a name ("h800", "h100", ...); null if there is none.
const NcclNode* find_nccl_node(const NcclTuning& tuning, std::string_view name);

// Every combination that exists on `nodes` such nodes, in NCCL's order. `bytes` as nccl-tests count
// them: the whole buffer of one rank for broadcast, reduce and all_reduce, the total over the ranks
// for all_gather and reduce_scatter.
// Preconditions: the tuning comes from read_nccl_tuning(), nodes >= 1, their GPUs fit an int, bytes
// are finite and >= 0.
std::vector<NcclChoice> nccl_candidates(const NcclTuning& tuning, const NcclNode& node, int nodes,
                                        NcclOperation operation, Bytes bytes);

// The fastest of them, the first among equals.
NcclChoice nccl_choice(const NcclTuning& tuning, const NcclNode& node, int nodes,
                       NcclOperation operation, Bytes bytes);

}  // namespace reckon

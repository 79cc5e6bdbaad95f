// What NCCL would do with a collective of several sizes: what `reckon network collective` shows.
#pragma once

#include <string>
#include <vector>

#include "planner/spec/nccl_tuning.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

struct CollectiveLine {
  Bytes bytes;  // as nccl-tests count them
  NcclAlgorithm algorithm = NcclAlgorithm::ring;
  NcclProtocol protocol = NcclProtocol::simple;
  Seconds time;
  Seconds latency;  // of it, whatever the bytes
  BytesPerSecond algbw;
  BytesPerSecond busbw;
  bool operator==(const CollectiveLine&) const = default;
};

struct CollectiveForecast {
  std::string nccl;  // version
  NcclOperation operation = NcclOperation::all_reduce;
  std::string node;
  int nodes = 1;
  int ranks = 8;
  std::vector<CollectiveLine> lines;
  bool operator==(const CollectiveForecast&) const = default;
};

}  // namespace reckon

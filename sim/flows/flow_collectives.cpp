#include "sim/flows/flow_collectives.hpp"

#include <cstddef>

namespace reckon {

std::vector<double> matrix_by_shares(std::span<const double> shares, Bytes bytes) {
  std::vector<double> matrix;
  matrix.reserve(shares.size() * shares.size());
  for (std::size_t from = 0; from < shares.size(); ++from) {
    for (const double share : shares) matrix.push_back(share * bytes.value);
  }
  return matrix;
}

std::vector<RoutedTransfer> all_to_all_v(std::span<const int> gpus,
                                         std::span<const double> matrix) {
  std::vector<RoutedTransfer> transfers;
  transfers.reserve(matrix.size());
  for (std::size_t from = 0; from < gpus.size(); ++from) {
    for (std::size_t to = 0; to < gpus.size(); ++to) {
      if (from == to) continue;
      transfers.push_back({{gpus[from], gpus[to]}, matrix[from * gpus.size() + to], -1, {}});
    }
  }
  return transfers;
}

std::vector<RoutedTransfer> collective_transfers(FlowOperation operation, std::span<const int> gpus,
                                                 Bytes bytes) {
  const double part = bytes.value / static_cast<double>(gpus.size());
  std::vector<RoutedTransfer> transfers;
  switch (operation) {
    case FlowOperation::all_to_all:
    case FlowOperation::all_to_all_v:
      return all_to_all_v(gpus, std::vector<double>(gpus.size() * gpus.size(), part));
    case FlowOperation::gather:
      for (const int gpu : gpus.subspan(1)) transfers.push_back({{gpu, gpus[0]}, part, -1, {}});
      break;
    case FlowOperation::scatter:
      for (const int gpu : gpus.subspan(1)) transfers.push_back({{gpus[0], gpu}, part, -1, {}});
      break;
    case FlowOperation::send_recv:
      for (std::size_t rank = 0; rank < gpus.size() && gpus.size() > 1; ++rank) {
        transfers.push_back({{gpus[rank], gpus[(rank + 1) % gpus.size()]}, bytes.value, -1, {}});
      }
      break;
  }
  return transfers;
}

double bus_factor(FlowOperation operation, int ranks) {
  return operation == FlowOperation::send_recv ? 1 : (ranks - 1.0) / ranks;
}

}  // namespace reckon

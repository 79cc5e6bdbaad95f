// Where a long output goes: a function that gets it piece by piece, in blocks of some kilobytes.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace reckon {

using Sink = std::function<void(std::string_view)>;

// Collects small pieces and passes them on in blocks. Call flush() at the end.
class BlockWriter {
 public:
  explicit BlockWriter(Sink sink) : sink_(std::move(sink)) { block_.reserve(block_size); }

  void write(std::string_view piece) {
    block_ += piece;
    if (block_.size() >= block_size) flush();
  }

  void flush() {
    if (!block_.empty()) sink_(block_);
    block_.clear();
  }

 private:
  static constexpr std::size_t block_size = 1 << 16;
  Sink sink_;
  std::string block_;
};

}  // namespace reckon

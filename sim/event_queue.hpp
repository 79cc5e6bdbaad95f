// Events in the order of their times, for simulations whose clock never goes back: a radix heap
// (Ahuja, Mehlhorn, Orlin, Tarjan 1990) over integer picoseconds. Events of one time come out in
// the order in which they were put in.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace reckon {

class EventQueue {
 public:
  struct Event {
    std::uint64_t time_ps;
    std::uint64_t sequence;  // how many were put in before
    std::int64_t payload;
  };

  // Precondition: not earlier than the event that was taken last.
  void push(std::uint64_t time_ps, std::int64_t payload) {
    place({time_ps, pushed_++, payload});
    ++size_;
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // The first event. Precondition: there is one.
  Event pop() {
    if (taken_ == buckets_[0].size()) refill();
    --size_;
    return buckets_[0][taken_++];
  }

 private:
  // Bucket 0 holds the present time in order; bucket b the times whose highest bit that differs
  // from it is bit b - 1. An event moves to a lower bucket at most 64 times, mostly once or twice.
  void place(const Event& event) {
    buckets_[static_cast<std::size_t>(std::bit_width(event.time_ps ^ now_))].push_back(event);
  }

  // Moves the clock to the next time and the events of its bucket to lower ones. Within a bucket
  // events stand in the order of their sequence for each time, and moving keeps that order.
  void refill() {
    buckets_[0].clear();
    taken_ = 0;
    std::size_t bucket = 1;
    while (buckets_[bucket].empty()) ++bucket;
    std::vector<Event> moved = std::move(buckets_[bucket]);
    now_ = moved[0].time_ps;
    for (const Event& event : moved) {
      if (event.time_ps < now_) now_ = event.time_ps;
    }
    for (const Event& event : moved) place(event);
    moved.clear();
    buckets_[bucket] = std::move(moved);  // keeps the memory
  }

  std::array<std::vector<Event>, 65> buckets_;
  std::size_t taken_ = 0;  // of bucket 0
  std::size_t size_ = 0;
  std::uint64_t now_ = 0;
  std::uint64_t pushed_ = 0;
};

}  // namespace reckon

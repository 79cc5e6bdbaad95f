#include "sim/event_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <tuple>
#include <vector>

namespace reckon {
namespace {

TEST(EventQueue, GivesTimesInOrderAndTiesAsTheyCame) {
  EventQueue queue;
  queue.push(30, 1);
  queue.push(10, 2);
  queue.push(30, 3);
  queue.push(10, 4);
  std::vector<std::int64_t> order;
  while (!queue.empty()) order.push_back(queue.pop().payload);
  EXPECT_EQ(order, (std::vector<std::int64_t>{2, 4, 1, 3}));
}

// Held against a sorted list over random pushes at and after the present time.
TEST(EventQueue, IsAPriorityQueue) {
  std::mt19937_64 random(1);
  EventQueue queue;
  std::vector<std::tuple<std::uint64_t, std::uint64_t>> expected;
  std::uint64_t now = 0, sequence = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::size_t pushes = random() % 4;
    for (std::size_t i = 0; i < pushes; ++i) {
      const std::uint64_t time = now + (random() % 3 == 0 ? 0 : random() >> (random() % 60 + 2));
      queue.push(time, static_cast<std::int64_t>(sequence));
      expected.emplace_back(time, sequence++);
    }
    if (queue.empty()) continue;
    const auto least = std::min_element(expected.begin(), expected.end());
    const EventQueue::Event event = queue.pop();
    ASSERT_EQ(event.time_ps, std::get<0>(*least));
    ASSERT_EQ(event.sequence, std::get<1>(*least));
    ASSERT_EQ(event.payload, static_cast<std::int64_t>(event.sequence));
    now = event.time_ps;
    expected.erase(least);
    ASSERT_EQ(queue.size(), expected.size());
  }
}

}  // namespace
}  // namespace reckon

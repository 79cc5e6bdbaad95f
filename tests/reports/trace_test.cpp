#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/chrome_trace.hpp"
#include "reports/perfetto_trace.hpp"
#include "tests/reports/small_trace.hpp"

namespace reckon {
namespace {

template <class Write>
std::string written(Write write, const StepTrace& trace) {
  std::string text;
  write(trace, small_schedule(), [&text](std::string_view piece) { text += piece; });
  return text;
}

// --- Chrome
// ---------------------------------------------------------------------------------------

std::vector<nlohmann::json> events(const StepTrace& trace, const std::string& phase) {
  const nlohmann::json document = nlohmann::json::parse(written(write_chrome_trace, trace));
  std::vector<nlohmann::json> chosen;
  for (const nlohmann::json& event : document["traceEvents"]) {
    if (event["ph"] == phase) chosen.push_back(event);
  }
  return chosen;
}

TEST(ChromeTrace, DrawsEachPartAndEachOpWithoutParts) {
  // Rank 0: 8 parts, and six ops without (two reduces, B, W, optimizer, gather). Rank 1 has no
  // parts.
  const std::vector<nlohmann::json> slices = events(small_trace_with_parts(), "X");
  ASSERT_EQ(slices.size(), 8U + 6U);
  for (const nlohmann::json& slice : slices) EXPECT_EQ(slice["pid"], 0);
}

TEST(ChromeTrace, DrawsWholeOpsOfATraceWithoutParts) {
  // Rank 0: ten ops. Rank 1: F and B; its receive is waiting, not work.
  EXPECT_EQ(events(small_trace(), "X").size(), 10U + 2U);
}

TEST(ChromeTrace, NamesASliceByPartLayerAndMicroBatch) {
  const std::vector<nlohmann::json> slices = events(small_trace_with_parts(), "X");
  const auto found = std::find_if(slices.begin(), slices.end(), [](const nlohmann::json& slice) {
    return slice["name"] == "MLP(B) layer 5 mb 0";
  });
  ASSERT_NE(found, slices.end());
  EXPECT_EQ((*found)["args"]["op"], "B0.0");
  EXPECT_EQ((*found)["cat"], "compute");
  EXPECT_EQ((*found)["pid"], 0);
  EXPECT_EQ((*found)["tid"], 0);
}

TEST(ChromeTrace, WritesMicrosecondsToThePicosecond) {
  const std::string text = written(write_chrome_trace, small_trace_with_parts());
  EXPECT_NE(text.find(R"("ts":20.000001,"dur":5.999999,)"), std::string::npos);
}

TEST(ChromeTrace, NoTwoSlicesOfATrackOverlap) {
  std::map<std::pair<int, int>, double> free_from;
  for (const nlohmann::json& slice : events(small_trace_with_parts(), "X")) {
    double& from = free_from[{slice["pid"], slice["tid"]}];
    EXPECT_GE(slice["ts"].get<double>(), from - 1e-9) << slice;
    from = slice["ts"].get<double>() + slice["dur"].get<double>();
  }
  EXPECT_EQ(free_from.size(), 3U);  // compute, communication twice
}

TEST(ChromeTrace, NamesProcessesAndThreads) {
  std::vector<std::string> names;
  for (const nlohmann::json& event : events(small_trace_with_parts(), "M")) {
    if (event["args"].contains("name")) names.push_back(event["args"]["name"]);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"pipeline rank 0 (one of 3 alike)", "compute",
                                             "communication", "communication 2"}));
}

TEST(ChromeTrace, KeepsReplicasApart) {
  StepTrace trace = small_trace();
  trace.ranks.push_back(trace.ranks[1]);
  trace.ranks[2].data_rank = 1;
  std::map<int, int> slices_by_process;
  for (const nlohmann::json& slice : events(trace, "X")) ++slices_by_process[slice["pid"]];
  EXPECT_EQ(slices_by_process, (std::map<int, int>{{0, 10}, {1, 2}, {3, 2}}));
}

TEST(ChromeTrace, StreamsInBlocks) {
  StepTrace trace = small_trace_with_parts();
  for (int copies = 0; copies < 10; ++copies) {
    trace.ranks[0].parts.insert(trace.ranks[0].parts.end(), trace.ranks[0].parts.begin(),
                                trace.ranks[0].parts.end());
  }
  std::size_t calls = 0;
  std::size_t largest = 0;
  write_chrome_trace(trace, small_schedule(), [&](std::string_view piece) {
    ++calls;
    largest = std::max(largest, piece.size());
  });
  EXPECT_GT(calls, 5U);
  EXPECT_LT(largest, 70000U);
}

TEST(ChromeTrace, RefusesATraceOfAnotherSchedule) {
  StepTrace trace = small_trace_with_parts();
  trace.ranks[0].parts[0].op = 99;
  EXPECT_THROW(written(write_chrome_trace, trace), std::invalid_argument);
  EXPECT_THROW(written(write_perfetto_trace, trace), std::invalid_argument);
  trace = small_trace();
  trace.ranks[1].ops.clear();
  EXPECT_THROW(written(write_perfetto_trace, trace), std::invalid_argument);
}

// --- Perfetto
// -------------------------------------------------------------------------------------

// A decoder of its own: field number to values, integers or bytes.
struct Message {
  std::multimap<std::uint32_t, std::uint64_t> integers;
  std::multimap<std::uint32_t, std::string> bytes;

  std::uint64_t integer(std::uint32_t field) const { return integers.find(field)->second; }
  std::string text(std::uint32_t field) const { return bytes.find(field)->second; }
  bool has(std::uint32_t field) const { return integers.count(field) + bytes.count(field) > 0; }
};

std::uint64_t varint(const std::string& data, std::size_t& at) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(data.at(at++));
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
}

Message decoded(const std::string& data) {
  Message message;
  for (std::size_t at = 0; at < data.size();) {
    const std::uint64_t key = varint(data, at);
    const auto field = static_cast<std::uint32_t>(key >> 3);
    if ((key & 7) == 0) {
      message.integers.emplace(field, varint(data, at));
    } else if ((key & 7) == 2) {
      const std::size_t size = varint(data, at);
      if (at + size > data.size()) throw std::out_of_range("a field ends behind its message");
      message.bytes.emplace(field, data.substr(at, size));
      at += size;
    } else {
      throw std::invalid_argument("a wire type that we do not write");
    }
  }
  return message;
}

std::vector<Message> packets(const StepTrace& trace) {
  const Message whole = decoded(written(write_perfetto_trace, trace));
  std::vector<Message> list;
  for (const auto& [field, bytes] : whole.bytes) {
    EXPECT_EQ(field, 1U);
    list.push_back(decoded(bytes));
  }
  return list;
}

TEST(PerfettoTrace, BeginsAndEndsEverySliceOnATrackThatWasDescribed) {
  std::map<std::uint64_t, std::string> names;
  std::map<std::uint64_t, std::string> threads;
  std::map<std::uint64_t, std::vector<std::string>> open;
  std::map<std::uint64_t, std::uint64_t> last_time;
  int begins = 0;
  for (const Message& packet : packets(small_trace_with_parts())) {
    EXPECT_EQ(packet.integer(10), 1U);  // trusted_packet_sequence_id
    if (packet.has(12)) {
      const Message interned = decoded(packet.text(12));
      for (auto [at, end] = interned.bytes.equal_range(2); at != end; ++at) {
        const Message entry = decoded(at->second);
        EXPECT_TRUE(names.emplace(entry.integer(1), entry.text(2)).second);
      }
    }
    if (packet.has(60)) {
      const Message track = decoded(packet.text(60));
      if (track.has(4)) threads[track.integer(1)] = decoded(track.text(4)).text(5);
    }
    if (!packet.has(11)) continue;
    const Message event = decoded(packet.text(11));
    const std::uint64_t track = event.integer(11);
    ASSERT_EQ(threads.count(track), 1U);
    EXPECT_GE(packet.integer(8), last_time[track]);
    last_time[track] = packet.integer(8);
    if (event.integer(9) == 1) {
      ++begins;
      EXPECT_EQ(packet.integer(13), 2U);  // needs interned data
      EXPECT_TRUE(open[track].empty());
      open[track].push_back(names.at(event.integer(10)));
    } else {
      EXPECT_EQ(event.integer(9), 2U);
      ASSERT_FALSE(open[track].empty());
      open[track].pop_back();
    }
  }
  EXPECT_EQ(begins, 14);
  for (const auto& [track, stack] : open) EXPECT_TRUE(stack.empty());
  EXPECT_EQ(threads.size(), 3U);
}

TEST(PerfettoTrace, InternsANameOnceAndAnnotatesTheOp) {
  int named = 0;
  bool found = false;
  for (const Message& packet : packets(small_trace_with_parts())) {
    if (packet.has(12)) named += static_cast<int>(decoded(packet.text(12)).bytes.count(2));
    if (!packet.has(11) || packet.integer(8) != 30000) continue;  // 30 us
    const Message event = decoded(packet.text(11));
    if (event.integer(9) != 1) continue;
    found = true;
    std::vector<Message> annotations;
    for (auto [at, end] = event.bytes.equal_range(4); at != end; ++at) {
      annotations.push_back(decoded(at->second));
    }
    ASSERT_EQ(annotations.size(), 2U);
    EXPECT_EQ(annotations[0].text(6), "F1.0");
    EXPECT_EQ(annotations[1].integer(3), 1U);
  }
  EXPECT_TRUE(found);
  // ATTN(F), DISPATCH(F), MLP(F), PP, MLP(B), DISPATCH(B); REDUCE, BACKWARD(B), BACKWARD(W),
  // OPTIMIZER, GATHER.
  EXPECT_EQ(named, 11);
}

}  // namespace
}  // namespace reckon

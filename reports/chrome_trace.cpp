#include "reports/chrome_trace.hpp"

#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "reports/trace_slices.hpp"

namespace reckon {
namespace {

// Names hold no character that JSON would escape: they are made of ours (see trace_slices.cpp).
constexpr SimTime ps_per_us = 1'000'000;

class ChromeWriter {
 public:
  explicit ChromeWriter(const Sink& sink) : out_(sink) {
    out_.write("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
  }

  void add(const RankTrace& trace, const Schedule& schedule) {
    const std::vector<Op>& ops =
        schedule.ops_by_rank[static_cast<std::size_t>(trace.pipeline_rank)];
    const RankSlices rank = slices_of(trace, ops);
    const int process = process_id(trace, schedule);
    add_metadata(process, 0, "process_name", "name", fmt::format("\"{}\"", rank.name));
    add_metadata(process, 0, "process_sort_index", "sort_index", std::to_string(process));
    for (const TraceTrack& track : rank.tracks) {
      add_metadata(process, track.id, "thread_name", "name", fmt::format("\"{}\"", track.name));
      add_metadata(process, track.id, "thread_sort_index", "sort_index", std::to_string(track.id));
    }
    for (const TraceSlice& slice : rank.slices) add_slice(process, slice, ops[slice.op]);
  }

  void finish() {
    out_.write("\n]}\n");
    out_.flush();
  }

 private:
  void add_metadata(int process, int thread, std::string_view kind, std::string_view key,
                    std::string_view value) {
    event_.clear();
    fmt::format_to(std::back_inserter(event_),
                   R"({{"ph":"M","pid":{},"tid":{},"name":"{}","args":{{"{}":{}}}}})", process,
                   thread, kind, key, value);
    write_event();
  }

  void add_slice(int process, const TraceSlice& slice, const Op& op) {
    const SimTime duration = slice.end - slice.start;
    event_.clear();
    const auto out = std::back_inserter(event_);
    fmt::format_to(out,
                   R"({{"ph":"X","pid":{},"tid":{},"ts":{}.{:06},"dur":{}.{:06},"name":"{}{}")",
                   process, slice.track, slice.start / ps_per_us, slice.start % ps_per_us,
                   duration / ps_per_us, duration % ps_per_us, slice.name,
                   op.micro_batch >= 0 ? fmt::format(" mb {}", op.micro_batch) : std::string());
    fmt::format_to(out, R"(,"cat":"{}","args":{{"op":"{}"}}}})", enum_name(slice.lane),
                   to_text(op));
    write_event();
  }

  void write_event() {
    out_.write(is_first_ ? "\n" : ",\n");
    out_.write(event_);
    is_first_ = false;
  }

  BlockWriter out_;
  std::string event_;
  bool is_first_ = true;
};

}  // namespace

void write_chrome_trace(const StepTrace& trace, const Schedule& schedule, const Sink& sink) {
  ChromeWriter writer(sink);
  for (const RankTrace* rank : drawn_ranks(trace)) writer.add(*rank, schedule);
  writer.finish();
}

}  // namespace reckon

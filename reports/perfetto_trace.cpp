#include "reports/perfetto_trace.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reports/protobuf.hpp"
#include "reports/trace_slices.hpp"

namespace reckon {
namespace {

// Field numbers of google/perfetto, protos/perfetto/trace: trace.proto, trace_packet.proto,
// interned_data/interned_data.proto, track_event/{track_descriptor,process_descriptor,
// thread_descriptor,track_event,debug_annotation}.proto.
namespace field {
constexpr std::uint32_t trace_packet = 1;

constexpr std::uint32_t packet_timestamp = 8;
constexpr std::uint32_t packet_sequence_id = 10;  // trusted_packet_sequence_id
constexpr std::uint32_t packet_track_event = 11;
constexpr std::uint32_t packet_interned_data = 12;
constexpr std::uint32_t packet_sequence_flags = 13;
constexpr std::uint32_t packet_track_descriptor = 60;

constexpr std::uint32_t interned_categories = 1;
constexpr std::uint32_t interned_event_names = 2;
constexpr std::uint32_t interned_annotation_names = 3;
constexpr std::uint32_t interned_iid = 1;
constexpr std::uint32_t interned_name = 2;

constexpr std::uint32_t track_uuid = 1;
constexpr std::uint32_t track_process = 3;
constexpr std::uint32_t track_thread = 4;
constexpr std::uint32_t track_parent_uuid = 5;
constexpr std::uint32_t process_pid = 1;
constexpr std::uint32_t process_name = 6;
constexpr std::uint32_t thread_pid = 1;
constexpr std::uint32_t thread_tid = 2;
constexpr std::uint32_t thread_name = 5;

constexpr std::uint32_t event_category_iids = 3;
constexpr std::uint32_t event_annotations = 4;
constexpr std::uint32_t event_type = 9;
constexpr std::uint32_t event_name_iid = 10;
constexpr std::uint32_t event_track_uuid = 11;
constexpr std::uint32_t annotation_name_iid = 1;
constexpr std::uint32_t annotation_uint = 3;
constexpr std::uint32_t annotation_string = 6;
}  // namespace field

constexpr std::uint64_t slice_begin = 1;
constexpr std::uint64_t slice_end = 2;
constexpr std::uint64_t incremental_state_cleared = 1;
constexpr std::uint64_t needs_incremental_state = 2;
constexpr std::uint64_t sequence = 1;
constexpr std::uint64_t op_annotation = 1;
constexpr std::uint64_t micro_batch_annotation = 2;
constexpr SimTime ps_per_ns = 1000;

ProtobufMessage interned(std::uint64_t iid, std::string_view name) {
  ProtobufMessage entry;
  entry.add(field::interned_iid, iid);
  entry.add(field::interned_name, name);
  return entry;
}

std::uint64_t category_of(Lane lane) { return lane == Lane::compute ? 1 : 2; }

class PerfettoWriter {
 public:
  explicit PerfettoWriter(const Sink& sink) : out_(sink) {
    ProtobufMessage data;
    for (const Lane lane : {Lane::compute, Lane::communication}) {
      data.add(field::interned_categories, interned(category_of(lane), enum_name(lane)));
    }
    data.add(field::interned_annotation_names, interned(op_annotation, "op"));
    data.add(field::interned_annotation_names, interned(micro_batch_annotation, "micro_batch"));
    ProtobufMessage packet;
    packet.add(field::packet_sequence_id, sequence);
    packet.add(field::packet_interned_data, data);
    packet.add(field::packet_sequence_flags, incremental_state_cleared);
    write(packet);
  }

  void add(const RankTrace& trace, const Schedule& schedule) {
    const std::vector<Op>& ops =
        schedule.ops_by_rank[static_cast<std::size_t>(trace.pipeline_rank)];
    const RankSlices rank = slices_of(trace, ops);
    const auto process = static_cast<std::uint64_t>(process_id(trace, schedule));
    add_process(process, rank);
    for (const TraceSlice& slice : rank.slices) add_slice(process, slice, ops[slice.op]);
  }

  void finish() { out_.flush(); }

 private:
  // 0 is the trace's own track; a rank has fewer than 2^16 tracks.
  static std::uint64_t uuid_of(std::uint64_t process) { return (process + 1) << 16; }
  static std::uint64_t uuid_of(std::uint64_t process, int track) {
    return uuid_of(process) + 1 + static_cast<std::uint64_t>(track);
  }

  void add_process(std::uint64_t process, const RankSlices& rank) {
    ProtobufMessage descriptor;
    descriptor.add(field::process_pid, process);
    descriptor.add(field::process_name, rank.name);
    ProtobufMessage track;
    track.add(field::track_uuid, uuid_of(process));
    track.add(field::track_process, descriptor);
    write_track(track);
    for (const TraceTrack& lane : rank.tracks) {
      descriptor.clear();
      descriptor.add(field::thread_pid, process);
      descriptor.add(field::thread_tid, next_thread_++);
      descriptor.add(field::thread_name, lane.name);
      track.clear();
      track.add(field::track_uuid, uuid_of(process, lane.id));
      track.add(field::track_parent_uuid, uuid_of(process));
      track.add(field::track_thread, descriptor);
      write_track(track);
    }
  }

  void write_track(const ProtobufMessage& track) {
    ProtobufMessage packet;
    packet.add(field::packet_sequence_id, sequence);
    packet.add(field::packet_track_descriptor, track);
    write(packet);
  }

  void add_slice(std::uint64_t process, const TraceSlice& slice, const Op& op) {
    packet_.clear();
    packet_.add(field::packet_timestamp, static_cast<std::uint64_t>(slice.start / ps_per_ns));
    packet_.add(field::packet_sequence_id, sequence);
    const auto [name, is_new] = names_.try_emplace(slice.name, names_.size() + 1);
    if (is_new) {
      ProtobufMessage data;
      data.add(field::interned_event_names, interned(name->second, name->first));
      packet_.add(field::packet_interned_data, data);
    }
    packet_.add(field::packet_sequence_flags, needs_incremental_state);
    event_.clear();
    event_.add(field::event_category_iids, category_of(slice.lane));
    add_annotations(op);
    event_.add(field::event_type, slice_begin);
    event_.add(field::event_name_iid, name->second);
    event_.add(field::event_track_uuid, uuid_of(process, slice.track));
    packet_.add(field::packet_track_event, event_);
    write(packet_);

    packet_.clear();
    packet_.add(field::packet_timestamp, static_cast<std::uint64_t>(slice.end / ps_per_ns));
    packet_.add(field::packet_sequence_id, sequence);
    event_.clear();
    event_.add(field::event_type, slice_end);
    event_.add(field::event_track_uuid, uuid_of(process, slice.track));
    packet_.add(field::packet_track_event, event_);
    write(packet_);
  }

  void add_annotations(const Op& op) {
    annotation_.clear();
    annotation_.add(field::annotation_name_iid, op_annotation);
    annotation_.add(field::annotation_string, to_text(op));
    event_.add(field::event_annotations, annotation_);
    if (op.micro_batch < 0) return;
    annotation_.clear();
    annotation_.add(field::annotation_name_iid, micro_batch_annotation);
    annotation_.add(field::annotation_uint, static_cast<std::uint64_t>(op.micro_batch));
    event_.add(field::event_annotations, annotation_);
  }

  void write(const ProtobufMessage& packet) {
    framed_.clear();
    framed_.add(field::trace_packet, packet);
    out_.write(framed_.bytes());
  }

  BlockWriter out_;
  std::map<std::string, std::uint64_t> names_;
  std::uint64_t next_thread_ = 1;  // thread numbers are unique in the whole trace
  ProtobufMessage packet_;
  ProtobufMessage event_;
  ProtobufMessage annotation_;
  ProtobufMessage framed_;
};

}  // namespace

void write_perfetto_trace(const StepTrace& trace, const Schedule& schedule, const Sink& sink) {
  PerfettoWriter writer(sink);
  for (const RankTrace* rank : drawn_ranks(trace)) writer.add(*rank, schedule);
  writer.finish();
}

}  // namespace reckon

#include "planner/spec/expert_transport_json.hpp"

#include <cstddef>
#include <set>
#include <tuple>
#include <utility>

#include "planner/spec/json_document.hpp"
#include "planner/spec/json_io.hpp"

namespace reckon {
namespace {

constexpr double micro = 1e-6;
constexpr double giga = 1e9;
constexpr double longest_us = 1e6;
constexpr double fastest = 1e6;  // GB/s
constexpr double most_sms = 1024;

}  // namespace

template <>
struct Fields<TransportRates> {
  static constexpr std::tuple table{
      required("nic_share", &TransportRates::nic_share)
          .positive()
          .max(1)
          .doc("of the nominal bandwidth of a NIC"),
      required("nvlink_share", &TransportRates::nvlink_share)
          .positive()
          .max(1)
          .doc("of the nominal NVLink bandwidth of a GPU, one direction"),
      required("one_sm_in_node_gigabytes_per_s", &TransportRates::one_sm_in_node, giga)
          .positive()
          .max(fastest)
          .doc("copies of one SM over NVLink, the GPU's own included"),
      required("one_sm_between_nodes_gigabytes_per_s", &TransportRates::one_sm_between_nodes, giga)
          .positive()
          .max(fastest)
          .doc("these, and one to each node"),
      required("startup_in_node_us", &TransportRates::startup_in_node, micro)
          .min(0)
          .max(longest_us)
          .doc("beyond the latencies of links, as are the next two"),
      required("startup_two_nodes_us", &TransportRates::startup_two_nodes, micro)
          .min(0)
          .max(longest_us),
      required("startup_per_doubling_us", &TransportRates::startup_per_doubling, micro)
          .min(0)
          .max(longest_us)
          .doc("of the nodes, above two")};
};
template <>
struct Fields<ExpertTransport> {
  static constexpr std::tuple table{
      required("name", &ExpertTransport::name).not_empty(),
      required("message_bytes", &ExpertTransport::message_bytes)
          .min(0)
          .max(1e6)
          .doc("header of one copy, low latency"),
      required("sms", &ExpertTransport::sms).min(1).max(most_sms).doc("lent by default"),
      required("low_latency_sms", &ExpertTransport::low_latency_sms).min(1).max(most_sms),
      required("dispatch", &ExpertTransport::dispatch),
      required("combine", &ExpertTransport::combine),
      required("low_latency_dispatch", &ExpertTransport::low_latency_dispatch),
      required("low_latency_combine", &ExpertTransport::low_latency_combine),
      optional("source", &ExpertTransport::source)};
};
template <>
struct Fields<RecordedLoads> {
  static constexpr std::tuple table{
      required("name", &RecordedLoads::name).not_empty(),
      optional("shares", &RecordedLoads::shares)
          .min(0)
          .max(1e15)
          .doc("recorded, by expert, on any scale"),
      optional("concentration", &RecordedLoads::concentration)
          .positive()
          .max(1e9)
          .doc("of the Dirichlet distribution that spreads alike, for one expert"),
      optional("source", &RecordedLoads::source)};
};
template <>
struct Fields<ExpertLoadsFile> {
  static constexpr std::tuple table{required("loads", &ExpertLoadsFile::loads).not_empty()};
};

namespace {

// What a table of fields cannot say.
void check_loads(const ExpertLoadsFile& file, const Document& document) {
  std::vector<Problem> problems;
  const auto report = [&](std::size_t i, const std::string& message) {
    const std::string pointer = "/loads/" + std::to_string(i);
    const Position place = document.find(pointer).value_or(Position{});
    problems.push_back({document.file_name(), place.line, place.column, pointer, message});
  };
  std::set<std::string> names;
  for (std::size_t i = 0; i < file.loads.size(); ++i) {
    const RecordedLoads& loads = file.loads[i];
    if (!names.insert(loads.name).second) report(i, "a second entry of this name");
    if (loads.shares.empty() == (loads.concentration <= 0)) {
      report(i, "give either shares or a concentration");
    }
  }
  if (!problems.empty()) throw InputError(std::move(problems));
}

}  // namespace

ExpertTransport read_expert_transport(std::string_view text, const std::string& file_name) {
  return read<ExpertTransport>(parse_document(text, file_name), "transport/1");
}

ExpertLoadsFile read_expert_loads(std::string_view text, const std::string& file_name) {
  const Document document = parse_document(text, file_name);
  ExpertLoadsFile file = read<ExpertLoadsFile>(document, "expert_loads/1");
  check_loads(file, document);
  return file;
}

std::string write_expert_transport(const ExpertTransport& transport) {
  return write(transport, "transport/1").dump(2) + "\n";
}

std::string write_expert_loads(const ExpertLoadsFile& file) {
  return write(file, "expert_loads/1").dump(2) + "\n";
}

std::string expert_input_schema(std::string_view document) {
  if (document == "transport/1") return json_schema<ExpertTransport>(document).dump(2) + "\n";
  if (document == "expert_loads/1") return json_schema<ExpertLoadsFile>(document).dump(2) + "\n";
  return "";
}

}  // namespace reckon

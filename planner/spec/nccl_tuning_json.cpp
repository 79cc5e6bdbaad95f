#include "planner/spec/nccl_tuning_json.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "planner/spec/json_document.hpp"
#include "planner/spec/json_io.hpp"

namespace reckon {
namespace {

constexpr double micro = 1e-6;
constexpr double giga = 1e9;
constexpr double longest_us = 1e6;
constexpr double fastest = 1e6;  // GB/s

}  // namespace

template <>
struct Fields<NcclProtocolTimes> {
  static constexpr std::tuple table{
      required("ll_us", &NcclProtocolTimes::ll, micro).min(0).max(longest_us),
      required("ll128_us", &NcclProtocolTimes::ll128, micro).min(0).max(longest_us),
      required("simple_us", &NcclProtocolTimes::simple, micro).min(0).max(longest_us)};
};
template <>
struct Fields<NcclLatencies> {
  static constexpr std::tuple table{
      required("tree", &NcclLatencies::tree), required("ring", &NcclLatencies::ring),
      optional("nvls_us", &NcclLatencies::nvls, micro).min(0).max(longest_us),
      optional("nvls_tree_us", &NcclLatencies::nvls_tree, micro).min(0).max(longest_us)};
};
template <>
struct Fields<NcclLimitByNodes> {
  static constexpr std::tuple table{
      required("one_node_gigabytes_per_s", &NcclLimitByNodes::one_node, giga).min(0).max(fastest),
      required("two_nodes_gigabytes_per_s", &NcclLimitByNodes::two_nodes, giga)
          .positive()
          .max(fastest),
      required("more_nodes_gigabytes_per_s", &NcclLimitByNodes::more_nodes, giga)
          .positive()
          .max(fastest)};
};
template <>
struct Fields<NcclGeneration> {
  static constexpr std::tuple table{
      required("generation", &NcclGeneration::generation),
      required("ll_limit_gigabytes_per_s", &NcclGeneration::ll_limit, giga)
          .positive()
          .max(fastest)
          .doc("bus bandwidth of all channels, one node"),
      required("ring_ll128_limit_gigabytes_per_s", &NcclGeneration::ring_ll128_limit, giga)
          .positive()
          .max(fastest)
          .doc("of one channel"),
      required("tree_limit", &NcclGeneration::tree_limit).doc("of one channel"),
      required("tree_ll128_limit", &NcclGeneration::tree_ll128_limit).doc("of one channel"),
      required("nvls_tree_limit", &NcclGeneration::nvls_tree_limit).doc("of one channel"),
      required("nvls_efficiency", &NcclGeneration::nvls_efficiency).min(0).max(1),
      required("ring_simple_plateau_factor", &NcclGeneration::ring_simple_plateau_factor)
          .min(1)
          .max(100)
          .doc("of the latency of all_reduce over several nodes, from plateau_from_bytes on"),
      optional("nvls_tree_corrected", &NcclGeneration::nvls_tree_corrected)
          .doc("tree_correction holds for nvls_tree too, on x86")};
};
template <>
struct Fields<NcclCpu> {
  static constexpr std::tuple table{
      required("vendor", &NcclCpu::vendor), required("x86", &NcclCpu::x86),
      required("ll_limit_two_nodes_gigabytes_per_s", &NcclCpu::ll_limit_two_nodes, giga)
          .positive()
          .max(fastest)
          .doc("bus bandwidth of all channels"),
      required("ll_limit_more_nodes_gigabytes_per_s", &NcclCpu::ll_limit_more_nodes, giga)
          .positive()
          .max(fastest),
      required("net_overhead_us", &NcclCpu::net_overhead, micro)
          .min(0)
          .max(longest_us)
          .doc("least time of a ring's step when there are several nodes")};
};
template <>
struct Fields<NcclShares> {
  static constexpr std::tuple table{
      required("ring_ll", &NcclShares::ring_ll).positive().max(1),
      required("ring_ll128", &NcclShares::ring_ll128).positive().max(1),
      required("tree", &NcclShares::tree).positive().max(1),
      required("tree_ll_divisor", &NcclShares::tree_ll_divisor).min(1).max(100),
      required("tree_ll128_one_node", &NcclShares::tree_ll128_one_node).positive().max(1),
      required("tree_ll128_more_nodes", &NcclShares::tree_ll128_more_nodes).positive().max(1),
      required("tree_pattern", &NcclShares::tree_pattern)
          .positive()
          .max(1)
          .doc("on top, where the pattern is tree")};
};
template <>
struct Fields<NcclTreeCorrection> {
  static constexpr std::tuple table{
      required("first_bytes", &NcclTreeCorrection::first, 1.0)
          .min(1)
          .max(giga)
          .doc("where the first octave begins"),
      required("tree_octaves", &NcclTreeCorrection::tree_octaves).min(0).max(64),
      required("nvls_tree_octaves", &NcclTreeCorrection::nvls_tree_octaves).min(0).max(64),
      required("ll", &NcclTreeCorrection::ll).positive().max(1),
      required("ll128", &NcclTreeCorrection::ll128).positive().max(1),
      required("simple", &NcclTreeCorrection::simple).positive().max(1)};
};
template <>
struct Fields<NcclGraph> {
  static constexpr std::tuple table{
      required("channels", &NcclGraph::channels).min(1).max(64),
      required("within_node_gigabytes_per_s", &NcclGraph::within_node, giga)
          .positive()
          .max(fastest)
          .doc("of one channel"),
      required("between_nodes_gigabytes_per_s", &NcclGraph::between_nodes, giga)
          .positive()
          .max(fastest)
          .doc("of one channel"),
      required("pattern", &NcclGraph::pattern),
      optional("same_channels", &NcclGraph::same_channels)};
};
template <>
struct Fields<NcclGraphs> {
  static constexpr std::tuple table{required("tree", &NcclGraphs::tree),
                                    required("ring", &NcclGraphs::ring),
                                    optional("nvls", &NcclGraphs::nvls)};
};
template <>
struct Fields<NcclNode> {
  static constexpr std::tuple table{
      required("name", &NcclNode::name).not_empty(),
      required("generation", &NcclNode::generation),
      required("cpu", &NcclNode::cpu),
      optional("gpus", &NcclNode::gpus).min(2).max(1024),
      optional("nic_latency_us", &NcclNode::nic_latency, micro).min(0).max(longest_us),
      required("one_node", &NcclNode::one_node).doc("what the search finds for a single node"),
      required("more_nodes", &NcclNode::more_nodes).doc("and for a node of several"),
      optional("source", &NcclNode::source)};
};
template <>
struct Fields<NcclTuning> {
  static constexpr std::tuple table{
      required("version", &NcclTuning::version).not_empty(),
      required("base", &NcclTuning::base).doc("latency of the whole operation"),
      required("within_node", &NcclTuning::within_node).doc("latency of one step over NVLink"),
      required("between_nodes", &NcclTuning::between_nodes).doc("latency of one step of network"),
      required("shares", &NcclTuning::shares),
      required("tree_correction", &NcclTuning::tree_correction),
      required("net_overhead_simple_factor", &NcclTuning::net_overhead_simple_factor)
          .min(1)
          .max(100),
      required("plateau_from_bytes", &NcclTuning::plateau_from, 1.0)
          .min(0)
          .max(giga)
          .doc("of a channel and rank"),
      required("generations", &NcclTuning::generations),
      required("cpus", &NcclTuning::cpus),
      required("nodes", &NcclTuning::nodes).not_empty(),
      optional("source", &NcclTuning::source)};
};

namespace {

// What a table of fields cannot say.
class RowChecks {
 public:
  explicit RowChecks(const Document& document) : document_(document) {}

  // Each value of an enum once.
  template <class E, class Row>
  void each_once(const std::vector<Row>& rows, E Row::*key, const std::string& pointer) {
    std::set<E> seen;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!seen.insert(rows[i].*key).second) {
        report(pointer + "/" + std::to_string(i),
               "a second row of " + std::string(enum_name(rows[i].*key)));
      }
    }
    for (const auto& [value, name] : EnumNames<E>::table) {
      if (seen.count(value) == 0) report(pointer, "no row of " + std::string(name));
    }
  }

  void corrections(const NcclTreeCorrection& correction) {
    const int octaves = correction.tree_octaves > correction.nvls_tree_octaves
                            ? correction.tree_octaves
                            : correction.nvls_tree_octaves;
    for (const auto& [key, factors] :
         {std::pair("ll", &correction.ll), std::pair("ll128", &correction.ll128),
          std::pair("simple", &correction.simple)}) {
      if (factors->size() < static_cast<std::size_t>(octaves)) {
        report("/tree_correction/" + std::string(key),
               "needs a factor for each of " + std::to_string(octaves) + " octaves");
      }
    }
  }

  void names(const std::vector<NcclNode>& nodes) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!seen.insert(nodes[i].name).second) {
        report("/nodes/" + std::to_string(i) + "/name", "a second node of this name");
      }
    }
  }

  void finish() {
    if (!problems_.empty()) throw InputError(std::move(problems_));
  }

 private:
  void report(const std::string& pointer, const std::string& message) {
    const Position place = document_.find(pointer).value_or(Position{});
    problems_.push_back({document_.file_name(), place.line, place.column, pointer, message});
  }

  const Document& document_;
  std::vector<Problem> problems_;
};

}  // namespace

NcclTuning read_nccl_tuning(std::string_view text, const std::string& file_name) {
  const Document document = parse_document(text, file_name);
  NcclTuning tuning = read<NcclTuning>(document, "nccl/1");
  RowChecks checks(document);
  checks.each_once(tuning.generations, &NcclGeneration::generation, "/generations");
  checks.each_once(tuning.cpus, &NcclCpu::vendor, "/cpus");
  checks.corrections(tuning.tree_correction);
  checks.names(tuning.nodes);
  checks.finish();
  return tuning;
}

std::string write_nccl_tuning(const NcclTuning& tuning) {
  return write(tuning, "nccl/1").dump(2) + "\n";
}

}  // namespace reckon

#include "planner/describe.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "planner/catalog.hpp"
#include "planner/spec/json_document.hpp"
#include "planner/spec/spec_json.hpp"
#include "topologies/describe.hpp"
#include "topologies/draw.hpp"
#include "topologies/find_failures.hpp"
#include "topologies/generate.hpp"
#include "topologies/topology_spec.hpp"

namespace reckon {
namespace {

Problem placed(const Document& document, const std::string& pointer, std::string message) {
  Problem problem{document.file_name(), 1, 1, pointer, std::move(message)};
  if (const auto place = document.find(pointer)) {
    problem.line = place->line;
    problem.column = place->column;
  }
  return problem;
}

// --- the file
// -------------------------------------------------------------------------------------

struct NetworkFile {
  std::string name;
  std::string source;
  TopologyShape shape;
  FailureSpec failures;
  std::optional<BytesPerSecond> port_bandwidth;  // as sold; `shape` has what is reached
};

// The file of a shipped cluster or topology, or the user's own.
std::string find_network(const std::string& data_dir, const std::string& name) {
  const bool is_path = name.find('/') != std::string::npos || name.ends_with(".json");
  if (is_path) return name;
  std::string dashed = name;
  std::replace(dashed.begin(), dashed.end(), '_', '-');  // other tools write h800_2048_mpft
  std::vector<std::string> all;
  for (const DocumentKind kind : {DocumentKind::cluster, DocumentKind::topology}) {
    const std::vector<std::string> names = shipped_names(data_dir, kind);
    for (const std::string& wanted : {name, dashed}) {
      if (std::find(names.begin(), names.end(), wanted) != names.end()) {
        return find_document(data_dir, kind, wanted);
      }
    }
    all.insert(all.end(), names.begin(), names.end());
  }
  const std::vector<std::string_view> known(all.begin(), all.end());
  const auto near = closest(name, known);
  std::string message = "no such cluster or topology";
  message += near ? "; did you mean " + in_quotes(*near) + "?" : ".";
  message += " Shipped:";
  for (const std::string& one : all) message += (one == all.front() ? " " : ", ") + one;
  throw InputError({{printable(name, 200), 0, 0, "",
                     message + ". A file of your own: give a path with a '/' or one that ends in "
                               ".json"}});
}

// Throws if it is the name of neither kind. What is no text, or no object, readers report.
std::string schema_of(const Document& document) {
  const auto* members = std::get_if<JsonNode::Object>(&document.root().value);
  if (members == nullptr) return {};
  const std::string expected = "expected \"cluster/1\" or \"topology/1\"";
  for (const JsonMember& member : *members) {
    if (member.key != "schema") continue;
    const auto* text = std::get_if<std::string>(&member.value.value);
    if (text == nullptr || *text == "cluster/1" || *text == "topology/1") {
      return text == nullptr ? std::string() : *text;
    }
    throw InputError({placed(document, "/schema", expected + ", got " + in_quotes(*text))});
  }
  throw InputError({placed(document, "/schema", "missing; " + expected)});
}

// What is wrong with the shape of a cluster, by itself or for so many nodes.
std::vector<Problem> shape_problems_of(const Document& document, FatTreeShape shape) {
  std::vector<Problem> problems;
  const auto report = [&](const char* pointer) {
    for (const std::string& problem : count_problems(shape)) {
      problems.push_back(placed(document, pointer, problem));
    }
  };
  const int nodes = std::exchange(shape.nodes, 1);
  report("/fabric");
  if (!problems.empty()) return problems;
  shape.nodes = nodes;
  report("/nodes");
  return problems;
}

// The planes that a cluster has lost; its slow NICs and GPUs change no count and no way.
FailureSpec failures_of(const ClusterSpec& cluster) {
  FailureSpec failures;
  for (const Fault& fault : cluster.faults) {
    if (fault.kind == FaultKind::failed_plane) failures.planes.push_back(fault.plane);
  }
  return failures;
}

NetworkFile read_network(const Document& document, const std::string& text) {
  if (schema_of(document) == "cluster/1") {
    const ClusterSpec cluster = read_cluster(text, document.file_name());
    const FatTreeShape shape = shape_of(cluster);
    std::vector<Problem> problems = shape_problems_of(document, shape);
    if (!problems.empty()) throw InputError(std::move(problems));
    return {cluster.name, cluster.source, shape, failures_of(cluster), cluster.nic.bandwidth};
  }
  const TopologySpec spec = read_topology(text, document.file_name());
  return {spec.name, spec.source, shape_of(spec), spec.failures, {}};
}

// --- the flags
// ------------------------------------------------------------------------------------

std::optional<int> to_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

// Adds one --fail; false if it is none.
bool add_failure(const std::string& text, FailureSpec& spec) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return false;
  const std::string kind = text.substr(0, colon);
  const std::string what = text.substr(colon + 1);
  const std::optional<int> number = to_number(what);
  if (kind == "link") {
    spec.links.push_back(what);
  } else if (kind == "switch") {
    spec.switches.push_back(what);
  } else if (kind == "plane" && number) {
    spec.planes.push_back(*number);
  } else if (kind == "links" && number) {
    constexpr int most = std::numeric_limits<int>::max();
    spec.random_links = *number > most - spec.random_links ? most : spec.random_links + *number;
  } else {
    return false;
  }
  return true;
}

std::optional<GpuPair> to_pair(const std::string& text, int gpus) {
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) return std::nullopt;
  const std::string_view whole = text;
  const std::optional<int> from = to_number(whole.substr(0, comma));
  const std::optional<int> to = to_number(whole.substr(comma + 1));
  if (!from || !to || *from >= gpus || *to >= gpus) return std::nullopt;
  return GpuPair{*from, *to};
}

// Collects what the file and the flags ask for.
class Requests {
 public:
  Requests(const Document& document, const Topology& topology)
      : document_(document), topology_(topology) {}

  // Random wires come after all that is named, so that none is counted twice.
  Failures find_failures(const FailureSpec& file, const DescribeFlags& flags) {
    const FailureSpec asked = read_fails(flags);
    const bool of_file = file != FailureSpec{} && has_graph("");
    const bool of_flags = asked != FailureSpec{} && has_graph("--fail");
    FailureFinder finder(topology_);
    std::vector<FailureProblem> in_file;
    std::vector<FailureProblem> in_flags;
    if (of_file) finder.add_named(file, in_file);
    if (of_flags) finder.add_named(asked, in_flags);
    if (of_file) finder.add_random(file, in_file);
    if (of_flags) finder.add_random(asked, in_flags);
    for (const FailureProblem& one : in_file) {
      problems_.push_back(placed(document_, "/failures" + one.pointer, one.message));
    }
    for (const FailureProblem& one : in_flags) report("--fail", one.message);
    return std::move(finder).failures();
  }

  std::vector<GpuPair> find_routes(const DescribeFlags& flags) {
    std::vector<GpuPair> routes;
    for (const std::string& text : flags.routes) {
      if (!has_graph("--route")) break;
      if (const auto pair = to_pair(text, topology_.gpus)) {
        routes.push_back(*pair);
      } else {
        report("--route", in_quotes(text) + " names no two GPUs; give \"A,B\" from 0 to " +
                              std::to_string(topology_.gpus - 1));
      }
    }
    return routes;
  }

  void throw_problems() && {
    if (!problems_.empty()) throw InputError(std::move(problems_));
  }

 private:
  FailureSpec read_fails(const DescribeFlags& flags) {
    FailureSpec spec;
    for (const std::string& text : flags.fails) {
      if (add_failure(text, spec)) continue;
      report("--fail", in_quotes(text) + " is none of plane:N, switch:NAME, link:A-B and links:N");
    }
    if (spec != FailureSpec{}) spec.seed = flags.seed;
    return spec;
  }

  void report(const std::string& flag, std::string message) {
    problems_.push_back({flag, 0, 0, "", std::move(message)});
  }

  bool has_graph(const std::string& flag) {
    if (topology_.gpus > 0) return true;
    const std::string message = "this network is only counted: it has no parts to name";
    problems_.push_back(flag.empty() ? placed(document_, "/failures", message)
                                     : Problem{flag, 0, 0, "", message});
    return false;
  }

  const Document& document_;
  const Topology& topology_;
  std::vector<Problem> problems_;
};

std::string numbered(std::int64_t number, const std::string& word, const char* ending) {
  return std::to_string(number) + " " + word + (number == 1 ? "" : ending);
}

bool is_to_be_built(const TopologyShape& shape) {
  const FabricCounts counts = fabric_counts(shape);
  const std::int64_t wires =
      counts.links + counts.endpoints * (1 + std::int64_t{node_shape(shape).nvswitches});
  return wires <= most_wires_to_build;
}

}  // namespace

DescribedNetwork describe_network(const std::string& data_dir, const std::string& name,
                                  const DescribeFlags& flags) {
  const std::string path = find_network(data_dir, name);
  const std::string text = read_text_file(path);
  const Document document = parse_document(text, path);
  const NetworkFile file = read_network(document, text);
  const Topology whole = is_to_be_built(file.shape) ? build_topology(file.shape) : Topology{};

  DescribeOptions options;
  Requests requests(document, whole);
  options.failures = requests.find_failures(file.failures, flags);
  options.routes = requests.find_routes(flags);
  options.policy.choice = flags.routing;
  options.policy.seed = static_cast<std::uint64_t>(flags.seed);
  std::move(requests).throw_problems();
  const std::string folder = data_dir + "/topologies/prices/";
  const std::string table = folder + "switch_table.json";
  const std::string power = folder + "network_power.json";
  options.prices = read_price_table(read_text_file(table), table);
  options.port_bandwidth = file.port_bandwidth;
  options.power = read_part_power(read_text_file(power), power);

  DescribedNetwork result;
  result.report = describe(file.shape, whole, options);
  result.report.name = file.name;
  result.report.source = file.source;
  result.drawing = draw(without(whole, options.failures), options.failures);
  result.drawing.title = file.name;
  result.drawing.remark = result.report.kind + "; " +
                          numbered(result.report.endpoints, "GPU", "s") + ", " +
                          numbered(result.report.switches, "switch", "es") + ", " +
                          numbered(result.report.links, "link", "s") + " between switches";
  return result;
}

}  // namespace reckon

#include "topologies/find_failures.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "planner/spec/problems.hpp"
#include "topologies/node_names.hpp"

namespace reckon {
namespace {

class Finder {
 public:
  Finder(const Topology& topology, std::vector<FailureProblem>& problems)
      : topology_(topology), names_(topology), problems_(problems) {}

  Failures find(const FailureSpec& spec) {
    for (std::size_t at = 0; at < spec.links.size(); ++at) {
      add_link("/links/" + std::to_string(at), spec.links[at]);
    }
    for (std::size_t at = 0; at < spec.switches.size(); ++at) {
      add_switch("/switches/" + std::to_string(at), spec.switches[at]);
    }
    for (std::size_t at = 0; at < spec.planes.size(); ++at) {
      add_plane("/planes/" + std::to_string(at), spec.planes[at]);
    }
    add_random(spec);
    return std::move(failures_);
  }

 private:
  void report(const std::string& pointer, std::string message) {
    problems_.push_back({pointer, std::move(message)});
  }

  std::optional<int> named(const std::string& pointer, std::string_view name) {
    const std::optional<int> id = names_.find(name);
    if (!id) report(pointer, names_.unknown(name));
    return id;
  }

  void add_link(const std::string& pointer, const std::string& text) {
    const std::size_t dash = text.find('-');
    if (dash == std::string::npos) {
      report(pointer, in_quotes(text) + " names no wire; give the parts at its ends as \"A-B\"");
      return;
    }
    const std::optional<int> a = named(pointer, std::string_view(text).substr(0, dash));
    const std::optional<int> b = named(pointer, std::string_view(text).substr(dash + 1));
    if (!a || !b) return;
    const std::size_t before = failures_.links.size();
    for (const int link : links_from(topology_, *a)) {
      if (topology_.links[static_cast<std::size_t>(link)].to == *b) failures_.links.push_back(link);
    }
    if (failures_.links.size() == before) {
      report(pointer, "no wire joins " + in_quotes(node_name(topology_, *a)) + " and " +
                          in_quotes(node_name(topology_, *b)));
    }
  }

  void add_switch(const std::string& pointer, const std::string& text) {
    const std::optional<int> id = named(pointer, text);
    if (!id) return;
    if (*id < topology_.gpus) {
      report(pointer, in_quotes(node_name(topology_, *id)) + " is a GPU, not a switch");
      return;
    }
    failures_.nodes.push_back(*id);
  }

  void add_plane(const std::string& pointer, int plane) {
    int planes = 0;
    const std::size_t before = failures_.nodes.size();
    for (auto id = static_cast<std::size_t>(topology_.first_switch); id < topology_.nodes.size();
         ++id) {
      planes = std::max(planes, topology_.nodes[id].plane + 1);
      if (topology_.nodes[id].plane == plane) failures_.nodes.push_back(static_cast<int>(id));
    }
    if (planes > 1 && failures_.nodes.size() > before) return;
    failures_.nodes.resize(before);
    report(pointer, planes > 1 ? "there is no plane " + std::to_string(plane) +
                                     "; they are numbered from 0 to " + std::to_string(planes - 1)
                               : "this network has no planes");
  }

  void add_random(const FailureSpec& spec) {
    if (spec.random_links == 0) return;
    const Failures drawn =
        random_link_failures(topology_, TopologyLinkKind::fabric, spec.random_links,
                             static_cast<std::uint64_t>(spec.seed));
    if (drawn.links.size() < static_cast<std::size_t>(spec.random_links)) {
      report("/random_links",
             "there are only " + std::to_string(drawn.links.size()) + " wires between switches");
    }
    failures_.links.insert(failures_.links.end(), drawn.links.begin(), drawn.links.end());
  }

  const Topology& topology_;
  NodeNames names_;
  std::vector<FailureProblem>& problems_;
  Failures failures_;
};

}  // namespace

Failures find_failures(const Topology& topology, const FailureSpec& spec,
                       std::vector<FailureProblem>& problems) {
  if (spec == FailureSpec{}) return {};
  return Finder(topology, problems).find(spec);
}

}  // namespace reckon

#include "topologies/find_failures.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "planner/spec/problems.hpp"

namespace reckon {
namespace {

constexpr int most_guesses = 8;  // each looks at all names

}  // namespace

void FailureFinder::add_named(const FailureSpec& spec, std::vector<FailureProblem>& problems) {
  for (std::size_t at = 0; at < spec.links.size(); ++at) {
    add_link("/links/" + std::to_string(at), spec.links[at], problems);
  }
  for (std::size_t at = 0; at < spec.switches.size(); ++at) {
    add_switch("/switches/" + std::to_string(at), spec.switches[at], problems);
  }
  for (std::size_t at = 0; at < spec.planes.size(); ++at) {
    add_plane("/planes/" + std::to_string(at), spec.planes[at], problems);
  }
}

void FailureFinder::add_random(const FailureSpec& spec, std::vector<FailureProblem>& problems) {
  if (spec.random_links == 0) return;
  const Failures drawn =
      random_link_failures(without(topology_, failures_), TopologyLinkKind::fabric,
                           spec.random_links, static_cast<std::uint64_t>(spec.seed));
  if (drawn.links.size() < static_cast<std::size_t>(spec.random_links)) {
    problems.push_back({"/random_links", "there are only " + std::to_string(drawn.links.size()) +
                                             " wires between switches left to fail"});
  }
  failures_.links.insert(failures_.links.end(), drawn.links.begin(), drawn.links.end());
}

std::optional<int> FailureFinder::named(const std::string& pointer, std::string_view name,
                                        std::vector<FailureProblem>& problems) {
  if (!names_) names_.emplace(topology_);
  const std::optional<int> id = names_->find(name);
  if (id) return id;
  const bool may_guess = unknown_++ < most_guesses;
  problems.push_back({pointer, may_guess ? names_->unknown(name)
                                         : in_quotes(name) + " is no part of this network"});
  return std::nullopt;
}

void FailureFinder::add_link(const std::string& pointer, const std::string& text,
                             std::vector<FailureProblem>& problems) {
  const std::size_t dash = text.find('-');
  if (dash == std::string::npos) {
    problems.push_back(
        {pointer, in_quotes(text) + " names no wire; give the parts at its ends as \"A-B\""});
    return;
  }
  const std::string_view whole = text;
  const std::optional<int> a = named(pointer, whole.substr(0, dash), problems);
  const std::optional<int> b = named(pointer, whole.substr(dash + 1), problems);
  if (!a || !b) return;
  const std::size_t before = failures_.links.size();
  for (const int link : links_from(topology_, *a)) {
    if (topology_.links[static_cast<std::size_t>(link)].to == *b) failures_.links.push_back(link);
  }
  if (failures_.links.size() == before) {
    problems.push_back({pointer, "no wire joins " + in_quotes(node_name(topology_, *a)) + " and " +
                                     in_quotes(node_name(topology_, *b))});
  }
}

void FailureFinder::add_switch(const std::string& pointer, const std::string& text,
                               std::vector<FailureProblem>& problems) {
  const std::optional<int> id = named(pointer, text, problems);
  if (!id) return;
  if (*id < topology_.gpus) {
    problems.push_back({pointer, in_quotes(node_name(topology_, *id)) + " is a GPU, not a switch"});
    return;
  }
  failures_.nodes.push_back(*id);
}

void FailureFinder::add_plane(const std::string& pointer, int plane,
                              std::vector<FailureProblem>& problems) {
  int planes = 0;
  const std::size_t before = failures_.nodes.size();
  for (auto id = static_cast<std::size_t>(topology_.first_switch); id < topology_.nodes.size();
       ++id) {
    planes = std::max(planes, topology_.nodes[id].plane + 1);
    if (topology_.nodes[id].plane == plane) failures_.nodes.push_back(static_cast<int>(id));
  }
  if (planes > 1 && failures_.nodes.size() > before) return;
  failures_.nodes.resize(before);
  const std::string message = planes > 1 ? "there is no plane " + std::to_string(plane) +
                                               "; they are numbered from 0 to " +
                                               std::to_string(planes - 1)
                                         : "this network has no planes";
  problems.push_back({pointer, message});
}

Failures find_failures(const Topology& topology, const FailureSpec& spec,
                       std::vector<FailureProblem>& problems) {
  FailureFinder finder(topology);
  finder.add_named(spec, problems);
  finder.add_random(spec, problems);
  return std::move(finder).failures();
}

}  // namespace reckon

#include "planner/command_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "planner/command_values.hpp"
#include "planner/faults.hpp"
#include "planner/spec/fields.hpp"

namespace reckon {
namespace {

constexpr double most_count = 65536;

class Reader {
 public:
  Reader(const NetworkTexts& texts, Arguments& a) : texts_(texts), a_(a) {}

  void read() {
    const std::vector<std::string_view> actions{"run", "collective", "dispatch", "combine",
                                                "describe"};
    const std::string action = texts_.words.empty() ? "" : texts_.words.front();
    const auto found = std::find(actions.begin(), actions.end(), action);
    if (found == actions.end()) {
      problem(action,
              (action.empty() ? "no action given" : "unknown action") + instead(action, actions));
      return;
    }
    a_.network_action = static_cast<NetworkAction>(found - actions.begin());
    const bool has_word = action != "dispatch" && action != "combine";
    if (texts_.words.size() != (has_word ? 2 : 1)) {
      problem(action, action == "run"          ? "give one file of scenarios"
                      : action == "collective" ? "give one operation"
                      : action == "describe"
                          ? "give the name of one cluster or topology, or its file"
                          : "takes no word behind it, only options");
      return;
    }
    a_.network_words.assign(texts_.words.begin() + 1, texts_.words.end());
    if (action == "run") {
      a_.measurements = a_.network_words;  // no output may overwrite it
      check_uses("network run", ' ');
    } else if (action == "collective") {
      read_collective(a_.network_words.front());
    } else if (action == "describe") {
      a_.measurements = a_.network_words;  // no output may overwrite it
      check_uses("network describe", 'd');
      read_routing();
      read_seed(a_.seed);
    } else {
      read_expert(action);
    }
  }

 private:
  void problem(std::string_view flag, std::string message) {
    a_.problems.push_back(flag_problem(flag, std::move(message)));
  }

  // Options that were given and say nothing about what is done.
  void check_uses(const std::string& what, char use) {
    for (const NetworkOption& option : network_options) {
      if (!(texts_.*option.value).empty() && option.uses.find(use) == std::string_view::npos) {
        problem(option.flag, "does not belong to " + what);
      }
    }
    const auto check = [&](std::string_view flag, bool given, char fits) {
      if (given && use != fits) problem(flag, "does not belong to " + what);
    };
    check("--low-latency", texts_.low_latency, 'e');
    check("--in-series", texts_.in_series, 'e');
    check("--fail", !a_.fails.empty(), 'd');
    check("--route", !a_.routes.empty(), 'd');
    check("--svg", !a_.svg.empty(), 'd');
    check("--dot", !a_.dot.empty(), 'd');
  }

  std::optional<double> number(std::string_view flag, const std::string& text, double least,
                               double most) {
    if (text.empty()) return std::nullopt;
    return parse_number(flag, text, least, most, "", a_.problems);
  }
  std::optional<int> count(std::string_view flag, const std::string& text, double least = 1) {
    const auto value = number(flag, text, least, most_count);
    if (!value) return std::nullopt;
    if (*value != std::floor(*value)) problem(flag, in_quotes(text) + " is no whole number");
    return static_cast<int>(*value);
  }

  void read_sizes() {
    for (const std::string& word : words_of_list(texts_.bytes)) {
      a_.bytes.push_back(parse_number("--bytes", word, 0, 1e15, " bytes", a_.problems).value_or(0));
    }
    if (!texts_.bytes.empty()) return;
    // What nccl-tests goes through with -b 8 -e 8G -f 2, every second step.
    for (double size = 1024; size <= 8589934592.0; size *= 4) a_.bytes.push_back(size);
  }

  void read_collective(const std::string& word) {
    read_sizes();
    if (const auto flows = enum_from_name<FlowOperation>(word)) {
      a_.flow_operation = flows;
      check_uses("network collective " + word, flows == FlowOperation::all_to_all_v ? 'v' : 'f');
      read_cluster();
      return;
    }
    if (const auto operation = enum_from_name<NcclOperation>(word)) {
      a_.operation = *operation;
    } else {
      std::vector<std::string_view> known = enum_names<NcclOperation>();
      for (const std::string_view name : enum_names<FlowOperation>()) known.push_back(name);
      problem(word, "unknown operation" + instead(word, known));
    }
    check_uses("network collective " + word, 'n');
    if (!texts_.node.empty()) a_.node = texts_.node;
    if (!texts_.nodes.empty()) {
      const auto nodes = parse_number("--nodes", texts_.nodes, 1, 16384, " nodes", a_.problems);
      if (nodes && *nodes != std::floor(*nodes)) {
        problem("--nodes", in_quotes(texts_.nodes) + " is no whole number");
      }
      a_.nodes = static_cast<int>(nodes.value_or(1));
    }
  }

  void read_cluster() {
    NetworkRequest& network = a_.expert.network;
    if (!texts_.cluster.empty()) a_.cluster = network.cluster = texts_.cluster;
    network.gpus = count("--gpus", texts_.gpus).value_or(network.gpus);
    network.faults = parse_faults(texts_.faults, a_.problems);
    read_routing();
    read_loads();
    read_seed(network.seed);
  }

  void read_loads() {
    if (texts_.loads.empty()) return;
    const std::string recorded = "recorded:";
    a_.expert.network.loads = texts_.loads;
    // No output may overwrite a file of loads.
    if (texts_.loads.starts_with(recorded)) {
      a_.measurements.push_back(texts_.loads.substr(recorded.size()));
    }
  }

  void read_routing() {
    if (texts_.routing.empty()) return;
    const auto choice = enum_from_name<PathChoice>(texts_.routing);
    if (choice) {
      a_.expert.network.routing = *choice;
    } else {
      problem("--routing", in_quotes(texts_.routing) + " is unknown" +
                               instead(texts_.routing, enum_names<PathChoice>()));
    }
  }

  void read_seed(std::int64_t& seed) {
    const auto given = number("--seed", texts_.seed, 0, 9e15);
    if (!given) return;
    if (*given != std::floor(*given)) {
      problem("--seed", in_quotes(texts_.seed) + " is no whole number");
    }
    seed = static_cast<std::int64_t>(*given);
  }

  void read_expert(const std::string& action) {
    check_uses("network " + action, 'e');
    read_cluster();
    ExpertRequest& expert = a_.expert;
    expert.is_combine = action == "combine";
    if (!texts_.model.empty()) a_.model = expert.model = texts_.model;
    expert.tokens = number("--tokens", texts_.tokens, 1, 1e9).value_or(expert.tokens);
    expert.hidden = count("--hidden", texts_.hidden);
    expert.experts = count("--experts", texts_.experts);
    expert.experts_per_token = count("--topk", texts_.topk);
    expert.groups = count("--groups", texts_.groups);
    expert.groups_per_token = count("--node-limit", texts_.node_limit);
    expert.distinct_groups =
        number("--nodes-per-token", texts_.nodes_per_token, 1, most_count).value_or(0);
    expert.redundant_experts = count("--redundant", texts_.redundant, 0).value_or(0);
    expert.capacity_factor = number("--capacity", texts_.capacity, 0, 1e6).value_or(0);
    expert.sms = count("--sms", texts_.sms).value_or(0);
    expert.low_latency = texts_.low_latency;
    expert.in_series = texts_.in_series;
    if (texts_.dtype.empty()) return;
    expert.dtype = enum_from_name<Dtype>(texts_.dtype);
    if (!expert.dtype) {
      problem("--dtype",
              in_quotes(texts_.dtype) + " is unknown" + instead(texts_.dtype, enum_names<Dtype>()));
    }
  }

  const NetworkTexts& texts_;
  Arguments& a_;
};

}  // namespace

void read_network_words(const NetworkTexts& texts, Arguments& a) { Reader(texts, a).read(); }

}  // namespace reckon

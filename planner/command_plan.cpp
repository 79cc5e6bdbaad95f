#include "planner/command_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "planner/command_values.hpp"
#include "planner/search/search_space.hpp"
#include "planner/spec/fields.hpp"

namespace reckon {
namespace {

constexpr double most_count = 1 << 20;

class Reader {
 public:
  Reader(const PlanTexts& texts, Arguments& a) : texts_(texts), a_(a), request_(a.search) {}

  void read() {
    const bool merges = !texts_.words.empty() && texts_.words.front() == "merge";
    return merges ? read_merge() : read_search();
  }

 private:
  void problem(std::string_view flag, std::string message) {
    a_.problems.push_back(flag_problem(flag, std::move(message)));
  }

  void read_merge() {
    request_.merges = true;
    a_.measurements.assign(texts_.words.begin() + 1, texts_.words.end());  // none is overwritten
    if (a_.measurements.empty()) problem("merge", "give the results of all shards (--json)");
    for (const PlanOption& option : plan_options) {
      if (!(texts_.*option.value).empty()) problem(option.flag, "does not belong to plan merge");
    }
    const auto check = [&](std::string_view flag, bool given) {
      if (given) problem(flag, "does not belong to plan merge");
    };
    check("--fix", !texts_.fixes.empty());
    check("--batch-at-most", texts_.batch_at_most);
    check("--resume", !request_.resume.empty());
    check("--slurm", !request_.slurm.empty());
    check("--save-dir", !request_.save_folder.empty());
  }

  void read_search() {
    if (texts_.words.size() != 2) {
      problem("", "give a model and a cluster: reckon plan MODEL CLUSTER --tokens COUNT");
    } else {
      a_.model = texts_.words[0];
      a_.cluster = texts_.words[1];
    }
    if (texts_.tokens.empty()) problem("--tokens", "missing; say how many the run takes");
    request_.tokens = number("--tokens", texts_.tokens, 1, 1e18).value_or(1);
    request_.batch = count("--batch", texts_.batch, 1, 1e9).value_or(request_.batch);
    request_.sequence = count("--sequence", texts_.sequence, 1, 1e8).value_or(request_.sequence);
    request_.max_days = number("--max-days", texts_.max_days, 1e-9, 1e9).value_or(0);
    request_.budget = number("--budget", texts_.budget, 1e-9, 1e15).value_or(0);
    request_.memory_margin = number("--memory-margin", texts_.memory_margin, 0, 1).value_or(0);
    request_.top = count("--top", texts_.top, 1, 10000).value_or(request_.top);
    request_.front_within =
        number("--front-within", texts_.front_within, 1, 1000).value_or(request_.front_within);
    request_.nodes_per_token =
        number("--nodes-per-token", texts_.nodes_per_token, 1, most_count).value_or(0);
    request_.threads = count("--threads", texts_.threads, 1, 1024).value_or(1);
    request_.shards = count("--shards", texts_.shards, 1, 10000).value_or(8);
    request_.batch_at_most = texts_.batch_at_most;
    if (!texts_.shards.empty() && request_.slurm.empty()) {
      problem("--shards", "belongs to --slurm");
    }
    read_shard();
    read_fixes();
  }

  std::optional<double> number(std::string_view flag, const std::string& text, double least,
                               double most) {
    if (text.empty()) return std::nullopt;
    return parse_number(flag, text, least, most, "", a_.problems);
  }
  std::optional<int> count(std::string_view flag, const std::string& text, double least,
                           double most) {
    const auto value = number(flag, text, least, most);
    if (!value) return std::nullopt;
    if (*value != std::floor(*value)) problem(flag, in_quotes(text) + " is no whole number");
    return static_cast<int>(*value);
  }

  void read_shard() {
    if (texts_.shard.empty()) return;
    const std::size_t slash = texts_.shard.find('/');
    const std::string index = texts_.shard.substr(0, slash);
    const std::string of = slash == std::string::npos ? "" : texts_.shard.substr(slash + 1);
    if (index.empty() || of.empty()) {
      problem("--shard", in_quotes(texts_.shard) + " is no I/N, as in 0/8");
      return;
    }
    request_.shard_count = count("--shard", of, 1, 10000).value_or(1);
    request_.shard = count("--shard", index, 0, request_.shard_count - 1).value_or(0);
  }

  // "pp=16", "schedule=dual_pipe,zb_h1".
  void read_fixes() {
    for (const std::string& text : texts_.fixes) {
      const std::size_t equals = text.find('=');
      const std::string name = text.substr(0, equals);
      const auto axis = enum_from_name<Axis>(name);
      if (!axis) {
        problem("--fix", in_quotes(name) + " is no axis" + instead(name, enum_names<Axis>()));
      } else if (equals == std::string::npos || equals + 1 == text.size()) {
        problem("--fix", in_quotes(text) + " names no value, as in pp=16");
      } else {
        request_.fixes.push_back({*axis, words_of_list(text.substr(equals + 1))});
      }
    }
    if (!texts_.gpus.empty()) request_.fixes.push_back({Axis::gpus, words_of_list(texts_.gpus)});
  }

  const PlanTexts& texts_;
  Arguments& a_;
  PlanRequest& request_;
};

}  // namespace

void read_plan_words(const PlanTexts& texts, Arguments& a) { Reader(texts, a).read(); }

}  // namespace reckon

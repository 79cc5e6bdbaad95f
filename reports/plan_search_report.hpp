// What `reckon plan` found, as plain values: schema plan_search/1 (`reckon schema plan_search/1`).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "planner/spec/units.hpp"
#include "reports/table.hpp"

namespace reckon {

struct FoundPlan {
  std::int64_t number = 0;                    // in the space
  std::map<std::string, std::string> choice;  // value of each axis, as --fix spells it
  int data_parallel = 1;
  int gpus = 1;
  std::int64_t steps = 0;    // of the run
  std::int64_t step_ps = 0;  // simulated, without effects
  Seconds run;
  double gpu_hours = 0;
  Usd usd;
  double mfu = 0;        // causal, as in a report
  Bytes memory;          // of the fullest GPU
  int headroom_gib = 0;  // whole GiB that it has left
  bool operator==(const FoundPlan&) const = default;
};

// Plans that are out for one reason.
struct PrunedPlans {
  std::string reason;
  std::int64_t plans = 0;
  bool operator==(const PrunedPlans&) const = default;
};

// Why nothing is left: the limit or --fix without which there would be plans.
struct TightestConstraint {
  std::string constraint;
  std::string message;
  std::optional<FoundPlan> nearest;  // the best plan without it
  bool operator==(const TightestConstraint&) const = default;
};

struct PlanSearchReport {
  std::string tool;
  std::string model;
  std::string cluster;
  std::string device;
  std::string inputs;  // fingerprint of all that was searched: shards and resumes must agree
  double tokens = 0;
  int sequence_length = 0;
  int global_batch_size = 0;
  double most_days = 0;  // 0: no limit
  Usd budget;
  double memory_margin = 0;
  double front_within = 2;
  Usd usd_per_gpu_hour;
  std::map<std::string, std::vector<std::string>> axes;
  int shard = 0;
  int shards = 1;
  bool complete = false;
  std::int64_t space = 0;
  std::int64_t legal = 0;
  std::int64_t kept = 0;
  std::vector<PrunedPlans> pruned;
  int top_plans = 10;  // as many as were asked for
  std::vector<FoundPlan> top;
  std::vector<FoundPlan> front;
  std::optional<TightestConstraint> nothing;
  bool operator==(const PlanSearchReport&) const = default;
};

std::string plan_search_json(const PlanSearchReport& report);
// Throws InputError with every problem of the text.
PlanSearchReport read_plan_search(std::string_view text, const std::string& file_name);
std::string plan_search_schema();
std::string plan_search_csv(const PlanSearchReport& report);
std::string plan_search_svg(const PlanSearchReport& report);
std::string plan_search_text(const PlanSearchReport& report, const TextStyle& style);

}  // namespace reckon

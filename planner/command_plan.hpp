// The options of `reckon plan`: their texts, and from these to values.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "planner/command_line.hpp"

namespace reckon {

// As they stand on the command line.
struct PlanTexts {
  std::vector<std::string> words;
  std::vector<std::string> fixes;
  std::string tokens, batch, sequence, max_days, budget, memory_margin, gpus, top, threads, shard,
      shards, front_within, nodes_per_token;
  bool batch_at_most = false;
};

struct PlanOption {
  std::string_view flag;
  std::string PlanTexts::*value;
  std::string_view type;
  std::string_view description;
};

inline constexpr std::array<PlanOption, 13> plan_options{{
    {"--tokens", &PlanTexts::tokens, "COUNT", "of the whole run: 14.8e12"},
    {"--batch", &PlanTexts::batch, "SEQUENCES", "of one step; 1024 by default"},
    {"--sequence", &PlanTexts::sequence, "TOKENS", "of a sequence; 4096 by default"},
    {"--max-days", &PlanTexts::max_days, "DAYS", "longest run"},
    {"--budget", &PlanTexts::budget, "USD", "dearest run"},
    {"--memory-margin", &PlanTexts::memory_margin, "SHARE",
     "of the GPU's memory to leave free, 0 by default"},
    {"--gpus", &PlanTexts::gpus, "LIST", "numbers of GPUs to choose from; else all of the cluster"},
    {"--top", &PlanTexts::top, "COUNT", "plans to rank, 10 by default"},
    {"--front-within", &PlanTexts::front_within, "FACTOR",
     "front up to so many times the fewest GPU-hours, 2 by default"},
    {"--nodes-per-token", &PlanTexts::nodes_per_token, "MEAN",
     "that a token's router uses (DeepSeek-V3: 3.97)"},
    {"--threads", &PlanTexts::threads, "COUNT", "1 by default; the result is the same"},
    {"--shard", &PlanTexts::shard, "I/N", "only the I-th of N parts, counted from 0"},
    {"--shards", &PlanTexts::shards, "N", "with --slurm: parts of the search, 8 by default"},
}};

// Problems go to `a`.
void read_plan_words(const PlanTexts& texts, Arguments& a);

}  // namespace reckon

// The options of `reckon network`: their texts, and from these to values.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "planner/command_line.hpp"

namespace reckon {

// As they stand on the command line.
struct NetworkTexts {
  std::vector<std::string> words;
  std::string node, nodes, bytes;
  std::string cluster, gpus, faults, routing, loads, seed;
  std::string model, tokens, hidden, experts, topk, groups, node_limit, nodes_per_token, redundant,
      capacity, dtype, sms;
  bool low_latency = false;
  bool in_series = false;
};

struct NetworkOption {
  std::string_view flag;
  std::string NetworkTexts::*value;
  std::string_view type;
  std::string_view description;
  // For which of these it is: 'n' collectives by NCCL's model, 'f' as flows, 'v' of these
  // all_to_all_v alone, 'e' dispatch and combine, 'd' describe.
  std::string_view uses;
};

inline constexpr std::array<NetworkOption, 21> network_options{{
    {"--node", &NetworkTexts::node, "TYPE", "NCCL's: h800 (default), h100, a100, a800, b200", "n"},
    {"--nodes", &NetworkTexts::nodes, "COUNT", "NCCL's: nodes of 8 GPUs, 1 by default", "n"},
    {"--bytes", &NetworkTexts::bytes, "LIST",
     "collective: sizes separated by commas; else 1 KiB to 8 GiB", "nfv"},
    {"--cluster", &NetworkTexts::cluster, "NAME", "whose network; h800-2048-mpft by default",
     "fve"},
    {"--gpus", &NetworkTexts::gpus, "COUNT", "of it, from its first on; 64 by default", "fve"},
    {"--fault", &NetworkTexts::faults, "LIST",
     "slow_nic:NODE.GPU=SPEED, failed_plane:PLANE, separated by commas", "fve"},
    {"--routing", &NetworkTexts::routing, "CHOICE",
     "among equal ways: d_mod_k (default), or ecmp by --seed", "fved"},
    {"--loads", &NetworkTexts::loads, "LOADS",
     "balanced (default), dirichlet:CONCENTRATION, recorded:NAME", "ve"},
    {"--seed", &NetworkTexts::seed, "NUMBER",
     "of drawn loads, of ecmp and of links:N, 1 by default", "ved"},
    {"--model", &NetworkTexts::model, "NAME", "whose experts; deepseek-v3 by default", "e"},
    {"--tokens", &NetworkTexts::tokens, "COUNT", "of each rank, 4096 by default", "e"},
    {"--hidden", &NetworkTexts::hidden, "COUNT", "elements of a token in place of the model's",
     "e"},
    {"--experts", &NetworkTexts::experts, "COUNT", "in place of the model's", "e"},
    {"--topk", &NetworkTexts::topk, "COUNT", "experts of a token in place of the model's", "e"},
    {"--groups", &NetworkTexts::groups, "COUNT",
     "of experts; then a token may use all without --node-limit", "e"},
    {"--node-limit", &NetworkTexts::node_limit, "COUNT", "groups of a token", "e"},
    {"--nodes-per-token", &NetworkTexts::nodes_per_token, "MEAN",
     "groups that a token's router uses (DeepSeek-V3: 3.97 of 4)", "e"},
    {"--redundant", &NetworkTexts::redundant, "COUNT", "redundant experts, 0 by default", "e"},
    {"--capacity", &NetworkTexts::capacity, "FACTOR",
     "tokens of an expert / mean at most, others are dropped", "e"},
    {"--dtype", &NetworkTexts::dtype, "TYPE", "of copies; else fp8_block out and bf16 back", "e"},
    {"--sms", &NetworkTexts::sms, "COUNT", "lent to the kernel; the library's own by default", "e"},
}};

// Problems go to `a`.
void read_network_words(const NetworkTexts& texts, Arguments& a);

}  // namespace reckon

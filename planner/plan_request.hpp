// What a search over plans is asked for, beside model and cluster.
#pragma once

#include <string>
#include <vector>

#include "planner/search/search_space.hpp"

namespace reckon {

struct Fix {
  Axis axis = Axis::gpus;
  std::vector<std::string> values;
};

struct PlanRequest {
  bool merges = false;  // results of shards instead
  double tokens = 1;
  int batch = 1024;     // sequences a step
  int sequence = 4096;  // tokens
  double max_days = 0;  // 0: no limit
  double budget = 0;    // dollars
  double memory_margin = 0;
  double front_within = 2;
  double nodes_per_token = 0;  // 0: experts chosen blindly among those allowed
  int top = 10;
  int threads = 1;
  int shard = 0;
  int shard_count = 1;
  int shards = 8;  // of a Slurm job array
  bool batch_at_most = false;
  std::vector<Fix> fixes;
  std::string resume;              // file of what was simulated; empty: none
  std::string save_folder;         // for plan files
  std::string slurm;               // the script to write in place of a search
  std::vector<std::string> words;  // the command line as it was given
};

}  // namespace reckon

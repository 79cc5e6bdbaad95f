// What the project wants of its own speed, on one core. Times are of the processor, so that they
// can be compared on a machine that does other things as well; best of the repetitions.
#pragma once

#include <array>
#include <string_view>

namespace reckon {

struct Goal {
  std::string_view benchmark;  // or the beginning of its name
  std::string_view counter;    // at least so much of it; empty: at most so many ms a run
  double value;
};

inline constexpr std::array goals{
    Goal{"all_to_all_mixed/64", "", 50},
    Goal{"all_to_all_mixed/128", "", 700},
    Goal{"all_to_all_fat_tree/256", "", 50},
    Goal{"all_to_all_uniform/1024", "", 100},
    Goal{"dispatch_per_gpu/2048", "", 1500},
    Goal{"dispatch_per_node/2048", "", 1500},
    Goal{"event_queue_hold/1000000", "holds", 8e6},
    Goal{"folded", "", 50},
    Goal{"unfolded", "", 6000},
    Goal{"predict/", "predictions", 3e6},
    Goal{"search_mt_nlg/", "plans", 1e5},
    Goal{"search_mt_nlg_bounds/", "plans", 1e5},
};

inline constexpr double most_mib_of_a_million_flows = 1024;

}  // namespace reckon

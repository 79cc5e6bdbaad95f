// Which experts a token chooses together, in closed form: the most even distribution over sets of k
// experts (from so many groups at most) that gives every expert its load.
#pragma once

#include <span>
#include <vector>

namespace reckon {

struct TokenRouting {
  int experts = 1;
  int experts_per_token = 1;
  int groups = 1;  // of consecutive experts; divides them
  int groups_per_token = 1;
  // Of groups that hold a chosen expert, on average; 0: what even choice makes it. A router that
  // takes the groups of the best experts uses nearly all that it may (DeepSeek-V3: 3.97 of 4).
  double distinct_groups = 0;
  bool operator==(const TokenRouting&) const = default;
};

// A token first takes groups_per_token groups, then experts_per_token experts of these. The chance
// of a choice is the product of its experts' weights, and of `tilt` for each group that is used:
// conditional Poisson sampling (Chen, Dempster, Liu 1994), of which even choice is a case.
struct RoutingOdds {
  TokenRouting routing;
  std::vector<double> weights;  // by expert
  double tilt = 1;
  // Of a fit: the largest difference from what was asked for, of an expert's load over the mean
  // load, or of distinct_groups over itself.
  double residual = 0;
};

// Whether a token finds experts_per_token experts with a load within groups_per_token groups.
bool can_route(const TokenRouting& routing, std::span<const double> loads);

// Multiplications of one inclusion(): a fit takes some 20 to 100 of them, a miss a third.
double routing_work(const TokenRouting& routing);

// Weights under which expert e is in a choice with the chance experts_per_token x loads[e]. Of
// loads that no choice can give, what an expert has beyond all tokens goes to the others, and what
// groups have beyond their limit is taken back evenly, on the way to even choice; `residual` says
// how far that is. Precondition: can_route().
RoutingOdds routing_odds(const TokenRouting& routing, std::span<const double> loads);

// By expert, the chance to be chosen by a token.
std::vector<double> inclusion(const RoutingOdds& odds);

// The chance that nothing of a token goes to a place, where `there` says by expert how likely a
// choice of it goes to that place.
double miss_probability(const RoutingOdds& odds, std::span<const double> there);

}  // namespace reckon

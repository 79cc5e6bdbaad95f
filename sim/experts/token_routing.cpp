#include "sim/experts/token_routing.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace reckon {
namespace {

// Coefficients of z^0 .. z^k, where k is the number of chosen experts.
using Polynomial = std::vector<double>;

std::size_t index(int value) { return static_cast<std::size_t>(value); }

void multiply_by_expert(Polynomial& p, double weight) {
  for (std::size_t d = p.size() - 1; d > 0; --d) p[d] += p[d - 1] * weight;
}

Polynomial one(std::size_t size) {
  Polynomial p(size, 0);
  p[0] = 1;
  return p;
}

Polynomial product(const Polynomial& a, const Polynomial& b) {
  Polynomial p(a.size(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == 0) continue;
    for (std::size_t j = 0; i + j < a.size(); ++j) p[i + j] += a[i] * b[j];
  }
  return p;
}

// What a group adds to a token that may use it: nothing, or a set of its experts.
Polynomial tilted(Polynomial p, double tilt) {
  for (std::size_t d = 1; d < p.size(); ++d) p[d] *= tilt;
  return p;
}

// By number of groups taken, 0 .. groups_per_token: the sum over all ways to take them.
using Table = std::vector<Polynomial>;

Table no_group(std::size_t most_groups, std::size_t size) {
  Table table(most_groups + 1, Polynomial(size, 0));
  table[0][0] = 1;
  return table;
}

void take_group(Table& table, const Polynomial& group) {
  for (std::size_t taken = table.size() - 1; taken > 0; --taken) {
    const Polynomial with = product(table[taken - 1], group);
    for (std::size_t d = 0; d < with.size(); ++d) table[taken][d] += with[d];
  }
}

// Row `taken` of the product of two tables.
Polynomial row_of_product(const Table& a, const Table& b, std::size_t taken) {
  Polynomial row(a[0].size(), 0);
  for (std::size_t i = 0; i <= taken; ++i) {
    const Polynomial part = product(a[i], b[taken - i]);
    for (std::size_t d = 0; d < row.size(); ++d) row[d] += part[d];
  }
  return row;
}

struct Sizes {
  std::size_t degrees;     // k + 1
  std::size_t most;        // groups of a token
  std::size_t group_size;  // experts
  std::size_t groups;
};
Sizes sizes_of(const TokenRouting& routing) {
  return {index(routing.experts_per_token) + 1, index(routing.groups_per_token),
          index(routing.experts / routing.groups), index(routing.groups)};
}

// Of all groups but one: choices of k experts that take one group less, and all as many.
struct OtherGroups {
  Polynomial one_less;
  Polynomial all;
};

std::vector<Polynomial> group_polynomials(const RoutingOdds& odds) {
  const Sizes s = sizes_of(odds.routing);
  std::vector<Polynomial> groups(s.groups, one(s.degrees));
  for (std::size_t e = 0; e < odds.weights.size(); ++e) {
    multiply_by_expert(groups[e / s.group_size], odds.weights[e]);
  }
  for (Polynomial& group : groups) group = tilted(std::move(group), odds.tilt);
  return groups;
}

std::vector<OtherGroups> other_groups(const RoutingOdds& odds) {
  const Sizes s = sizes_of(odds.routing);
  const std::vector<Polynomial> groups = group_polynomials(odds);
  std::vector<Table> before{no_group(s.most, s.degrees)};
  for (std::size_t g = 0; g + 1 < s.groups; ++g) {
    before.push_back(before.back());
    take_group(before.back(), groups[g]);
  }
  std::vector<OtherGroups> others(s.groups);
  Table behind = no_group(s.most, s.degrees);
  for (std::size_t g = s.groups; g-- > 0;) {
    others[g] = {row_of_product(before[g], behind, s.most - 1),
                 row_of_product(before[g], behind, s.most)};
    take_group(behind, groups[g]);
  }
  return others;
}

// Choices in which a group has the polynomial `group`.
double choices(const OtherGroups& others, const Polynomial& group) {
  const std::size_t k = group.size() - 1;
  double sum = others.all[k];
  for (std::size_t d = 0; d <= k; ++d) sum += others.one_less[k - d] * group[d];
  return sum;
}

// What no expert may pass: certainty, and a hair less so that weights stay finite.
constexpr double most_inclusion = 0.999;

std::vector<double> wanted_inclusion(const TokenRouting& routing, std::span<const double> loads) {
  const double k = routing.experts_per_token;
  std::vector<double> wanted(loads.begin(), loads.end());
  const double sum = std::accumulate(wanted.begin(), wanted.end(), 0.0);
  for (double& w : wanted) w *= k / sum;
  for (int round = 0; round < 100; ++round) {  // what is above goes to the others, by their loads
    double above = 0, below = 0;
    for (double& w : wanted) {
      if (w > most_inclusion) above += w - most_inclusion;
      if (w < most_inclusion) below += w;
      w = std::min(w, most_inclusion);
    }
    if (above < 1e-15 || below <= 0) break;
    for (double& w : wanted) {
      if (w < most_inclusion) w *= 1 + above / below;
    }
  }
  return wanted;
}

// One round of the fixed point; returns the largest relative difference that it met.
double improve_weights(RoutingOdds& odds, std::span<const double> wanted) {
  const std::vector<double> found = inclusion(odds);
  // Small enough for any load, and products of k of them are above zero.
  const double least = std::pow(10.0, -250.0 / odds.routing.experts_per_token);
  double worst = 0, largest = 0;
  for (std::size_t e = 0; e < wanted.size(); ++e) {
    if (wanted[e] <= 0 || found[e] <= 0) continue;
    worst = std::max(worst, std::abs(found[e] / wanted[e] - 1));
    // On the scale of odds, so that experts that nearly every token chooses settle as fast.
    const double against = (1 - std::min(found[e], most_inclusion)) / (1 - wanted[e]);
    odds.weights[e] *= wanted[e] / found[e] * against;
    largest = std::max(largest, odds.weights[e]);
  }
  for (double& weight : odds.weights) {
    if (weight > 0) weight = std::max(weight / largest, least);
  }
  return worst;
}

void fit_weights(RoutingOdds& odds, std::span<const double> wanted) {
  constexpr int most_rounds = 400;
  constexpr double close = 1e-11;
  for (int round = 0; round < most_rounds; ++round) {
    if (improve_weights(odds, wanted) < close) return;
  }
}

double used_groups(const RoutingOdds& odds) {
  const Sizes s = sizes_of(odds.routing);
  const std::vector<OtherGroups> others = other_groups(odds);
  const std::vector<Polynomial> groups = group_polynomials(odds);
  double used = 0;
  for (std::size_t g = 0; g < s.groups; ++g) {
    used += 1 - choices(others[g], one(s.degrees)) / choices(others[g], groups[g]);
  }
  return used;
}

// More used groups the larger the tilt: bisection of its logarithm.
void fit_tilt(RoutingOdds& odds, std::span<const double> wanted) {
  double low = -12, high = 12;
  for (int round = 0; round < 40; ++round) {
    odds.tilt = std::exp((low + high) / 2);
    fit_weights(odds, wanted);
    (used_groups(odds) < odds.routing.distinct_groups ? low : high) = (low + high) / 2;
  }
}

}  // namespace

bool can_route(const TokenRouting& routing, std::span<const double> loads) {
  const Sizes s = sizes_of(routing);
  std::vector<std::size_t> loaded(s.groups, 0);
  for (std::size_t e = 0; e < loads.size(); ++e) loaded[e / s.group_size] += loads[e] > 0 ? 1 : 0;
  std::sort(loaded.rbegin(), loaded.rend());
  const auto taken = loaded.begin() + static_cast<std::ptrdiff_t>(s.most);
  return std::accumulate(loaded.begin(), taken, std::size_t{0}) + 1 >= s.degrees;
}

RoutingOdds routing_odds(const TokenRouting& routing, std::span<const double> loads) {
  const std::vector<double> wanted = wanted_inclusion(routing, loads);
  RoutingOdds odds{routing, wanted, 1};
  for (double& weight : odds.weights) weight = weight > 0 ? weight / (1 - weight) : 0;
  fit_weights(odds, wanted);
  if (routing.distinct_groups > 0) fit_tilt(odds, wanted);
  return odds;
}

std::vector<double> inclusion(const RoutingOdds& odds) {
  const Sizes s = sizes_of(odds.routing);
  const std::vector<OtherGroups> others = other_groups(odds);
  std::vector<double> chance(odds.weights.size());
  for (std::size_t g = 0; g < s.groups; ++g) {
    const double* const weights = odds.weights.data() + g * s.group_size;
    std::vector<Polynomial> before{one(s.degrees)};
    for (std::size_t i = 0; i < s.group_size; ++i) {
      before.push_back(before.back());
      multiply_by_expert(before.back(), weights[i]);
    }
    const double all = choices(others[g], tilted(before.back(), odds.tilt));
    Polynomial behind = one(s.degrees);
    for (std::size_t i = s.group_size; i-- > 0;) {
      const Polynomial rest = product(before[i], behind);
      double with = 0;  // choices that hold the expert
      for (std::size_t d = 1; d < s.degrees; ++d) {
        with += others[g].one_less[s.degrees - 1 - d] * rest[d - 1];
      }
      chance[g * s.group_size + i] = with * weights[i] * odds.tilt / all;
      multiply_by_expert(behind, weights[i]);
    }
  }
  return chance;
}

double miss_probability(const RoutingOdds& odds, std::span<const double> there) {
  const Sizes s = sizes_of(odds.routing);
  RoutingOdds avoiding = odds;
  for (std::size_t e = 0; e < there.size(); ++e) avoiding.weights[e] *= 1 - there[e];
  Table all = no_group(s.most, s.degrees), missing = all;
  for (const Polynomial& group : group_polynomials(odds)) take_group(all, group);
  for (const Polynomial& group : group_polynomials(avoiding)) take_group(missing, group);
  return missing.back().back() / all.back().back();
}

}  // namespace reckon

#include "sim/experts/token_routing.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <deque>
#include <limits>
#include <numeric>
#include <utility>

namespace reckon {
namespace {

// Coefficients of z^0, z^1 and so on: of so many chosen experts.
using Polynomial = std::vector<double>;

std::size_t index(int value) { return static_cast<std::size_t>(value); }

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

struct Sizes {
  std::size_t degrees;     // k + 1
  std::size_t most;        // groups of a token
  std::size_t group_size;  // experts
  std::size_t groups;
  std::size_t in_group;  // most choices in one group, + 1
  bool has_limit;        // not all groups are taken

  std::size_t rows() const { return has_limit ? most + 1 : 1; }  // by groups taken
  std::size_t shift() const { return has_limit ? degrees : 0; }  // to the next row
};

// Groups that limit nothing and whose use nobody asks for are one.
Sizes sizes_of(const TokenRouting& routing) {
  const std::size_t degrees = index(routing.experts_per_token) + 1;
  const std::size_t experts = index(routing.experts);
  if (routing.groups_per_token == routing.groups && routing.distinct_groups <= 0) {
    return {degrees, 1, experts, 1, std::min(degrees, experts + 1), false};
  }
  const std::size_t group_size = index(routing.experts / routing.groups);
  return {degrees,
          index(routing.groups_per_token),
          group_size,
          index(routing.groups),
          std::min(degrees, group_size + 1),
          routing.groups_per_token < routing.groups};
}

// The odds as chances of independent choices, of which those of k experts in so many groups are
// then picked: the same distribution whatever all weights are scaled by, and with k experts in that
// many groups near the mean no number is too large or too small for a double.
struct Scaled {
  std::vector<double> chosen;  // by expert
  // By group: it is taken; no expert of a taken one is chosen; some are, over the chance without a
  // tilt.
  std::vector<double> taken, unused, used;
  double mean = 0;  // experts
};

double bisected(double low, double high, double close, const auto& excess) {
  double middle = (low + high) / 2;
  for (int round = 0; round < 60; ++round) {
    const double found = excess(middle);
    if (std::abs(found) < close) break;
    (found < 0 ? low : high) = middle;
    middle = (low + high) / 2;
  }
  return middle;
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

std::vector<double> taken_chances(const Sizes& s, const std::vector<double>& log_all) {
  if (!s.has_limit) return std::vector<double>(s.groups, 1);
  const auto [least, largest] = std::minmax_element(log_all.begin(), log_all.end());
  const double at = bisected(-*largest - 40, -*least + 40, 0.02, [&](double x) {
    double sum = -static_cast<double>(s.most);
    for (const double all : log_all) sum += logistic(x + all);
    return sum;
  });
  std::vector<double> taken;
  for (const double all : log_all) taken.push_back(logistic(at + all));
  return taken;
}

Scaled scaled_by(const RoutingOdds& odds, double scale) {
  const Sizes s = sizes_of(odds.routing);
  Scaled scaled;
  std::vector<double> log_all, means;
  for (std::size_t g = 0; g < s.groups; ++g) {
    double log_even = 0, mean = 0;  // without a tilt
    for (std::size_t e = g * s.group_size; e < (g + 1) * s.group_size; ++e) {
      const double weight = odds.weights[e] * scale;
      scaled.chosen.push_back(weight / (1 + weight));
      log_even += std::log1p(weight);
      mean += scaled.chosen.back();
    }
    const double log_tilt = std::log(odds.tilt);
    log_all.push_back(log_even < 600 ? std::log1p(odds.tilt * std::expm1(log_even))
                                     : log_even + log_tilt);
    scaled.unused.push_back(std::exp(-log_all.back()));
    scaled.used.push_back(std::exp(log_even + log_tilt - log_all.back()));
    means.push_back(mean * scaled.used.back());
  }
  scaled.taken = taken_chances(s, log_all);
  scaled.mean = dot(scaled.taken, means);
  return scaled;
}

Scaled scaled_to_mean(const RoutingOdds& odds) {
  const double k = odds.routing.experts_per_token;
  const double close = 0.2 * std::sqrt(k);
  Scaled scaled = scaled_by(odds, 1);
  if (std::abs(scaled.mean - k) < close) return scaled;
  const double at = bisected(-40, 690, close, [&](double log_scale) {
    scaled = scaled_by(odds, std::exp(log_scale));
    return scaled.mean - k;
  });
  return scaled_by(odds, std::exp(at));
}

void multiply_by_expert(std::span<double> p, double without, double with) {
  for (std::size_t d = p.size() - 1; d > 0; --d) p[d] = p[d] * without + p[d - 1] * with;
  p[0] *= without;
}

// What a taken group adds; `kept` of each choice of an expert count (empty: all).
Polynomial group_polynomial(const Sizes& s, const Scaled& scaled, std::size_t group,
                            std::span<const double> kept) {
  Polynomial p(s.in_group, 0);
  p[0] = 1;
  for (std::size_t e = group * s.group_size; e < (group + 1) * s.group_size; ++e) {
    if (scaled.chosen[e] <= 0) continue;
    const double share = kept.empty() ? 1 : kept[e];
    multiply_by_expert(p, 1 - scaled.chosen[e], scaled.chosen[e] * share);
  }
  for (double& coefficient : p) coefficient *= scaled.used[group];
  p[0] = scaled.unused[group];
  return p;
}

std::vector<Polynomial> group_polynomials(const Sizes& s, const Scaled& scaled,
                                          std::span<const double> kept = {}) {
  std::vector<Polynomial> groups;
  for (std::size_t g = 0; g < s.groups; ++g) {
    groups.push_back(group_polynomial(s, scaled, g, kept));
  }
  return groups;
}

// A row of coefficients by number of groups taken, one behind the other.
using Table = std::vector<double>;

void take_group(const Sizes& s, Table& table, const Polynomial& group, double taken) {
  for (std::size_t row = s.rows(); row-- > 0;) {
    for (std::size_t d = s.degrees; d-- > 0;) {
      double sum = 0;
      const std::size_t from = row * s.degrees + d;
      if (!s.has_limit || row > 0) {
        const std::size_t end = std::min(s.in_group, d + 1);
        for (std::size_t e = 0; e < end; ++e) sum += group[e] * table[from - s.shift() - e];
      }
      table[from] = table[from] * (1 - taken) + sum * taken;
    }
  }
}

// The other way: what the choices of the groups behind make of each entry of a table.
void take_group_backwards(const Sizes& s, Table& value, const Polynomial& group, double taken) {
  for (std::size_t row = 0; row < s.rows(); ++row) {
    for (std::size_t d = 0; d < s.degrees; ++d) {
      double sum = 0;
      const std::size_t at = row * s.degrees + d;
      if (!s.has_limit || row + 1 < s.rows()) {
        const std::size_t end = std::min(s.in_group, s.degrees - d);
        for (std::size_t e = 0; e < end; ++e) sum += group[e] * value[at + s.shift() + e];
      }
      value[at] = value[at] * (1 - taken) + sum * taken;
    }
  }
}

Table no_group(const Sizes& s) {
  Table table(s.rows() * s.degrees, 0);
  table[0] = 1;
  return table;
}

double chance_of_choice(const Sizes& s, const Scaled& scaled,
                        const std::vector<Polynomial>& groups) {
  Table table = no_group(s);
  for (std::size_t g = 0; g < s.groups; ++g) take_group(s, table, groups[g], scaled.taken[g]);
  return table.back();
}

// What so many choices in a taken group are worth, by the groups before and behind it.
Polynomial worth_of_choices(const Sizes& s, const Table& before, const Table& behind,
                            double taken) {
  Polynomial worth(s.in_group, 0);
  const std::size_t rows = s.has_limit ? s.rows() - 1 : 1;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t d = 0; d < s.degrees; ++d) {
      const std::size_t at = row * s.degrees + d;
      const std::size_t end = std::min(s.in_group, s.degrees - d);
      for (std::size_t e = 0; e < end; ++e) {
        worth[e] += taken * before[at] * behind[at + s.shift() + e];
      }
    }
  }
  return worth;
}

// Of each expert of a group: choices with it.
void add_chosen(const Sizes& s, std::span<const double> chosen, const Polynomial& worth,
                double factor, std::vector<double>& chances) {
  const std::size_t most = s.in_group - 1;  // beside the expert itself, + 1
  std::vector<double> before(s.group_size * most, 0);
  std::vector<double> polynomial(most, 0);
  polynomial[0] = 1;
  for (std::size_t i = 0; i < s.group_size; ++i) {
    std::copy(polynomial.begin(), polynomial.end(),
              before.begin() + static_cast<std::ptrdiff_t>(i * most));
    multiply_by_expert(polynomial, 1 - chosen[i], chosen[i]);
  }
  const std::size_t first = chances.size();
  chances.resize(first + s.group_size);
  std::vector<double> behind(worth.begin() + 1, worth.end());
  for (std::size_t i = s.group_size; i-- > 0;) {
    chances[first + i] =
        factor * chosen[i] * dot(std::span(before).subspan(i * most, most), behind);
    for (std::size_t a = 0; a < most; ++a) {
      const double with = a + 1 < most ? behind[a + 1] : 0;
      behind[a] = behind[a] * (1 - chosen[i]) + with * chosen[i];
    }
  }
}

struct Chances {
  std::vector<double> inclusion;  // by expert
  double used_groups = 0;
};

Chances chances_of(const RoutingOdds& odds) {
  const Sizes s = sizes_of(odds.routing);
  const Scaled scaled = scaled_to_mean(odds);
  const std::vector<Polynomial> groups = group_polynomials(s, scaled);
  std::vector<Table> before{no_group(s)};
  for (std::size_t g = 0; g < s.groups; ++g) {
    before.push_back(before.back());
    take_group(s, before.back(), groups[g], scaled.taken[g]);
  }
  const double all = before.back().back();
  std::vector<Polynomial> worth(s.groups);
  Table behind(before.back().size(), 0);
  behind.back() = 1;
  for (std::size_t g = s.groups; g-- > 0;) {
    worth[g] = worth_of_choices(s, before[g], behind, scaled.taken[g]);
    take_group_backwards(s, behind, groups[g], scaled.taken[g]);
  }
  Chances chances;
  for (std::size_t g = 0; g < s.groups; ++g) {
    chances.used_groups += (dot(groups[g], worth[g]) - groups[g][0] * worth[g][0]) / all;
    add_chosen(s, std::span(scaled.chosen).subspan(g * s.group_size, s.group_size), worth[g],
               scaled.used[g] / all, chances.inclusion);
  }
  return chances;
}

// --- what is wanted ---

// A hair less than certainty, so that weights stay finite.
constexpr double hair = 1e-6;

RoutingOdds even_odds(const TokenRouting& routing, std::span<const double> loads) {
  RoutingOdds odds{routing, {}, 1, 0};
  for (const double load : loads) odds.weights.push_back(load > 0 ? 1 : 0);
  return odds;
}

std::vector<double> asked_inclusion(const TokenRouting& routing, std::span<const double> loads) {
  std::vector<double> asked(loads.begin(), loads.end());
  const double sum = std::accumulate(asked.begin(), asked.end(), 0.0);
  for (double& a : asked) a *= routing.experts_per_token / sum;
  return asked;
}

// What is above the most of an expert goes to the others, by their loads.
void cap(std::vector<double>& wanted, const std::vector<double>& most) {
  for (int round = 0; round < 200; ++round) {
    double above = 0, below = 0;
    for (std::size_t e = 0; e < wanted.size(); ++e) {
      if (wanted[e] > most[e]) above += wanted[e] - most[e];
      if (wanted[e] < most[e]) below += wanted[e];
      wanted[e] = std::min(wanted[e], most[e]);
    }
    if (above < 1e-15 || below <= 0) break;
    for (std::size_t e = 0; e < wanted.size(); ++e) {
      if (wanted[e] < most[e]) wanted[e] *= 1 + above / below;
    }
  }
}

// By group, the share of tokens that must use it for its experts to be chosen so often.
std::vector<double> needed_groups(const TokenRouting& routing, std::span<const double> wanted) {
  const Sizes s = sizes_of(routing);
  std::vector<double> needed;
  for (std::size_t g = 0; g < s.groups; ++g) {
    double sum = 0, largest = 0;
    std::size_t loaded = 0;
    for (const double w : wanted.subspan(g * s.group_size, s.group_size)) {
      sum += w;
      largest = std::max(largest, w);
      loaded += w > 0 ? 1 : 0;
    }
    const double most = static_cast<double>(std::clamp(loaded, std::size_t{1}, s.degrees - 1));
    needed.push_back(std::max(largest, sum / most));
  }
  return needed;
}

// Whether tokens have the groups for it, where even choice of all experts has them.
bool has_groups(const TokenRouting& routing, std::span<const double> wanted,
                const std::vector<double>& even) {
  const std::vector<double> needed = needed_groups(routing, wanted);
  for (std::size_t g = 0; g < needed.size(); ++g) {
    if (needed[g] > std::max(1 - hair, even[g]) + 1e-12) return false;
  }
  const double most =
      routing.distinct_groups > 0 ? routing.distinct_groups : routing.groups_per_token;
  const double least = std::accumulate(even.begin(), even.end(), 0.0);
  const double sum = std::accumulate(needed.begin(), needed.end(), 0.0);
  return sum <= std::max(least, most - hair * (most - least)) + 1e-12;
}

// The loads that were asked for, or as near to them as choices get on the way to even choice. On
// that way experts are capped last, so that one that all tokens want keeps them.
std::vector<double> wanted_inclusion(const TokenRouting& routing, std::span<const double> loads) {
  const std::vector<double> even = chances_of(even_odds(routing, loads)).inclusion;
  const std::vector<double> even_groups = needed_groups(routing, even);
  const std::vector<double> asked = asked_inclusion(routing, loads);
  std::vector<double> most;
  for (const double e : even) most.push_back(std::max(1 - hair, e));
  const auto towards_even = [&](double part) {
    std::vector<double> between(asked);
    for (std::size_t e = 0; e < even.size(); ++e) between[e] += part * (even[e] - asked[e]);
    cap(between, most);
    return between;
  };
  std::vector<double> wanted = towards_even(0);
  const bool is_free = !sizes_of(routing).has_limit && routing.distinct_groups <= 0;
  if (is_free || has_groups(routing, wanted, even_groups)) return wanted;
  double low = 0, high = 1;
  for (int round = 0; round < 60; ++round) {
    const double part = (low + high) / 2;
    (has_groups(routing, towards_even(part), even_groups) ? high : low) = part;
  }
  return towards_even(high);
}

// --- the fit ---

// Logarithms of the weights, and last of the tilt. They fit where the concave function of which
// `gradient` is the gradient is largest.
struct Point {
  std::vector<double> logs;
  std::vector<double> gradient;  // what is wanted less what is found
  std::vector<double> ascent;    // the gradient over its own slope, on the scale of odds
  double residual = 0;
};

class Fit {
 public:
  Fit(const TokenRouting& routing, std::vector<double> wanted)
      : odds_{routing, {}, 1, 0}, wanted_(std::move(wanted)) {
    const Sizes s = sizes_of(routing);
    mean_ = static_cast<double>(routing.experts_per_token) / routing.experts;
    most_groups_ = std::min(routing.groups_per_token, routing.experts_per_token);
    least_groups_ = std::max(
        1.0, std::ceil(routing.experts_per_token / static_cast<double>(s.group_size)) - 1e-9);
  }

  RoutingOdds run() {
    std::vector<double> logs;
    for (const double w : wanted_) logs.push_back(w > 0 ? std::log(w / std::max(1 - w, 1e-9)) : 0);
    if (odds_.routing.distinct_groups > 0) logs.push_back(0);
    Point point = at(std::move(logs));
    Point best = point;
    int since_better = 0;
    for (int round = 0; round < 300 && best.residual > 1e-12 && since_better < 30; ++round) {
      Point next = step(point);
      remember(point, next);
      point = std::move(next);
      since_better = point.residual < 0.7 * best.residual ? 0 : since_better + 1;
      if (point.residual < best.residual) best = point;
    }
    return odds_at(best.logs);
  }

 private:
  RoutingOdds odds_at(const std::vector<double>& logs) {
    double largest = -std::numeric_limits<double>::infinity();
    for (std::size_t e = 0; e < wanted_.size(); ++e) {
      if (wanted_[e] > 0) largest = std::max(largest, logs[e]);
    }
    RoutingOdds odds = odds_;
    for (std::size_t e = 0; e < wanted_.size(); ++e) {
      odds.weights.push_back(wanted_[e] > 0 ? std::exp(std::max(logs[e] - largest, -600.0)) : 0);
    }
    if (logs.size() > wanted_.size()) odds.tilt = std::exp(std::clamp(logs.back(), -200.0, 200.0));
    return odds;
  }

  static double log_odds(double share) {
    const double inside = std::clamp(share, 1e-300, 1 - 1e-12);
    return std::log(inside / (1 - inside));
  }

  Point at(std::vector<double> logs) {
    const Chances found = chances_of(odds_at(logs));
    Point point{std::move(logs), {}, {}, 0};
    for (std::size_t e = 0; e < wanted_.size(); ++e) {
      const bool counts = wanted_[e] > 0;
      point.gradient.push_back(counts ? wanted_[e] - found.inclusion[e] : 0);
      point.ascent.push_back(counts ? log_odds(wanted_[e]) - log_odds(found.inclusion[e]) : 0);
      point.residual = std::max(point.residual, std::abs(point.gradient[e]) / mean_);
    }
    if (point.logs.size() > wanted_.size()) {
      const double groups = odds_.routing.distinct_groups, span = most_groups_ - least_groups_;
      point.gradient.push_back(groups - found.used_groups);
      point.ascent.push_back(log_odds((groups - least_groups_) / span) -
                             log_odds((found.used_groups - least_groups_) / span));
      point.residual = std::max(point.residual, std::abs(point.gradient.back()));
    }
    return point;
  }

  // The inverse slopes of each alone, as the ascent has them.
  static void precondition(const Point& point, std::vector<double>& direction) {
    for (std::size_t i = 0; i < direction.size(); ++i) {
      const double gradient = point.gradient[i];
      const double slope = gradient != 0 ? point.ascent[i] / gradient : 0;
      direction[i] *= std::isfinite(slope) ? std::max(slope, 0.0) : 0;
    }
  }

  // L-BFGS (Nocedal and Wright, algorithm 7.4).
  std::vector<double> direction(const Point& point) const {
    std::vector<double> d = point.gradient;
    std::vector<double> parts(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      parts[i] = dot(pairs_[i].moved, d) / pairs_[i].product;
      for (std::size_t e = 0; e < d.size(); ++e) d[e] -= parts[i] * pairs_[i].fell[e];
    }
    precondition(point, d);
    if (!pairs_.empty()) {
      std::vector<double> fell = pairs_.back().fell;
      precondition(point, fell);
      const double scale = pairs_.back().product / dot(fell, pairs_.back().fell);
      if (std::isfinite(scale) && scale > 0) {
        for (double& part : d) part *= scale;
      }
    }
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const double part = parts[i] - dot(pairs_[i].fell, d) / pairs_[i].product;
      for (std::size_t e = 0; e < d.size(); ++e) d[e] += part * pairs_[i].moved[e];
    }
    return d;
  }

  // Along a direction, not beyond the top by much.
  Point step(const Point& point) {
    std::vector<double> d = direction(point);
    double rise = dot(d, point.gradient);
    if (!(rise > 0)) {
      pairs_.clear();
      d = point.ascent;
      rise = dot(d, point.gradient);
    }
    double length = 0;
    for (const double part : d) length = std::max(length, std::abs(part));
    double by = length > 30 ? 30 / length : 1;
    for (int attempt = 0;; ++attempt) {
      std::vector<double> logs = point.logs;
      for (std::size_t i = 0; i < logs.size(); ++i) logs[i] += by * d[i];
      Point next = at(std::move(logs));
      const double still = dot(d, next.gradient);
      if (still >= -0.9 * rise || attempt == 20) return next;
      by *= std::max(0.1, rise / (rise - still));
    }
  }

  void remember(const Point& from, const Point& to) {
    Pair pair{to.logs, from.gradient, 0};
    for (std::size_t i = 0; i < to.logs.size(); ++i) {
      pair.moved[i] -= from.logs[i];
      pair.fell[i] -= to.gradient[i];
    }
    pair.product = dot(pair.moved, pair.fell);
    if (!(pair.product > 0)) return;
    pairs_.push_back(std::move(pair));
    if (pairs_.size() > 12) pairs_.pop_front();
  }

  struct Pair {
    std::vector<double> moved;
    std::vector<double> fell;  // the gradient
    double product;
  };

  RoutingOdds odds_;
  std::vector<double> wanted_;
  double mean_ = 1, most_groups_ = 1, least_groups_ = 1;
  std::deque<Pair> pairs_;
};

double residual_of(const RoutingOdds& odds, const std::vector<double>& asked) {
  const Chances found = chances_of(odds);
  const double mean = static_cast<double>(odds.routing.experts_per_token) / odds.routing.experts;
  const double groups = odds.routing.distinct_groups;
  double residual = groups > 0 ? std::abs(found.used_groups / groups - 1) : 0;
  for (std::size_t e = 0; e < asked.size(); ++e) {
    residual = std::max(residual, std::abs(found.inclusion[e] - asked[e]) / mean);
  }
  return residual;
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

double routing_work(const TokenRouting& routing) {
  const Sizes s = sizes_of(routing);
  const double table = static_cast<double>(s.groups) * static_cast<double>(s.rows() * s.degrees);
  const double experts = static_cast<double>(s.groups) * static_cast<double>(s.group_size);
  return 3 * (table + experts) * static_cast<double>(s.in_group);
}

RoutingOdds routing_odds(const TokenRouting& routing, std::span<const double> loads) {
  RoutingOdds odds = Fit(routing, wanted_inclusion(routing, loads)).run();
  odds.residual = residual_of(odds, asked_inclusion(routing, loads));
  return odds;
}

std::vector<double> inclusion(const RoutingOdds& odds) { return chances_of(odds).inclusion; }

double miss_probability(const RoutingOdds& odds, std::span<const double> there) {
  const Sizes s = sizes_of(odds.routing);
  const Scaled scaled = scaled_to_mean(odds);
  std::vector<double> kept;
  for (const double t : there) kept.push_back(1 - t);
  return chance_of_choice(s, scaled, group_polynomials(s, scaled, kept)) /
         chance_of_choice(s, scaled, group_polynomials(s, scaled));
}

}  // namespace reckon

#include "planner/search/search.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <tuple>
#include <unordered_set>

#include "planner/spec/units.hpp"

namespace reckon {
namespace {

// Pieces of the space that are gone through together, against the same best plans: fixed, so that
// what is found does not hang on the workers.
constexpr std::size_t pieces_at_once = 16;

int whole_gib(double memory, double used) {
  return static_cast<int>(std::floor((memory - used) / gib));
}

bool comes_first(const ScoredPlan& a, const ScoredPlan& b) {
  return std::tie(a.run_s, a.candidate.number) < std::tie(b.run_s, b.candidate.number);
}

bool comes_last(const Candidate& a, const Candidate& b) {
  return std::tie(a.least_s, a.number) > std::tie(b.least_s, b.number);
}

// Of equals the one with the smaller number stays.
bool beats(const ScoredPlan& a, const ScoredPlan& b) {
  if (a.run_s > b.run_s || a.gpu_hours > b.gpu_hours || a.headroom_gib < b.headroom_gib) {
    return false;
  }
  const bool is_better =
      a.run_s < b.run_s || a.gpu_hours < b.gpu_hours || a.headroom_gib > b.headroom_gib;
  return is_better || a.candidate.number < b.candidate.number;
}

double fewest_gpu_hours(const std::vector<ScoredPlan>& front) {
  double fewest = front.empty() ? 0 : front.front().gpu_hours;
  for (const ScoredPlan& plan : front) fewest = std::min(fewest, plan.gpu_hours);
  return fewest;
}

// What one piece of the space has.
struct Piece {
  SearchCounts counts;
  std::vector<Candidate> kept;
  std::optional<Refused> nearest;

  void refuse(const Refused& refused) {
    if (!nearest || is_nearer(refused, *nearest)) nearest = refused;
  }
};

class Search {
 public:
  Search(const SearchProblem& problem, const SearchCosts& costs, const ScorePlans& score,
         const SearchOptions& options, const Workers& workers, const GoOn& go_on)
      : in_(problem), score_(score), options_(options), workers_(workers), go_on_(go_on) {
    for (std::size_t worker = 0; worker < workers.count; ++worker) {
      bounds_.emplace_back(problem.model, problem.space, costs, problem.base);
    }
  }

  SearchResult run() {
    // A coarse look first finds plans good enough to leave most others aside.
    go_through(Look::coarse);
    while (!stopped_ && simulate_next()) goes_on();
    open_.clear();
    result_.nearest.reset();
    go_through(Look::whole);
    while (!stopped_ && simulate_next()) goes_on();
    result_.complete = !stopped_;
    if (!result_.top.empty()) result_.nearest.reset();
    cut_front(result_.front, options_.front_within);
    return std::move(result_);
  }

 private:
  bool goes_on() {
    const ScoredPlan* const best = result_.top.empty() ? nullptr : &result_.top.front();
    const SearchProgress progress{enumerated_, result_.simulated, open_.size(), best};
    if (go_on_ && !go_on_(progress)) stopped_ = true;
    return !stopped_;
  }

  void go_through(Look look) {
    const std::vector<std::uint64_t> pieces = pieces_of(in_);
    for (std::size_t first = 0; first < pieces.size() && !stopped_; first += pieces_at_once) {
      std::vector<Piece> found(std::min(pieces_at_once, pieces.size() - first));
      workers_.for_each(found.size(), [&](std::size_t item, std::size_t worker) {
        found[item] = look_at(pieces[first + item], look, bounds_[worker]);
      });
      for (const Piece& piece : found) take(piece, look);
      if (look == Look::whole) {
        enumerated_ =
            static_cast<double>(first + found.size()) / static_cast<double>(pieces.size());
      }
      // Enough to tell most of the others from the good ones.
      while (open_.size() >= options_.most_open && !stopped_ && simulate_next()) drop_unwanted();
      goes_on();
    }
  }

  Piece look_at(std::uint64_t number, Look look, PlanBounds& bounds) const {
    Piece piece;
    EnumerateCalls calls;
    calls.keep = [this, &piece](const Candidate& candidate) {
      if (is_wanted(candidate)) piece.kept.push_back(candidate);
    };
    calls.longest_s = [this](int gpus) { return longest_s(gpus); };
    calls.refuse = [&piece](const Candidate& candidate, PruneReason reason) {
      piece.refuse({candidate, reason});
    };
    piece.counts = enumerate(in_, bounds, number, look, calls);
    return piece;
  }

  void take(const Piece& piece, Look look) {
    if (look == Look::whole) result_.counts += piece.counts;
    open_.insert(open_.end(), piece.kept.begin(), piece.kept.end());
    sorted_ = sorted_ && piece.kept.empty();
    if (piece.nearest) refuse(*piece.nearest);
  }

  void refuse(const Refused& refused) {
    if (!result_.nearest || is_nearer(refused, *result_.nearest)) result_.nearest = refused;
  }

  // The best that a candidate can be.
  ScoredPlan at_best(const Candidate& candidate) const {
    return {candidate, 0, candidate.least_s, candidate.gpus * candidate.least_s / 3600,
            whole_gib(in_.device.gpu.memory.value, candidate.memory_bytes)};
  }

  // No longer run is wanted, whatever its memory: neither among the best nor on the front.
  double longest_s(int gpus) const {
    if (result_.top.size() < options_.top || result_.top.empty() || result_.front.empty()) {
      return std::numeric_limits<double>::infinity();
    }
    const double on_front = options_.front_within * fewest_gpu_hours_ * 3600 / gpus;
    return 1.000001 * std::max(result_.top.back().run_s, on_front);  // safe from rounding
  }

  bool is_wanted(const Candidate& candidate) const {
    const ScoredPlan best = at_best(candidate);
    if (result_.top.size() < options_.top || comes_first(best, result_.top.back())) return true;
    if (best.gpu_hours > options_.front_within * fewest_gpu_hours_) return false;
    return std::none_of(result_.front.begin(), result_.front.end(),
                        [&best](const ScoredPlan& plan) { return beats(plan, best); });
  }

  void drop_unwanted() {
    std::erase_if(open_, [this](const Candidate& c) { return !is_wanted(c); });
  }

  // Scores the next candidates; false if none is left.
  bool simulate_next() {
    if (!sorted_) std::sort(open_.begin(), open_.end(), comes_last);  // the last one is the next
    sorted_ = true;
    std::vector<Candidate> batch;
    std::vector<std::uint64_t> numbers;
    while (!open_.empty() && batch.size() < options_.batch) {
      const Candidate candidate = open_.back();
      open_.pop_back();
      if (!is_wanted(candidate) || !scored_.insert(candidate.number).second) continue;
      batch.push_back(candidate);
      numbers.push_back(candidate.number);
    }
    if (batch.empty()) return false;
    const std::vector<Score> scores = score_(numbers);
    for (std::size_t i = 0; i < batch.size(); ++i) add(batch[i], scores[i]);
    return true;
  }

  void add(const Candidate& candidate, const Score& score) {
    ++result_.simulated;
    ScoredPlan plan = at_best(candidate);
    const Plan full =
        plan_of(in_.space, in_.model, in_.base, choice_of(in_.space, candidate.number));
    plan.step = score.step;
    plan.run_s = run_seconds(in_.limits, full, to_seconds(score.step));
    plan.gpu_hours = candidate.gpus * plan.run_s / 3600;
    plan.candidate.memory_bytes = score.memory_bytes;
    plan.headroom_gib = whole_gib(in_.device.gpu.memory.value, score.memory_bytes);
    // Within a limit by its bound, perhaps not when simulated. It stays counted as kept: which of
    // them are simulated hangs on the others.
    const std::optional<PruneReason> reason = beyond(in_, candidate.gpus, plan.run_s);
    if (reason) {
      Candidate refused = plan.candidate;
      refused.least_s = plan.run_s;
      return refuse({refused, *reason});
    }
    add_to_top(result_.top, options_.top, plan);
    add_to_front(result_.front, plan);
    fewest_gpu_hours_ = fewest_gpu_hours(result_.front);
  }

  const SearchProblem& in_;
  const ScorePlans& score_;
  const SearchOptions& options_;
  const Workers& workers_;
  const GoOn& go_on_;
  std::deque<PlanBounds> bounds_;  // [worker]; they stay where they are
  SearchResult result_;
  double fewest_gpu_hours_ = 0;
  std::vector<Candidate> open_;
  std::unordered_set<std::uint64_t> scored_;
  double enumerated_ = 0;
  bool sorted_ = false;
  bool stopped_ = false;
};

}  // namespace

Workers one_worker() {
  return {1, [](std::size_t items, const std::function<void(std::size_t, std::size_t)>& work) {
            for (std::size_t item = 0; item < items; ++item) work(item, 0);
          }};
}

bool is_nearer(const Refused& a, const Refused& b) {
  if (a.reason != b.reason) return a.reason > b.reason;
  const auto distance = [](const Refused& refused) {
    const Candidate& c = refused.candidate;
    const double excess = refused.reason == PruneReason::memory   ? c.memory_bytes
                          : refused.reason == PruneReason::budget ? c.gpus * c.least_s
                                                                  : c.least_s;
    return std::tuple(excess, c.number);
  };
  return distance(a) < distance(b);
}

SearchResult search(const SearchProblem& problem, const SearchCosts& costs, const ScorePlans& score,
                    const SearchOptions& options, const Workers& workers, const GoOn& go_on) {
  return Search(problem, costs, score, options, workers, go_on).run();
}

bool add_to_front(std::vector<ScoredPlan>& front, const ScoredPlan& plan) {
  for (const ScoredPlan& other : front) {
    if (beats(other, plan)) return false;
  }
  std::erase_if(front, [&plan](const ScoredPlan& other) { return beats(plan, other); });
  front.insert(std::upper_bound(front.begin(), front.end(), plan, comes_first), plan);
  return true;
}

bool add_to_top(std::vector<ScoredPlan>& top, std::size_t most, const ScoredPlan& plan) {
  if (most == 0 || (top.size() >= most && comes_first(top.back(), plan))) return false;
  top.insert(std::upper_bound(top.begin(), top.end(), plan, comes_first), plan);
  if (top.size() > most) top.pop_back();
  return true;
}

void cut_front(std::vector<ScoredPlan>& front, double within) {
  const double most = within * fewest_gpu_hours(front);
  std::erase_if(front, [most](const ScoredPlan& plan) { return plan.gpu_hours > most; });
}

SearchResult merged(const std::vector<SearchResult>& shards, const SearchOptions& options) {
  SearchResult whole;
  whole.complete = true;
  for (const SearchResult& shard : shards) {
    whole.counts += shard.counts;
    whole.simulated += shard.simulated;
    whole.complete = whole.complete && shard.complete;
    for (const ScoredPlan& plan : shard.top) add_to_top(whole.top, options.top, plan);
    for (const ScoredPlan& plan : shard.front) add_to_front(whole.front, plan);
    const bool is_new =
        shard.nearest && (!whole.nearest || is_nearer(*shard.nearest, *whole.nearest));
    if (is_new) whole.nearest = shard.nearest;
  }
  if (!whole.top.empty()) whole.nearest.reset();
  cut_front(whole.front, options.front_within);
  return whole;
}

}  // namespace reckon

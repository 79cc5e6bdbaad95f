#include "planner/search/search.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "planner/spec/units.hpp"

namespace reckon {
namespace {

int whole_gib(double memory, double used) {
  return static_cast<int>(std::floor((memory - used) / gib));
}

bool comes_first(const ScoredPlan& a, const ScoredPlan& b) {
  return std::tie(a.run_s, a.candidate.number) < std::tie(b.run_s, b.candidate.number);
}

bool least_first(const Candidate& a, const Candidate& b) {
  return std::tie(a.least_s, a.number) < std::tie(b.least_s, b.number);
}

// Of equals the one with the smaller number stays.
bool beats(const ScoredPlan& a, const ScoredPlan& b) {
  const auto values = [](const ScoredPlan& p) {
    return std::tuple(p.run_s, p.usd, -p.headroom_gib);
  };
  if (a.run_s > b.run_s || a.usd > b.usd || a.headroom_gib < b.headroom_gib) return false;
  return values(a) != values(b) || a.candidate.number < b.candidate.number;
}

class Search {
 public:
  Search(const SearchProblem& problem, PlanBounds& bounds, const ScorePlans& score,
         const SearchOptions& options, const GoOn& go_on)
      : in_(problem), bounds_(bounds), score_(score), options_(options), go_on_(go_on) {}

  SearchResult run() {
    EnumerateCalls calls;
    calls.keep = [this](const Candidate& candidate) { keep(candidate); };
    calls.refuse = [this](const Candidate& candidate, PruneReason reason) {
      refuse(candidate, reason);
    };
    calls.go_on = [this](double share) {
      enumerated_ = share;
      return goes_on();
    };
    result_.counts = enumerate(in_, bounds_, calls);
    enumerated_ = 1;
    while (!stopped_ && simulate_next()) goes_on();
    result_.complete = !stopped_;
    if (!result_.top.empty()) result_.nearest.reset();
    return std::move(result_);
  }

 private:
  bool goes_on() {
    const ScoredPlan* const best = result_.top.empty() ? nullptr : &result_.top.front();
    const SearchProgress progress{enumerated_, result_.simulated, open_.size(), best};
    if (go_on_ && !go_on_(progress)) stopped_ = true;
    return !stopped_;
  }

  // The best that a candidate can be.
  ScoredPlan at_best(const Candidate& candidate) const {
    return {candidate, 0, candidate.least_s, run_usd(in_, candidate.gpus, candidate.least_s),
            whole_gib(in_.device.gpu.memory.value, candidate.memory_bytes)};
  }

  bool is_wanted(const Candidate& candidate) const {
    const ScoredPlan best = at_best(candidate);
    if (result_.top.size() < options_.top || comes_first(best, result_.top.back())) return true;
    return std::none_of(result_.front.begin(), result_.front.end(),
                        [&best](const ScoredPlan& plan) { return beats(plan, best); });
  }

  void keep(const Candidate& candidate) {
    if (!is_wanted(candidate)) return;
    open_.push_back(candidate);
    sorted_ = false;
    // Enough to tell most of the others from the good ones.
    while (open_.size() >= options_.most_open && simulate_next()) drop_unwanted();
  }

  void refuse(const Candidate& candidate, PruneReason reason) {
    const auto distance = [this](const Candidate& c, PruneReason why) {
      return why == PruneReason::memory   ? c.memory_bytes
             : why == PruneReason::budget ? run_usd(in_, c.gpus, c.least_s)
                                          : c.least_s;
    };
    std::optional<Refused>& nearest = result_.nearest;
    // A plan that got further is nearer.
    const bool is_nearer =
        !nearest || reason > nearest->reason ||
        (reason == nearest->reason &&
         std::tuple(distance(candidate, reason), candidate.least_s, candidate.number) <
             std::tuple(distance(nearest->candidate, reason), nearest->candidate.least_s,
                        nearest->candidate.number));
    if (is_nearer) nearest = {candidate, reason};
  }

  void drop_unwanted() {
    std::erase_if(open_, [this](const Candidate& c) { return !is_wanted(c); });
  }

  // Scores the next candidates; false if none is left.
  bool simulate_next() {
    // The last one is the next.
    if (!sorted_) {
      std::sort(open_.begin(), open_.end(),
                [](const Candidate& a, const Candidate& b) { return least_first(b, a); });
      sorted_ = true;
    }
    std::vector<Candidate> batch;
    while (!open_.empty() && batch.size() < options_.batch) {
      if (is_wanted(open_.back())) batch.push_back(open_.back());
      open_.pop_back();
    }
    if (batch.empty()) return false;
    std::vector<std::uint64_t> numbers;
    for (const Candidate& candidate : batch) numbers.push_back(candidate.number);
    const std::vector<Score> scores = score_(numbers);
    for (std::size_t i = 0; i < batch.size(); ++i) add(batch[i], scores[i]);
    return true;
  }

  void add(const Candidate& candidate, const Score& score) {
    ++result_.simulated;
    ScoredPlan plan = at_best(candidate);
    const Plan full =
        plan_of(in_.space, in_.model, in_.base, choice_of(in_.space, candidate.number));
    plan.step_s = to_seconds(score.step).value;
    plan.run_s = run_seconds(in_.limits, full, to_seconds(score.step));
    plan.usd = run_usd(in_, candidate.gpus, plan.run_s);
    plan.candidate.memory_bytes = score.memory_bytes;
    plan.headroom_gib = whole_gib(in_.device.gpu.memory.value, score.memory_bytes);
    const SearchLimits& limits = in_.limits;
    if (limits.most_days > 0 && plan.run_s > limits.most_days * 86400) {
      return refuse(plan, PruneReason::days);
    }
    if (limits.most_usd > 0 && plan.usd > limits.most_usd) {
      return refuse(plan, PruneReason::budget);
    }
    add_to_top(result_.top, options_.top, plan);
    add_to_front(result_.front, plan);
  }

  // Within a limit by its bound, but not when simulated. It stays counted as kept: which of them
  // are simulated hangs on the others.
  void refuse(const ScoredPlan& plan, PruneReason reason) {
    Candidate candidate = plan.candidate;
    candidate.least_s = plan.run_s;
    refuse(candidate, reason);
  }

  const SearchProblem& in_;
  PlanBounds& bounds_;
  const ScorePlans& score_;
  const SearchOptions& options_;
  const GoOn& go_on_;
  SearchResult result_;
  std::vector<Candidate> open_;
  double enumerated_ = 0;
  bool sorted_ = false;
  bool stopped_ = false;
};

}  // namespace

SearchResult search(const SearchProblem& problem, PlanBounds& bounds, const ScorePlans& score,
                    const SearchOptions& options, const GoOn& go_on) {
  return Search(problem, bounds, score, options, go_on).run();
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
  if (top.size() >= most && (most == 0 || comes_first(top.back(), plan))) return false;
  top.insert(std::upper_bound(top.begin(), top.end(), plan, comes_first), plan);
  if (top.size() > most) top.pop_back();
  return true;
}

SearchResult merged(const std::vector<SearchResult>& shards, std::size_t top) {
  SearchResult whole;
  whole.complete = true;
  for (const SearchResult& shard : shards) {
    whole.counts += shard.counts;
    whole.simulated += shard.simulated;
    whole.complete = whole.complete && shard.complete;
    for (const ScoredPlan& plan : shard.top) add_to_top(whole.top, top, plan);
    for (const ScoredPlan& plan : shard.front) add_to_front(whole.front, plan);
  }
  return whole;
}

}  // namespace reckon

#include "planner/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "planner/spec/problems.hpp"
#include "sim/simulate.hpp"

namespace reckon {
namespace {

constexpr int most_threads = 64;
constexpr double bytes_of_all_threads = 4 * gib;

// The settings of a point: the last axis varies fastest.
std::vector<Setting> settings_of(const std::vector<VaryAxis>& axes, std::size_t point) {
  std::vector<Setting> settings(axes.size());
  for (std::size_t axis = axes.size(); axis-- > 0;) {
    const std::size_t values = axes[axis].values.size();
    settings[axis] = {axes[axis].key, axes[axis].values[point % values]};
    point /= values;
  }
  return settings;
}

Documents documents_of(Inputs& in) { return {in.model, in.cluster, in.device, in.plan}; }

// Every pointer and value by itself, so that a bad one is told before anything runs.
void check_axes(const Inputs& inputs, const std::vector<VaryAxis>& axes) {
  std::vector<Problem> problems;
  for (const VaryAxis& axis : axes) {
    if (!is_pointer_key(axis.key)) continue;
    for (const std::string& value : axis.values) {
      Inputs changed = inputs;
      try {
        apply_settings({{axis.key, value}}, documents_of(changed));
      } catch (const InputError& error) {
        for (const Problem& found : error.problems) {
          Problem problem{"--vary", 0, 0, "", found.file + found.pointer + ": " + found.message};
          if (problems.empty() || problems.back() != problem) problems.push_back(problem);
        }
      }
    }
  }
  if (!problems.empty()) throw InputError(std::move(problems));
}

std::string effects_text(const Inputs& in, const EffectSwitches& on) {
  constexpr std::array<std::pair<std::string_view, bool EffectSwitches::*>, 6> names{
      {{"clock", &EffectSwitches::clock},
       {"sends", &EffectSwitches::pipeline_sends},
       {"links", &EffectSwitches::links},
       {"routing", &EffectSwitches::routing},
       {"jitter", &EffectSwitches::jitter},
       {"faults", &EffectSwitches::faults}}};
  std::string text;
  for (const auto& [name, is_on] : names) {
    if (!(on.*is_on) || (name == "faults" && in.cluster.faults.empty())) continue;
    text += (text.empty() ? "" : ", ") + std::string(name);
  }
  return text;
}

void set_reasons(const std::vector<PlanProblem>& problems, PointState state, SweepPoint& point) {
  if (problems.empty()) return;
  point.state = state;
  for (const PlanProblem& problem : problems) {
    point.reasons.push_back(fmt::format("{}{}: {}", enum_name(problem.document),
                                        "#" + problem.pointer, problem.message));
  }
}

class Sweeper {
 public:
  Sweeper(const Inputs& inputs, const std::vector<VaryAxis>& axes, const SweepOptions& options)
      : inputs_(inputs), axes_(axes), options_(options) {
    const int machine = static_cast<int>(std::thread::hardware_concurrency());
    threads_ = std::clamp(options.threads > 0 ? options.threads : machine, 1, most_threads);
  }

  // All points behind the plan as it stands, which is point 0.
  std::vector<SweepPoint> run() {
    std::size_t count = 1;
    for (const VaryAxis& axis : axes_) count *= axis.values.size();
    points_.resize(count + 1);
    threads_ = std::min(threads_, static_cast<int>(points_.size()));
    left_ = threads_;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < threads_; ++thread) threads.emplace_back([this] { work(); });
    watch();
    for (std::thread& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
    return std::move(points_);
  }

 private:
  // Takes the next point until there is none.
  void work() {
    try {
      for (std::size_t at = next_++; at < points_.size(); at = next_++) {
        if (is_stopped_) {  // the point still says what it is
          name(at, points_[at]);
          continue;
        }
        points_[at] = predicted(at);
        ++done_;
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      is_stopped_ = true;
    }
    const std::lock_guard lock(mutex_);
    --left_;
    ended_.notify_one();
  }

  void watch() {
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, std::chrono::milliseconds(100), [this] { return left_ == 0; })) {
      if (options_.progress && !options_.progress(done_, points_.size())) is_stopped_ = true;
    }
  }

  // The documents of a point.
  Inputs name(std::size_t at, SweepPoint& point) const {
    Inputs in = inputs_;
    std::vector<Setting> settings;
    if (at > 0) {
      settings = settings_of(axes_, at - 1);
    } else {
      for (const VaryAxis& axis : axes_) {
        settings.push_back({axis.key, current_value(documents_of(in), axis.key)});
      }
    }
    point.followed = apply_settings(at > 0 ? settings : std::vector<Setting>{}, documents_of(in));
    for (const Setting& setting : settings) {
      point.settings.push_back({setting.key, setting.value, number_of(setting.value)});
    }
    point.gpus = gpus(in.cluster);
    return in;
  }

  SweepPoint predicted(std::size_t at) {
    SweepPoint point;
    const Inputs in = name(at, point);
    set_reasons(problems_of(in), PointState::cannot_run, point);
    if (!point.reasons.empty()) return point;
    const Schedule schedule = schedule_of(in.plan);
    const std::vector<RankMemory> memory = memory_of(in, schedule);
    for (const RankMemory& rank : memory) {
      point.peak_memory = std::max(point.peak_memory, total(rank));
    }
    point.memory_limit = in.device.gpu.memory;
    set_reasons(memory_problems(in, memory), PointState::does_not_fit, point);
    if (!point.reasons.empty() && !options_.ignore_memory) return point;
    const PredictOptions size{options_.effects, false, false, false};
    set_reasons(size_problems(in, size), PointState::too_large, point);
    if (point.state == PointState::too_large) return point;
    point.figures = figures_of(in, schedule);
    point.state = PointState::predicted;
    return point;
  }

  SweepFigures figures_of(const Inputs& in, const Schedule& schedule) {
    const SimulationSize size = simulation_size({in.model, in.cluster, in.device, in.plan},
                                                schedule, {options_.effects, false, false});
    // Large ones run one at a time, so that all together stay within what one may take.
    std::unique_lock large(large_, std::defer_lock);
    if (size.bytes * threads_ > bytes_of_all_threads) large.lock();
    const StepSummary step = predict_step(in, schedule, options_.effects);
    SweepFigures figures;
    figures.step = step.step;
    figures.mfu_causal = step.mfu_causal;
    figures.tokens_per_second_per_gpu = step.tokens_per_second_per_gpu;
    figures.exposed_communication = step.mean.exposed_communication;
    figures.bubble = step.mean.bubble;
    figures.gpu_hours_per_trillion_tokens = step.gpu_hours_per_trillion_tokens;
    figures.usd_per_trillion_tokens =
        step.gpu_hours_per_trillion_tokens * in.cluster.pricing.usd_per_gpu_hour;
    return figures;
  }

  const Inputs& inputs_;
  const std::vector<VaryAxis>& axes_;
  const SweepOptions& options_;
  int threads_ = 1;
  std::vector<SweepPoint> points_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> done_{0};
  std::atomic<bool> is_stopped_{false};
  std::mutex mutex_;  // of the two below
  int left_ = 0;
  std::exception_ptr failure_;
  std::condition_variable ended_;
  std::mutex large_;
};

SweepAxis described(const VaryAxis& axis) {
  const VaryKey* const key = find_vary_key(axis.key);
  if (axis.key == "plan#/schedule") return {axis.key, "", "the layout follows"};
  if (key == nullptr) return {axis.key, "", "this value alone"};
  return {axis.key, std::string(key->unit), std::string(key->meaning)};
}

}  // namespace

Sweep sweep(const Inputs& inputs, const std::vector<VaryAxis>& axes, const SweepOptions& options) {
  check_axes(inputs, axes);
  Sweeper sweeper(inputs, axes, options);
  std::vector<SweepPoint> points = sweeper.run();
  Sweep result;
  result.plan = inputs.plan.name;
  result.model = inputs.model.name;
  result.cluster = inputs.cluster.name;
  result.device = inputs.device.name;
  result.effects = effects_text(inputs, options.effects);
  for (const VaryAxis& axis : axes) result.axes.push_back(described(axis));
  result.unmodified = std::move(points.front());
  points.erase(points.begin());
  result.points = std::move(points);
  for (const SweepPoint& point : result.points) {
    result.partial = result.partial || point.state == PointState::not_simulated;
  }
  compare_points(result);
  return result;
}

}  // namespace reckon

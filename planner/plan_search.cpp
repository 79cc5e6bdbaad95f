#include "planner/plan_search.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "planner/spec/parameters.hpp"
#include "sim/timed_program.hpp"

namespace reckon {
namespace {

// A layer of each class, if the model has one; else -1.
std::array<int, layer_classes> example_layers(const ModelSpec& model) {
  std::array<int, layer_classes> examples{-1, -1, -1};
  for (int layer = 0; layer < model.layers + model.mtp_modules; ++layer) {
    examples[static_cast<std::size_t>(layer_class_of(model, layer))] = layer;
  }
  return examples;
}

bool is_expert_transfer(PartKind kind) {
  return kind == PartKind::dispatch_forward || kind == PartKind::combine_forward ||
         kind == PartKind::combine_backward || kind == PartKind::dispatch_backward;
}

void time_parts(const SimulateInputs& in, PartDurations& durations) {
  ProgramTimer timer(in, no_effects);
  const std::array<int, layer_classes> examples = example_layers(in.model);
  const bool has_transfers = in.model.moe && in.plan.parallelism.expert_parallel > 1;
  for (int kind = 0; kind < static_cast<int>(PartKind::pipeline_send); ++kind) {
    const auto part = static_cast<PartKind>(kind);
    const Lane lane = is_expert_transfer(part) ? Lane::communication : Lane::compute;
    if (lane == Lane::communication && !has_transfers) continue;
    for (std::size_t layer = 0; layer < layer_classes; ++layer) {
      if (examples[layer] < 0) continue;
      if (lane == Lane::communication && !is_moe_layer(in.model, examples[layer])) continue;
      for (const bool overlapped : {false, true}) {
        if (overlapped && !has_transfers) continue;
        const Part one{part, lane, static_cast<std::int16_t>(examples[layer]), 0, -1};
        durations.at(PartDurations::index(part, static_cast<LayerClass>(layer), overlapped)) =
            timer.timed(one, overlapped).fixed;
      }
    }
  }
}

void time_shards(const SimulateInputs& in, PartDurations& durations) {
  ProgramTimer timer(in, no_effects);
  const std::array<int, layer_classes> examples = example_layers(in.model);
  for (const PartKind kind : {PartKind::weight_gather, PartKind::gradient_scatter}) {
    for (std::size_t layer = 0; layer < duration_classes; ++layer) {
      const int example = layer < layer_classes ? examples[layer] : end_layer;
      if (layer < layer_classes && example < 0) continue;
      const Part one{kind, Lane::communication, static_cast<std::int16_t>(example), 0, -1};
      durations.at(PartDurations::index(kind, layer, false)) = timer.timed(one, false).fixed;
    }
  }
}

Score score_of(const Inputs& in) {
  const Schedule schedule = schedule_of(in.plan);
  const StepTrace trace =
      simulate({in.model, in.cluster, in.device, in.plan}, schedule, {no_effects, false, false});
  double memory = 0;
  for (const RankMemory& rank : memory_of(in, schedule)) {
    memory = std::max(memory, total(rank).value);
  }
  return {trace.step_end, memory};
}

}  // namespace

SearchCosts search_costs(const Inputs& inputs) {
  SearchCosts costs;
  costs.parts = [&inputs](const Plan& plan, PartDurations& durations) {
    time_parts({inputs.model, inputs.cluster, inputs.device, plan}, durations);
  };
  costs.stage = [&inputs](const Plan& plan, const StageParameters& stage) -> StageCosts {
    const SimulateInputs in{inputs.model, inputs.cluster, inputs.device, plan};
    return {to_sim_time(gradient_reduction(in, stage).time),
            to_sim_time(parameter_gather(in, stage).time), to_sim_time(update_time(in, stage))};
  };
  costs.shards = [&inputs](const Plan& plan, PartDurations& durations) {
    time_shards({inputs.model, inputs.cluster, inputs.device, plan}, durations);
  };
  costs.rate_beside_shards = rate_beside_collectives(inputs.device);
  costs.reserved = inputs.device.gpu.reserved_memory;
  return costs;
}

Inputs inputs_of(const SearchProblem& problem, std::uint64_t number) {
  const Choice choice = choice_of(problem.space, number);
  return {problem.model, cluster_of(problem.space, problem.cluster, choice), problem.device,
          plan_of(problem.space, problem.model, problem.base, choice)};
}

Workers threads(std::size_t count) {
  return {count,
          [count](std::size_t items, const std::function<void(std::size_t, std::size_t)>& work) {
            std::atomic<std::size_t> next = 0;
            std::mutex failed;
            std::exception_ptr failure;
            const auto run = [&](std::size_t worker) {
              try {
                for (std::size_t item = next++; item < items; item = next++) work(item, worker);
              } catch (...) {
                const std::scoped_lock lock(failed);
                failure = std::current_exception();
                next = items;
              }
            };
            std::vector<std::thread> others;
            for (std::size_t worker = 1; worker < std::min(count, items); ++worker) {
              others.emplace_back(run, worker);
            }
            run(0);
            for (std::thread& other : others) other.join();
            if (failure) std::rethrow_exception(failure);
          }};
}

ScorePlans plan_scorer(const SearchProblem& problem, const Workers& workers) {
  return [&problem, &workers](const std::vector<std::uint64_t>& numbers) {
    std::vector<Score> scores(numbers.size());
    workers.for_each(numbers.size(), [&](std::size_t item, std::size_t) {
      scores[item] = score_of(inputs_of(problem, numbers[item]));
    });
    return scores;
  };
}

}  // namespace reckon

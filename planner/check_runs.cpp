#include "planner/check_runs.hpp"

#include <algorithm>
#include <map>

#include "sim/simulate.hpp"

namespace reckon {
namespace {

constexpr EffectSwitches told_effects{true, true, false, false, false, false};

Bytes fullest(const std::vector<RankMemory>& ranks) {
  Bytes most;
  for (const RankMemory& rank : ranks) most = std::max(most, total(rank));
  return most;
}

RunCheck begin_check(const PublishedRun& run, const SoftwareSpec& software) {
  RunCheck check;
  check.id = run.id;
  check.group = run.group;
  check.gpu = run.hardware.gpu;
  check.architecture = run.model.experts > 1 ? "moe" : "dense";
  check.software = release_of(software);
  check.family = software.family;
  check.gpus = run.hardware.gpus;
  check.measured = Seconds{run.step_s};
  check.measured_memory = Bytes{run.peak_memory_bytes};
  check.spread = run.spread_pct / 100;
  check.source = run.source;
  check.precision = run.parallel.precision;
  return check;
}

void predict_step(const Inputs& in, const SoftwareSpec& software, RunCheck& check) {
  const Schedule schedule = schedule_of(in.plan);
  const SimulateInputs inputs{in.model, in.cluster, in.device, in.plan};
  const SimulateOptions options{told_effects, false, false};
  const std::vector<PlanProblem> too_large = size_problems(in, {told_effects, false, false, false});
  for (const PlanProblem& problem : too_large) check.problems.push_back(problem.message);
  if (!too_large.empty()) return;
  check.ideal = to_seconds(simulate(inputs, schedule, options).step_end);
  check.predicted = check.ideal * software.step_time_factor;
  check.predicted_memory = fullest(memory_of(in, schedule));
  check.memory_limit = in.device.gpu.memory;
}

// The band of each run: around its prediction from the other groups, by their residuals.
void set_bands(std::vector<RunCheck>& checks) {
  const std::vector<Residual> residuals = residuals_of(checks);
  for (RunCheck& check : checks) {
    if (check.held_out.value <= 0) continue;
    const RunTraits traits{check.family,
                           check.architecture,
                           generation_of(check.gpu),
                           precision_class(check.precision),
                           check.gpus,
                           check.held_out};
    const ErrorBand band = band_near(traits, residuals, check.group);
    if (band.runs == 0) continue;
    // Without a known software the band is of how much longer than ideal a step takes.
    const Seconds around = check.family.empty() ? check.ideal : check.held_out;
    check.band_low = around * band.low;
    check.band_high = around * band.high;
    check.band_source = band.source;
  }
}

}  // namespace

std::vector<RunCheck> check_runs(const std::vector<PublishedRun>& runs,
                                 const SoftwareTable& software,
                                 const std::function<DeviceProfile(const std::string&)>& device,
                                 const std::function<void(std::size_t)>& progress) {
  std::map<std::string, DeviceProfile> devices;
  std::vector<RunCheck> checks;
  for (std::size_t index = 0; index < runs.size(); ++index) {
    progress(index);
    const PublishedRun& run = runs[index];
    const SoftwareSpec entry = software_of_record(software, run.id);
    RunCheck check = begin_check(run, entry);
    const std::string name = device_of_gpu(run.hardware.gpu);
    check.problems = run.read_problems;
    if (check.problems.empty() && name.empty()) {
      check.problems.push_back("/hardware/gpu: no device profile for " + run.hardware.gpu);
    }
    if (!check.problems.empty()) {
      checks.push_back(std::move(check));
      continue;
    }
    auto known = devices.find(name);
    if (known == devices.end()) known = devices.emplace(name, device(name)).first;
    const ExpressedRun expressed = express_run(run, known->second, entry);
    check.carried_over = known->second.source.find("carried over") != std::string::npos;
    check.assumptions = expressed.assumptions;
    check.problems = expressed.problems;
    if (check.problems.empty()) predict_step(expressed.inputs, entry, check);
    checks.push_back(std::move(check));
  }
  set_held_out(checks);
  set_bands(checks);
  return checks;
}

}  // namespace reckon

// The 420 published runs that ship, predicted again. The tolerances are the targets that were set
// before the model met these runs; what stays above its target is named as known to miss.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "planner/catalog.hpp"
#include "planner/check_runs.hpp"
#include "planner/spec/parameters.hpp"
#include "planner/spec/published_run_json.hpp"
#include "planner/spec/residual_json.hpp"
#include "planner/spec/software_json.hpp"

namespace reckon {
namespace {

const std::string data = RECKON_DATA_DIR;

Document document(const std::string& name) {
  const std::string file = data + "/planner/runs/" + name;
  return parse_document(read_text_file(file), file);
}

const std::vector<RunCheck>& checks() {
  static const std::vector<RunCheck> all = check_runs(
      read_published_runs(document("published_runs.json")),
      read_software(document("software.json")),
      [](const std::string& name) { return load_device(data, name); }, [](std::size_t) {});
  return all;
}

const Accuracy& accuracy() {
  static const Accuracy all = accuracy_of(checks());
  return all;
}

const AccuracySummary& class_of(const std::string& name) {
  for (const AccuracySummary& s : accuracy().classes) {
    if (s.name == name) return s;
  }
  ADD_FAILURE() << name;
  return accuracy().all;
}

TEST(PublishedRuns, NoneIsRefused) {
  EXPECT_EQ(accuracy().all.rows, 420);
  for (const RunCheck& run : accuracy().runs) {
    EXPECT_TRUE(run.problems.empty()) << run.id << ": " << run.problems.front();
    EXPECT_GT(run.predicted.value, 0) << run.id;
  }
}

TEST(PublishedRuns, DenseOnAmpereAndHopper) {
  const AccuracySummary& dense = class_of("dense on A100, H100");
  EXPECT_GT(dense.rows, 300);
  EXPECT_LE(dense.median, 0.06);
  EXPECT_LE(dense.p90, 0.15);
  EXPECT_LE(dense.group_median, 0.06);
  EXPECT_LE(dense.group_p90, 0.15);
  EXPECT_LE(dense.held_out_median, 0.07);  // factors of other groups: not what a target is set for
}

TEST(PublishedRuns, ExpertsOnHopper) {
  const AccuracySummary& experts = class_of("experts on H100, H800");
  EXPECT_LE(experts.median, 0.12);
  EXPECT_LE(experts.group_median, 0.12);
  // Known to miss: with factors of other groups it is 17 %. Two of the four groups are the only
  // ones of their release, and the host's time comes from the other two.
  EXPECT_LE(experts.held_out_median, 0.20);
}

TEST(PublishedRuns, Blackwell) {
  const AccuracySummary& blackwell = class_of("Blackwell");
  EXPECT_LE(blackwell.median, 0.15);
  EXPECT_LE(blackwell.group_median, 0.15);
}

TEST(PublishedRuns, LongerStepsArePredictedLonger) {
  EXPECT_GE(accuracy().all.rank_correlation, 0.97);
}

// Within 3 % in every family of over ten runs but Megatron-Bridge. A factor brings the mean over
// the groups of its release to 1, so that this can only fail in families of several releases.
TEST(PublishedRuns, BiasOfFamilies) {
  for (const AccuracySummary& family : accuracy().families) {
    if (family.rows <= 10) continue;
    EXPECT_LE(std::abs(family.bias), family.name == "megatron-bridge" ? 0.04 : 0.03) << family.name;
  }
}

TEST(PublishedRuns, Memory) {
  EXPECT_GE(accuracy().memory.rows, 70);
  EXPECT_LE(accuracy().memory.median, 0.08);
  EXPECT_EQ(accuracy().memory.called_impossible, 0);
}

TEST(PublishedRuns, BandsHoldWhatTheySay) { EXPECT_NEAR(accuracy().band_coverage, 0.80, 0.05); }

// Factors and residuals in the tree are those of this model, to the digits that they are kept with.
TEST(PublishedRuns, ShippedFactorsAreThoseOfTheseRuns) {
  const SoftwareTable shipped = read_software(document("software.json"));
  const SoftwareTable fitted = fitted_software(shipped, checks());
  for (std::size_t i = 0; i < shipped.software.size(); ++i) {
    EXPECT_NEAR(shipped.software[i].step_time_factor, fitted.software[i].step_time_factor, 2e-4)
        << shipped.software[i].name << ": reckon validate --fit-software";
    EXPECT_EQ(shipped.software[i].rows, fitted.software[i].rows) << shipped.software[i].name;
  }
}

TEST(PublishedRuns, ShippedResidualsAreThoseOfTheseRuns) {
  const ResidualTable shipped = read_residuals(document("residuals.json"));
  const std::vector<Residual> now = residuals_of(checks());
  ASSERT_EQ(shipped.residuals.size(), now.size());
  for (std::size_t i = 0; i < now.size(); ++i) {
    EXPECT_NEAR(shipped.residuals[i].log_ratio, now[i].log_ratio, 1e-3)
        << i << ": reckon validate --residuals";
  }
}

// Nothing is faster than its FLOPs at peak: MFU below 1 for every prediction.
TEST(PublishedRuns, NoPredictionIsFasterThanThePeak) {
  for (const PublishedRun& run : read_published_runs(document("published_runs.json"))) {
    const DeviceProfile device = load_device(data, device_of_gpu(run.hardware.gpu));
    const ExpressedRun expressed = express_run(run, device, {});
    const Inputs& in = expressed.inputs;
    const Flops flops =
        model_flops_per_token(in.model, in.plan.batch.sequence_length, AttentionCounting::causal) *
        tokens_per_step(in.plan);
    const Dtype dtype = in.plan.precision.linear;
    const FlopsPerSecond peak = dtype == Dtype::nvfp4 ? device.gpu.fp4_peak
                                : is_narrow(dtype)    ? device.gpu.fp8_peak
                                                      : device.gpu.bf16_peak;
    const Seconds least = flops / (peak * static_cast<double>(gpus(in.cluster)));
    for (const RunCheck& check : checks()) {
      if (check.id != run.id) continue;
      EXPECT_GE(check.ideal, least) << run.id;
    }
  }
}

}  // namespace
}  // namespace reckon

// The V3 step to the last picosecond: the clock is an integer and the compiler may not fuse
// operations, so every build gives the same bytes. UPDATE_GOLDEN=1 rewrites the file; a diff is
// reviewed like code.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "sim/simulate.hpp"
#include "tests/validation/v3_inputs.hpp"

namespace reckon {
namespace {

std::string step_text(const EffectSwitches& effects, const char* name) {
  const Inputs& in = test::v3_inputs();
  const Schedule schedule = schedule_of(in.plan);
  const StepTrace trace =
      simulate({in.model, in.cluster, in.device, in.plan}, schedule, {effects, false, false});
  std::ostringstream text;
  text << name << " step_end " << trace.step_end << " ps\n";
  for (const RankTrace& rank : trace.ranks) {
    if (rank.data_rank != 0) continue;
    text << "  rank " << rank.pipeline_rank << " compute " << rank.compute_busy << " communication "
         << rank.communication_busy << " last op ends " << rank.ops.back().end << '\n';
  }
  return text.str();
}

TEST(V3Golden, TheStepIsTheSameToThePicosecond) {
  const std::string ours = step_text(no_effects, "bare") + step_text(all_effects, "all effects");
  const std::string path = std::string(RECKON_SOURCE_DIR) + "/tests/golden/v3_step/spans.txt";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << ours;
  std::ifstream file(path);
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(ours, golden.str()) << "UPDATE_GOLDEN=1 rewrites " << path;
}

}  // namespace
}  // namespace reckon

// `reckon calibrate` as its user has it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/run_reckon.hpp"

namespace reckon {
namespace {

const std::string gemms = "dtype,m,n,k,latency_us\nbfloat16,4096,4096,4096,200\nbf16,1,2,3,x\n";

TEST(Calibrate, ChecksOwnMeasurements) {
  const Folder folder;
  folder.write("g.csv", gemms);
  const Outcome outcome = folder.run({"calibrate", "check", "--device", "h100_sxm", "g.csv",
                                      "--json", "c.json", "--csv", "c.csv", "--svg", "c.svg"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("1 measured kernels and collectives, 1 left out"), std::string::npos);
  EXPECT_NE(outcome.out.find("g.csv:3: latency_us \"x\" is no number"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(folder.read("c.json"))["schema"], "calibration/1");
  EXPECT_NE(folder.read("c.csv").find("\"m 4096, n 4096, k 4096\",200,"), std::string::npos);
  EXPECT_EQ(folder.read("c.svg").find("<svg"), 0u);
}

TEST(Calibrate, FewRowsAreNoFit) {
  const Folder folder;
  folder.write("g.csv", gemms);
  expect_failure(folder.run({"calibrate", "fit", "--device", "h100-sxm", "g.csv"}), 2,
                 {"g.csv:3: latency_us", "gemm bf16:", "measure more shapes"});
  expect_failure(
      folder.run({"calibrate", "fit", "--device", "h100-sxm", "--family", "moe", "g.csv"}), 2,
      {"moe: no measured row is of this family"});
}

TEST(Calibrate, TransferLosesNoMeasurements) {
  const Folder folder;
  expect_failure(folder.run({"calibrate", "transfer", "--device", "a100-sxm-80gb", "--from",
                             "h100-sxm", "--family", "gemm"}),
                 2, {"has its own measured model of gemm bf16", "has no FP8 tensor cores"});
  expect_failure(folder.run({"calibrate", "transfer", "--device", "h20", "--from", "a100-sxm-80gb",
                             "--family", "moe"}),
                 2, {"has no such kernel models"});
  const Outcome outcome = folder.run(
      {"calibrate", "transfer", "--device", "h20", "--from", "h100-sxm", "--output", "h20.json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(folder.read("h20.json").find("parameters of H100 SXM"), std::string::npos);
}

TEST(Calibrate, OddCommandLines) {
  const Folder folder;
  expect_failure(folder.run({"calibrate"}), 2, {"no action given", "--device: missing"});
  expect_failure(folder.run({"calibrate", "fit", "--device", "h100-sxm", "--json", "a"}), 2,
                 {"--json: belongs to calibrate check"});
  expect_failure(folder.run({"calibrate", "check", "--device", "h100-sxm", "--family", "gem"}), 2,
                 {"did you mean \"gemm\""});
}

// A wrong model is refused before it can predict.
TEST(Calibrate, ModelsOfADeviceAreChecked) {
  const Folder folder;
  const std::string file = "topologies/devices/h100-sxm.json";
  folder.write("d.json", changed(file, {{"/kernels/0/parameters/launch_us", removed},
                                        {"/kernels/0/parameters/lunch_us", 2},
                                        {"/kernels/0/parameters/smoothing", 50}}));
  expect_failure(
      folder.run({"simulate", "llama-3-70b-1024-h100", "--device", "d.json"}), 2,
      {"launch_us is missing", "did you mean \"launch_us\"", "smoothing: is outside of"});
}

}  // namespace
}  // namespace reckon

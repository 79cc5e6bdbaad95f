// One formula a kernel family: sizes and a few parameters in, seconds out. The same code predicts
// in the simulator, is fitted by `reckon calibrate fit` and judged by `reckon calibrate check`.
//
// A family is a table, so that reading, fitting, checking and writing know none by name:
// gemm.cpp, attention.cpp, moe.cpp, ... each hold one table and the formula behind it.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "planner/spec/device_profile.hpp"
#include "planner/spec/kernel_model.hpp"
#include "planner/spec/measured_kernel.hpp"
#include "planner/spec/units.hpp"

namespace reckon {

// A parameter that measurements decide, within what physics allows.
struct ModelParameter {
  std::string_view name;  // ends in its unit, if it has one
  double start = 1;
  double low = 0;  // above 0: parameters are fitted on a logarithmic scale
  double high = 1;
  std::string_view meaning;
};

// A column of sizes. `words`: the column holds one of these, its number is the value.
struct SizeColumn {
  std::string_view name;  // also the CSV header
  std::span<const std::string_view> words{};
  double otherwise = -1;  // the value where a file has no such column; below 0: it must have it
  double least = 1;       // of a row that can be right
  double most = 1e9;
};

// GPU and variant that a formula may use beside sizes and parameters.
struct ModelContext {
  const GpuSpec* gpu = nullptr;
  std::string_view variant;
};

// Physics that no time can beat: peak FLOPs on all SMs and compulsory bytes.
struct LeastWork {
  double flops = 0;
  double peak_flops_per_s = 1;
  double bytes = 0;
  double bytes_per_s = 1;
};

struct FamilyModel {
  ModelFamily family;
  std::string_view variant_column;  // CSV column of the variant; empty: one variant, ""
  std::string_view time_column;     // CSV column of the time, in microseconds
  std::span<const SizeColumn> sizes;
  std::span<const ModelParameter> parameters;
  // Whether a shape belongs to the half that no fit may see. Whole families of shapes (the n and k
  // of a GEMM) fall to one side, on every machine and for every device.
  bool (*is_held_back)(const KernelSizes& sizes);
  // Seconds of one kernel.
  double (*time)(const ModelContext& context, std::span<const double> parameters,
                 const KernelSizes& sizes);
  LeastWork (*least)(const ModelContext& context, const KernelSizes& sizes);
  std::string_view (*size_class)(const KernelSizes& sizes);
  // Whether the shape lies in the region whose accuracy is promised.
  bool (*is_promised)(const KernelSizes& sizes);
  // Why sizes do not go together ("more chosen experts than there are"); empty if they do.
  std::string_view (*misfit)(const KernelSizes& sizes) = nullptr;
};

const FamilyModel& family_model(ModelFamily family);

// The parameters of a stored model in the order of the family's table; empty if one is missing.
std::optional<std::vector<double>> parameter_values(const FamilyModel& family,
                                                    const KernelModel& model);

// What is wrong with the kernel models of a profile: parameters that are missing, unknown or
// outside of what physics allows, two models of one family and variant. `pointer` is seen from the
// root of the device document.
struct ModelProblem {
  std::string pointer;
  std::string message;
};
std::vector<ModelProblem> model_problems(const DeviceProfile& device);

// The model of a device for a family and variant; null if it has none.
const KernelModel* find_model(const DeviceProfile& device, ModelFamily family,
                              std::string_view variant);

// Whether a size lies outside the fitted shapes.
bool is_outside(const FamilyModel& family, const KernelModel& model, const KernelSizes& sizes);

// Half of the families of shapes, named by these whole numbers: bit 32 of the 64-bit FNV-1a hash of
// "4096,7168" (its lowest bit is only the parity of the text).
bool hash_holds_back(std::initializer_list<double> family);

// Every second octave of a size: for families too few to be drawn by a hash.
bool octave_holds_back(double size);

// "m 4096, n 7168, k 2048".
std::string shape_text(const FamilyModel& family, const KernelSizes& sizes);

}  // namespace reckon

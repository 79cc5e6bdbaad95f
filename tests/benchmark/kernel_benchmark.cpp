// Speed of the kernel models (goals.hpp). Not timed here: fitting all families of a device is to
// take a minute at most (`time reckon calibrate fit --device h100-sxm`).
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "planner/calibrate.hpp"
#include "planner/catalog.hpp"
#include "sim/kernel_models/family_model.hpp"

namespace reckon {
namespace {

const DeviceProfile& h100() {
  static const DeviceProfile device = load_device(RECKON_DATA_DIR, "h100-sxm");
  return device;
}

// Every measured shape of a variant.
void predict_shapes(benchmark::State& state, ModelFamily kind, std::string_view variant) {
  static const MeasuredKernels measured =
      read_measurements(shipped_measurements(RECKON_DATA_DIR, "h100-sxm"), h100().gpu, {});
  const FamilyModel& family = family_model(kind);
  const KernelModel* model = find_model(h100(), kind, variant);
  const std::vector<double> parameters = parameter_values(family, *model).value();
  std::vector<KernelSizes> shapes;
  for (const MeasuredKernel& row : measured.rows) {
    if (row.family == kind && row.variant == variant) shapes.push_back(row.sizes);
  }
  const ModelContext context{&h100().gpu, variant};
  for (auto _ : state) {
    double sum = 0;
    for (const KernelSizes& sizes : shapes) sum += family.time(context, parameters, sizes);
    benchmark::DoNotOptimize(sum);
  }
  state.counters["predictions"] = benchmark::Counter(static_cast<double>(shapes.size()),
                                                     benchmark::Counter::kIsIterationInvariantRate);
}

[[maybe_unused]] const bool registered = [] {
  for (const KernelModel& model : h100().kernels) {
    const std::string name =
        "predict/" + std::string(enum_name(model.family)) + "/" + model.variant;
    benchmark::RegisterBenchmark(name.c_str(), [&model](benchmark::State& state) {
      predict_shapes(state, model.family, model.variant);
    })->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace reckon

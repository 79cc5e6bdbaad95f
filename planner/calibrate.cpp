#include "planner/calibrate.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "planner/catalog.hpp"
#include "sim/calibrate/fit.hpp"
#include "sim/calibrate/measured_csv.hpp"
#include "sim/calibrate/measured_json.hpp"

namespace reckon {
namespace {

// The names of the files and of the folder that each is in, which for shipped ones is the device
// (topologies/measured/README.md says where those come from).
std::string source_of(const MeasuredKernels& measured, ModelFamily family) {
  std::set<int> used;
  for (const MeasuredKernel& row : measured.rows) {
    if (row.family == family) used.insert(row.file);
  }
  std::string source = "fitted by reckon calibrate fit to the half that is not held back of";
  for (const int file : used) {
    const std::filesystem::path path(measured.files[static_cast<std::size_t>(file)]);
    source += " " + (path.parent_path().filename() / path.filename()).string();
  }
  return source;
}

}  // namespace

MeasuredKernels read_measurements(const std::vector<std::string>& files, const GpuSpec& gpu,
                                  const std::vector<ModelFamily>& families) {
  MeasuredKernels measured;
  for (const std::string& file : files) {
    const std::string text = read_text_file(file);
    if (file.ends_with(".csv")) {
      add_measured_csv(text, file, gpu, measured);
    } else {
      add_measured_json(text, file, gpu, measured);
    }
  }
  if (!families.empty()) {
    std::erase_if(measured.rows, [&families](const MeasuredKernel& row) {
      return std::find(families.begin(), families.end(), row.family) == families.end();
    });
  }
  return measured;
}

DeviceProfile fit_profile(const DeviceProfile& device, const MeasuredKernels& measured,
                          const std::vector<ModelFamily>& families) {
  std::vector<ModelFamily> wanted = families;
  if (wanted.empty()) {
    std::set<ModelFamily> found;
    for (const MeasuredKernel& row : measured.rows) found.insert(row.family);
    wanted.assign(found.begin(), found.end());
  }
  if (wanted.empty()) {
    std::vector<Problem> problems = measured.problems;
    problems.push_back({"", 0, 0, "", "the measurements hold no usable row; nothing to fit"});
    throw InputError(std::move(problems));
  }
  DeviceProfile fitted = device;
  std::vector<Problem> problems;
  for (const ModelFamily family : wanted) {
    try {
      fitted = with_models(std::move(fitted), fit_family(device.gpu, family, measured.rows,
                                                         source_of(measured, family)));
    } catch (const InputError& error) {
      problems.insert(problems.end(), error.problems.begin(), error.problems.end());
    }
  }
  if (!problems.empty()) {
    problems.insert(problems.begin(), measured.problems.begin(), measured.problems.end());
    throw InputError(std::move(problems));
  }
  return fitted;
}

}  // namespace reckon

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "planner/calibrate.hpp"
#include "planner/catalog.hpp"
#include "planner/main_parts.hpp"
#include "planner/output_file.hpp"
#include "planner/spec/json_document.hpp"
#include "planner/spec/spec_json.hpp"
#include "reports/calibration_csv.hpp"
#include "reports/calibration_json.hpp"
#include "reports/calibration_svg.hpp"
#include "reports/calibration_text.hpp"
#include "sim/calibrate/fit.hpp"
#include "sim/kernel_models/family_model.hpp"

namespace reckon {

namespace {

// The device document of the command line with other kernel models.
void write_profile(const Arguments& arguments, const DeviceProfile& profile) {
  const std::string file =
      find_document(data_folder(arguments.data), DocumentKind::device, arguments.device);
  write_output(arguments.output.empty() ? "-" : arguments.output,
               with_kernels_of(read_text_file(file), profile));
}

std::vector<KernelModel> wanted_of(std::vector<KernelModel> models, const Arguments& arguments) {
  const std::vector<ModelFamily>& wanted = arguments.families;
  std::erase_if(models, [&wanted](const KernelModel& model) {
    return !wanted.empty() && std::find(wanted.begin(), wanted.end(), model.family) == wanted.end();
  });
  return models;
}

// A transfer that would lose measurements, or carry nothing.
void refuse_odd_transfer(const DeviceProfile& device, const DeviceProfile& measured,
                         const Arguments& arguments) {
  std::vector<Problem> problems;
  const std::vector<KernelModel> wanted = wanted_of(measured.kernels, arguments);
  if (wanted.empty()) {
    problems.push_back({"--from", 0, 0, "", measured.name + " has no such kernel models"});
  }
  for (const KernelModel& model : wanted) {
    const std::string name = std::string(enum_name(model.family)) + " " + model.variant;
    const KernelModel* own = find_model(device, model.family, model.variant);
    if (own != nullptr && own->transfer.empty()) {
      problems.push_back({"--device", 0, 0, "",
                          device.name + " has its own measured model of " + name +
                              "; leave the family out (--family)"});
    }
    if (model.variant.starts_with("fp8") && device.gpu.fp8_peak.value == 0) {
      problems.push_back({"--device", 0, 0, "",
                          device.name + " has no FP8 tensor cores for " + name +
                              "; leave the family out (--family)"});
    }
  }
  if (!problems.empty()) throw InputError(std::move(problems));
}

}  // namespace

int calibrate_command(const Arguments& arguments) {
  const std::string data = data_folder(arguments.data);
  const DeviceProfile device = load_checked_device(data, arguments.device);
  if (arguments.action == CalibrateAction::transfer) {
    const DeviceProfile measured = load_checked_device(data, arguments.from);
    refuse_odd_transfer(device, measured, arguments);
    write_profile(arguments,
                  with_models(device, wanted_of(transferred_models(measured), arguments)));
    return ok;
  }
  const std::vector<std::string> files = arguments.measurements.empty()
                                             ? shipped_measurements(data, arguments.device)
                                             : arguments.measurements;
  if (files.empty()) {
    throw InputError({{printable(arguments.device, 200), 0, 0, "",
                       "no measurements are shipped for this device; give files of your own"}});
  }
  const MeasuredKernels measured = read_measurements(files, device.gpu, arguments.families);
  if (arguments.action == CalibrateAction::fit) {
    const DeviceProfile fitted = fit_profile(device, measured, arguments.families);
    if (!measured.problems.empty()) complain(to_text(measured.problems) + "\n");
    write_profile(arguments, fitted);
    return ok;
  }
  CalibrationCheck check = check_profile(device, measured);
  check.tool = version;
  if (check.groups.empty()) {
    std::vector<Problem> problems = check.problems;
    problems.push_back({"", 0, 0, "", "no measured row has a model in this profile"});
    throw InputError(std::move(problems));
  }
  if (!arguments.svg.empty()) write_output(arguments.svg, calibration_svg(check));
  if (!arguments.json.empty()) write_output(arguments.json, calibration_json(check));
  if (!arguments.csv.empty()) write_output(arguments.csv, calibration_csv(check));
  if (arguments.json == "-" || arguments.csv == "-" || arguments.svg == "-") return ok;
  write_output("-", calibration_text(check, style_of(arguments)));
  return ok;
}

}  // namespace reckon

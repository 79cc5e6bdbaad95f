// A published run as inputs of a prediction: model, cluster, device and plan, each part of the
// record mapped to the field that acts on the step, and what had to be taken for granted.
#pragma once

#include <string>
#include <vector>

#include "planner/predict.hpp"
#include "planner/spec/published_run.hpp"
#include "planner/spec/software.hpp"

namespace reckon {

// The shipped device profile for a GPU as a record names it ("H100-80GB-SXM" -> "h100-sxm"); empty
// if there is none.
std::string device_of_gpu(const std::string& gpu);

struct ExpressedRun {
  Inputs inputs;
  std::vector<std::string> assumptions;  // what the record does not say, or says in unknown words
  std::vector<std::string> problems;     // why it cannot be expressed; empty if it can
};

// `device` is the profile of device_of_gpu; the record's own memory and HBM rate go before it.
ExpressedRun express_run(const PublishedRun& run, const DeviceProfile& device,
                         const SoftwareSpec& software);

}  // namespace reckon

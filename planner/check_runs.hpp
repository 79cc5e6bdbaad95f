// Published runs against their predictions: each record expressed, simulated, sized.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "planner/express_run.hpp"
#include "planner/spec/published_run.hpp"
#include "planner/spec/software.hpp"
#include "reports/accuracy.hpp"

namespace reckon {

// Predicts every run with the effects that a record can tell (clock, sends). `device` gives the
// profile of a shipped name; `progress` is called before each run with its index. A run that cannot
// be expressed or simulated stands in the result with its reasons.
std::vector<RunCheck> check_runs(const std::vector<PublishedRun>& runs,
                                 const SoftwareTable& software,
                                 const std::function<DeviceProfile(const std::string&)>& device,
                                 const std::function<void(std::size_t)>& progress);

}  // namespace reckon

// DeepSeek-V3 on 2,048 H800 as shipped, predicted once for all tests of this folder.
#pragma once

#include <string_view>

#include "planner/predict.hpp"
#include "reports/report.hpp"

namespace reckon::test {

const Inputs& v3_inputs();
const Prediction& v3_prediction();  // all effects on

// A figure of the report's published table by its id.
const PublishedFigure& published(std::string_view id);

}  // namespace reckon::test

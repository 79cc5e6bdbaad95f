#include "tests/validation/v3_inputs.hpp"

#include <stdexcept>
#include <string>

#include "planner/catalog.hpp"

namespace reckon::test {

const Inputs& v3_inputs() {
  static const Inputs inputs = [] {
    Inputs in;
    in.plan = load_plan(RECKON_DATA_DIR, "deepseek-v3-2048-h800");
    in.model = load_model(RECKON_DATA_DIR, in.plan.model);
    in.cluster = load_cluster(RECKON_DATA_DIR, in.plan.cluster);
    in.device = load_device(RECKON_DATA_DIR, in.cluster.device);
    return in;
  }();
  return inputs;
}

const Prediction& v3_prediction() {
  static const Prediction prediction = predict(v3_inputs(), PredictOptions{});
  return prediction;
}

const PublishedFigure& published(std::string_view id) {
  for (const PublishedFigure& figure : v3_prediction().report.published) {
    if (figure.id == id) return figure;
  }
  throw std::invalid_argument("no published figure " + std::string(id));
}

}  // namespace reckon::test

#include "reports/sweep.hpp"

namespace reckon {

void compare_points(Sweep& sweep) {
  const SweepFigures* reference = nullptr;
  sweep.is_against_plan = sweep.unmodified.figures.has_value();
  if (sweep.is_against_plan) reference = &*sweep.unmodified.figures;
  for (const SweepPoint& point : sweep.points) {
    if (reference == nullptr && point.figures) reference = &*point.figures;
  }
  if (reference == nullptr) return;
  const double gpu_hours = reference->gpu_hours_per_trillion_tokens;
  for (SweepPoint& point : sweep.points) {
    if (!point.figures || gpu_hours <= 0) continue;
    point.figures->relative_change = point.figures->gpu_hours_per_trillion_tokens / gpu_hours - 1;
  }
}

namespace {

bool is_better(const SweepFigures& left, const SweepFigures& right) {
  if (left.usd_per_trillion_tokens != right.usd_per_trillion_tokens) {
    return left.usd_per_trillion_tokens < right.usd_per_trillion_tokens;
  }
  return left.gpu_hours_per_trillion_tokens < right.gpu_hours_per_trillion_tokens;
}

}  // namespace

const SweepPoint* best_point(const Sweep& sweep) {
  const SweepPoint* best = nullptr;
  for (const SweepPoint& point : sweep.points) {
    if (point.state != PointState::predicted) continue;
    if (best == nullptr || is_better(*point.figures, *best->figures)) best = &point;
  }
  return best;
}

}  // namespace reckon

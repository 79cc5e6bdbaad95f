#include "planner/command_vary.hpp"

#include <fmt/format.h>

#include "planner/command_values.hpp"
#include "planner/vary.hpp"

namespace reckon {

std::string vary_help() {
  std::string text =
      "--vary KEY=FROM:TO:STEP, KEY=FROM:TO:xFACTOR or KEY=a,b,c predicts the step at each value;\n"
      "several of them at each combination, 10,000 at most. The result is one table (with --csv "
      "one\n"
      "line a point, with --json a sweep/1). Points that cannot run are listed with the reason.\n"
      "KEY is a value of a document by its pointer (plan#/parallelism/tensor_parallel,\n"
      "cluster#/nic/latency_us, device#/gpu/l2_cache_bytes, model#/layers), which changes by "
      "itself,\n"
      "or one of these, with what moves with it:\n";
  for (const VaryKey& key : vary_keys()) {
    const std::string unit = key.unit.empty() ? "" : std::string(key.unit) + ", ";
    text += fmt::format("  {:<18}{}{}\n", key.name, unit, key.meaning);
  }
  return text +
         fmt::format(
             "  {:<18}{}\n"
             "Ctrl-C ends a sweep early (code 130): what is done is written, marked partial. "
             "Code 3: no\n"
             "point can run.\n\n",
             "schedule", "gpipe, one_forward_one_backward, zb_h1, dual_pipe, ...; layout follows");
}

void read_vary(const std::vector<std::string>& texts, Arguments& a) {
  for (const std::string& text : texts) {
    if (const auto axis = parse_axis(text, a.problems)) a.vary.push_back(*axis);
  }
  for (Problem& problem : axes_problems(a.vary)) a.problems.push_back(std::move(problem));
  if (texts.empty()) return;
  if (!a.trace.empty()) a.problems.push_back(flag_problem("--trace", "does not go with --vary"));
  if (a.unfold) a.problems.push_back(flag_problem("--unfold", "does not go with --vary"));
}

}  // namespace reckon

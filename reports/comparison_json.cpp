#include <utility>

#include "planner/spec/json_io.hpp"
#include "planner/spec/units.hpp"
#include "reports/comparison.hpp"

namespace reckon {

template <>
struct Fields<InputDifference> {
  static constexpr std::tuple table{
      required("document", &InputDifference::document).doc("plan, cluster, model or device"),
      required("pointer", &InputDifference::pointer),
      required("before", &InputDifference::before).doc("as JSON; empty: not there"),
      required("after", &InputDifference::after)};
};
template <>
struct Fields<StepContribution> {
  static constexpr std::tuple table{
      required("id", &StepContribution::id),
      required("name", &StepContribution::name).doc("for people"),
      required("before_s", &StepContribution::before),
      required("after_s", &StepContribution::after),
      required("difference_s", &StepContribution::difference),
      required("share", &StepContribution::share)
          .doc("of the difference of the step; 0 if that is 0"),
      required("why", &StepContribution::why).doc("for people: what is behind it")};
};
template <>
struct Fields<FigureDifference> {
  static constexpr std::tuple table{
      required("section", &FigureDifference::section)
          .doc("step, parts, memory (of the rank that needs most), run or waterfall"),
      required("id", &FigureDifference::id),
      required("name", &FigureDifference::name).doc("for people"),
      required("unit", &FigureDifference::unit)
          .doc("s, share, bytes, gpu_hours, usd, tokens/s or gpus"),
      required("before", &FigureDifference::before),
      required("after", &FigureDifference::after),
      required("difference", &FigureDifference::difference),
      optional("relative", &FigureDifference::relative)
          .doc("after / before - 1; absent where before is 0")};
};
template <>
struct Fields<ComparedSide> {
  static constexpr std::tuple table{
      required("given", &ComparedSide::given).doc("the word of the command line"),
      required("plan", &ComparedSide::plan),
      required("model", &ComparedSide::model),
      required("cluster", &ComparedSide::cluster),
      required("device", &ComparedSide::device),
      required("gpus", &ComparedSide::gpus).min(0),
      required("step_s", &ComparedSide::step).min(0).doc("with effects")};
};
template <>
struct Fields<Comparison> {
  static constexpr std::tuple table{
      optional("tool", &Comparison::tool).doc("the program that wrote this"),
      required("before", &Comparison::before).doc("A"),
      required("after", &Comparison::after).doc("B"),
      required("has_device", &Comparison::has_device)
          .doc("whole device profiles were compared, not only what a report says of them"),
      required("inputs", &Comparison::inputs).doc("values that differ; no sources"),
      required("step", &Comparison::step)
          .doc("what the difference of the step is made of, the largest first"),
      required("figures", &Comparison::figures)};
};

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json* value) {
  if (value == nullptr) return {};
  return value->is_number_float() ? number_to_text(value->get<double>()) : value->dump();
}

// A value of both documents, or of one; the other is then nullptr.
void collect(const JsonPath& path, const Json* before, const Json* after,
             const std::string& document, std::vector<InputDifference>& all);

void collect_keys(const JsonPath& path, const Json& before, const Json& after,
                  const std::string& document, std::vector<InputDifference>& all) {
  const auto find = [](const Json& object, const std::string& key) {
    const auto found = object.find(key);
    return found != object.end() ? &*found : nullptr;
  };
  for (const auto& [key, value] : before.items()) {
    if (detail::is_annotation(key)) continue;
    collect(path.at(key), &value, find(after, key), document, all);
  }
  for (const auto& [key, value] : after.items()) {
    if (detail::is_annotation(key) || before.contains(key)) continue;
    collect(path.at(key), nullptr, &value, document, all);
  }
}

void collect(const JsonPath& path, const Json* before, const Json* after,
             const std::string& document, std::vector<InputDifference>& all) {
  if (before != nullptr && after != nullptr) {
    if (*before == *after) return;
    if (before->is_object() && after->is_object()) {
      collect_keys(path, *before, *after, document, all);
      return;
    }
    // Lists of numbers are one value; of objects each is looked into.
    const bool same_list = before->is_array() && after->is_array() &&
                           before->size() == after->size() && !before->empty() &&
                           before->front().is_object();
    if (same_list) {
      for (std::size_t index = 0; index < before->size(); ++index) {
        collect(path.at(index), &(*before)[index], &(*after)[index], document, all);
      }
      return;
    }
  }
  all.push_back({document, path.pointer(), text_of(before), text_of(after)});
}

}  // namespace

std::vector<InputDifference> differences(const std::string& document, std::string_view before,
                                         std::string_view after) {
  const Json left = Json::parse(before);
  const Json right = Json::parse(after);
  std::vector<InputDifference> all;
  collect(JsonPath{}, &left, &right, document, all);
  return all;
}

std::string comparison_json(const Comparison& comparison) {
  return write(comparison, "comparison/1").dump(2) + "\n";
}
std::string comparison_schema() { return json_schema<Comparison>("comparison/1").dump(2) + "\n"; }

}  // namespace reckon

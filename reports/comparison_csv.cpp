#include <fmt/format.h>

#include "reports/comparison.hpp"
#include "reports/csv.hpp"

namespace reckon {

std::string comparison_csv(const Comparison& comparison) {
  std::string text = "section,name,unit,before,after,difference,relative,why\r\n";
  for (const InputDifference& input : comparison.inputs) {
    text += fmt::format("{},{},,{},{},,,\r\n", csv_field("input/" + input.document),
                        csv_field(input.pointer), csv_field(input.before), csv_field(input.after));
  }
  for (const StepContribution& part : comparison.step) {
    const std::string relative =
        part.before.value != 0 ? fmt::format("{}", part.difference / part.before) : "";
    text +=
        fmt::format("contribution,{},s,{},{},{},{},{}\r\n", csv_field(part.id), part.before.value,
                    part.after.value, part.difference.value, relative, csv_field(part.why));
  }
  for (const FigureDifference& figure : comparison.figures) {
    text +=
        fmt::format("{},{},{},{},{},{},{},\r\n", csv_field(figure.section), csv_field(figure.id),
                    figure.unit, figure.before, figure.after, figure.difference,
                    figure.relative ? fmt::format("{}", *figure.relative) : "");
  }
  return text;
}

}  // namespace reckon

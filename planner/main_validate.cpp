#include <fmt/format.h>

#include <utility>

#include "planner/catalog.hpp"
#include "planner/check_runs.hpp"
#include "planner/command_progress.hpp"
#include "planner/main_parts.hpp"
#include "planner/output_file.hpp"
#include "planner/spec/published_run_json.hpp"
#include "planner/spec/residual_json.hpp"
#include "planner/spec/software_json.hpp"
#include "reports/accuracy.hpp"

namespace reckon {

namespace {

std::string file_or_shipped(const std::string& file, const std::string& data, const char* name) {
  return file.empty() ? data + "/planner/runs/" + name : file;
}

std::vector<RunCheck> checked_runs(const std::vector<PublishedRun>& runs,
                                   const SoftwareTable& software, const std::string& data) {
  ProgressBar bar;
  const auto all = static_cast<double>(runs.size());
  return check_runs(
      runs, software, [&data](const std::string& name) { return load_checked_device(data, name); },
      [&](std::size_t index) {
        bar.show(static_cast<double>(index) / all, fmt::format("{} runs", index));
      });
}

}  // namespace

int validate_command(const Arguments& arguments) {
  const std::string data = data_folder(arguments.data);
  const std::string file = file_or_shipped(arguments.runs, data, "published_runs.json");
  const std::string table = file_or_shipped(arguments.software, data, "software.json");
  const std::vector<PublishedRun> runs =
      read_published_runs(parse_document(read_text_file(file), file));
  const SoftwareTable software = read_software(parse_document(read_text_file(table), table));
  const std::vector<RunCheck> checks = checked_runs(runs, software, data);
  if (!arguments.fit_software.empty()) {
    write_output(arguments.fit_software, write_software(fitted_software(software, checks)));
    if (arguments.fit_software == "-") return ok;
  }
  if (!arguments.residuals.empty()) {
    write_output(arguments.residuals, write_residuals({residuals_of(checks)}));
    if (arguments.residuals == "-") return ok;
  }
  const Accuracy accuracy = accuracy_of(checks);
  if (!arguments.json.empty()) write_output(arguments.json, accuracy_json(accuracy));
  if (!arguments.csv.empty()) write_output(arguments.csv, accuracy_csv(accuracy));
  if (!arguments.svg.empty()) write_output(arguments.svg, accuracy_svg(accuracy));
  if (arguments.json == "-" || arguments.csv == "-" || arguments.svg == "-") return ok;
  write_output("-", accuracy_text(accuracy, style_of(arguments)));
  return ok;
}

}  // namespace reckon

#include "planner/import/megatron.hpp"

#include <array>
#include <cstddef>
#include <limits>
#include <vector>

#include "planner/import/checked_documents.hpp"
#include "planner/import/megatron_model.hpp"
#include "planner/import/megatron_plan.hpp"
#include "planner/import/text_lines.hpp"

namespace reckon {
namespace {

constexpr std::array<std::string_view, 3> carriers{"script", "yaml", "log"};

// What torchrun is told; the rest of its arguments is not of interest.
int launched_gpus(const MegatronArguments& arguments, const std::string& file, ImportReport& report,
                  std::vector<Problem>& problems) {
  MegatronArguments only;
  only.list = arguments.launcher;
  MegatronReader in(only, file, report);
  if (!in.has("nproc_per_node")) return 0;
  const int each = in.integer_or("nproc_per_node", "the world size", 1, 1);
  const int nodes = in.integer_or("nnodes", "the world size", 1, 1);
  problems.insert(problems.end(), in.problems().begin(), in.problems().end());
  const long long all = static_cast<long long>(each) * nodes;
  return all > std::numeric_limits<int>::max() ? 0 : static_cast<int>(all);
}

// --gpus, else the dump's world_size, else torchrun's nodes and processes of a node.
int world_size_of(const MegatronArguments& arguments, int given, MegatronReader& in,
                  const std::string& file, ImportReport& report) {
  const int logged = in.integer("world_size", "the world size", 1).value_or(0);
  if (given > 0) in.derived("--gpus", "the world size", given);
  if (given > 0 || logged > 0) return given > 0 ? given : logged;
  return launched_gpus(arguments, file, report, in.problems());
}

}  // namespace

MegatronImport import_megatron(std::string_view text, const std::string& file_name,
                               const MegatronOptions& options) {
  if (!is_utf8(text)) {
    throw InputError({{file_name, 0, 0, "", "holds bytes that are no UTF-8; give a text file"}});
  }
  const MegatronArguments arguments = parse_megatron(text, file_name);
  if (arguments.list.empty()) {
    throw InputError({{file_name, 0, 0, "",
                       "no arguments found; give a script or list with --flags, a YAML file with "
                       "MODEL_ARGS, or a log with its \"---- arguments ----\""}});
  }
  MegatronImport result;
  ImportReport& report = result.report;
  report.format = "megatron";
  report.file = name_of_file(file_name);
  report.carrier = carriers[static_cast<std::size_t>(arguments.carrier)];
  MegatronReader in(arguments, file_name, report);
  const int world_size = world_size_of(arguments, options.gpus, in, file_name, report);
  read_megatron_model(in, options.vocabulary, result.model);
  read_megatron_plan(in, result.model, world_size, result.plan);
  in.finish();
  report.ignored.insert(report.ignored.end(), arguments.skipped.begin(), arguments.skipped.end());
  if (!in.problems().empty()) throw InputError(in.problems());
  const std::string name =
      options.name.empty() ? name_of_import(file_name, "megatron") : options.name;
  result.model.name = result.plan.name = result.plan.model = name;
  result.plan.cluster = options.cluster.empty() ? "unknown" : options.cluster;
  in.derived("--cluster", "cluster", result.plan.cluster);
  result.model.source = result.plan.source =
      options.source.empty() ? "imported by reckon from Megatron-LM arguments" : options.source;
  check_document(result.model, file_name);
  check_document(result.plan, file_name);
  return result;
}

}  // namespace reckon

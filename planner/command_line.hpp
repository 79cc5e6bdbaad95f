// The command line: argv to values, and the texts of --help. The only file that sees CLI11.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "planner/document_kind.hpp"
#include "planner/plan_request.hpp"
#include "planner/spec/cluster_spec.hpp"
#include "planner/spec/expert_forecast.hpp"
#include "planner/spec/kernel_model.hpp"
#include "planner/spec/nccl_tuning.hpp"
#include "planner/spec/problems.hpp"
#include "planner/vary.hpp"
#include "sim/effects.hpp"

namespace reckon {

enum class Command : std::uint8_t {
  print,
  simulate,
  schedule,
  plan,
  validate,
  calibrate,
  network,
  import,
  compare,
  catalog,
  schema
};

// What `reckon network` and `reckon calibrate` do.
enum class NetworkAction : std::uint8_t { run, collective, dispatch, combine, describe };
enum class CalibrateAction : std::uint8_t { fit, check, transfer };
enum class ImportFormat : std::uint8_t { hf, megatron };

struct Arguments {
  Command command = Command::print;
  std::string text;  // print: help or the version

  std::string data;                          // empty: the shipped folder
  std::string plan, model, cluster, device;  // names or files; empty: what the plan says
  std::optional<double> usd_per_gpu_hour;
  EffectSwitches effects = all_effects;
  std::vector<Fault> faults;  // beside those of the cluster
  bool unfold = false;
  bool ignore_memory = false;
  std::vector<VaryAxis> vary;    // empty: one prediction
  std::string json, csv, trace;  // "-": standard output; empty: none
  std::string colour = "auto";
  bool ascii = false;
  int width = 0;  // 0: the terminal's

  CalibrateAction action = CalibrateAction::check;
  std::string from;                       // transfer: the measured sister device
  std::vector<std::string> compared;      // A and B: reports or plans
  std::vector<std::string> measurements;  // files; empty: those shipped for the device
  std::vector<ModelFamily> families;      // empty: all that the measurements hold
  std::string output;                     // the fitted profile; empty: standard output
  std::string svg;

  NetworkAction network_action = NetworkAction::run;
  std::vector<std::string> network_words;  // behind the action
  NcclOperation operation = NcclOperation::all_reduce;
  std::string node = "h800";
  int nodes = 1;
  std::vector<double> bytes;
  std::optional<FlowOperation> flow_operation;  // collective: one that is no ring or tree
  ExpertRequest expert;                         // dispatch, combine; its network: also the former
  std::vector<std::string> fails, routes;       // describe
  std::int64_t seed = 1;                        // of links:N
  std::string dot;

  ImportFormat import_format = ImportFormat::hf;
  std::string import_file;                 // "-": standard input
  std::string name, source, architecture;  // import
  int gpus = 0;                            // import; 0: the file tells
  int vocabulary = 0;
  std::string output_model, output_plan;
  std::string runs, software;  // validate; empty: those that are shipped
  std::string fit_software;    // validate: the table with new factors; empty: none
  std::string residuals;       // validate: for the bands of predictions; empty: none

  PlanRequest search;  // plan; the files of its merge are `measurements`

  std::optional<DocumentKind> kind;  // catalog; empty: all
  std::string document;              // schema

  std::vector<Problem> problems;  // everything wrong with the above
};

// The program and its version, as reports name it.
inline constexpr std::string_view version = "reckon 0.1.0";

// Columns that a text report can have.
inline constexpr int least_columns = 40;
inline constexpr int most_columns = 400;

// Reads the command line and, on the way, finds every output that cannot be written. Throws
// InputError where it cannot be told what is meant (an unknown command, an option without a value);
// other problems stand in the result, to be listed with those of the files.
Arguments parse_arguments(int argc, const char* const* argv);

// The text of `reckon --help`, or with the name of a command, of `reckon COMMAND --help`.
std::string help_text(const std::string& command = "");

}  // namespace reckon

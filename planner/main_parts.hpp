// What the files of the composition root share: from the command line to values, from values to the
// terminal, and the commands themselves.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "planner/command_line.hpp"
#include "planner/document_kind.hpp"
#include "planner/predict.hpp"
#include "reports/table.hpp"

namespace reckon {

// Exit codes of every command.
enum Exit : int {
  ok = 0,
  bad_input = 2,
  cannot_run = 3,
  missed = 5,
  internal = 70,
  interrupted = 130
};

// To standard error, whether or not anyone listens.
void complain(const std::string& text);

// A list of problems and what they come to.
void complain(const std::string& list, std::string_view verdict, std::size_t problems);

// Where models, clusters and devices lie: `wanted`, or the installed folder, or the source tree.
std::string data_folder(const std::string& wanted);

struct LoadedInputs {
  Inputs values;
  std::map<DocumentKind, std::string> files;
};

// The documents that a plan names; throws InputError with what is wrong with any of them.
LoadedInputs load_inputs(const Arguments& arguments);
DeviceProfile load_checked_device(const std::string& data, const std::string& name);

// Lists why the plan cannot run, each reason with its place in its file; the exit code.
int refuse(const LoadedInputs& inputs, const std::vector<PlanProblem>& problems);

TextStyle style_of(const Arguments& arguments);

// Each runs one command and gives its exit code.
int calibrate_command(const Arguments& arguments);
int plan_command(const Arguments& arguments);
int validate_command(const Arguments& arguments);

}  // namespace reckon

// How well predictions meet published runs: the error of each run and their statistics, the factors
// of training frameworks that they give, and the band that a new prediction gets from them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "planner/spec/residual.hpp"
#include "planner/spec/software.hpp"
#include "planner/spec/units.hpp"
#include "reports/table.hpp"

namespace reckon {

// One run, predicted and measured. Times and bytes of 0: not there.
struct RunCheck {
  std::string id, group, gpu, architecture, precision, software, family, source;
  int gpus = 0;
  Seconds measured;
  Seconds ideal;      // predicted, with the model's own, ideal software
  Seconds predicted;  // with the software's factor
  Seconds held_out;   // with the factor that the other groups give
  Seconds band_low;   // where 80 % of such runs should end, from runs of other groups
  Seconds band_high;
  std::string band_source;  // what the band is made of
  Bytes measured_memory;
  Bytes predicted_memory;  // of the fullest rank
  Bytes memory_limit;
  double spread = 0;          // of repeats of the same run, as a share
  bool carried_over = false;  // kernel models of another device
  std::vector<std::string> assumptions;
  std::vector<std::string> problems;  // why there is no prediction
};

// |predicted / measured - 1| over runs. A run without a prediction counts as an error of 100 %.
struct AccuracySummary {
  std::string name;
  int rows = 0;
  int expressed = 0;
  int groups = 0;
  double median = 0, p90 = 0;              // over runs
  double group_median = 0, group_p90 = 0;  // over groups, each the mean of its runs
  double bias = 0;                         // mean of predicted / measured - 1, each group once
  double rank_correlation = 0;             // Spearman's, of step times
  // Over groups, each with the factor of the others.
  double held_out_median = 0, held_out_p90 = 0;
};

struct WorstRun {
  std::string id;
  double error = 0;  // predicted / measured - 1
  Seconds measured, predicted;
  std::string reason;  // why it is hard
};

struct MemoryAccuracy {
  int rows = 0;
  double median = 0, p90 = 0, bias = 0;
  int above_limit = 0;        // of all runs
  int called_impossible = 0;  // of these, those beyond the model's own error
};

// About the p90 of the memory model's error over the runs that `reckon validate` measures it on; a
// plan within it of the limit is called tight, not impossible.
inline constexpr double memory_margin = 0.1;

struct Accuracy {
  std::vector<RunCheck> runs;
  AccuracySummary all;
  std::vector<AccuracySummary> classes;   // that a target is set for
  std::vector<AccuracySummary> families;  // of software
  std::vector<AccuracySummary> groups;    // model x GPU
  std::vector<WorstRun> worst;            // ten, the worst first
  MemoryAccuracy memory;
  double band_coverage = 0;  // runs within their band, whose own group is not in it
};

// Precondition: every run has a positive measured time.
Accuracy accuracy_of(std::vector<RunCheck> runs);

// The table with the factor of each release taken from these runs: the one that leaves the mean
// over groups of the mean of predicted / measured at 1; and what the groups' errors are when each
// is left out. Entries without runs keep theirs.
SoftwareTable fitted_software(SoftwareTable table, const std::vector<RunCheck>& runs);

// Sets `held_out` of each run: the factor of its entry's other groups, else of its family's other
// runs, else none.
void set_held_out(std::vector<RunCheck>& runs);

// The runs as residuals for bands, held_out against measured.
std::vector<Residual> residuals_of(const std::vector<RunCheck>& runs);

std::string accuracy_text(const Accuracy& accuracy, const TextStyle& style);
std::string accuracy_json(const Accuracy& accuracy);
std::string accuracy_csv(const Accuracy& accuracy);
std::string accuracy_svg(const Accuracy& accuracy);
std::string accuracy_schema();

}  // namespace reckon

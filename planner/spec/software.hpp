// What a training framework's release makes of a plan: kernels that it has or has not, and how far
// its steps stay behind the model's ideal software. Entries of planner/runs/software.json.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "planner/spec/fields.hpp"
#include "planner/spec/plan.hpp"

namespace reckon {

struct SoftwareSpec {
  std::string name;                  // "nemo-25.04"
  std::string family;                // "nemo": releases of one family may share rows
  std::string release;               // entries of one release share its factor; empty: the name
  std::vector<std::string> records;  // beginnings of the ids of its records
  AttentionKernel attention_kernel = AttentionKernel::best;
  Dtype moments = Dtype::fp32;  // Adam's
  bool fused_cross_entropy = true;
  bool checkpoint_stops_early = false;  // Recompute::keeps_last_input
  Dtype gradients = Dtype::fp32;        // what replicas reduce, where a record does not say
  double step_time_factor = 1;          // measured / predicted step, median over the groups below
  int rows = 0;                         // records that the factor was taken from
  double held_out_median = 0;           // |error| of its groups with factors of the other groups
  std::string source;
  bool operator==(const SoftwareSpec&) const = default;
};

inline const std::string& release_of(const SoftwareSpec& entry) {
  return entry.release.empty() ? entry.name : entry.release;
}

// A list of entries; the first whose `records` fits an id counts.
struct SoftwareTable {
  std::vector<SoftwareSpec> software;
  bool operator==(const SoftwareTable&) const = default;
};

// The entry for a record; one without a name if the table has none.
SoftwareSpec software_of_record(const SoftwareTable& table, std::string_view id);

}  // namespace reckon

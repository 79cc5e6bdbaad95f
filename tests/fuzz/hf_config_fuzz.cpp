// Any bytes as a config.json: a model that reads again, or problems.
#include "planner/import/hf_config.hpp"

#include <cstddef>
#include <cstdint>

#include "planner/import/import_report_json.hpp"
#include "planner/spec/parameters.hpp"
#include "planner/spec/spec_json.hpp"
#include "tests/fuzz/round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using reckon::fuzz::require;
  try {
    const reckon::HfImport result = reckon::import_hf(std::string(data, data + size), "fuzz", {});
    require(reckon::read_model(reckon::write_model(result.model), "again") == result.model);
    require(reckon::count_parameters(result.model).total > 0);
    require(!reckon::import_report_json(result.report).empty());
  } catch (const reckon::InputError& error) {
    require(!error.problems.empty());
  }
  return 0;
}

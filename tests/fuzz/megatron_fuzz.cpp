// Any bytes as Megatron-LM's arguments: documents that read again, or problems.
#include "planner/import/megatron.hpp"

#include <cstddef>
#include <cstdint>

#include "planner/import/import_report_json.hpp"
#include "planner/spec/spec_json.hpp"
#include "tests/fuzz/round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using reckon::fuzz::require;
  const std::string text(data, data + size);
  for (const int gpus : {0, 64}) {
    try {
      reckon::MegatronOptions options;
      options.gpus = gpus;
      const reckon::MegatronImport result = reckon::import_megatron(text, "fuzz", options);
      require(reckon::read_model(reckon::write_model(result.model), "again") == result.model);
      require(reckon::read_plan(reckon::write_plan(result.plan), "again") == result.plan);
      require(!reckon::import_report_json(result.report).empty());
    } catch (const reckon::InputError& error) {
      require(!error.problems.empty());
    }
  }
  return 0;
}

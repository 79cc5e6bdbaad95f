#include "planner/spec/spec_json.hpp"
#include "tests/fuzz/round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  reckon::fuzz::round_trip(data, size, &reckon::read_cluster, &reckon::write_cluster);
  return 0;
}

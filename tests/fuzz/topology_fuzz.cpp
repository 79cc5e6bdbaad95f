#include "tests/fuzz/round_trip.hpp"
#include "topologies/topology_spec.hpp"

// Whatever can be read can be written, and counted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  reckon::fuzz::round_trip(data, size, &reckon::read_topology, &reckon::write_topology);
  try {
    const reckon::TopologySpec spec =
        reckon::read_topology(std::string(data, data + size), "fuzz.json");
    reckon::fuzz::require(reckon::fabric_counts(reckon::shape_of(spec)).endpoints > 0);
  } catch (const reckon::InputError&) {
  }
  return 0;
}

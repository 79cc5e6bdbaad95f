// What a fabric costs, from what published ones cost.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "planner/spec/units.hpp"
#include "topologies/shape.hpp"

namespace reckon {

// The wires between endpoints and switches are not priced apart: with published totals their price
// cannot be told from that of the switch ports that they end at.
struct FabricPrices {
  Usd usd_per_switch;
  Usd usd_per_link;  // between switches
  bool operator==(const FabricPrices&) const = default;
};

struct PricedFabric {
  FabricCounts counts;
  Usd total;
  bool operator==(const PricedFabric&) const = default;
};

// The two prices at which both fabrics cost what they do. Zeros if the two do not tell, being
// multiples of each other.
FabricPrices solve_prices(const PricedFabric& a, const PricedFabric& b);

Usd fabric_price(const FabricCounts& counts, const FabricPrices& prices);
Usd price_per_endpoint(const FabricCounts& counts, const FabricPrices& prices);

// A row of topologies/prices/switch_table.json.
struct PricedRow {
  std::string name;
  std::int64_t endpoints = 0;
  std::int64_t switches = 0;
  std::int64_t links = 0;
  Usd cost;
  Usd cost_per_endpoint;
  bool operator==(const PricedRow&) const = default;
};
struct PriceTable {
  int switch_ports = 0;
  BytesPerSecond port_bandwidth;
  // The two rows that the prices are solved from.
  std::vector<std::string> solved_from;
  std::vector<PricedRow> fabrics;
  std::string source;
  bool operator==(const PriceTable&) const = default;
};

// Throws InputError with every problem of the text.
PriceTable read_price_table(std::string_view text, const std::string& file_name);

// Zeros if the table does not hold the rows that it names.
FabricPrices solve_prices(const PriceTable& table);

// What each part of a fabric draws: topologies/prices/network_power.json.
struct PartPower {
  double switch_watts = 0;                   // without transceivers
  double nic_watts = 0;                      //
  double switch_port_transceiver_watts = 0;  // half a twin-port module
  double nic_transceiver_watts = 0;
  std::string provenance;  // of the weakest of the four
  std::string source;
  bool operator==(const PartPower&) const = default;
};
PartPower read_part_power(std::string_view text, const std::string& file_name);

}  // namespace reckon
